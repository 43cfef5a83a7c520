/**
 * Names as keys of a map: their wire form with letters folded, one octet per character. The functions answer questions about
 * names inside one zone: ancestors, descendants, order.
 */
import { nameToWire, wireToName } from '../dns/name.js'
import { rdataStart, STORED_HEAD } from '../dns/record.js'

const SCRATCH = Buffer.alloc(256)

/** The key of the wire name at `from`. NOTE: toLowerCase also folds letters that are not letters in the DNS (RFC 4343 §3). */
export function nameKey(data: Uint8Array, from: number, length: number): string {
  for (let i = 0; i < length; i++) {
    const c = data[from + i]!
    SCRATCH[i] = c >= 0x41 && c <= 0x5a ? c + 0x20 : c
  }
  return SCRATCH.toString('latin1', 0, length)
}

export const ownerKey = (data: Uint8Array, at: number): string => nameKey(data, at + STORED_HEAD, data[at]!)

/** The key of the uncompressed name at `from`, which ends somewhere behind it. */
export function wireKey(data: Uint8Array, from: number): string {
  let end = from
  while (data[end] !== 0) end += 1 + data[end]!
  return nameKey(data, from, end + 1 - from)
}

/** The target of an NS record, or of another record whose RDATA begins with a name. */
export const targetOf = ({ data, at }: { data: Uint8Array; at: number }): string => wireKey(data, rdataStart(data, at))

export function keyOfText(name: string): string {
  const wire = nameToWire(name)
  return nameKey(wire, 0, wire.length)
}

export const keyOctets = (key: string): Buffer => Buffer.from(key, 'latin1')

export const keyText = (key: string): string => wireToName(keyOctets(key))

/** The name without its first label. The root has no parent. */
export const parentKey = (key: string): string => key.slice(1 + key.charCodeAt(0))

/** At the name, or below it. */
export function isWithin(key: string, top: string): boolean {
  let rest = key
  while (rest.length > top.length) rest = parentKey(rest)
  return rest === top
}

export const isBelow = (key: string, top: string): boolean => key.length > top.length && isWithin(key, top)

/** `key` is directly below `apex`. */
export const isChild = (key: string, apex: string): boolean => 1 + key.charCodeAt(0) + apex.length === key.length

/** Names strictly between a name and the apex, the nearest first. */
export function* namesBetween(key: string, apex: string): Generator<string> {
  if (key.length <= apex.length) return
  for (let rest = parentKey(key); rest.length > apex.length; rest = parentKey(rest)) yield rest
}

export const isWildcard = (key: string): boolean => key.startsWith('\x01*')

/** Number of labels, without the root's and a leading asterisk (RFC 4034 §3.1.3). */
export function signedLabels(key: string): number {
  let labels = 0
  for (let o = 0; key.charCodeAt(o) !== 0; o += 1 + key.charCodeAt(o)) labels += 1
  return isWildcard(key) ? labels - 1 : labels
}

function labelsOf(key: string): string[] {
  const labels: string[] = []
  for (let o = 0; key.charCodeAt(o) !== 0; o += 1 + key.charCodeAt(o)) labels.push(key.slice(o + 1, o + 1 + key.charCodeAt(o)))
  return labels.reverse()
}

/** Canonical order (RFC 4034 §6.1): negative when `a` comes first. */
export function compareKeys(a: string, b: string): number {
  const x = labelsOf(a)
  const y = labelsOf(b)
  for (let i = 0; i < Math.min(x.length, y.length); i++) if (x[i] !== y[i]) return x[i]! < y[i]! ? -1 : 1
  return x.length - y.length
}
