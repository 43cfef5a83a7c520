/** Versions of name servers. */
import type { Make } from '../fleet/control-settings.js'

/** The first version of each make that transfers zones over TLS as a secondary, and checks the hub (RFC 9103). */
export const XOT_FROM: Readonly<Record<Make, string | undefined>> = { nsd: '4.6', bind: '9.18', knot: '3.5', powerdns: undefined }

/** True when `4.6.1` is at least `4.5`. */
export function isAtLeast(version: string, least: string): boolean {
  const [have, want] = [version, least].map((text) => text.split('.').map(Number))
  for (const [i, number] of want!.entries()) if ((have![i] ?? 0) !== number) return (have![i] ?? 0) > number
  return true
}

/** `9.18.49` of `9.18.49-1~deb12u1-Debian`; undefined in a text that does not begin with a version. */
export const plainVersion = (text: string): string | undefined => /^\d{1,3}(\.\d{1,3}){1,3}(?!\d)/.exec(text)?.[0]
