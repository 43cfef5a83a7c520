/**
 * The zone of the bench's own primary: the large zone at a serial, all of it and as the difference from the serial before. A
 * change removes `changes` addresses and adds as many.
 */
import { nameToWire } from '../lib/dns/name.js'
import { TYPE } from '../lib/dns/rrtype.js'
import { pause } from '../lib/runtime/turns.js'
import type { PreparedMessages } from '../lib/xfr/message-cutter.js'
import { cutAxfr, cutIxfr } from '../lib/xfr/outbound.js'
import { type RecordRun, RunBuilder } from '../lib/zone/record-run.js'
import type { ZoneContents } from '../lib/zone/zone-contents.js'
import { computeZonemd } from '../lib/zone/zonemd.js'
import { fillZone, soaRecord, storedRecord } from './large-zone.js'

export class SourceZone {
  readonly #zone: string
  readonly #apex: Buffer
  #contents
  readonly #records: number
  readonly #wantsZonemd: boolean
  /** Records that the last change added, to be removed by the next. */
  #added: RecordRun | undefined
  serial: number | undefined
  soa: Buffer
  whole: PreparedMessages | undefined
  difference: PreparedMessages | undefined

  constructor(zone: string, records: number, wantsZonemd: boolean) {
    this.#wantsZonemd = wantsZonemd
    this.#zone = zone
    this.#records = records
    this.#apex = nameToWire(zone)
    this.#contents = fillZone(zone, records, 1)
    this.soa = soaRecord(zone, 1)
  }

  /** The original zone with this serial, by AXFR only. */
  async serveWhole(serial: number): Promise<void> {
    if (this.#wantsZonemd) await this.#addZonemd(serial)
    await this.#serve(this.#contents, serial)
  }

  /** A zone of five records, by AXFR only. */
  async serveSmall(serial: number): Promise<void> {
    await this.#serve(fillZone(this.#zone, 5, serial), serial)
  }

  /** The zone with other addresses at the next serial, by AXFR only. */
  async replace(changes: number): Promise<void> {
    const serial = this.serial! + 1
    await this.#serve(fillZone(this.#zone, this.#records, serial, undefined, { changes, network: serial & 255 }), serial)
  }

  async #serve(contents: ZoneContents, serial: number): Promise<void> {
    this.soa = soaRecord(this.#zone, serial)
    const view = contents.view()
    this.whole = await cutAxfr(this.#apex, this.soa, view, pause)
    view.release()
    this.difference = undefined
    this.#added = undefined
    this.serial = serial
  }

  /** Allowed for the first serial only: the digest covers the SOA that the contents were made with. */
  async #addZonemd(serial: number): Promise<void> {
    if (serial !== this.#contents.soa.serial) throw new Error('a zone with ZONEMD is served at its first serial only')
    const digest = await computeZonemd(this.#contents, 1, pause)
    const head = Buffer.alloc(6)
    head.writeUInt32BE(serial, 0)
    head.writeUInt16BE(0x0101, 4)
    const zonemd = storedRecord(this.#zone, TYPE.ZONEMD, 3600, Buffer.concat([head, digest]))
    this.#contents = fillZone(this.#zone, this.#records, 1, zonemd)
  }

  /** The next serial, by IXFR only: a query for AXFR is refused, which shows such a receiver. */
  async change(changes: number): Promise<void> {
    const from = this.serial!
    const fromSoa = this.soa
    this.soa = soaRecord(this.#zone, from + 1)
    const added = new RunBuilder()
    for (let i = 0; i < changes; i++)
      added.add(storedRecord(`new${i}.${this.#zone}`, TYPE.A, 3600, Buffer.from([10, from & 255, (i >> 8) & 255, i & 255])), 0)
    const run = added.finish()
    const removed = this.#added ?? { data: Buffer.alloc(0), count: 0 }
    this.difference = await cutIxfr(this.#apex, [{ from, to: from + 1, fromSoa, toSoa: this.soa, removed, added: run }], pause)
    this.#added = run
    this.whole = undefined
    this.serial = from + 1
  }
}
