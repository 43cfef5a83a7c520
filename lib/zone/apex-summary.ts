/** Summary of the apex, kept current as records are added and removed: the SOA, and the numbers of NS and ZONEMD records. */
import { type Soa, soaOf } from '../dns/message.js'
import { sameWireName } from '../dns/name.js'
import { ownOctets } from '../dns/own-octets.js'
import { storedOwner, storedType } from '../dns/record.js'
import { TYPE } from '../dns/rrtype.js'

export class ApexSummary {
  readonly #apex: Buffer
  soa: Soa | undefined
  nameServers = 0
  zonemds = 0

  constructor(apex: Buffer) {
    this.#apex = apex
  }

  clone(): ApexSummary {
    const copy = new ApexSummary(this.#apex)
    copy.soa = this.soa
    copy.nameServers = this.nameServers
    copy.zonemds = this.zonemds
    return copy
  }

  add(data: Buffer, at: number): void {
    if (storedType(data, at) === TYPE.SOA && this.#isApex(data, at)) this.soa = kept(soaOf(data, at))
    else this.#count(data, at, 1)
  }

  /** A removed SOA leaves its fields until the next one is added: a change always adds one. */
  remove(data: Buffer, at: number): void {
    this.#count(data, at, -1)
  }

  #count(data: Buffer, at: number, change: 1 | -1): void {
    const type = storedType(data, at)
    if ((type !== TYPE.NS && type !== TYPE.ZONEMD) || !this.#isApex(data, at)) return
    if (type === TYPE.NS) this.nameServers += change
    else this.zonemds += change
  }

  #isApex(data: Buffer, at: number): boolean {
    return data[at] === this.#apex.length && sameWireName(storedOwner(data, at), this.#apex)
  }
}

const kept = (soa: Soa): Soa => ({ ...soa, stored: ownOctets(soa.stored) })
