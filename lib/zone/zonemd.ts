/**
 * Message digests of zones (RFC 8976), scheme SIMPLE with SHA-384 and SHA-512: computed over every record in canonical order, and
 * compared with the zone's own ZONEMD records. Pure; `pause` is awaited between slices.
 */
import { createHash, type Hash, timingSafeEqual } from 'node:crypto'
import { rdataStart, STORED_HEAD, storedLength, storedType } from '../dns/record.js'
import { TYPE } from '../dns/rrtype.js'
import { foldedRange } from './record-hash.js'
import type { ZoneView } from './contents-view.js'
import type { CanonicalWalk, ZoneContents } from './zone-contents.js'

/** RFC 8976 §5.2, §5.3: scheme 1 is SIMPLE; hash algorithms with their digest sizes in octets. */
const SIMPLE = 1
const ALGORITHMS: Record<number, { name: string; octets: number }> = {
  1: { name: 'sha384', octets: 48 },
  2: { name: 'sha512', octets: 64 },
}
export type ZonemdAlgorithm = 1 | 2

export type ZonemdVerdict =
  | { kind: 'absent' }
  | { kind: 'verified'; algorithm: string }
  /** No ZONEMD record has a scheme and algorithm known here. */
  | { kind: 'unsupported'; reason: string }
  | { kind: 'failed'; reason: string }

const RECORDS_PER_SLICE = 2_500
const BLOCK_OCTETS = 1 << 18

/** Judges the zone by its own ZONEMD records (RFC 8976 §4); one match is enough. */
export async function verifyZonemd(contents: ZoneContents, pause: () => Promise<void>): Promise<ZonemdVerdict> {
  if (contents.apexZonemds === 0) return { kind: 'absent' }
  const view = contents.view('pending')
  try {
    const records = await apexZonemds(contents, view, pause)
    const walk = await contents.canonicalWalk(view, pause)
    const reasons: string[] = []
    let known = 0
    for (const record of records) {
      const { serial, scheme, algorithm, digest } = record
      const row = ALGORITHMS[algorithm]
      const label = `scheme ${scheme}, algorithm ${algorithm}`
      if (scheme !== SIMPLE || !row) {
        reasons.push(`${label} is not known here`)
        continue
      }
      known += 1
      if (records.some((other) => other !== record && other.scheme === scheme && other.algorithm === algorithm))
        reasons.push(`${label} is there twice`)
      else if (serial !== contents.soa.serial) reasons.push(`it is made for serial ${serial}, not ${contents.soa.serial}`)
      else if (digest.length !== row.octets) reasons.push(`its digest has ${digest.length} octets instead of ${row.octets}`)
      else if (timingSafeEqual(await digestOf(contents, walk, row.name), digest)) return { kind: 'verified', algorithm: row.name }
      else reasons.push(`the ${row.name} digest is not that of the records`)
    }
    const reason = [...new Set(reasons)].join('; ')
    return known === 0 ? { kind: 'unsupported', reason } : { kind: 'failed', reason }
  } finally {
    view.release()
  }
}

/** The digest that a ZONEMD record for these contents has. */
export async function computeZonemd(
  contents: ZoneContents,
  algorithm: ZonemdAlgorithm,
  pause: () => Promise<void>,
): Promise<Buffer> {
  const view = contents.view('pending')
  try {
    const walk = await contents.canonicalWalk(view, pause)
    return await digestOf(contents, walk, ALGORITHMS[algorithm]!.name)
  } finally {
    view.release()
  }
}

interface Zonemd {
  serial: number
  scheme: number
  algorithm: number
  digest: Buffer
}

async function apexZonemds(contents: ZoneContents, view: ZoneView, pause: () => Promise<void>): Promise<Zonemd[]> {
  const found: Zonemd[] = []
  for (let from: number | undefined = 0; from !== undefined; ) {
    from = view.walk(from, RECORDS_PER_SLICE * 4, (data, at) => {
      if (data[at] !== contents.apex.length || storedType(data, at) !== TYPE.ZONEMD) return
      const rdata = data.subarray(rdataStart(data, at), at + storedLength(data, at))
      found.push({
        serial: rdata.readUInt32BE(0),
        scheme: rdata[4]!,
        algorithm: rdata[5]!,
        digest: Buffer.from(rdata.subarray(6)),
      })
    })
    if (from !== undefined) await pause()
  }
  return found
}

/** RFC 8976 §3.3: every record once in canonical form, except the apex ZONEMD RRset and the RRSIG over it. */
async function digestOf(contents: ZoneContents, walk: CanonicalWalk, algorithm: string): Promise<Buffer> {
  const stream = new CanonicalStream(createHash(algorithm))
  const apexOctets = contents.apex.length
  // The apex comes first in the order, and its SOA after types A and NS: types are in numerical order.
  let soaIsDone = false
  await walk((chunk, at) => {
    const isApex = chunk[at] === apexOctets
    if (isApex || !soaIsDone) {
      const type = storedType(chunk, at)
      if (!soaIsDone && (!isApex || type > TYPE.SOA)) {
        stream.add(contents.soa.stored, 0)
        soaIsDone = true
      }
      if (isApex && (type === TYPE.ZONEMD || (type === TYPE.RRSIG && covers(chunk, at, TYPE.ZONEMD)))) return
    }
    stream.add(chunk, at)
  })
  if (!soaIsDone) stream.add(contents.soa.stored, 0)
  return stream.digest()
}

const covers = (data: Buffer, at: number, type: number): boolean => data.readUInt16BE(rdataStart(data, at)) === type

/** Feeds records in canonical form (RFC 4034 §6.2) into a hash. */
class CanonicalStream {
  readonly #hash: Hash
  readonly #block = Buffer.allocUnsafe(BLOCK_OCTETS + 0x11000)
  #at = 0

  constructor(hash: Hash) {
    this.#hash = hash
  }

  add(data: Buffer, at: number): void {
    const ownerEnd = at + STORED_HEAD + data[at]!
    const rdata = ownerEnd + 10
    const end = rdata + ((data[ownerEnd + 8]! << 8) | data[ownerEnd + 9]!)
    this.#fold(data, at + STORED_HEAD, ownerEnd)
    const names = foldedRange(data, (data[ownerEnd]! << 8) | data[ownerEnd + 1]!, rdata, end)
    if (names === undefined) this.#copy(data, ownerEnd, end)
    else {
      this.#copy(data, ownerEnd, names.from)
      this.#fold(data, names.from, names.to)
      this.#copy(data, names.to, end)
    }
    if (this.#at > BLOCK_OCTETS) this.#flush()
  }

  #copy(data: Buffer, from: number, to: number): void {
    if (to - from > 96) {
      this.#at += data.copy(this.#block, this.#at, from, to)
      return
    }
    const block = this.#block
    let w = this.#at
    for (let o = from; o < to; o++) block[w++] = data[o]!
    this.#at = w
  }

  #fold(data: Buffer, from: number, to: number): void {
    const block = this.#block
    let w = this.#at
    for (let o = from; o < to; o++) {
      const c = data[o]!
      block[w++] = c >= 0x41 && c <= 0x5a ? c + 0x20 : c
    }
    this.#at = w
  }

  #flush(): void {
    this.#hash.update(this.#block.subarray(0, this.#at))
    this.#at = 0
  }

  digest(): Buffer {
    this.#flush()
    return this.#hash.digest()
  }
}
