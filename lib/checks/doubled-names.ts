/**
 * Finds names that end in the apex twice, such as `www.example.se.se` in the zone `se`: the result of a missing final dot in a
 * zone file (.se 2009, every name). One may be a typing mistake or intended; many new ones are a fault of the program that wrote
 * the zone.
 */
import { rdataLength, rdataStart, STORED_HEAD } from '../dns/record.js'
import { recordText } from '../dns/record-text.js'
import { TYPE } from '../dns/rrtype.js'
import type { CheckSettings } from './check.js'
import { type Findings, grouped, percentOf } from './findings.js'
import { isSignerType, type NameChanges } from '../names/name-changes.js'
import { isWireWithin } from '../zone/name-chains.js'
import { keyOctets } from '../names/name-key.js'
import type { ScannedName } from '../names/zone-scan.js'

/** Octets of RDATA in front of the target name, by type. */
const TARGET_AT: (number | undefined)[] = Array.from({ length: 64 })
for (const type of [TYPE.NS, TYPE.CNAME, TYPE.DNAME]) TARGET_AT[type] = 0
TARGET_AT[TYPE.MX] = 2
TARGET_AT[TYPE.SRV] = 6

const EXAMPLES = 10

/** Plain data that can be sent between threads. */
export interface SeenDoubled {
  looked: number
  found: number
  /** Records, as text. */
  examples: string[]
}

/** Some 1 ms of work. */
const NAMES_PER_SLICE = 500

export class DoubledNames {
  /** Undefined in the root, whose name has no label to double. */
  readonly #doubled: Buffer | undefined
  #seen: SeenDoubled = { looked: 0, found: 0, examples: [] }

  constructor(apex: string) {
    this.#doubled = apex.length === 1 ? undefined : keyOctets(apex.slice(0, -1) + apex)
  }

  /** Checks all records at a name except the SOA. */
  lookAt(name: ScannedName): void {
    const doubled = this.#doubled
    if (doubled === undefined) return
    const { types, count } = name
    const isOwner = isOwnerDoubled(name.data, name.at, doubled)
    for (let i = 0; i < count; i++) {
      const type = types[i]!
      if (type !== TYPE.SOA && !isSignerType(type)) this.#note(name.dataOf(i), name.atOf(i), type, isOwner, doubled)
    }
  }

  #count(data: Buffer, at: number, type: number): void {
    const doubled = this.#doubled
    if (doubled !== undefined && !isSignerType(type)) this.#note(data, at, type, isOwnerDoubled(data, at, doubled), doubled)
  }

  #note(data: Buffer, at: number, type: number, isOwner: boolean, doubled: Buffer): void {
    const seen = this.#seen
    seen.looked += 1
    if (!isOwner && !isTargetDoubled(data, at, type, doubled)) return
    seen.found += 1
    if (seen.examples.length < EXAMPLES) seen.examples.push(recordText(data, at))
  }

  async lookAtChange(changes: NameChanges, pause: () => Promise<void>): Promise<void> {
    let done = 0
    for (const { removed, added } of changes.byName.values()) {
      if (++done % NAMES_PER_SLICE === 0) await pause()
      for (const { data, at, type } of added) if (type !== TYPE.SOA) this.#count(data, at, type)
      // A record of the previous version that comes with another TTL is not new.
      if (this.#doubled === undefined) continue
      for (const { data, at, type } of removed)
        if (type !== TYPE.SOA && !isSignerType(type) && isDoubled(data, at, type, this.#doubled)) this.#seen.found -= 1
    }
  }

  get seen(): SeenDoubled {
    return this.#seen
  }

  /** Adds the counts of another instance for the same zone. */
  adopt(seen: SeenDoubled): void {
    this.#seen = seen
  }

  report(findings: Findings, { doubledNames, doubledPercent }: CheckSettings['apex']): void {
    const { looked, found, examples } = this.#seen
    if (found <= 0) return
    const isMany = found > doubledNames && found * 100 > doubledPercent * looked
    const share = `${grouped(found)} of ${grouped(looked)} new records (${percentOf(found, looked)})`
    const fault = isMany
      ? `${share} have a name that ends in the zone's own name twice, as if a final dot were missing; the threshold is more than ${doubledNames} and more than ${doubledPercent} %`
      : "A new record has a name that ends in the zone's own name twice, as if a final dot were missing"
    for (const example of examples) findings.add(isMany ? 'hold' : 'warn', fault, example)
    for (let i = examples.length; i < found; i++) findings.add(isMany ? 'hold' : 'warn', fault)
  }
}

const isOwnerDoubled = (data: Buffer, at: number, doubled: Buffer): boolean =>
  isWireWithin(data, at + STORED_HEAD, data[at]!, doubled, 0, doubled.length)

function isTargetDoubled(data: Buffer, at: number, type: number, doubled: Buffer): boolean {
  const skip = type < TARGET_AT.length ? TARGET_AT[type] : undefined
  if (skip === undefined) return false
  return isWireWithin(data, rdataStart(data, at) + skip, rdataLength(data, at) - skip, doubled, 0, doubled.length)
}

const isDoubled = (data: Buffer, at: number, type: number, doubled: Buffer): boolean =>
  isOwnerDoubled(data, at, doubled) || isTargetDoubled(data, at, type, doubled)
