/**
 * Counts names, delegations and RRsets of the names that a change touches, or of all; includes the check `churn`, which uses
 * these counts. The previous state is the present one minus the added and plus the removed records.
 */
import { TYPE } from '../dns/rrtype.js'
import type { CheckReport, CheckSettings, ZoneFigures } from './check.js'
import { counted, Findings, grouped, percentOf } from './findings.js'
import { isSignerType, type NameChange } from '../names/name-changes.js'
import { keyText } from '../names/name-key.js'
import type { ScannedName } from '../names/zone-scan.js'

export type Counts = Pick<ZoneFigures, 'records' | 'names' | 'delegations' | 'rrsets'> & { owned?: number | undefined }

/** Names reported as examples of the change. */
const EXAMPLES = 10

/** From this number of types at a name on, a map is faster than a list. */
const MANY_TYPES = 64

/** Records by type at one name. Names have so few types that a list is mostly faster than a map; it is reused for each name. */
class TypeCounts {
  readonly #types: number[] = []
  readonly #counts: number[] = []
  /** Positions in the lists, when there are many. */
  readonly #places = new Map<number, number>()
  size = 0

  clear(): void {
    this.size = 0
    if (this.#places.size > 0) this.#places.clear()
  }

  type(i: number): number {
    return this.#types[i]!
  }

  count(i: number): number {
    return this.#counts[i]!
  }

  /** -1 when there is none. */
  #placeOf(type: number): number {
    if (this.size > MANY_TYPES) return this.#places.get(type) ?? -1
    for (let i = 0; i < this.size; i++) if (this.#types[i] === type) return i
    return -1
  }

  of(type: number): number {
    const place = this.#placeOf(type)
    return place < 0 ? 0 : this.#counts[place]!
  }

  add(type: number, count: number): void {
    const place = this.#placeOf(type)
    if (place >= 0) {
      this.#counts[place]! += count
      return
    }
    this.#types[this.size] = type
    this.#counts[this.size++] = count
    if (this.size > MANY_TYPES + 1) this.#places.set(type, this.size - 1)
    else if (this.size > MANY_TYPES) for (let i = 0; i < this.size; i++) this.#places.set(this.#types[i]!, i)
  }

  addAll(other: TypeCounts): void {
    for (let i = 0; i < other.size; i++) this.add(other.type(i), other.count(i))
  }
}

export type NameCounts = Pick<Counts, 'names' | 'delegations' | 'rrsets'> & { owned: number }

/**
 * Types of a signer, as bits for the types from 32 to 63. They do not count as RRsets here; an NSEC record makes its owner a
 * name.
 */
const SIGNER_BITS = (1 << (TYPE.RRSIG - 32)) | (1 << (TYPE.NSEC - 32)) | (1 << (TYPE.NSEC3 - 32))
const HASHED_BITS = (1 << (TYPE.RRSIG - 32)) | (1 << (TYPE.NSEC3 - 32))

function bitsIn(word: number): number {
  let left = word
  let bits = 0
  for (; left !== 0; left &= left - 1) bits += 1
  return bits
}

export interface TalliedName {
  readonly key: string
  readonly isApex: boolean
  /** Types of its records, one for each, `count` of them. */
  readonly types: readonly number[]
  readonly count: number
}

function ownedOf({ types, count }: TalliedName): number {
  let owned = 0
  for (let i = 0; i < count; i++) if (!isSignerType(types[i]!)) owned += 1
  return owned
}

export class Tally {
  /** Counts of the names read: now, and the effect of their changes. */
  readonly #now = { names: 0, delegations: 0, rrsets: 0, owned: 0 }
  readonly #grown = { names: 0, delegations: 0, rrsets: 0, owned: 0 }
  changedRrsets = 0
  signerRecords = 0
  readonly #examples: string[] = []
  readonly #typesNow = new TypeCounts()
  readonly #typesBefore = new TypeCounts()
  readonly #touched = new TypeCounts()

  /** A name that the change, if any, does not touch; counts as `see` does. */
  seeUntouched(name: ScannedName): void {
    if (name.hasOthers) {
      this.see(name, undefined)
      return
    }
    const { low, high } = name
    const now = this.#now
    if (low !== 0 || (high & ~HASHED_BITS) !== 0) now.names += 1
    if (!name.isApex && name.has(TYPE.NS)) now.delegations += 1
    now.owned += (high & SIGNER_BITS) === 0 ? name.count : ownedOf(name)
    now.rrsets += bitsIn(low) + bitsIn(high & ~SIGNER_BITS)
  }

  /** Takes each name once; removed names have no records. */
  see(name: TalliedName, change: NameChange | undefined): void {
    const now = this.#typesNow
    now.clear()
    for (let i = 0; i < name.count; i++) now.add(name.types[i]!, 1)
    const after = this.#countsOf(name.isApex, now)
    this.#now.names += after.names
    this.#now.delegations += after.delegations
    this.#now.rrsets += after.rrsets
    this.#now.owned += after.owned
    if (change === undefined) return
    const before = this.#typesBefore
    const touched = this.#touched
    before.clear()
    touched.clear()
    before.addAll(now)
    for (const [side, sign] of [[change.added, -1] as const, [change.removed, 1] as const])
      for (const { type } of side) {
        before.add(type, sign)
        touched.add(type, 1)
        // Each version brings its own SOA: that is not churn.
        if (isSignerType(type)) this.signerRecords += 1
      }
    const earlier = this.#countsOf(name.isApex, before)
    this.#grown.names += after.names - earlier.names
    this.#grown.delegations += after.delegations - earlier.delegations
    this.#grown.rrsets += after.rrsets - earlier.rrsets
    this.#grown.owned += after.owned - earlier.owned
    for (let i = 0; i < touched.size; i++) {
      const type = touched.type(i)
      if (type !== TYPE.SOA && !isSignerType(type) && before.of(type) > 0) this.#noteChanged(name.key)
    }
  }

  #noteChanged(key: string): void {
    this.changedRrsets += 1
    if (this.#examples.length < EXAMPLES && this.#examples.at(-1) !== key) this.#examples.push(key)
  }

  #countsOf(isApex: boolean, types: TypeCounts): NameCounts {
    let rrsets = 0
    let owned = 0
    // An NSEC3 record is at a name that is only a hash (RFC 5155 §3).
    let isName = false
    for (let i = 0; i < types.size; i++) {
      const type = types.type(i)
      if (types.count(i) <= 0) continue
      if (!isSignerType(type)) {
        rrsets += 1
        owned += types.count(i)
      }
      if (type !== TYPE.NSEC3 && type !== TYPE.RRSIG) isName = true
    }
    return { names: isName ? 1 : 0, delegations: !isApex && types.of(TYPE.NS) > 0 ? 1 : 0, rrsets, owned }
  }

  /** Counts of all names read. */
  get now(): NameCounts {
    return this.#now
  }

  /** Takes the counts of all names from another instance; no name changed. */
  adopt(counts: NameCounts): void {
    Object.assign(this.#now, counts)
  }

  /** All names were read. */
  total(records: number): Counts {
    return { records, ...this.#now }
  }

  /** Only the names of the change were read. */
  carriedOn(records: number, previous: Counts): Counts {
    return {
      records,
      owned: previous.owned === undefined ? undefined : previous.owned + this.#grown.owned,
      names: previous.names + this.#grown.names,
      delegations: previous.delegations + this.#grown.delegations,
      rrsets: previous.rrsets + this.#grown.rrsets,
    }
  }

  before(now: Counts, previousRecords: number): Counts {
    return {
      records: previousRecords,
      owned: now.owned === undefined ? undefined : now.owned - this.#grown.owned,
      names: now.names - this.#grown.names,
      delegations: now.delegations - this.#grown.delegations,
      rrsets: now.rrsets - this.#grown.rrsets,
    }
  }

  /** RRsets that were only added are growth and not churn: else a zone could never grow by half. */
  checkChurn(before: Counts | undefined, isChangeKnown: boolean, settings: CheckSettings['churn']): CheckReport {
    const { mode, percent, fromRecords } = settings
    const findings = new Findings()
    if (before === undefined) return findings.toReport('churn', mode, 'There is no version before this one.')
    if (!isChangeKnown) {
      if (before.records >= fromRecords)
        findings.add('hold', 'The version before and this one have so little in common that what changed was not worked out')
      return findings.toReport(
        'churn',
        mode,
        `What changed was not worked out, in a zone below ${counted(fromRecords, 'record')}.`,
      )
    }
    const { changedRrsets } = this
    const said = `${counted(changedRrsets, 'RRset')} of ${grouped(before.rrsets)} ${changedRrsets === 1 ? 'is' : 'are'} gone or changed, ${percentOf(changedRrsets, before.rrsets)}`
    const apart = `${counted(this.signerRecords, 'record')} of the types RRSIG, NSEC and NSEC3 came or went, which the threshold leaves out`
    if (before.records >= fromRecords && changedRrsets * 100 > percent * before.rrsets) {
      const at = this.#examples.map(keyText).join('; ')
      const more = changedRrsets - this.#examples.length
      findings.add(
        'hold',
        `${said}; the threshold is ${percent} % from ${counted(fromRecords, 'record')} on. They are at ${at}${more > 0 ? ` and ${grouped(more)} more` : ''}`,
      )
      findings.add('hold', apart)
    }
    return findings.toReport('churn', mode, `${said}; ${apart}.`)
  }
}
