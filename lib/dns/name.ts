/**
 * Domain names: presentation ↔ wire form, and their branded strings for the other modules. Comparison is ASCII case-insensitive
 * (RFC 4343 §3); case is kept on the wire.
 */
import { WireError } from './errors.js'

/** A zone's apex in presentation form: absolute, lower case, final dot, escaped as RFC 1035 §5.1. Made by parseZoneName. */
export type ZoneName = string & { readonly brand: 'ZoneName' }

/** Octets in a name, length octets and root included (RFC 1035 §2.3.4). */
const MAX_NAME_OCTETS = 255
const MAX_LABEL_OCTETS = 63

const isDigit = (code: number): boolean => code >= 48 && code <= 57

/** Presentation text → wire form, case kept. Throws WireError WIRE_BAD_NAME. */
export function nameToWire(text: string): Buffer {
  const bad = (reason: string) =>
    new WireError({ code: 'WIRE_BAD_NAME', reason }, `"${clip(text)}" is not a domain name: ${reason}`)
  if (text === '') throw bad('it is empty')
  if (text === '.') return Buffer.from([0])
  const plain = plainToWire(text)
  if (plain !== undefined) return plain
  const out: number[] = []
  let label: number[] = []
  const close = () => {
    if (label.length === 0) throw bad('a label is empty')
    if (label.length > MAX_LABEL_OCTETS) throw bad('a label is longer than 63 octets')
    out.push(label.length, ...label)
    if (out.length + 1 > MAX_NAME_OCTETS) throw bad('it is longer than 255 octets')
    label = []
  }
  const bytes = Buffer.from(text, 'utf8')
  for (let i = 0; i < bytes.length; i++) {
    const c = bytes[i]!
    if (c === 0x5c) {
      const [a, b, d] = [bytes[i + 1], bytes[i + 2], bytes[i + 3]]
      if (a === undefined) throw bad('it ends in a lone backslash')
      if (isDigit(a)) {
        if (b === undefined || d === undefined || !isDigit(b) || !isDigit(d)) throw bad('an escape needs three digits')
        const value = (a - 48) * 100 + (b - 48) * 10 + (d - 48)
        if (value > 255) throw bad('an escape is over 255')
        label.push(value)
        i += 3
      } else {
        label.push(a)
        i += 1
      }
    } else if (c === 0x2e) close()
    else label.push(c)
  }
  if (label.length > 0) close()
  out.push(0)
  return Buffer.from(out)
}

/** An absolute name without escapes, as nearly all are; undefined for any other text, also for a bad one. */
function plainToWire(text: string): Buffer | undefined {
  const { length } = text
  if (length >= MAX_NAME_OCTETS) return undefined
  const out = Buffer.allocUnsafe(length + 1)
  let label = 0
  for (let i = 0; i < length; i++) {
    const code = text.charCodeAt(i)
    if (code >= 0x80 || code === 0x5c) return undefined
    if (code !== 0x2e) out[i + 1] = code
    else {
      const octets = i - label
      if (octets === 0 || octets > MAX_LABEL_OCTETS) return undefined
      out[label] = octets
      label = i + 1
    }
  }
  if (label !== length) return undefined
  out[length] = 0
  return out
}

const clip = (text: string): string => (text.length > 80 ? `${text.slice(0, 80)}…` : text)

/** Characters with a meaning in master files (RFC 1035 §5.1): `.` `\` `"` `;` `(` `)` `@` `$`. */
const SPECIAL = new Set([0x2e, 0x5c, 0x22, 0x3b, 0x28, 0x29, 0x40, 0x24])

/** Wire form (uncompressed) at `at` → presentation with final dot. Never throws on any octets of a valid wire name. */
export function wireToName(wire: Uint8Array, at = 0): string {
  let text = ''
  let o = at
  for (;;) {
    const length = wire[o++] ?? 0
    if (length === 0) break
    for (const end = o + length; o < end; o++) {
      const c = wire[o]!
      if (c < 0x21 || c > 0x7e) text += `\\${String(c).padStart(3, '0')}`
      else if (SPECIAL.has(c)) text += `\\${String.fromCharCode(c)}`
      else text += String.fromCharCode(c)
    }
    text += '.'
  }
  return text === '' ? '.' : text
}

/** Octets of the uncompressed name at `at`, including the root octet; NaN when the name runs past the end. */
export function wireNameLength(wire: Uint8Array, at = 0): number {
  for (let o = at; o < wire.length; o += 1 + wire[o]!) if (wire[o] === 0) return o + 1 - at
  return Number.NaN
}

/** A copy with ASCII letters in lower case (RFC 4034 §6.2). Length octets are ≤ 63, so they are never letters. */
export function lowerWire(wire: Uint8Array): Buffer {
  const out = Buffer.from(wire)
  for (let i = 0; i < out.length; i++) {
    const c = out[i]!
    if (c >= 0x41 && c <= 0x5a) out[i] = c + 0x20
  }
  return out
}

/** Same name without regard to ASCII case. Both uncompressed. */
export function sameWireName(a: Uint8Array, b: Uint8Array): boolean {
  if (a.length !== b.length) return false
  for (let i = 0; i < a.length; i++) {
    const x = a[i]!
    const y = b[i]!
    if (x === y) continue
    if ((x | 0x20) !== (y | 0x20) || (x | 0x20) < 0x61 || (x | 0x20) > 0x7a) return false
  }
  return true
}

/** Any spelling of a zone's name → its one ZoneName. Throws WireError WIRE_BAD_NAME. */
export function parseZoneName(text: string): ZoneName {
  return wireToName(lowerWire(nameToWire(text))) as ZoneName
}

/** Wire apex of any case → ZoneName. */
export function zoneNameOfWire(wire: Uint8Array): ZoneName {
  return wireToName(lowerWire(wire)) as ZoneName
}

/** Number of labels in a wire name without the root label (counted as in RFC 9660 §2). */
export function labelCount(wire: Uint8Array): number {
  let labels = 0
  for (let o = 0; wire[o] !== 0; o += 1 + wire[o]!) labels += 1
  return labels
}

/** 32 bits over a name at `at`, letters folded (FNV-1a). */
export function hashName(data: Uint8Array, at: number, length: number): number {
  let hash = 0x811c9dc5
  for (let o = at; o < at + length; o++) {
    let c = data[o]!
    if (c >= 0x41 && c <= 0x5a) c += 0x20
    hash = Math.imul(hash ^ c, 0x01000193)
  }
  return hash >>> 0
}
