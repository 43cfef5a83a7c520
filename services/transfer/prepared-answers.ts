/** Ready-made transfer answers, cut once per version (or pair of versions) and kept while they are in use and memory allows. */
import { guard } from '../../lib/runtime/guard.js'
import { soaOf } from '../../lib/dns/message.js'
import type { Serial } from '../../lib/dns/serial.js'
import { pause } from '../../lib/runtime/turns.js'
import type { StoredZone } from '../../lib/store/stored-zone.js'
import type { Version } from '../../lib/store/version.js'
import type { PreparedMessages } from '../../lib/xfr/message-cutter.js'
import { cutAxfr, cutIxfr, isWorthIxfr } from '../../lib/xfr/outbound.js'
import { condense } from '../../lib/zone/difference.js'

/** A longer chain is condensed: a node far behind does not need every step (RFC 1995 §5). */
const CONDENSE_STEPS = 16

/** Difference sequences larger than this multiple of the zone are not read to be condensed: the answer is AXFR. */
const MOST_TIMES = 2
const SPARE_OCTETS = 1 << 16

const NONE = Promise.resolve(undefined)

/** Memory of a row besides its messages; an estimate. */
const ROW_OCTETS = 1_536
/** An answer without requests for so long is dropped: the nodes of a release ask within seconds. */
const UNUSED_MS = 60_000
const SWEEP_MS = 5_000

interface Row {
  answer: Promise<PreparedMessages | undefined>
  octets: number
  /** Last request, in the clock of performance.now(). */
  usedAt: number
}

export class PreparedAnswers {
  readonly #budget: number
  readonly #rows = new Map<string, Row>()
  /** Sum over all rows. */
  #octets = 0
  #timer: NodeJS.Timeout | undefined

  /** `budget`: octets to keep. */
  constructor(budget: number) {
    this.#budget = budget
  }

  axfr(zone: StoredZone, version: Version): Promise<PreparedMessages> {
    return this.#get(`${zone.name} ${version.serial} ${version.digest}`, () =>
      this.#cutAxfr(zone, version),
    ) as Promise<PreparedMessages>
  }

  /** Undefined when history does not reach back, or AXFR is smaller or safer. */
  ixfr(zone: StoredZone, from: Serial, version: Version): Promise<PreparedMessages | undefined> {
    const octets = zone.octetsFrom(from, version)
    // The caller chooses the serial: one that the hub never had costs no more than this.
    if (octets === undefined || octets > MOST_TIMES * version.octets + SPARE_OCTETS) return NONE
    return this.#get(`${zone.name} ${version.serial} ${version.digest} ${from}`, () => this.#cutIxfr(zone, from, version))
  }

  async #cutAxfr(zone: StoredZone, version: Version): Promise<PreparedMessages> {
    const contents = await zone.contentsOf(version)
    const view = contents.view()
    try {
      return await cutAxfr(zone.apex, soaOf(version.soa).stored, view, pause)
    } finally {
      view.release()
    }
  }

  async #cutIxfr(zone: StoredZone, from: Serial, version: Version): Promise<PreparedMessages | undefined> {
    const chain = await zone.chain(from, version)
    if (chain === undefined) return undefined
    // NSD 4.6 compares the serials inside an answer as plain numbers and does not recover: over the wrap only AXFR works.
    if (chain.some((step) => step.to < step.from)) return undefined
    const sent = chain.length > CONDENSE_STEPS ? [await condense(chain, pause)] : chain
    return isWorthIxfr(sent, version.octets) ? await cutIxfr(zone.apex, sent, pause) : undefined
  }

  #get(key: string, cut: () => Promise<PreparedMessages | undefined>): Promise<PreparedMessages | undefined> {
    let row = this.#rows.get(key)
    if (row) this.#rows.delete(key)
    else row = this.#make(key, cut)
    // The last row in the map is the last used.
    this.#rows.set(key, row)
    row.usedAt = performance.now()
    this.#timer ??= setInterval(
      guard('answer timer', () => this.dropUnused(performance.now())),
      SWEEP_MS,
    ).unref()
    return row.answer
  }

  #make(key: string, cut: () => Promise<PreparedMessages | undefined>): Row {
    const row: Row = { answer: cut(), octets: 0, usedAt: 0 }
    row.answer.then(
      (answer) => {
        if (this.#rows.get(key) !== row) return
        row.octets = (answer?.octets ?? 0) + ROW_OCTETS
        this.#octets += row.octets
        this.#trim()
      },
      () => {
        if (this.#rows.get(key) === row) this.#rows.delete(key)
      },
    )
    return row
  }

  #trim(): void {
    for (const [key, row] of this.#rows) {
      if (this.#octets <= this.#budget) return
      this.#drop(key, row)
    }
  }

  /** Drops the answers without requests for a minute. */
  dropUnused(now: number): void {
    for (const [key, row] of this.#rows) {
      if (now - row.usedAt < UNUSED_MS) return
      this.#drop(key, row)
    }
    clearInterval(this.#timer)
    this.#timer = undefined
  }

  #drop(key: string, row: Row): void {
    this.#octets -= row.octets
    this.#rows.delete(key)
  }

  /** Answers that are kept. */
  get size(): number {
    return this.#rows.size
  }
}
