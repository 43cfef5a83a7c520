/**
 * The journal of one zone: an append-only file of entries. An entry names a version (with the differences that led to it), the
 * progress of its rollout, or an order about the zone. A torn entry at the end was never committed; damage in front of a valid
 * entry is corruption.
 *
 *   file:   "ZCJ2" then entries
 *   entry:  [body length 4] [head length 4] [crc32 of lengths and head 4] [head: JSON] [differences] [crc32 of differences 4]
 *
 * The head has a checksum of its own, because a start reads the heads of all zones and no differences. The end may have an entry
 * that is being prepared: it counts only when a committed head of the same length replaces its head.
 *
 * Not here: writing (journal-writer.ts), the meaning of versions (stored-zone.ts), complete contents (snapshot-file.ts).
 */
import { closeSync, fstatSync, openSync, readFileSync, readSync } from 'node:fs'
import { open } from 'node:fs/promises'
import { crc32 } from 'node:zlib'
import type { ZoneOrders } from '../rollout/record.js'
import type { Difference } from '../zone/difference.js'
import { isSystemError, StoreError } from './errors.js'
import type { EntryHead, PreparedHead } from './journal-heads.js'
import { decodeDifferences, encodeDifferences } from './difference-codec.js'

export const JOURNAL_MAGIC = Buffer.from('ZCJ2')
/** Octets in front of the head, and behind the differences. */
const FRONT = 12
const BEHIND = 4
/** Every head begins so; the search for entries behind damage looks for it. */
const HEAD_START = Buffer.from('{"entry":"')
const SEARCH_OCTETS = 1 << 20

/** The position of an entry and of its differences in the file. */
export interface EntryPlace {
  at: number
  octets: number
  differencesAt: number
  differencesOctets: number
}

interface Located<H> extends EntryPlace {
  head: H
}

export type LocatedEntry = Located<EntryHead>

/** `differences` as objects, or as the octets they already were. */
export function encodeEntry(head: EntryHead, differences: readonly Difference[] | Buffer = []): Buffer {
  const behind = encodeBehind(differences)
  return Buffer.concat([encodeFront(head, behind.length)!, behind])
}

/** The part behind the head: the differences, and their checksum. */
export function encodeBehind(differences: readonly Difference[] | Buffer): Buffer {
  const data = Buffer.isBuffer(differences) ? differences : encodeDifferences(differences)
  const sum = Buffer.allocUnsafe(BEHIND)
  sum.writeUInt32BE(crc32(data))
  return Buffer.concat([data, sum])
}

/**
 * Encodes the front of an entry, up to its differences of `behind` octets. With `room` it is padded to that size, because spaces
 * may follow JSON; undefined when it does not fit.
 */
export function encodeFront(head: EntryHead | PreparedHead, behind: number, room?: number): Buffer | undefined {
  const json = Buffer.from(JSON.stringify(head))
  const octets = room ?? FRONT + json.length
  if (FRONT + json.length > octets) return undefined
  const out = room === undefined ? Buffer.allocUnsafe(octets) : Buffer.alloc(octets, ' ')
  out.writeUInt32BE(out.length + behind - 4, 0)
  out.writeUInt32BE(octets - FRONT, 4)
  json.copy(out, FRONT)
  out.writeUInt32BE(headSum(out, octets - FRONT), 8)
  return out
}

/** An entry that is being prepared: a front of `room` octets, and its final part behind that. */
export const encodePrepared = (behind: Buffer, room: number): Buffer =>
  Buffer.concat([encodeFront({ entry: 'prepared' }, behind.length, room)!, behind])

/** Positions of the parts of an entry of `octets` octets at `at`. */
export function locate<H>(head: H, at: number, octets: number, headOctets: number): Located<H> {
  const differencesAt = at + FRONT + headOctets
  return { head, at, octets, differencesAt, differencesOctets: octets - FRONT - headOctets - BEHIND }
}

/** The place alone: the head can be forgotten. */
export const placeOf = ({ at, octets, differencesAt, differencesOctets }: EntryPlace): EntryPlace => ({
  at,
  octets,
  differencesAt,
  differencesOctets,
})

const headSum = (entry: Buffer, headOctets: number): number =>
  crc32(entry.subarray(FRONT, FRONT + headOctets), crc32(entry.subarray(0, 8)))

/** The lengths in front of an entry; undefined when they do not fit into `room`. */
function lengthsOf(front: Buffer, room: number): { octets: number; headOctets: number } | undefined {
  if (front.length < FRONT) return undefined
  const octets = 4 + front.readUInt32BE(0)
  const headOctets = front.readUInt32BE(4)
  return octets <= room && headOctets <= octets - FRONT - BEHIND ? { octets, headOctets } : undefined
}

/**
 * Reads all heads. Differences are skipped except those of the last entry, whose checksum decides if it is complete. `end`:
 * position for the next entry, behind the last complete one. `pending`: the octets there, to detect a change later. Throws
 * StoreError STORE_CORRUPT.
 */
export function scanJournal(file: string): { entries: LocatedEntry[]; end: number; size: number; pending: string } {
  const fd = openSync(file, 'r')
  try {
    const { size } = fstatSync(fd)
    // Small journals are read in one go; of large ones only the heads.
    const whole = size <= 1 << 20 ? readAt(fd, 0, size) : undefined
    const read: Read = (at, octets) => whole?.subarray(at, at + octets) ?? readAt(fd, at, octets)
    if (size < JOURNAL_MAGIC.length || !read(0, 4).equals(JOURNAL_MAGIC)) {
      if (size < JOURNAL_MAGIC.length) return { entries: [], end: 0, size, pending: '' }
      throw new StoreError({ code: 'STORE_CORRUPT', file, reason: 'no journal' }, `${file} is not a zonecast journal`)
    }
    const entries: LocatedEntry[] = []
    let at = JOURNAL_MAGIC.length
    while (at < size) {
      const entry = readHead(read, at, size)
      if (entry !== undefined && !isDecided(entry)) {
        if (at + entry.octets === size) break
        throw damaged(file, at)
      }
      const isLast = entry === undefined || at + entry.octets === size
      if (entry === undefined || ((isLast || whole !== undefined) && !hasDifferences(read, entry))) {
        if (isLast && nextHead(read, at + 1, size) === undefined) break
        throw damaged(file, at)
      }
      entries.push(entry)
      at += entry.octets
    }
    return { entries, end: at, size, pending: read(at, FRONT).toString('latin1') }
  } finally {
    closeSync(fd)
  }
}

type Read = (at: number, octets: number) => Buffer

/** Undefined when no complete head is there. */
function readHead(read: Read, at: number, size: number): Located<EntryHead | PreparedHead> | undefined {
  const front = read(at, FRONT)
  const lengths = lengthsOf(front, size - at)
  if (lengths === undefined) return undefined
  const entry = read(at, FRONT + lengths.headOctets)
  if (headSum(entry, lengths.headOctets) !== front.readUInt32BE(8)) return undefined
  const head = JSON.parse(entry.subarray(FRONT).toString()) as EntryHead | PreparedHead
  return locate(head, at, lengths.octets, lengths.headOctets)
}

const isDecided = (entry: Located<EntryHead | PreparedHead>): entry is LocatedEntry => entry.head.entry !== 'prepared'

const hasDifferences = (read: Read, { differencesAt, differencesOctets }: LocatedEntry): boolean =>
  areIntact(read(differencesAt, differencesOctets + BEHIND))

/** Differences with their checksum behind them. */
const areIntact = (data: Buffer): boolean =>
  crc32(data.subarray(0, data.length - BEHIND)) === data.readUInt32BE(data.length - BEHIND)

/** Position of the next complete head from `from` on: a broken entry in front of it was once complete and committed. */
function nextHead(read: Read, from: number, size: number): number | undefined {
  for (let at = from; at < size; at += SEARCH_OCTETS) {
    const window = read(at, Math.min(SEARCH_OCTETS + HEAD_START.length - 1, size - at))
    for (let i = window.indexOf(HEAD_START); i >= 0; i = window.indexOf(HEAD_START, i + 1))
      if (at + i - FRONT >= from && readHead(read, at + i - FRONT, size) !== undefined) return at + i - FRONT
  }
  return undefined
}

/**
 * The last orders for the zone, as far as a damaged journal can be read: a hold or a rejection must not be lost with the records,
 * which a primary has too. Throws the error of the file system.
 */
export function salvageOrders(file: string): ZoneOrders | undefined {
  let octets: Buffer
  try {
    octets = readFileSync(file)
  } catch (error) {
    // The orders would be lost with a file that can be read later.
    if (isSystemError(error)) throw error
    // Too large to read in one go.
    return undefined
  }
  const read: Read = (at, length) => octets.subarray(at, at + length)
  let orders: ZoneOrders | undefined
  // Octets inside an entry that look like an entry belong to a record.
  for (let at: number | undefined = JOURNAL_MAGIC.length; at !== undefined && at < octets.length; ) {
    const entry = readHead(read, at, octets.length)
    if (entry?.head.entry === 'orders') orders = entry.head.orders
    at = entry === undefined ? nextHead(read, at + 1, octets.length) : at + entry.octets
  }
  return orders
}

const damaged = (file: string, at: number): StoreError =>
  new StoreError({ code: 'STORE_CORRUPT', file, reason: `checksum at octet ${at}` }, `${file} is damaged at octet ${at}`)

function readAt(fd: number, at: number, octets: number): Buffer {
  const out = Buffer.allocUnsafe(octets)
  let have = 0
  while (have < octets) {
    const n = readSync(fd, out, have, octets - have, at + have)
    if (n === 0) break
    have += n
  }
  return out.subarray(0, have)
}

/** The first octets at `end`, in the form of scanJournal. */
export function pendingAt(file: string, end: number): string {
  const fd = openSync(file, 'r')
  try {
    return readAt(fd, end, FRONT).toString('latin1')
  } finally {
    closeSync(fd)
  }
}

/** The differences of one entry, its checksum verified. Throws StoreError STORE_CORRUPT. */
export async function readDifferences(file: string, entry: EntryPlace): Promise<Difference[]> {
  const [octets] = await readStoredDifferences(file, [entry])
  return decodeDifferences(octets!)
}

/** The undecoded differences of entries, for a rewrite. Throws StoreError STORE_CORRUPT. */
export async function readStoredDifferences(file: string, entries: readonly EntryPlace[]): Promise<Buffer[]> {
  const handle = await open(file, 'r')
  try {
    const out: Buffer[] = []
    for (const { at, differencesAt, differencesOctets } of entries) {
      const data = Buffer.allocUnsafe(differencesOctets + BEHIND)
      const { bytesRead } = await handle.read(data, 0, data.length, differencesAt)
      if (bytesRead !== data.length || !areIntact(data)) throw damaged(file, at)
      out.push(data.subarray(0, differencesOctets))
    }
    return out
  } finally {
    await handle.close()
  }
}
