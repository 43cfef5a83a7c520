/** Names as the config files of all makes read them, in quotes, as names of files, and for `printf`. */
import { hash } from 'node:crypto'

/** Presentation text without the final dot; every unusual character as \DDD (RFC 1035 §5.1). */
export function plainName(name: string): string {
  const text = name.replace(/\\(\d{3}|.)|[^a-z0-9._*/-]/gi, (part, after: string | undefined) => {
    if (after === undefined) return escaped(part)
    return after.length === 3 ? part : escaped(after)
  })
  return text === '.' ? text : text.replace(/\.$/, '')
}

const escaped = (character: string): string => `\\${String(character.charCodeAt(0)).padStart(3, '0')}`

/** A name with letters, digits, `.`, `_` and `-` only: the file of its zone has its name. */
const isPlain = (name: string): boolean => /^[a-z0-9_-][a-z0-9._-]*$/.test(name)

/** Characters of the longest name of a file, without its ending. */
const MAX_FILE = 240

/** Undefined: the zone's own name, and `.zone`. No two zones have one file. */
export function unusualFile(name: string): string | undefined {
  const plain = plainName(name)
  if (isPlain(plain) && plain.length <= MAX_FILE) return undefined
  const text = plain === '.' ? 'root' : plain.replace(/\\(\d{3})|[^a-z0-9._-]/g, (part, code) => `=${code ?? part.charCodeAt(0)}`)
  const short = text.length < MAX_FILE ? text : `${text.slice(0, MAX_FILE / 2)}=${hash('sha256', name).slice(0, 32)}`
  return `${short}=.zone`
}

export const fileOf = (name: string): string => unusualFile(name) ?? `${plainName(name)}.zone`

/** A name in the template of the shell's `printf`. */
export const printfName = (name: string): string => plainName(name).replaceAll('\\', '\\\\')
