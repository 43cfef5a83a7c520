/**
 * Names that end in the apex twice, such as `www.example.se.se` in the zone `se`: what a missing final dot makes of a name in a zone
 * file (.se 2009, every name). One is a typing mistake or even meant; many new ones are a fault of whatever wrote the zone.
 */
import { rdataLength, rdataStart, STORED_HEAD } from '../dns/record.js'
import { TYPE } from '../dns/rrtype.js'
import type { CheckSettings } from './check.js'
import { type Findings, inWords, percentOf } from './findings.js'
import { isSignerType, type NameChanges, type StoredAt } from './name-changes.js'
import { isWireWithin } from '../zone/name-chains.js'
import { keyOctets } from './name-key.js'
import type { ScannedName } from './zone-scan.js'

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
  readonly #doubled: Buffer | undefined
  #looked = 0
  #found = 0
  readonly #examples: StoredAt[] = []

  constructor(apex: string) {
    this.#doubled = apex.length === 1 ? undefined : keyOctets(apex.slice(0, -1) + apex)
  }

  /** All records at a name but the SOA. */
  lookAt(name: ScannedName): void {
    const { types, count } = name
    for (let i = 0; i < count; i++) if (types[i] !== TYPE.SOA) this.#look(name.dataOf(i), name.atOf(i), types[i]!)
  }

  #look(data: Buffer, at: number, type: number): void {
    if (this.#doubled === undefined || isSignerType(type)) return
    this.#looked += 1
    if (!this.#isDoubled(data, at, type, this.#doubled)) return
    this.#found += 1
    if (this.#examples.length < EXAMPLES) this.#examples.push({ data, at, type })
  }

  async lookAtChange(changes: NameChanges, pause: () => Promise<void>): Promise<void> {
    let done = 0
    for (const { removed, added } of changes.byName.values()) {
      if (++done % NAMES_PER_SLICE === 0) await pause()
      for (const { data, at, type } of added) if (type !== TYPE.SOA) this.#look(data, at, type)
      // What was there before, and comes again with another TTL, is not new.
      if (this.#doubled === undefined) continue
      for (const { data, at, type } of removed)
        if (type !== TYPE.SOA && !isSignerType(type) && this.#isDoubled(data, at, type, this.#doubled)) this.#found -= 1
    }
  }

  #isDoubled(data: Buffer, at: number, type: number, doubled: Buffer): boolean {
    if (isWireWithin(data, at + STORED_HEAD, data[at]!, doubled, 0, doubled.length)) return true
    const skip = TARGET_AT.get(type)
    if (skip === undefined) return false
    return isWireWithin(data, rdataStart(data, at) + skip, rdataLength(data, at) - skip, doubled, 0, doubled.length)
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
