/**
 * Names that end in the apex twice, such as `www.example.se.se` in the zone `se`: what a missing final dot makes of a name in a zone
 * file (.se 2009, every name). One is a typing mistake or even meant; many new ones are a fault of whatever wrote the zone.
 */
import { rdataStart } from '../dns/record.js'
import { TYPE } from '../dns/rrtype.js'
import type { CheckSettings } from './check.js'
import { type Findings, inWords, percentOf } from './findings.js'
import { isSignerType, type NameChanges, type StoredAt } from './name-changes.js'
import { isWithin, ownerKey, wireKey } from './name-key.js'

/** Octets of RDATA in front of the name that the record points at. */
const TARGET_AT = new Map<number, number>([
  [TYPE.NS, 0],
  [TYPE.CNAME, 0],
  [TYPE.DNAME, 0],
  [TYPE.MX, 2],
  [TYPE.SRV, 6],
])

const EXAMPLES = 10
/** Some 5 ms of work. */
const NAMES_PER_SLICE = 2_000

export class DoubledNames {
  /** Undefined in the root, whose name has no label to double. */
  readonly #doubled: string | undefined
  #looked = 0
  #found = 0
  readonly #examples: StoredAt[] = []

  constructor(apex: string) {
    this.#doubled = apex.length === 1 ? undefined : apex.slice(0, -1) + apex
  }

  look(record: StoredAt): void {
    if (this.#doubled === undefined || isSignerType(record.type)) return
    this.#looked += 1
    if (!this.#isDoubled(record, this.#doubled)) return
    this.#found += 1
    if (this.#examples.length < EXAMPLES) this.#examples.push(record)
  }

  async lookAtChange(changes: NameChanges, pause: () => Promise<void>): Promise<void> {
    let done = 0
    for (const { removed, added } of changes.byName.values()) {
      if (++done % NAMES_PER_SLICE === 0) await pause()
      for (const record of added) if (record.type !== TYPE.SOA) this.look(record)
      // What was there before, and comes again with another TTL, is not new.
      if (this.#doubled === undefined) continue
      for (const record of removed)
        if (record.type !== TYPE.SOA && !isSignerType(record.type) && this.#isDoubled(record, this.#doubled)) this.#found -= 1
    }
  }

  #isDoubled({ data, at, type }: StoredAt, doubled: string): boolean {
    // Nearly every name is shorter, or tells the difference without being read label by label.
    if (data[at]! >= doubled.length && isWithin(ownerKey(data, at), doubled)) return true
    const skip = TARGET_AT.get(type)
    return skip !== undefined && isWithin(wireKey(data, rdataStart(data, at) + skip), doubled)
  }

  report(findings: Findings, { doubledNames, doubledPercent }: CheckSettings['apex']): void {
    if (this.#found <= 0) return
    const isMany = this.#found > doubledNames && this.#found * 100 > doubledPercent * this.#looked
    const share = `${inWords(this.#found)} of ${inWords(this.#looked)} new records (${percentOf(this.#found, this.#looked)})`
    const fault = isMany
      ? `${share} have a name that ends in the zone's own name twice, as if a final dot were missing; the threshold is more than ${doubledNames} and more than ${doubledPercent} %`
      : "A new record has a name that ends in the zone's own name twice, as if a final dot were missing"
    for (const { data, at } of this.#examples) findings.addRecord(isMany ? 'hold' : 'warn', fault, data, at)
    for (let i = this.#examples.length; i < this.#found; i++) findings.add(isMany ? 'hold' : 'warn', fault)
  }
}
