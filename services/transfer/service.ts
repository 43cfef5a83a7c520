/**
 * The transfer server: SOA, AXFR and IXFR for the nodes that carry a zone, NOTIFY from its primaries, REFUSED for everybody
 * else. It serves what was released, and says so when a node has taken it.
 */
import { findSoa, opcodeOf } from '../../lib/dns/message.js'
import { zoneNameOfWire } from '../../lib/dns/name.js'
import { OPCODE, RCODE } from '../../lib/dns/rcode.js'
import { TYPE, typeName } from '../../lib/dns/rrtype.js'
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
import { isAcquainted, primariesNotifying } from './access.js'
import { type Asking, refuse } from './refusal.js'
import { answerTo, readRequest } from './request.js'
import { ZoneQueries } from './zone-queries.js'

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
  readonly #queries: ZoneQueries
  #fleet: Fleet
  /** Every address it listens on, once started. */
  addresses: Endpoint[] = []

  constructor(fleet: Fleet, settings: TransferSettings, parts: TransferParts) {
    this.#fleet = fleet
    this.#parts = parts
    this.#queries = new ZoneQueries(fleet, settings.preparedOctets, parts)
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
    this.#queries.adopt(fleet)
  }

  /** As OnMessage wants it. */
  #onMessage(octets: Buffer, channel: Channel): Promise<void> | undefined {
    const { clock, log } = this.#parts
    const read = readRequest(octets, (name) => this.#fleet.keyNamed(name), seconds(clock))
    if (read.kind === 'drop') return undefined
    if (read.kind === 'request') {
      try {
        return this.#answer({ request: read.request, channel })
      } catch (error) {
        log.error({ op: 'request', dir: 'in', remote: endpointText(channel.peer), err: describeError(error) }, 'request failed')
        channel.abort()
        return undefined
      }
    }
    log.debug(
      { op: 'request', dir: 'in', remote: endpointText(channel.peer), proto: channel.peer.proto, why: read.why },
      'refused a request',
    )
    channel.send(read.answer)
    return undefined
  }

  #answer(asking: Asking): Promise<void> | undefined {
    const { request, channel } = asking
    const { question, flags } = request.message
    const zone = this.#fleet.zones.get(zoneNameOfWire(question.name))
    if (!zone) {
      const isKnown = isAcquainted(this.#fleet, channel.peer.ip, request.key)
      refuse(asking, isKnown ? RCODE.NOTAUTH : RCODE.REFUSED, 'zone is not ours', this.#parts)
      return undefined
    }
    if (opcodeOf(flags) === OPCODE.NOTIFY) {
      this.#onNotify(asking, zone)
      return undefined
    }
    return this.#queries.answer(asking, zone)?.catch((error) => {
      this.#parts.log.error(
        { zone: zone.name, op: 'request', dir: 'in', remote: endpointText(channel.peer), err: describeError(error) },
        'no answer could be made',
      )
      refuse(asking, RCODE.SERVFAIL, 'no answer could be made', this.#parts)
    })
  }

  /** RFC 1996 §3.7–3.12. */
  #onNotify(asking: Asking, zone: FleetZone): void {
    const { bus, clock, log, metrics } = this.#parts
    const { request, channel } = asking
    const { question, answer } = request.message
    const primary = primariesNotifying(this.#fleet, channel.peer.ip, request.key, zone)[0]
    if (!primary) {
      metrics.notify.inc({ direction: 'in', outcome: 'refused' })
      refuse(asking, RCODE.REFUSED, 'NOTIFY from somebody who is no primary of the zone', this.#parts)
      return
    }
    if (question.type !== TYPE.SOA) {
      refuse(asking, RCODE.NOTIMP, `NOTIFY about ${typeName(question.type)}`, this.#parts)
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

  async drain(deadlineMs: number): Promise<void> {
    this.#listener.stopListening()
    const until = this.#parts.clock.now() + deadlineMs
    while (this.#queries.streams > 0 && this.#parts.clock.now() < until) await new Promise((resolve) => setTimeout(resolve, 20))
  }

  async stop(): Promise<void> {
    await this.#listener.close()
  }
}
