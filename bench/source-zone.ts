/**
 * What the bench's own primary serves: the large zone at a serial, whole and as the difference from the serial before. A change
 * takes `changes` addresses out and puts as many in.
 */
import { nameToWire } from '../lib/dns/name.js'
import { TYPE } from '../lib/dns/rrtype.js'
import { pause } from '../lib/runtime/clock.js'
import type { PreparedMessages } from '../lib/xfr/message-cutter.js'
import { cutAxfr, cutIxfr } from '../lib/xfr/outbound.js'
import { type RecordRun, RunBuilder } from '../lib/zone/record-run.js'
import { fillZone, soaRecord, storedRecord } from './large-zone.js'

export class SourceZone {
  readonly #zone: string
  readonly #apex: Buffer
  readonly #contents
  /** What the last change added, to be removed by the next. */
  #added: RecordRun | undefined
  serial: number | undefined
  soa: Buffer
  whole: PreparedMessages | undefined
  difference: PreparedMessages | undefined

  constructor(zone: string, records: number) {
    this.#zone = zone
    this.#apex = nameToWire(zone)
    this.#contents = fillZone(zone, records, 1)
    this.soa = soaRecord(zone, 1)
  }

  /** The zone as it was made, under this serial: by AXFR alone. */
  async serveWhole(serial: number): Promise<void> {
    this.soa = soaRecord(this.#zone, serial)
    const view = this.#contents.view()
    this.whole = await cutAxfr(this.#apex, this.soa, view, pause)
    view.release()
    this.difference = undefined
    this.#added = undefined
    this.serial = serial
  }

  /** The next serial, by IXFR alone: whoever asks for the whole zone is refused, and shows it. */
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
