/**
 * Slows down a node that transfers one version again and again, as with a full disk, a zone that it refuses or a loop of its own.
 * The first transfers are free, as after a restart or a forced transfer; then each waits twice as long as the one before.
 * Transfers count whatever serial the node shows. The log names the node and the count.
 */
import { type Clock, sleep } from '../../lib/runtime/clock.js'
import type { Logger } from '../../lib/runtime/logger.js'
import type { Metrics } from '../../lib/runtime/metrics.js'
import type { Version } from '../../lib/store/version.js'
import type { Channel } from '../../lib/transport/channel.js'
import { endpointText } from '../../lib/dns/endpoint.js'
import type { Asker, Offer } from './offers.js'
import { SummedLines } from './summed-lines.js'

export interface RepeatsParts {
  clock: Clock
  log: Logger
  metrics: Pick<Metrics, 'repeatedTransfers'>
}

const FIRST_MS = 500
const MOST_MS = 30_000
/** After this long without a transfer the count begins again. */
const FORGET_MS = 300_000
/** Pairs of zone and caller remembered, some 8 MB; above it, those without a transfer among the last 15,000 pairs are forgotten. */
const MOST = 30_000

type SentVersion = Pick<Version, 'serial' | 'digest'>

interface Row extends SentVersion {
  count: number
  at: number
}

interface Sending {
  asker: Asker
  offer: Offer
  channel: Pick<Channel, 'peer'>
}

export class Repeats {
  readonly #parts: RepeatsParts
  /** Transfers of one version to one node that do not wait; 0: no waits. */
  readonly #free: number
  readonly #lines: SummedLines
  /** By zone and caller: the latest pairs, and those before them. A single map in order of use has a gap for each transfer. */
  #rows = new Map<string, Row>()
  #older = new Map<string, Row>()

  constructor(free: number, parts: RepeatsParts, lines = new SummedLines(parts.clock)) {
    this.#free = free
    this.#parts = parts
    this.#lines = lines
  }

  /** Resolves when the version may be sent. */
  async slowDown(sending: Sending): Promise<void> {
    const waitMs = this.count(sending)
    if (waitMs > 0) await sleep(waitMs)
  }

  /** Counts a version that is about to be sent. Returns the milliseconds to wait first. */
  count({ asker, offer, channel }: Sending): number {
    if (asker.kind === 'hub' || this.#free === 0) return 0
    const { version, zone } = offer
    // Nodes that are indistinguishable transfer once each.
    const name = asker.nodes.join(', ')
    const before = this.#add(`${zone.name} ${name}`, version) / asker.nodes.length
    if (before < 1) return 0
    this.#parts.metrics.repeatedTransfers.inc({ node: asker.nodes[0]! })
    if (before < this.#free) return 0
    const waitMs = Math.min(MOST_MS, FIRST_MS * 2 ** Math.floor(before - this.#free))
    const line = {
      op: 'request',
      zone: zone.name,
      node: name,
      remote: endpointText(channel.peer),
      serial: version.serial,
      waitMs,
    }
    this.#lines.note(name, zone.name, (sum) =>
      this.#parts.log.warn({ ...line, ...sum }, 'node repeats transfers of one version; check its log and its disk'),
    )
    return waitMs
  }

  /** Returns how often the version was sent to the pair before. */
  #add(pair: string, { serial, digest }: SentVersion): number {
    const now = this.#parts.clock.now()
    const known = this.#rows.get(pair) ?? this.#older.get(pair)
    const isSame = known?.serial === serial && known.digest === digest && now - known.at < FORGET_MS
    const before = isSame ? known.count : 0
    this.#rows.set(pair, { serial, digest, count: before + 1, at: now })
    if (this.#rows.size >= MOST / 2) {
      this.#older = this.#rows
      this.#rows = new Map()
    }
    return before
  }
}
