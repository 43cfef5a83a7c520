/**
 * What nodes ask about their zones: SOA, answered at once, AXFR and IXFR, sent as ready-made messages for as long as the zone is
 * to be had and the node may have it. Not here: who a request comes from and whether it is one (service.ts, request.ts).
 */
import { RCODE } from '../../lib/dns/rcode.js'
import { TYPE, typeName } from '../../lib/dns/rrtype.js'
import { AnswerSigner } from '../../lib/dns/tsig.js'
import { describeError } from '../../lib/errors.js'
import type { Fleet, FleetZone } from '../../lib/fleet/fleet.js'
import { seconds } from '../../lib/runtime/clock.js'
import { isReleasedTo } from '../../lib/store/version.js'
import { endpointText } from '../../lib/transport/errors.js'
import type { PreparedMessages } from '../../lib/xfr/message-cutter.js'
import { nodesAsking, peerAsking } from './access.js'
import { type AnswerTouch, fitsSigned, streamAnswer, touchSingle } from './answer-stream.js'
import { heldSerialOf, IxfrRequestError, isAheadOf } from './held-serial.js'
import { type Asker, type Offer, offerOf } from './offers.js'
import { PreparedAnswers } from './prepared-answers.js'
import { type Asking, refuse } from './refusal.js'
import { answerTo, optionsFor, optRecord } from './request.js'
import type { TransferParts } from './service.js'

/** A question of nodes that may ask it, and what there is for them. */
interface Query extends Asking {
  offer: Offer
  asker: Asker
}

export class ZoneQueries {
  readonly #parts: TransferParts
  readonly #prepared: PreparedAnswers
  #fleet: Fleet
  /** Answers on their way. */
  streams = 0

  constructor(fleet: Fleet, preparedOctets: number, parts: TransferParts) {
    this.#fleet = fleet
    this.#parts = parts
    this.#prepared = new PreparedAnswers(preparedOctets)
  }

  adopt(fleet: Fleet): void {
    this.#fleet = fleet
  }

  /** Resolves when a long answer is with the kernel; undefined when it was a short one. Rejects when none could be made. */
  answer(asking: Asking, zone: FleetZone): Promise<void> | undefined {
    const { request, channel } = asking
    const asker = this.#askerOf(asking, zone)
    if (asker === undefined) return this.#refuse(asking, RCODE.REFUSED, 'asker carries no such zone')
    const offer = offerOf(zone, asker, this.#parts)
    if (!offer) return this.#refuse(asking, RCODE.SERVFAIL, 'nothing to offer: no released version, or expired')
    const query = { request, channel, offer, asker }
    switch (request.message.question.type) {
      case TYPE.SOA:
        return this.#sendSoa(query)
      case TYPE.AXFR:
        // RFC 5936 §4.2: AXFR over UDP is not defined.
        return channel.peer.proto === 'udp' ? this.#refuse(asking, RCODE.FORMERR, 'AXFR over UDP') : this.#sendAxfr(query)
      case TYPE.IXFR:
        return this.#sendIxfr(query)
      default:
        return this.#refuse(asking, RCODE.REFUSED, `${typeName(request.message.question.type)} is not for us to answer`)
    }
  }

  #askerOf({ request, channel }: Asking, zone: FleetZone): Asker | undefined {
    const { ip } = channel.peer
    const nodes = nodesAsking(this.#fleet, ip, request.key, zone).map((node) => node.id)
    if (nodes.length > 0) return { kind: 'nodes', nodes }
    const hub = peerAsking(this.#fleet, ip, request.key)
    return hub && { kind: 'hub', id: hub.id }
  }

  #refuse(asking: Asking, rcode: number, why: string): undefined {
    refuse(asking, rcode, why, this.#parts)
  }

  #options({ request, offer }: Query): { code: number; data: Buffer }[] {
    return request.message.edns ? optionsFor(request, offer.expiresInSeconds, offer.version.serial, offer.zone.apex) : []
  }

  #sendSoa(query: Query): undefined {
    const { request, channel, offer } = query
    const now = seconds(this.#parts.clock)
    const options = this.#options(query)
    const answer = answerTo(request, { rcode: RCODE.NOERROR, authoritative: true, answer: [offer.version.soa], options }, now)
    // RFC 8945 §5.3: what does not fit goes without its records, but signed, and the asker comes back over TCP.
    const fits = channel.peer.proto === 'tcp' || answer.length <= udpRoom(query)
    const short = (): Buffer => answerTo(request, { rcode: RCODE.NOERROR, authoritative: true, truncated: true, options }, now)
    channel.send(fits ? answer : short())
  }

  async #sendAxfr(query: Query): Promise<void> {
    const { stored, version } = query.offer
    await this.#stream(query, 'axfr', await this.#prepared.axfr(stored, version))
  }

  async #sendIxfr(query: Query): Promise<void> {
    const { request, channel, offer } = query
    let held: number
    try {
      held = heldSerialOf(request.message, offer.zone.apex)
    } catch (error) {
      if (!(error instanceof IxfrRequestError)) throw error
      this.#refuse(query, RCODE.FORMERR, error.message)
      return
    }
    // RFC 1995 §2: whoever has the newest, or something we never had before it, gets the SOA alone.
    if (held === offer.version.serial || isAheadOf(held, offer.version.serial)) {
      this.#sendSoa(query)
      if (held === offer.version.serial) this.#taken(query, 'ixfr')
      return
    }
    const prepared = await this.#prepared.ixfr(offer.stored, held, offer.version)
    if (channel.peer.proto === 'udp') {
      const single = prepared?.messages === 1 ? touchSingle(prepared, this.#touch(query)) : undefined
      if (single && single.length <= udpRoom(query)) {
        channel.send(single)
        this.#taken(query, 'ixfr')
      } else this.#sendSoa(query)
    } else if (prepared) await this.#stream(query, 'ixfr', prepared)
    else await this.#sendAxfr(query)
  }

  #touch(query: Query): AnswerTouch {
    const { request } = query
    const { name, type, class: klass } = request.message.question
    return {
      id: request.message.id,
      question: Buffer.concat([name, Buffer.from([type >> 8, type & 255, klass >> 8, klass & 255])]),
      opt: optRecord(request, this.#options(query)),
      signer: request.key && request.tsig ? new AnswerSigner(request.key, request.tsig.mac) : undefined,
      nowSeconds: () => seconds(this.#parts.clock),
    }
  }

  /** The zone expired, or the node lost its right to it, while it was being sent. */
  #isCut(query: Query): boolean {
    const { offer } = query
    const zone = this.#fleet.zones.get(offer.zone.name)
    const asker = zone && this.#askerOf(query, zone)
    if (zone === undefined || asker === undefined || asker.kind !== query.asker.kind) return true
    const mayHave = asker.kind === 'hub' || asker.nodes.every((node) => isReleasedTo(offer.version, node))
    return !mayHave || offerOf(zone, asker, this.#parts) === undefined
  }

  async #stream(query: Query, kind: 'axfr' | 'ixfr', prepared: PreparedMessages): Promise<void> {
    const { request, channel, offer, asker } = query
    const { log, metrics } = this.#parts
    const startedAt = performance.now()
    const line = {
      zone: offer.zone.name,
      op: kind,
      dir: 'out',
      remote: endpointText(channel.peer),
      key: request.key?.name,
      serial: offer.version.serial,
      ...(asker.kind === 'hub' ? { hub: asker.id } : { nodes: asker.nodes }),
    }
    const touch = this.#touch(query)
    if (!fitsSigned(prepared, touch.signer)) {
      log.error(line, 'a record is too large for a signed message')
      this.#refuse(query, RCODE.SERVFAIL, 'a record does not fit a message')
      return
    }
    this.streams += 1
    try {
      const octets = await streamAnswer(channel, prepared, touch, () => this.#isCut(query))
      if (octets === undefined) {
        metrics.transfers.inc({ direction: 'out', kind, outcome: 'failed' })
        log.info(line, 'the node may no longer have what it was being sent')
        return
      }
      metrics.transfers.inc({ direction: 'out', kind, outcome: 'ok' })
      metrics.transferBytes.inc({ direction: 'out' }, octets)
      log.debug({ ...line, records: prepared.records, octets, tookMs: Math.round(performance.now() - startedAt) }, 'zone sent')
      this.#taken(query, kind)
    } catch (error) {
      metrics.transfers.inc({ direction: 'out', kind, outcome: 'failed' })
      log.info({ ...line, err: describeError(error) }, 'transfer to a node broke off')
      channel.abort()
    } finally {
      this.streams -= 1
    }
  }

  #taken({ offer, asker }: Query, kind: 'axfr' | 'ixfr'): void {
    if (asker.kind === 'hub') return
    const { bus, clock } = this.#parts
    bus.emit('taken', { zone: offer.zone.name, nodes: [...asker.nodes], serial: offer.version.serial, kind, at: clock.now() })
  }
}

/** Octets that an answer over UDP may have: what the asker offers, within reason (RFC 6891 §6.2.3). */
const udpRoom = ({ request }: Asking): number => Math.min(4096, Math.max(512, request.message.edns?.payload ?? 512))
