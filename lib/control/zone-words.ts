/** Zone names and other words in the commands of control channels, which are text: nothing that could be read as another command. */
import type { ZoneName } from '../dns/name.js'

/** A name that is one word in every control channel, without the final dot unless it is the root. */
export type PlainZone = string & { readonly plain: unique symbol }

/** Letters, digits and the marks of ordinary names; RFC 2317 zones have a slash. */
const PLAIN_NAME = /^(\.|([a-z0-9_/-]+\.)+)$/
const WORD = /^[A-Za-z0-9][A-Za-z0-9_.-]{0,62}$/

/** Undefined for a name with other characters: its zone is not controlled by text. */
export function plainZone(zone: ZoneName): PlainZone | undefined {
  if (!PLAIN_NAME.test(zone) || zone.startsWith('-')) return undefined
  return (zone === '.' ? zone : zone.slice(0, -1)) as PlainZone
}

/** The name of a pattern, template or key; undefined when it has other characters. */
export const wordOf = (text: string): string | undefined => (WORD.test(text) ? text : undefined)
