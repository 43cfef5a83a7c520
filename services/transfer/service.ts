/**
 * The transfer server: SOA, AXFR and IXFR for the nodes that carry a zone, NOTIFY from its primaries, REFUSED for everybody
 * else. It serves what was released, and says so when a node has taken it.
 */
import { findSoa, opcodeOf } from '../../lib/dns/message.js'
import { zoneNameOfWire } from '../../lib/dns/name.js'
import { OPCODE, RCODE, rcodeName } from '../../lib/dns/rcode.js'
import { TYPE, typeName } from '../../lib/dns/rrtype.js'
import { AnswerSigner } from '../../lib/dns/tsig.js'
import { describeError } from '../../lib/errors.js'
import type { Fleet, FleetZone } from '../../lib/fleet/fleet.js'
import { type Clock, seconds } from '../../lib/runtime/clock.js'
import type { Service } from '../../lib/runtime/lifecycle.js'
import type { Logger } from '../../lib/runtime/logger.js'
import type { Metrics } from '../../lib/runtime/metrics.js'
import type { Board } from '../../lib/state/board.js'
import type { SignalBus } from '../../lib/state/signals.js'
import type { ZoneStore } from '../../lib/store/zone-store.js'
import { type Channel, DnsListener } from '../../lib/transport/dns-listener.js'
import { type Endpoint, endpointText } from '../../lib/transport/errors.js'
import { isAcquainted, nodesAsking, primariesNotifying } from './access.js'
import { heldSerialOf, IxfrRequestError, isAheadOf } from './held-serial.js'
import { type Offer, offerOf } from './offers.js'
import { PreparedAnswers } from './prepared-answers.js'
import { answerTo, optionsFor, optRecord, readRequest, type ServerRequest } from './request.js'
import { fitsSigned, streamAnswer, touchSingle } from './answer-stream.js'

export interface TransferParts {
  store: ZoneStore
  board: Board
  bus: SignalBus
  clock: Clock
  log: Logger
  metrics: Metrics
}

export interface TransferSettings {
  listen: readonly Endpoint[]
  idleMs: number
  maxConnections: number
  /** Octets of ready-made answers to keep. */
  preparedOctets: number
}

export class TransferService implements Service {
  readonly name = 'transfer'
  readonly #parts: TransferParts
  readonly #listener: DnsListener
  readonly #prepared: PreparedAnswers
  #fleet: Fleet
  #streams = 0
  /** Every address it listens on, once started. */
  addresses: Endpoint[] = []

  constructor(fleet: Fleet, settings: TransferSettings, parts: TransferParts) {
    this.#fleet = fleet
    this.#parts = parts
    this.#prepared = new PreparedAnswers(settings.preparedOctets)
    this.#listener = new DnsListener({
      ...settings,
      isKnown: (ip) => this.#fleet.isKnownAddress(ip),
      onMessage: (message, channel) => this.#onMessage(message, channel),
    })
  }

  async start(): Promise<void> {
    this.addresses = await this.#listener.open()
  }

  adopt(fleet: Fleet): void {
    this.#fleet = fleet
  }

  #onMessage(octets: Buffer, channel: Channel): void {
    const read = readRequest(octets, (name) => this.#fleet.keyNamed(name), seconds(this.#parts.clock))
    if (read.kind === 'drop') return
    if (read.kind === 'answer') {
      this.#parts.log.debug(
        { op: 'request', dir: 'in', remote: endpointText(channel.peer), proto: channel.peer.proto, why: read.why },
        'refused a request',
      )
      channel.send(read.answer)
      return
    }
    void this.#answer(read.request, channel).catch((error) => {
      this.#parts.log.debug(
        { op: 'request', dir: 'in', remote: endpointText(channel.peer), err: describeError(error) },
        'answer not delivered',
      )
      channel.abort()
    })
  }

  async #answer(request: ServerRequest, channel: Channel): Promise<void> {
    const { question, flags } = request.message
    const zone = this.#fleet.zones.get(zoneNameOfWire(question.name))
    if (!zone) {
      this.#refuse(
        request,
        channel,
        isAcquainted(this.#fleet, channel.peer.ip, request.key) ? RCODE.NOTAUTH : RCODE.REFUSED,
        'zone is not ours',
      )
    } else if (opcodeOf(flags) === OPCODE.NOTIFY) this.#onNotify(request, channel, zone)
    else await this.#onQuery(request, channel, zone)
  }

  #refuse(request: ServerRequest, channel: Channel, rcode: number, why: string): void {
    const { log, clock } = this.#parts
    log.debug(
      { op: 'request', dir: 'in', remote: endpointText(channel.peer), proto: channel.peer.proto, rcode: rcodeName(rcode), why },
      'refused a request',
    )
    channel.send(answerTo(request, { rcode }, seconds(clock)))
  }

  /** RFC 1996 §3.7–3.12. */
  #onNotify(request: ServerRequest, channel: Channel, zone: FleetZone): void {
    const { bus, clock, log, metrics } = this.#parts
    const { question, answer } = request.message
    const primary = primariesNotifying(this.#fleet, channel.peer.ip, request.key, zone)[0]
    if (!primary) {
      metrics.notify.inc({ direction: 'in', outcome: 'refused' })
      this.#refuse(request, channel, RCODE.REFUSED, 'NOTIFY from somebody who is no primary of the zone')
      return
    }
    if (question.type !== TYPE.SOA) {
      this.#refuse(request, channel, RCODE.NOTIMP, `NOTIFY about ${typeName(question.type)}`)
      return
    }
    metrics.notify.inc({ direction: 'in', outcome: 'ok' })
    const serial = findSoa(answer, zone.apex)?.serial
    log.debug(
      {
        zone: zone.name,
        op: 'notify',
        dir: 'in',
        remote: endpointText(channel.peer),
        proto: channel.peer.proto,
        key: request.key?.name,
        serial,
        primary: primary.id,
      },
      'notified',
    )
    bus.emit('notify', { zone: zone.name, primary: primary.id, serial, at: clock.now() })
    channel.send(answerTo(request, { rcode: RCODE.NOERROR, authoritative: true }, seconds(clock)))
  }

  async #onQuery(request: ServerRequest, channel: Channel, zone: FleetZone): Promise<void> {
    const nodes = nodesAsking(this.#fleet, channel.peer.ip, request.key, zone)
    if (nodes.length === 0) {
      this.#refuse(request, channel, RCODE.REFUSED, 'asker carries no such zone')
      return
    }
    const offer = offerOf(zone, this.#parts)
    if (!offer) {
      this.#refuse(request, channel, RCODE.SERVFAIL, 'nothing to offer: no released version, or expired')
      return
    }
    const ids = nodes.map((node) => node.id)
    switch (request.message.question.type) {
      case TYPE.SOA:
        this.#sendSoa(request, channel, offer)
        return
      case TYPE.AXFR:
        // RFC 5936 §4.2: AXFR over UDP is not defined.
        if (channel.peer.proto === 'udp') this.#refuse(request, channel, RCODE.FORMERR, 'AXFR over UDP')
        else await this.#sendAxfr(request, channel, offer, ids)
        return
      case TYPE.IXFR:
        await this.#sendIxfr(request, channel, offer, ids)
        return
      default:
        this.#refuse(request, channel, RCODE.REFUSED, `${typeName(request.message.question.type)} is not for us to answer`)
    }
  }

  #options(request: ServerRequest, offer: Offer): { code: number; data: Buffer }[] {
    return request.message.edns ? optionsFor(request, offer.expiresInSeconds, offer.version.serial, offer.zone.apex) : []
  }

  #sendSoa(request: ServerRequest, channel: Channel, offer: Offer): void {
    const answer = [offer.version.soa]
    channel.send(
      answerTo(
        request,
        { rcode: RCODE.NOERROR, authoritative: true, answer, options: this.#options(request, offer) },
        seconds(this.#parts.clock),
      ),
    )
  }

  async #sendAxfr(request: ServerRequest, channel: Channel, offer: Offer, nodes: string[]): Promise<void> {
    await this.#stream(request, channel, offer, nodes, 'axfr', () => this.#prepared.axfr(offer.stored, offer.version))
  }

  async #sendIxfr(request: ServerRequest, channel: Channel, offer: Offer, nodes: string[]): Promise<void> {
    let held: number
    try {
      held = heldSerialOf(request.message, offer.zone.apex)
    } catch (error) {
      if (!(error instanceof IxfrRequestError)) throw error
      this.#refuse(request, channel, RCODE.FORMERR, error.message)
      return
    }
    // RFC 1995 §2: whoever has the newest, or something we never had before it, gets the SOA alone.
    if (held === offer.version.serial || isAheadOf(held, offer.version.serial)) {
      this.#sendSoa(request, channel, offer)
      if (held === offer.version.serial) this.#taken(offer, nodes, 'ixfr')
      return
    }
    const prepared = await this.#prepared.ixfr(offer.stored, held, offer.version)
    if (channel.peer.proto === 'udp') {
      const single = prepared?.messages === 1 ? touchSingle(prepared, this.#touch(request, offer)) : undefined
      const room = Math.min(4096, Math.max(512, request.message.edns?.payload ?? 512))
      if (single && single.length <= room) {
        channel.send(single)
        this.#taken(offer, nodes, 'ixfr')
      } else this.#sendSoa(request, channel, offer)
      return
    }
    await this.#stream(
      request,
      channel,
      offer,
      nodes,
      prepared ? 'ixfr' : 'axfr',
      async () => prepared ?? (await this.#prepared.axfr(offer.stored, offer.version)),
    )
  }

  #touch(request: ServerRequest, offer: Offer): Parameters<typeof touchSingle>[1] {
    const { question } = request.message
    return {
      id: request.message.id,
      question: Buffer.concat([
        question.name,
        Buffer.from([question.type >> 8, question.type & 255, question.class >> 8, question.class & 255]),
      ]),
      opt: optRecord(request, this.#options(request, offer)),
      signer: request.key && request.tsig ? new AnswerSigner(request.key, request.tsig.mac) : undefined,
      nowSeconds: () => seconds(this.#parts.clock),
    }
  }

  async #stream(
    request: ServerRequest,
    channel: Channel,
    offer: Offer,
    nodes: string[],
    kind: 'axfr' | 'ixfr',
    prepare: () => Promise<Awaited<ReturnType<PreparedAnswers['axfr']>>>,
  ): Promise<void> {
    const { log, metrics } = this.#parts
    const startedAt = performance.now()
    const line = {
      zone: offer.zone.name,
      op: kind,
      dir: 'out',
      remote: endpointText(channel.peer),
      key: request.key?.name,
      serial: offer.version.serial,
      nodes,
    }
    this.#streams += 1
    try {
      const prepared = await prepare()
      const touch = this.#touch(request, offer)
      if (!fitsSigned(prepared, touch.signer)) {
        log.error(line, 'a record is too large for a signed message')
        this.#refuse(request, channel, RCODE.SERVFAIL, 'a record does not fit a message')
        return
      }
      const octets = await streamAnswer(channel, prepared, touch, () => offerOf(offer.zone, this.#parts) === undefined)
      metrics.transfers.inc({ direction: 'out', kind, outcome: 'ok' })
      metrics.transferBytes.inc({ direction: 'out' }, octets)
      log.debug({ ...line, records: prepared.records, octets, tookMs: Math.round(performance.now() - startedAt) }, 'zone sent')
      this.#taken(offer, nodes, kind)
    } catch (error) {
      metrics.transfers.inc({ direction: 'out', kind, outcome: 'failed' })
      log.info({ ...line, err: describeError(error) }, 'transfer to a node broke off')
      channel.abort()
    } finally {
      this.#streams -= 1
    }
  }

  #taken(offer: Offer, nodes: string[], kind: 'axfr' | 'ixfr'): void {
    this.#parts.bus.emit('taken', {
      zone: offer.zone.name,
      nodes,
      serial: offer.version.serial,
      kind,
      at: this.#parts.clock.now(),
    })
  }

  async drain(deadlineMs: number): Promise<void> {
    this.#listener.stopListening()
    const until = this.#parts.clock.now() + deadlineMs
    while (this.#streams > 0 && this.#parts.clock.now() < until) await new Promise((resolve) => setTimeout(resolve, 20))
  }

  async stop(): Promise<void> {
    await this.#listener.close()
  }
}
