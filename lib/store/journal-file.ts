/**
 * The journal of one zone: an append-only file of entries, each with its length in front and a checksum behind. An entry
 * names a version (with the differences that led to it) or its release. What is torn at the end was never named.
 *
 *   file:   "ZCJ1" then entries
 *   entry:  [body length 4] [head length 4] [head: JSON] [differences] [crc32 of head length, head and differences 4]
 *
 * Not here: writing (journal-writer.ts), what versions mean (stored-zone.ts), whole contents (snapshot-file.ts).
 */
import { closeSync, fstatSync, openSync, readSync } from 'node:fs'
import { open } from 'node:fs/promises'
import { crc32 } from 'node:zlib'
import type { Difference } from '../zone/difference.js'
import { StoreError } from './errors.js'
import { decodeDifferences, encodeDifferences } from './difference-codec.js'

export const JOURNAL_MAGIC = Buffer.from('ZCJ1')
/** Larger is a broken length, not an entry. */
const MAX_ENTRY_OCTETS = 0xf0000000

export interface VersionHead {
  entry: 'version'
  serial: number
  digest: string
  records: number
  octets: number
  soa: string
  seenAt: number
  committedAt: number
  /** Release decided together with the commit. */
  releasedAt?: number
  from: string
  kind: 'axfr' | 'ixfr'
  /** File of the whole contents, when this version has one of its own. */
  snapshot?: string
  /** Number of difference sequences from the version before; 0 when there is a gap. */
  differences: number
}

export interface ReleaseHead {
  entry: 'release'
  serial: number
  digest: string
  releasedAt: number
}

export type EntryHead = VersionHead | ReleaseHead

/** An entry's head, and where its differences lie in the file. */
export interface LocatedEntry {
  head: EntryHead
  at: number
  octets: number
  differencesAt: number
  differencesOctets: number
}

/** `differences` as objects, or as the octets they already were. */
export function encodeEntry(head: EntryHead, differences: readonly Difference[] | Buffer = []): Buffer {
  const json = Buffer.from(JSON.stringify(head))
  const data = Buffer.isBuffer(differences) ? differences : encodeDifferences(differences)
  const out = Buffer.allocUnsafe(12 + json.length + data.length)
  out.writeUInt32BE(8 + json.length + data.length, 0)
  out.writeUInt32BE(json.length, 4)
  json.copy(out, 8)
  data.copy(out, 8 + json.length)
  out.writeUInt32BE(crc32(out.subarray(4, out.length - 4)), out.length - 4)
  return out
}

/**
 * Reads all heads; differences are skipped but for the last entry, whose checksum decides whether it is whole.
 * `end` is where the next entry belongs: behind the last whole one.
 */
export function scanJournal(file: string): { entries: LocatedEntry[]; end: number; size: number } {
  const fd = openSync(file, 'r')
  try {
    const { size } = fstatSync(fd)
    // Small journals are read in one go; of large ones only the heads.
    const whole = size <= 1 << 20 ? readAt(fd, 0, size) : undefined
    const read = (at: number, octets: number): Buffer => whole?.subarray(at, at + octets) ?? readAt(fd, at, octets)
    if (size < JOURNAL_MAGIC.length || !read(0, 4).equals(JOURNAL_MAGIC)) {
      if (size < JOURNAL_MAGIC.length) return { entries: [], end: 0, size }
      throw new StoreError({ code: 'STORE_CORRUPT', file, reason: 'no journal' }, `${file} is no zonecast journal`)
    }
    const entries: LocatedEntry[] = []
    let at = JOURNAL_MAGIC.length
    while (at + 12 <= size) {
      const lengths = read(at, 8)
      const body = lengths.readUInt32BE(0)
      const headOctets = lengths.readUInt32BE(4)
      if (body > MAX_ENTRY_OCTETS || body < 8 || headOctets > body - 8 || at + 4 + body > size) break
      const isLast = at + 4 + body + 12 > size
      if ((isLast || whole !== undefined) && !isIntact(read(at + 4, body))) {
        if (isLast) break
        throw new StoreError(
          { code: 'STORE_CORRUPT', file, reason: `checksum at octet ${at}` },
          `${file} is damaged at octet ${at}`,
        )
      }
      const head = JSON.parse(read(at + 8, headOctets).toString()) as EntryHead
      const differencesAt = at + 8 + headOctets
      entries.push({ head, at, octets: 4 + body, differencesAt, differencesOctets: body - 8 - headOctets })
      at += 4 + body
    }
    return { entries, end: at, size }
  } finally {
    closeSync(fd)
  }
}

const isIntact = (body: Buffer): boolean => crc32(body.subarray(0, body.length - 4)) === body.readUInt32BE(body.length - 4)

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

/** The differences of one entry, its checksum verified. Throws StoreError STORE_CORRUPT. */
export async function readDifferences(file: string, entry: LocatedEntry): Promise<Difference[]> {
  const handle = await open(file, 'r')
  try {
    const whole = Buffer.allocUnsafe(entry.octets)
    const { bytesRead } = await handle.read(whole, 0, entry.octets, entry.at)
    if (bytesRead !== entry.octets || !isIntact(whole.subarray(4)))
      throw new StoreError(
        { code: 'STORE_CORRUPT', file, reason: `checksum at octet ${entry.at}` },
        `${file} is damaged at octet ${entry.at}`,
      )
    return decodeDifferences(
      whole.subarray(entry.differencesAt - entry.at, entry.differencesAt - entry.at + entry.differencesOctets),
    )
  } finally {
    await handle.close()
  }
}

/** The raw octets of entries, for rewriting. */
export async function readEntries(file: string, entries: readonly LocatedEntry[]): Promise<Buffer[]> {
  const handle = await open(file, 'r')
  try {
    const out: Buffer[] = []
    for (const entry of entries) {
      const data = Buffer.allocUnsafe(entry.octets)
      await handle.read(data, 0, entry.octets, entry.at)
      if (!isIntact(data.subarray(4)))
        throw new StoreError(
          { code: 'STORE_CORRUPT', file, reason: `checksum at octet ${entry.at}` },
          `${file} is damaged at octet ${entry.at}`,
        )
      out.push(data)
    }
    return out
  } finally {
    await handle.close()
  }
}
