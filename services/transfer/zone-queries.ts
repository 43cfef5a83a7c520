/**
 * Answers queries of nodes about their zones: SOA at once, AXFR and IXFR as ready-made messages, until the zone expires or the
 * node loses its right to it. Not here: identification of the caller (service.ts, request.ts).
 */
import { RCODE } from '../../lib/dns/rcode.js'
import { TYPE, typeName } from '../../lib/dns/rrtype.js'
import { describeError } from '../../lib/errors.js'
import type { Fleet, FleetZone } from '../../lib/fleet/fleet.js'
import { seconds } from '../../lib/runtime/clock.js'
import { isReleasedTo } from '../../lib/store/version.js'
import { endpointText } from '../../lib/dns/endpoint.js'
import { hashAddress, RateLimiter } from '../../lib/transport/rate-limiter.js'
import type { PreparedMessages } from '../../lib/xfr/message-cutter.js'
import { barredByTls, nodesAsking, peerAsking } from './access.js'
import { AnswerBudget } from './answer-budget.js'
import { fitsSigned, streamAnswer, touchSingle } from './answer-stream.js'
import { heldSerialOf, isAheadOf } from './held-serial.js'
import { type Asker, isOnOtherBase, offerOf } from './offers.js'
import type { Misplaced } from './misplaced.js'
import type { OldKeys } from './old-keys.js'
import { PreparedAnswers } from './prepared-answers.js'
import { Pace, type PaceLimits } from './pace.js'
import { TransferPlaces } from './places.js'
import { Repeats } from './repeats.js'
import type { Asking, Refusals } from './refusal.js'
import { StepBacks } from './step-back.js'
import { isProved, optionsOf, type Query, type QueryNotes, touchOf } from './query.js'
import { answerTo, udpRoom } from './request.js'
import type { TransferParts } from './parts.js'

/** IXFR requests over UDP answered at a time; further ones get the SOA alone. */
const MAX_DATAGRAMS = 64

/** Full answers over UDP to an address without a key. */
const KEYLESS = { perSecond: 2_000, burst: 10_000 }

export interface QuerySettings {
  /** Octets of ready-made answers to keep; twice as many may be in use. */
  preparedOctets: number
  pace: PaceLimits
  /** Transfers of one version to one node that do not wait; 0: no waits. */
  repeats: number
  /** The window over which the rate of a transfer is measured, milliseconds. */
  paceWindowMs?: number
}

export class ZoneQueries {
  readonly #parts: TransferParts
  readonly #prepared: PreparedAnswers
  #fleet: Fleet
  readonly #refusals: Refusals
  readonly #misplaced: Misplaced
  readonly #oldKeys: OldKeys
  readonly #repeats: Repeats
  readonly #places = new TransferPlaces()
  readonly #budget: AnswerBudget
  readonly #stepBacks: StepBacks
  readonly #pace: Pace
  readonly #keyless = new RateLimiter(KEYLESS)
  /** IXFR requests over UDP that are being answered. */
  #datagrams = 0
  /** Answers that are being sent. */
  streams = 0

  constructor(fleet: Fleet, settings: QuerySettings, notes: QueryNotes, parts: TransferParts) {
    this.#fleet = fleet
    this.#parts = parts
    this.#refusals = notes.refusals
    this.#misplaced = notes.misplaced
    this.#oldKeys = notes.oldKeys
    this.#repeats = new Repeats(settings.repeats, parts)
    this.#prepared = new PreparedAnswers(settings.preparedOctets)
    this.#budget = new AnswerBudget(settings.preparedOctets * 2)
    this.#stepBacks = new StepBacks(parts)
    this.#pace = new Pace(settings.pace, settings.paceWindowMs)
  }

  adopt(fleet: Fleet): void {
    this.#fleet = fleet
  }

  /** Resolves when a long answer is with the kernel; undefined when it was a short one. Rejects when the answer fails. */
  answer(asking: Asking, zone: FleetZone): Promise<void> | undefined {
    const { request, channel } = asking
    const asker = this.#askerOf(asking, zone)
    if (asker === undefined) return this.#refuseOutsider(asking, zone)
    this.#oldKeys.noteAsker(this.#fleet, asker, request.key)
    const offer = offerOf(zone, asker, this.#parts)
    if (!offer) return this.#refuse(asking, RCODE.SERVFAIL, 'no released version, or expired')
    const query = { request, channel, offer, asker }
    switch (request.message.question.type) {
      case TYPE.SOA:
        return this.#sendSoa(query)
      case TYPE.AXFR:
        // RFC 5936 §4.2: AXFR over UDP is not defined.
        if (channel.peer.proto === 'udp') return this.#refuse(asking, RCODE.FORMERR, 'AXFR over UDP')
        if (this.#stepBacks.refuse(query)) return this.#refuse(asking, RCODE.SERVFAIL, 'the node has a newer version')
        return channel.inTurn(() => this.#inPlace(query, () => this.#sendAxfr(query)))
      case TYPE.IXFR:
        return channel.inTurn(() => this.#sendIxfr(query))
      default:
        return this.#refuse(asking, RCODE.REFUSED, `${typeName(request.message.question.type)} is not supported here`)
    }
  }

  #askerOf({ request, channel }: Asking, zone: FleetZone): Asker | undefined {
    const { peer } = channel
    const nodes = nodesAsking(this.#fleet, peer, request.key, zone).map((node) => node.id)
    if (nodes.length > 0) return { kind: 'nodes', nodes }
    const hub = peerAsking(this.#fleet, peer, request.key)
    return hub && { kind: 'hub', id: hub.id }
  }

  #refuseOutsider(asking: Asking, zone: FleetZone): undefined {
    const { request, channel } = asking
    const { ip } = channel.peer
    const barred = isProved(asking) ? barredByTls(this.#fleet, channel.peer, request.key, zone) : undefined
    if (barred === undefined) this.#misplaced.note(zone, ip, request.key)
    else this.#misplaced.noteBarred(zone, ip, request.key, barred.nodes, barred.why)
    return this.#refuse(asking, RCODE.REFUSED, barred?.why ?? 'caller does not serve the zone')
  }

  #refuse(asking: Asking, rcode: number, why: string): undefined {
    this.#refusals.refuse(asking, rcode, why)
  }

  #sendSoa(query: Query): undefined {
    const { request, channel, offer } = query
    const now = seconds(this.#parts.clock)
    const options = optionsOf(query)
    const answer = answerTo(request, { rcode: RCODE.NOERROR, authoritative: true, answer: [offer.soa], options }, now)
    // RFC 8945 §5.3: an answer that does not fit is sent without its records, but signed, and the client comes back over TCP. The
    // same happens after many answers without a key, as a forged source may use the hub to send the node answers larger than the
    // questions.
    const fits = channel.peer.proto === 'tcp' || (answer.length <= udpRoom(query.request) && this.#mayAmplify(query))
    const short = (): Buffer => answerTo(request, { rcode: RCODE.NOERROR, authoritative: true, truncated: true, options }, now)
    channel.send(fits ? answer : short())
  }

  #mayAmplify({ request, channel }: Query): boolean {
    return request.key !== undefined || this.#keyless.take(hashAddress(channel.peer.ip))
  }

  async #sendAxfr(query: Query): Promise<void> {
    const { stored, version } = query.offer
    await this.#stream(query, 'axfr', await this.#prepared.axfr(stored, version))
  }

  async #sendIxfr(query: Query): Promise<void> {
    const { request, channel, offer } = query
    const observed = heldSerialOf(request.message, offer.zone.apex)
    if (observed === undefined) {
      this.#refuse(query, RCODE.FORMERR, 'IXFR without the SOA of the zone in its authority section')
      return
    }
    // RFC 1995 §2: a caller with the newest serial, or with a newer one, gets only the SOA.
    if (observed === offer.serial || isAheadOf(observed, offer.serial)) {
      this.#sendSoa(query)
      if (observed === offer.serial && isProved(query)) this.#onDelivered(query, 'ixfr', false)
      return
    }
    if (channel.peer.proto === 'udp') return await this.#sendIxfrDatagram(query, observed)
    await this.#inPlace(query, async () => {
      const prepared = isOnOtherBase(query, observed, this.#parts.board)
        ? undefined
        : await this.#prepared.ixfr(offer.stored, observed, offer.version)
      if (prepared) await this.#stream(query, 'ixfr', prepared)
      else await this.#sendAxfr(query)
    })
  }

  /** Runs `work` when this node may have another transfer of the zone, and there is memory for the answer. */
  async #inPlace(query: Query, work: () => Promise<void>): Promise<void> {
    const { request, channel, offer } = query
    const owner = `${channel.peer.ip} ${request.key?.name ?? ''}`
    const { serial, digest, octets } = offer
    const place = `${owner} ${offer.zone.name}`
    const wish = { answer: `${offer.zone.name} ${serial} ${digest}`, owner, octets }
    this.streams += 1
    await this.#places.enter(place)
    await this.#repeats.slowDown(query)
    await this.#budget.enter(wish)
    try {
      await work()
    } finally {
      this.#budget.leave(wish)
      this.#places.leave(place)
      this.streams -= 1
    }
  }

  /**
   * RFC 1995 §2: the difference sequences if they fit, else only the SOA. A client without a key may be forged, as the source of
   * a datagram can be: it gets the SOA, from memory, and comes back over TCP.
   */
  async #sendIxfrDatagram(query: Query, observed: number): Promise<void> {
    const { request, channel, offer } = query
    if (request.key === undefined || this.#datagrams >= MAX_DATAGRAMS) return this.#sendSoa(query)
    this.#datagrams += 1
    try {
      const prepared = isOnOtherBase(query, observed, this.#parts.board)
        ? undefined
        : await this.#prepared.ixfr(offer.stored, observed, offer.version)
      const single = prepared?.messages === 1 ? touchSingle(prepared, touchOf(query, this.#parts.clock)) : undefined
      const fits = single !== undefined && single.length <= udpRoom(query.request)
      // A node that repeats itself comes back over TCP, where it waits.
      if (fits && this.#repeats.count(query) === 0) {
        channel.send(single)
        this.#onDelivered(query, 'ixfr')
      } else this.#sendSoa(query)
    } finally {
      this.#datagrams -= 1
    }
  }

  /** True when the zone expired, or the node lost its right to it, during the transfer. */
  #isCut(query: Query): boolean {
    const { offer } = query
    const zone = this.#fleet.zones.get(offer.zone.name)
    const asker = zone && this.#askerOf(query, zone)
    if (zone === undefined || asker === undefined || asker.kind !== query.asker.kind) return true
    const mayHave = asker.kind === 'hub' || asker.nodes.every((node) => isReleasedTo(offer.version, node))
    return !mayHave || offerOf(zone, asker, this.#parts) === undefined
  }

  async #stream(query: Query, kind: 'axfr' | 'ixfr', prepared: PreparedMessages): Promise<void> {
    const { channel } = query
    const { log, metrics } = this.#parts
    const startedAt = performance.now()
    const touch = touchOf(query, this.#parts.clock)
    if (!fitsSigned(prepared, touch.signer)) {
      log.error(lineOf(query, kind), 'a record is too large for a signed message')
      this.#refuse(query, RCODE.SERVFAIL, 'a record does not fit a message')
      return
    }
    const paced = { octets: 0, end: (why: string) => this.#endSlow(query, kind, why) }
    this.#pace.begin(paced)
    try {
      const octets = await streamAnswer(
        channel,
        prepared,
        touch,
        () => this.#isCut(query),
        (sent) => {
          paced.octets = sent
        },
      )
      if (octets === undefined) {
        metrics.transfers.inc({ direction: 'out', kind, outcome: 'failed' })
        log.info(lineOf(query, kind), 'transfer to a node cut: no longer allowed')
        return
      }
      metrics.transfers.inc({ direction: 'out', kind, outcome: 'ok' })
      metrics.transferBytes.inc({ direction: 'out' }, octets)
      // Thousands a second: the line is made only where it is wanted.
      if (log.isLevelEnabled('debug')) {
        const figures = { records: prepared.records, octets, tookMs: Math.round(performance.now() - startedAt) }
        log.debug({ ...lineOf(query, kind), ...figures }, 'zone sent')
      }
      this.#onDelivered(query, kind)
    } catch (error) {
      metrics.transfers.inc({ direction: 'out', kind, outcome: 'failed' })
      log.info({ ...lineOf(query, kind), err: describeError(error) }, 'transfer to a node failed')
      channel.abort()
    } finally {
      this.#pace.end(paced)
    }
  }

  #endSlow(query: Query, kind: 'axfr' | 'ixfr', why: string): void {
    this.#parts.log.warn({ ...lineOf(query, kind), why }, 'transfer to a node ended: too slow')
    query.channel.abort()
  }

  /** `isSent`: the node was sent the version; else the answer was that its own serial is the newest. */
  #onDelivered({ offer, asker }: Query, kind: 'axfr' | 'ixfr', isSent = true): void {
    if (asker.kind === 'hub') return
    const { bus, clock } = this.#parts
    const digest = isSent ? offer.digest : undefined
    bus.emit('taken', {
      zone: offer.zone.name,
      nodes: [...asker.nodes],
      serial: offer.serial,
      digest,
      kind,
      at: clock.now(),
    })
  }
}

/** A transfer in the log. */
const lineOf = ({ request, channel, offer, asker }: Query, kind: 'axfr' | 'ixfr') => ({
  zone: offer.zone.name,
  op: kind,
  dir: 'out',
  remote: endpointText(channel.peer),
  key: request.key?.name,
  serial: offer.serial,
  ...(asker.kind === 'hub' ? { hub: asker.id } : { nodes: asker.nodes }),
})
