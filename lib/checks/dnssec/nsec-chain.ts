/**
 * The NSEC records of a zone (RFC 4034 §4, RFC 4035 §2.3): one at each name that the zone is authoritative for or delegates, with
 * the types at that name, and pointing at the next of these names; the last one points at the apex.
 */
import { wireNameLength } from '../../dns/name.js'
import { rdataLength, rdataStart } from '../../dns/record.js'
import { TYPE } from '../../dns/rrtype.js'
import type { Findings } from '../findings.js'
import type { StoredAt } from '../../names/name-changes.js'
import { compareKeys, keyText, wireKey } from '../../names/name-key.js'
import { ChainChange } from './chain-change.js'
import { bitmapOf, isInZone, membershipOf, type SeenName } from './seen-name.js'

const nextOf = ({ data, at }: StoredAt): string => wireKey(data, rdataStart(data, at))

const OPEN = 'The NSEC chain is not closed (RFC 4035 §2.3)'

export class NsecChain {
  readonly #apex: string
  readonly #findings: Findings
  readonly #isWhole: boolean
  readonly #change = new ChainChange()
  /** The NSEC record of the previous name in canonical order. */
  #last: StoredAt | undefined

  constructor(apex: string, findings: Findings, isWhole: boolean) {
    this.#apex = apex
    this.#findings = findings
    this.#isWhole = isWhole
  }

  see(name: SeenName): void {
    const nsecs = name.records.filter(({ type }) => type === TYPE.NSEC)
    this.#judgeName(name, nsecs)
    if (this.#isWhole) {
      if (membershipOf(name.status, name.records) === 'none' || nsecs[0] === undefined) return
      if (this.#last !== undefined) this.#expectNext(this.#last, name.key)
      this.#last = nsecs[0]
      return
    }
    this.#follow(name, name.change?.removed ?? [], -1)
    this.#follow(name, name.change?.added ?? [], 1)
  }

  #judgeName({ key, status, records }: SeenName, nsecs: readonly StoredAt[]): void {
    const findings = this.#findings
    const [nsec, another] = nsecs
    if (membershipOf(status, records) === 'none') {
      // No names may exist below a DNAME (RFC 6672 §2.4).
      if (nsec !== undefined && !isInZone(status))
        findings.addRecord(
          'hold',
          'An NSEC record is at a name that the zone is not authoritative for (RFC 4035 §2.3)',
          nsec.data,
          nsec.at,
        )
      return
    }
    if (nsec === undefined) {
      findings.add('hold', 'A name has no NSEC record (RFC 4035 §2.3)', () => keyText(key))
      return
    }
    if (another !== undefined)
      findings.addRecord('hold', 'A name has more than one NSEC record (RFC 4035 §2.3)', another.data, another.at)
    const { data, at } = nsec
    const rdata = data.subarray(rdataStart(data, at), rdataStart(data, at) + rdataLength(data, at))
    if (!rdata.subarray(wireNameLength(rdata)).equals(bitmapOf(status, records)))
      findings.addRecord('hold', 'An NSEC record lists other types than its name has (RFC 4034 §4.1.2)', data, at)
  }

  #follow({ key }: SeenName, records: readonly StoredAt[], sign: 1 | -1): void {
    for (const record of records) {
      if (record.type !== TYPE.NSEC) continue
      const next = nextOf(record)
      this.#change.link(key, next, compareKeys(next, key) <= 0, sign)
    }
  }

  #expectNext(nsec: StoredAt, next: string): void {
    if (nextOf(nsec) !== next)
      this.#findings.addRecord('hold', `${OPEN}: the next name after this record's is another`, nsec.data, nsec.at)
  }

  finish(): void {
    if (this.#isWhole) {
      if (this.#last !== undefined) this.#expectNext(this.#last, this.#apex)
      return
    }
    for (const name of this.#change.torn)
      this.#findings.add('hold', `${OPEN}: after this change names are not pointed at once`, () => keyText(name))
    if (!this.#change.staysInOrder) this.#findings.add('hold', `${OPEN}: after this change it is not in canonical order`)
  }
}
