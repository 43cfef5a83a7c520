/**
 * The zones at rest, a row of octets for each: what a zone serves when its newest version is released to every node, and nothing
 * else about it is open. A hundred thousand zones at rest hold no objects and no files. A row counts only while the journal is the
 * one that it was made from. Not here: the file of the rows (row-file.ts).
 */
import type { ZoneName } from '../dns/name.js'
import type { Serial } from '../dns/serial.js'
import type { NodeTimes } from './node-times.js'
import { statFile } from './stat-file.js'

/** The version that a zone at rest serves to all nodes; also its newest. Times are milliseconds since 1970. */
export interface RestingVersion {
  serial: Serial
  digest: string
  records: number
  octets: number
  committedAt: number
  releasedAt: number
  /** The SOA record in stored form. */
  soa: Buffer
  /** Primaries that served exactly this content, and the time of the last answer. */
  sources: Readonly<Record<string, number>>
  /** The primary it came from, and how. */
  from: string
  kind: 'axfr' | 'ixfr'
}

/** With the nodes whose own answer showed it. */
export type LaidDown = RestingVersion & { confirmed: Pick<NodeTimes, 'ids'> }

/** Identifies the state of a journal: every write changes it. */
export interface JournalStamp {
  size: number
  mtimeMs: number
  inode: number
}

/** Offsets in a row. The stamp is three numbers; after the SOA come the nodes that confirmed, by marks, and the origin as JSON. */
const AT = {
  length: 0,
  known: 2,
  serial: 4,
  digest: 8,
  records: 24,
  octets: 32,
  committedAt: 40,
  releasedAt: 48,
  stamp: 56,
  soaOctets: 80,
  confirmed: 82,
  soa: 84,
}
const MARK_OCTETS = 4
const DIGEST = /^[0-9a-f]{32}$/
const SLAB_OCTETS = 1 << 20

export class ZoneRows {
  readonly #slabs: Buffer[] = []
  /** Octets used in the last slab. */
  #used = SLAB_OCTETS
  #lost = 0
  /** Places of the rows: the slab's index and the offset in it, as one number. */
  #places = new Map<ZoneName, number>()

  get size(): number {
    return this.#places.size
  }

  names(): IterableIterator<ZoneName> {
    return this.#places.keys()
  }

  has(name: ZoneName): boolean {
    return this.#places.has(name)
  }

  /** The row in the form of the file; undefined when the version does not fit into one. */
  static encode(version: LaidDown, { size, mtimeMs, inode }: JournalStamp): Buffer | undefined {
    const { sources, from, kind } = version
    const origin = Buffer.from(JSON.stringify({ sources, from, kind }))
    const marks = Array.from(version.confirmed.ids(), markOf)
    const marksAt = AT.soa + version.soa.length
    const length = marksAt + marks.length * MARK_OCTETS + origin.length
    if (!DIGEST.test(version.digest) || length > 0xffff) return undefined
    const row = Buffer.alloc(length)
    row.writeUInt16LE(row.length, AT.length)
    row.writeUInt32LE(version.serial, AT.serial)
    row.write(version.digest, AT.digest, 'hex')
    row.writeDoubleLE(version.records, AT.records)
    row.writeDoubleLE(version.octets, AT.octets)
    row.writeDoubleLE(version.committedAt, AT.committedAt)
    row.writeDoubleLE(version.releasedAt, AT.releasedAt)
    for (const [i, value] of [size, mtimeMs, inode].entries()) row.writeDoubleLE(value, AT.stamp + 8 * i)
    row.writeUInt16LE(version.soa.length, AT.soaOctets)
    row.writeUInt16LE(marks.length, AT.confirmed)
    version.soa.copy(row, AT.soa)
    for (const [i, mark] of marks.entries()) row.writeUInt32LE(mark, marksAt + i * MARK_OCTETS)
    origin.copy(row, length - origin.length)
    return row
  }

  /** True when the octets have the form of a row, and every part can be read. */
  static isRow(octets: Buffer): boolean {
    if (octets.length <= AT.soa || octets.readUInt16LE(AT.length) !== octets.length) return false
    try {
      const origin: unknown = JSON.parse(octets.toString('utf8', originAt(octets)))
      return typeof origin === 'object' && origin !== null && 'sources' in origin
    } catch {
      // Another version of zonecast wrote it.
      return false
    }
  }

  /** `isKnown`: this process has seen the journal as the row describes it. */
  put(name: ZoneName, row: Buffer, isKnown: boolean): void {
    const old = this.#octetsOf(name)
    let place = this.#places.get(name)
    if (old === undefined || old.length !== row.length) {
      this.#lost += old?.length ?? 0
      place = this.#allot(row.length)
      this.#places.set(name, place)
    }
    const [slab, at] = this.#at(place!)
    row.copy(slab, at)
    slab[at + AT.known] = isKnown ? 1 : 0
    if (this.#lost > SLAB_OCTETS && this.#lost > (this.#slabs.length * SLAB_OCTETS) / 2) this.#compact()
  }

  /** The version of a row whose journal has this stamp; it is asked for when this process has not seen the journal yet. */
  get(name: ZoneName, stampNow: () => JournalStamp | undefined): RestingVersion | undefined {
    const row = this.#validRow(name, stampNow)
    if (row === undefined) return undefined
    const end = AT.soa + row.readUInt16LE(AT.soaOctets)
    return {
      serial: row.readUInt32LE(AT.serial),
      digest: row.toString('hex', AT.digest, AT.digest + 16),
      records: row.readDoubleLE(AT.records),
      octets: row.readDoubleLE(AT.octets),
      committedAt: row.readDoubleLE(AT.committedAt),
      releasedAt: row.readDoubleLE(AT.releasedAt),
      soa: Buffer.from(row.subarray(AT.soa, end)),
      ...(JSON.parse(row.toString('utf8', originAt(row))) as Pick<RestingVersion, 'sources' | 'from' | 'kind'>),
    }
  }

  /** As `get`, the serial alone. */
  serial(name: ZoneName, stampNow: () => JournalStamp | undefined): Serial | undefined {
    return this.#validRow(name, stampNow)?.readUInt32LE(AT.serial)
  }

  /** As `get`, without reading the row. */
  isValid(name: ZoneName, stampNow: () => JournalStamp | undefined): boolean {
    return this.#validRow(name, stampNow) !== undefined
  }

  /** True when the row has the version with this serial, and the node's own answer showed it. `stampNow` as for `get`. */
  isConfirmed(name: ZoneName, serial: Serial, node: string, stampNow: () => JournalStamp | undefined): boolean {
    const row = this.#validRow(name, stampNow)
    if (row === undefined || row.readUInt32LE(AT.serial) !== serial) return false
    const mark = markOf(node)
    const end = originAt(row)
    for (let at = AT.soa + row.readUInt16LE(AT.soaOctets); at < end; at += MARK_OCTETS)
      if (row.readUInt32LE(at) === mark) return true
    return false
  }

  #validRow(name: ZoneName, stampNow: () => JournalStamp | undefined): Buffer | undefined {
    const row = this.#octetsOf(name)
    if (row === undefined || row[AT.known] === 1) return row
    const now = stampNow()
    if (now === undefined || !this.#hasStamp(row, now)) {
      this.delete(name)
      return undefined
    }
    row[AT.known] = 1
    return row
  }

  #hasStamp(row: Buffer, { size, mtimeMs, inode }: JournalStamp): boolean {
    return [size, mtimeMs, inode].every((value, i) => row.readDoubleLE(AT.stamp + 8 * i) === value)
  }

  /** The stamp has to be compared again: another process may write to the journal. */
  doubt(name: ZoneName): void {
    const row = this.#octetsOf(name)
    if (row !== undefined) row[AT.known] = 0
  }

  delete(name: ZoneName): boolean {
    const row = this.#octetsOf(name)
    this.#lost += row?.length ?? 0
    return this.#places.delete(name)
  }

  /** The octets of a row, for its file. */
  octetsOf(name: ZoneName): Buffer | undefined {
    return this.#octetsOf(name)
  }

  #octetsOf(name: ZoneName): Buffer | undefined {
    const place = this.#places.get(name)
    if (place === undefined) return undefined
    const [slab, at] = this.#at(place)
    return slab.subarray(at, at + slab.readUInt16LE(at + AT.length))
  }

  #at(place: number): [slab: Buffer, at: number] {
    return [this.#slabs[Math.floor(place / SLAB_OCTETS)]!, place % SLAB_OCTETS]
  }

  #allot(octets: number): number {
    if (this.#used + octets > SLAB_OCTETS) {
      this.#slabs.push(Buffer.alloc(SLAB_OCTETS))
      this.#used = 0
    }
    const place = (this.#slabs.length - 1) * SLAB_OCTETS + this.#used
    this.#used += octets
    return place
  }

  /** Moves the rows together: some milliseconds for a hundred thousand, once for as many that changed their length. */
  #compact(): void {
    const old = this.#slabs.splice(0)
    this.#used = SLAB_OCTETS
    this.#lost = 0
    for (const [name, place] of this.#places) {
      const slab = old[Math.floor(place / SLAB_OCTETS)]!
      const at = place % SLAB_OCTETS
      const row = slab.subarray(at, at + slab.readUInt16LE(at + AT.length))
      const moved = this.#allot(row.length)
      this.#places.set(name, moved)
      const [to, toAt] = this.#at(moved)
      row.copy(to, toAt)
    }
  }
}

/** Undefined when there is no journal, or its state cannot be read: opening the zone reports that. */
export function stampOf(journal: string): JournalStamp | undefined {
  try {
    return expectStamp(journal)
  } catch {
    return undefined
  }
}

/** Undefined when there is no journal. Throws the error of the file system when that cannot be read. */
export function expectStamp(journal: string): JournalStamp | undefined {
  const stat = statFile(journal)
  return stat && { size: stat.size, mtimeMs: stat.mtimeMs, inode: stat.ino }
}

const originAt = (row: Buffer): number => AT.soa + row.readUInt16LE(AT.soaOctets) + row.readUInt16LE(AT.confirmed) * MARK_OCTETS

/** A node in four octets: FNV-1a of its id. Two of two hundred nodes share a mark in one of 200,000 fleets. */
function markOf(node: string): number {
  let mark = 0x811c9dc5
  for (let i = 0; i < node.length; i++) mark = Math.imul(mark ^ node.charCodeAt(i), 0x01000193)
  return mark >>> 0
}
