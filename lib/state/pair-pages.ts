/**
 * Packed pairs as octets, for Redis and for other processes. In Redis they are pages: one for each node and shard. Zones are named by
 * their hashes, so that processes need not agree on numbers.
 *
 *   page:  [hash of the zone 6] [serial 4] [second 4] [mark 4] …
 */
import type { ZoneName } from '../dns/name.js'
import type { Serial } from '../dns/serial.js'
import type { NodeColumn, Seen } from './node-column.js'
import { PAGES, type ZoneRows } from './zone-rows.js'

/** A table of packed pairs: of what nodes answered (pair-table.ts), and of when they were verified (verified-pairs.ts). */
export interface PackedTable {
  readonly rows: ZoneRows
  readonly nodes: Iterable<string>
  column(node: string): NodeColumn | undefined
  /** Another process packed the pair. Returns true when the pair is another one now than before. */
  adopt(node: string, zone: number, seen: Seen): boolean
  /** The bit of the pair, as 32 bits that another process can check. */
  markOf(name: ZoneName, seen: Seen): number
  isMarked(name: ZoneName, serial: Serial, mark: number): boolean
}

const ENTRY_OCTETS = 18

/** Octets of the largest page that is read: of a fleet with some millions of zones. */
export const MOST_PAGE_OCTETS = 1 << 20

/** The page as octets; empty when the node has no packed pair there. */
export const encodePage = (pairs: PackedTable, node: string, page: number): Buffer =>
  encodePairs(pairs, node, pairs.rows.inPage(page))

/** The packed pairs of the node and these zones, by their numbers. */
export function encodePairs(pairs: PackedTable, node: string, zones: readonly number[]): Buffer {
  const column = pairs.column(node)
  const octets = Buffer.allocUnsafe(column === undefined ? 0 : zones.length * ENTRY_OCTETS)
  let at = 0
  for (const zone of column === undefined ? [] : zones) {
    const seen = column!.get(zone)
    const name = pairs.rows.numbers.name(zone)
    if (seen === undefined || name === undefined) continue
    octets.writeUIntBE(pairs.rows.hash(zone), at, 6)
    octets.writeUInt32BE(seen.serial, at + 6)
    octets.writeUInt32BE(seen.second, at + 10)
    octets.writeUInt32BE(pairs.markOf(name, seen), at + 14)
    at += ENTRY_OCTETS
  }
  return octets.subarray(0, at)
}

/** One pair that another process wrote. */
export interface PageEntry extends Seen {
  /** Number of the zone here. */
  zone: number
}

/** The pairs whose zones are known here; undefined when the octets are no pairs. `latest`: seconds above it are no times. */
export function decodePairs(pairs: PackedTable, octets: Buffer, latest: number): PageEntry[] | undefined {
  if (octets.length % ENTRY_OCTETS !== 0 || octets.length > MOST_PAGE_OCTETS) return undefined
  const entries: PageEntry[] = []
  for (let at = 0; at < octets.length; at += ENTRY_OCTETS) {
    const zone = pairs.rows.find(octets.readUIntBE(at, 6))
    const second = octets.readUInt32BE(at + 10)
    if (second === 0 || second > latest) return undefined
    if (zone === undefined) continue
    const serial = octets.readUInt32BE(at + 6)
    const isDelivered = pairs.isMarked(pairs.rows.numbers.name(zone)!, serial, octets.readUInt32BE(at + 14))
    entries.push({ zone, serial, second, isDelivered })
  }
  return entries
}

/** The field of a page in Redis: `node page`. */
export const fieldOf = (node: string, page: number): string => `${node} ${page}`

export function placeOf(field: string): { node: string; page: number } | undefined {
  const [node, digits] = [field.slice(0, field.lastIndexOf(' ')), field.slice(field.lastIndexOf(' ') + 1)]
  const page = /^\d{1,3}$/.test(digits) ? Number(digits) : PAGES
  return node !== '' && page < PAGES ? { node, page } : undefined
}
