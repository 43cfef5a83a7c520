/**
 * A complete NSEC3 chain (RFC 5155 §7.1): each hash points at the next, the last at the first; each name that the zone is
 * authoritative for or delegates, and each empty non-terminal, has a record with its types; each record has a name.
 */
import type { Findings } from '../findings.js'
import type { StoredAt } from '../../names/name-changes.js'
import { isBelow, namesBetween } from '../../names/name-key.js'
import type { Compute } from './compute.js'
import { HashQueue } from './hash-queue.js'
import { HASH_OCTETS, hashOfOwner, hasParameters, isOptOut, nextHashOf, type Nsec3Parameters } from './nsec3-hash.js'
import { EMPTY_BITMAP, judgeMember, type Member, OPEN_NSEC3 } from './nsec3-judge.js'
import { bitmapOf, membershipOf, type SeenName } from './seen-name.js'

/** Some 1 ms of work. */
const RECORDS_PER_SLICE = 2_000

export class Nsec3Chain {
  readonly #apex: string
  readonly #parameters: Nsec3Parameters
  readonly #findings: Findings
  readonly #pause: () => Promise<void>
  readonly #members: HashQueue<Member>
  /** In the order of their hashes. */
  readonly #records: StoredAt[] = []
  #hashes = Buffer.alloc(HASH_OCTETS << 10)
  readonly #stood = new Set<number>()
  /** The last name and its ancestors; `isEmpty` marks names without records. */
  readonly #path: { key: string; isEmpty: boolean; membership: Member['membership'] }[] = []

  constructor(
    apex: string,
    parameters: Nsec3Parameters,
    findings: Findings,
    { compute, pause }: { compute: Compute; pause: () => Promise<void> },
  ) {
    this.#apex = apex
    this.#parameters = parameters
    this.#findings = findings
    this.#pause = pause
    this.#members = new HashQueue(compute, parameters, (member, hash) => this.#judge(member, hash))
  }

  /** Takes all NSEC3 records of the zone in canonical order, before any name. */
  add(record: StoredAt): void {
    if (!hasParameters(record, this.#parameters)) return
    const hash = hashOfOwner(record.data, record.at)
    if (hash === undefined) {
      this.#findings.addRecord('hold', 'The owner of an NSEC3 record is no hash (RFC 5155 §3)', record.data, record.at)
      return
    }
    const at = this.#records.length * HASH_OCTETS
    if (at === this.#hashes.length) this.#hashes = Buffer.concat([this.#hashes, Buffer.alloc(at)])
    hash.copy(this.#hashes, at)
    this.#records.push(record)
  }

  #compareAt(index: number, hash: Buffer): number {
    const at = index * HASH_OCTETS
    return this.#hashes.compare(hash, 0, HASH_OCTETS, at, at + HASH_OCTETS)
  }

  /** After the last `add`. */
  async close(): Promise<void> {
    const count = this.#records.length
    for (const [i, record] of this.#records.entries()) {
      if (i % RECORDS_PER_SLICE === RECORDS_PER_SLICE - 1) await this.#pause()
      if (this.#compareAt((i + 1) % count, nextHashOf(record)) === 0) continue
      this.#findings.addRecord('hold', `${OPEN_NSEC3}: the next hash after this record's is another`, record.data, record.at)
    }
  }

  /** Names in canonical order. */
  see({ key, status, records }: SeenName): void {
    const membership = membershipOf(status, records)
    if (membership === 'none') return
    this.#leave(key)
    const top = this.#path.at(-1)?.key.length ?? this.#apex.length
    for (const above of [...namesBetween(key, this.#apex)].reverse())
      if (above.length > top) this.#path.push({ key: above, isEmpty: true, membership })
    if (membership === 'must') for (const entry of this.#path) entry.membership = 'must'
    this.#path.push({ key, isEmpty: false, membership })
    this.#members.add(key, { key, membership, bitmap: bitmapOf(status, records) })
  }

  /** Undefined when there is room for more names; else resolves when there is. */
  room(): Promise<void> | undefined {
    return this.#members.room()
  }

  /** All names below an empty name have come when a name comes that is not below it. */
  #leave(key: string | undefined): void {
    for (let last = this.#path.at(-1); last !== undefined; last = this.#path.at(-1)) {
      if (key !== undefined && isBelow(key, last.key)) return
      this.#path.pop()
      if (last.isEmpty) this.#members.add(last.key, { key: last.key, membership: last.membership, bitmap: EMPTY_BITMAP })
    }
  }

  #judge(member: Member, hash: Buffer): void {
    let low = 0
    let high = this.#records.length
    while (low < high) {
      const middle = (low + high) >> 1
      if (this.#compareAt(middle, hash) < 0) low = middle + 1
      else high = middle
    }
    const isFound = low < this.#records.length && this.#compareAt(low, hash) === 0
    if (isFound) this.#stood.add(low)
    const covering = this.#records.at(low - 1)
    judgeMember(
      member,
      isFound ? this.#records[low] : undefined,
      () => covering !== undefined && isOptOut(covering),
      this.#findings,
    )
  }

  async finish(): Promise<void> {
    this.#leave(undefined)
    await this.#members.drain()
    if (this.#records.length === 0)
      this.#findings.add('hold', `${OPEN_NSEC3}: there is no NSEC3 record for the NSEC3PARAM record`)
    if (this.#stood.size === this.#records.length) return
    for (const [i, { data, at }] of this.#records.entries()) {
      if (i % RECORDS_PER_SLICE === RECORDS_PER_SLICE - 1) await this.#pause()
      if (!this.#stood.has(i))
        this.#findings.addRecord('hold', 'An NSEC3 record is for a name that does not exist (RFC 5155 §7.1)', data, at)
    }
  }
}
