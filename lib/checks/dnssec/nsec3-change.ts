/**
 * Judges the effect of a change on an NSEC3 chain that was closed (RFC 5155 §7.1). Hashes and looks up the names of the change,
 * and their ancestors without records. When a record changed without a known change of its name, only the complete chain can
 * decide: the verdict is `unclear`.
 */
import { TYPE } from '../../dns/rrtype.js'
import type { Collected } from '../../names/collect-names.js'
import type { Findings } from '../findings.js'
import type { NameChanges, StoredAt } from '../../names/name-changes.js'
import { isBelow, namesBetween } from '../../names/name-key.js'
import { statusOf } from '../../names/name-status.js'
import type { NameStore } from '../../names/name-store.js'
import { ChainChange } from './chain-change.js'
import type { Compute } from './compute.js'
import { HashQueue } from './hash-queue.js'
import { hasParameters, hashKey, isOptOut, nextHashOf, nsec3BitmapOf, type Nsec3Parameters } from './nsec3-hash.js'
import { EMPTY_BITMAP, judgeMember, type Member, OPEN_NSEC3 } from './nsec3-judge.js'
import { bitmapOf, coveredType, type Membership, membershipOf, type SeenName } from './seen-name.js'

/** Some 1 ms of work with deep names. */
const NAMES_PER_SLICE = 100

/** Only an NSEC3 record and its signature changed: the name is a hash. */
const isHashChange = (records: readonly StoredAt[]): boolean =>
  records.every((record) => record.type === TYPE.NSEC3 || (record.type === TYPE.RRSIG && coveredType(record) === TYPE.NSEC3))

export class Nsec3Change {
  readonly #apex: string
  readonly #parameters: Nsec3Parameters
  readonly #findings: Findings
  readonly #changes: NameChanges
  readonly #compute: Compute
  readonly #hashKeys = new Map<string, string>()
  readonly #members = new Map<string, Member>()

  constructor(apex: string, parameters: Nsec3Parameters, findings: Findings, changes: NameChanges, compute: Compute) {
    this.#apex = apex
    this.#parameters = parameters
    this.#findings = findings
    this.#changes = changes
    this.#compute = compute
  }

  /** Key of the hash of a name that was hashed. */
  #hashKey(key: string): string {
    return this.#hashKeys.get(key)!
  }

  /** Hashes the names that are not hashed yet. Returns the owners of their NSEC3 records, in order. */
  async #hash(keys: Iterable<string>): Promise<string[]> {
    const all = [...keys]
    const queue = new HashQueue<string>(this.#compute, this.#parameters, (key, hash) =>
      this.#hashKeys.set(key, hashKey(hash, this.#apex)),
    )
    for (const key of all) {
      if (this.#hashKeys.has(key)) continue
      queue.add(key, key)
      const room = queue.room()
      if (room !== undefined) await room
    }
    await queue.drain()
    return all.map((key) => this.#hashKey(key))
  }

  /** Owners of the NSEC3 records of the names that the change touches, and of their ancestors; known before the zone is read. */
  async owners(pause: () => Promise<void>): Promise<string[]> {
    const keys = new Set<string>()
    let done = 0
    for (const [key, { removed, added }] of this.#changes.byName) {
      if (++done % NAMES_PER_SLICE === 0) await pause()
      if (isHashChange(removed) && isHashChange(added)) continue
      keys.add(key)
      for (const above of namesBetween(key, this.#apex)) keys.add(above)
    }
    return await this.#hash(keys)
  }

  /** Names that may have no records now: they still exist when there are names below them. */
  emptied(): string[] {
    const keys: string[] = []
    for (const [key, { removed, added }] of this.#changes.byName) if (added.length === 0 && !isHashChange(removed)) keys.push(key)
    return keys
  }

  see({ key, status, records, change }: SeenName): void {
    if (change !== undefined && isHashChange(change.removed) && isHashChange(change.added)) return
    this.#members.set(key, { key, membership: membershipOf(status, records), bitmap: bitmapOf(status, records) })
  }

  async finish(store: NameStore, nsec3: Collected['nsec3'], hadOptOut: boolean): Promise<'clear' | 'unclear'> {
    await store.lookup(new Set(await this.#hash(this.#members.keys())))
    await this.#findEmptyNames(store)
    const allOptOut = nsec3.optOut === nsec3.count
    let isUnclear = hadOptOut && !allOptOut
    for (const member of this.#members.values())
      judgeMember(
        member,
        this.#recordOf(member.key, store),
        () => {
          if (nsec3.optOut > 0 && !allOptOut) isUnclear = true
          return nsec3.optOut > 0
        },
        this.#findings,
      )
    return this.#judgeRecords(nsec3.optOut > 0 && !allOptOut) || isUnclear ? 'unclear' : 'clear'
  }

  #recordOf(key: string, store: NameStore): StoredAt | undefined {
    return store.at(this.#hashKey(key)).find((record) => record.type === TYPE.NSEC3 && hasParameters(record, this.#parameters))
  }

  /** Finds names without records, read or above those read; other names below them are looked up only when that decides. */
  async #findEmptyNames(store: NameStore): Promise<void> {
    const empty = new Map<string, Membership>()
    for (const { key, membership } of this.#members.values())
      for (const above of [key, ...namesBetween(key, this.#apex)]) {
        if (store.at(above).length > 0) continue
        const known = empty.get(above)
        if (known === undefined || membership === 'must' || known === 'none') empty.set(above, membership)
      }
    await store.lookup(new Set(await this.#hash(empty.keys())))
    const open = [...empty].filter(([key, is]) => is === 'none' || (is === 'may' && this.#recordOf(key, store) === undefined))
    if (open.length > 0) {
      const tops = new Set(open.map(([key]) => key))
      for (const key of await store.lookupBelow(tops)) {
        const membership = membershipOf(statusOf(key, this.#apex, store.at(key), store.at), store.at(key))
        if (membership === 'none') continue
        for (const top of tops) if (isBelow(key, top) && empty.get(top) !== 'must') empty.set(top, membership)
      }
    }
    for (const [key, membership] of empty) this.#members.set(key, { key, membership, bitmap: EMPTY_BITMAP })
  }

  /** Judges the added and removed records as links of the chain, and finds out if the name of each is known. */
  #judgeRecords(isOptOutMixed: boolean): boolean {
    const chain = new ChainChange()
    const named = new Set([...this.#members.keys()].map((key) => this.#hashKey(key)))
    let isUnclear = false
    for (const [owner, { removed, added }] of this.#changes.byName) {
      const [before, after] = [removed, added].map((side) =>
        side.filter((record) => record.type === TYPE.NSEC3 && hasParameters(record, this.#parameters)),
      ) as [StoredAt[], StoredAt[]]
      if (before.length === 0 && after.length === 0) continue
      for (const [side, sign] of [[before, -1] as const, [after, 1] as const])
        for (const record of side) {
          const next = hashKey(nextHashOf(record), this.#apex)
          // Hashes of one length: their characters are in the order of their octets.
          chain.link(owner, next, next <= owner, sign)
        }
      const [was] = before
      const [is] = after
      const isSameName = was !== undefined && is !== undefined && nsec3BitmapOf(was).equals(nsec3BitmapOf(is))
      if (!isSameName && !named.has(owner)) isUnclear = true
      // The removed record covered omitted delegations.
      if (is !== undefined && !isOptOut(is) && (isOptOutMixed || (was !== undefined && isOptOut(was)))) isUnclear = true
    }
    for (const owner of chain.torn)
      this.#findings.add('hold', `${OPEN_NSEC3}: after this change hashes are not pointed at once`, () => ownerText(owner))
    if (!chain.staysInOrder) this.#findings.add('hold', `${OPEN_NSEC3}: after this change it is not in order`)
    return isUnclear
  }
}

const ownerText = (key: string): string => key.slice(1, 1 + key.charCodeAt(0))
