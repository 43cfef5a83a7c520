/**
 * The transfer server: SOA, AXFR and IXFR for the nodes that serve a zone, NOTIFY from its primaries, REFUSED for all others. It
 * sends released versions, and reports when a node has transferred one.
 */
import { findSoa, opcodeOf } from '../../lib/dns/message.js'
import { zoneNameOfWire } from '../../lib/dns/name.js'
import { OPCODE, RCODE } from '../../lib/dns/rcode.js'
import { TYPE, typeName } from '../../lib/dns/rrtype.js'
import { describeError } from '../../lib/errors.js'
import type { Fleet, FleetZone } from '../../lib/fleet/fleet.js'
import { seconds } from '../../lib/runtime/clock.js'
import type { Service } from '../../lib/runtime/lifecycle.js'
import type { Channel } from '../../lib/transport/channel.js'
import { DnsListener } from '../../lib/transport/dns-listener.js'
import { type Endpoint, endpointText } from '../../lib/dns/endpoint.js'
import { transportOf } from '../../lib/transport/channel.js'
import type { ServerTls } from '../../lib/transport/tls-door.js'
import { hashAddress, RateLimiter } from '../../lib/transport/rate-limiter.js'
import { isAcquainted, primariesNotifying } from './access.js'
import { HandshakeLog } from './handshake-log.js'
import { OldKeys } from './old-keys.js'
import type { TransferParts } from './parts.js'
import { Misplaced } from './misplaced.js'
import { NotifyReplays } from './notify-replays.js'
import { type Asking, Refusals } from './refusal.js'
import { answerTo, readRequest, readStranger, STRANGER_OCTETS } from './request.js'
import { type QuerySettings, ZoneQueries } from './zone-queries.js'

export interface TransferSettings extends QuerySettings {
  listen: readonly Endpoint[]
  idleMs: number
  maxConnections: number
  /** Processes that listen on the addresses. */
  processes: number
  /** Undefined: no TLS. */
  tls?: (ServerTls & { listen: readonly Endpoint[] }) | undefined
}

/** For each known address: as many as a node sends that gets NOTIFYs for 20,000 zones in a second. */
const DATAGRAMS = { perSecond: 20_000, burst: 20_000 }

export class TransferService implements Service {
  readonly name = 'transfer'
  readonly #parts: TransferParts
  readonly #listener: DnsListener
  readonly #queries: ZoneQueries
  readonly #refusals: Refusals
  readonly #misplaced: Misplaced
  readonly #datagrams = new RateLimiter(DATAGRAMS)
  readonly #replays = new NotifyReplays()
  readonly #oldKeys: OldKeys
  #fleet: Fleet
  /** Every address on which it listens, after the start. */
  addresses: Endpoint[] = []
  /** Addresses for TLS, after the start. */
  tlsAddresses: readonly Endpoint[] = []

  constructor(fleet: Fleet, settings: TransferSettings, parts: TransferParts) {
    this.#fleet = fleet
    this.#parts = parts
    this.#refusals = new Refusals(parts)
    this.#misplaced = new Misplaced(parts)
    this.#oldKeys = new OldKeys(parts)
    this.#queries = new ZoneQueries(
      fleet,
      settings,
      { refusals: this.#refusals, misplaced: this.#misplaced, oldKeys: this.#oldKeys },
      parts,
    )
    const handshakes = new HandshakeLog(parts, (ip) => this.#fleet.isKnownAddress(ip))
    this.#listener = new DnsListener({
      ...settings,
      strangerOctets: STRANGER_OCTETS,
      isShared: settings.processes > 1,
      onHandshake: (outcome, ip, why) => handshakes.note(outcome, ip, why),
      isKnown: (ip) => this.#fleet.isKnownAddress(ip),
      onMessage: (message, channel) => this.#onMessage(message, channel),
    })
  }

  async start(): Promise<void> {
    this.addresses = await this.#listener.open()
    this.tlsAddresses = this.#listener.tlsAddresses
  }

  /** `tls`: new connections get this certificate, and running transfers go on. */
  adopt(fleet: Fleet, tls?: ServerTls): void {
    if (tls !== undefined) this.#listener.adoptTls(tls)
    this.#fleet = fleet
    this.#queries.adopt(fleet)
  }

  /** An OnMessage function. */
  #onMessage(octets: Buffer, channel: Channel): Promise<void> | undefined {
    const { clock } = this.#parts
    const { ip, proto } = channel.peer
    const isStranger = !this.#fleet.isKnownAddress(ip)
    if (!isStranger && proto === 'udp' && !this.#datagrams.take(hashAddress(ip))) return undefined
    const read = isStranger
      ? readStranger(octets)
      : readRequest(octets, (name) => this.#fleet.keysNamed(name, ip), seconds(clock))
    if (read.kind === 'drop') return undefined
    if (read.kind === 'refusal') {
      if (isStranger) this.#misplaced.noteStranger(this.#fleet, octets, ip)
      this.#refusals.send(channel, read.why, read.answer)
      return undefined
    }
    const { request } = read
    if (request.key !== undefined) channel.identify(request.key.id)
    return this.#answer({ request, channel })
  }

  #answer(asking: Asking): Promise<void> | undefined {
    const { request, channel } = asking
    const { question, flags } = request.message
    const zone = this.#fleet.zones.get(zoneNameOfWire(question.name))
    if (!zone) {
      const isKnown = isAcquainted(this.#fleet, channel.peer.ip, request.key)
      this.#refusals.refuse(asking, isKnown ? RCODE.NOTAUTH : RCODE.REFUSED, 'unknown zone')
      return undefined
    }
    if (opcodeOf(flags) === OPCODE.NOTIFY) {
      this.#onNotify(asking, zone)
      return undefined
    }
    return this.#queries.answer(asking, zone)?.catch((error) => {
      this.#parts.log.error(
        { zone: zone.name, op: 'request', dir: 'in', remote: endpointText(channel.peer), err: describeError(error) },
        'answer failed',
      )
      this.#refusals.refuse(asking, RCODE.SERVFAIL, 'answer failed')
    })
  }

  /** RFC 1996 §3.7–3.12. */
  #onNotify(asking: Asking, zone: FleetZone): void {
    const { bus, clock, log, metrics } = this.#parts
    const { request, channel } = asking
    const { question, answer } = request.message
    const primaries = primariesNotifying(this.#fleet, channel.peer.ip, request.key, zone)
    if (primaries.length === 0) {
      metrics.notify.inc({ direction: 'in', outcome: 'refused' })
      this.#refusals.refuse(asking, RCODE.REFUSED, 'NOTIFY from an address or key that is no primary of the zone')
      return
    }
    if (question.type !== TYPE.SOA) {
      this.#refusals.refuse(asking, RCODE.NOTIMP, `NOTIFY about ${typeName(question.type)}`)
      return
    }
    const { key, tsig } = request
    this.#oldKeys.note('primary', primaries, key)
    const isCopy = key !== undefined && tsig !== undefined && !this.#replays.isNew(key.id, tsig, seconds(clock))
    metrics.notify.inc({ direction: 'in', outcome: isCopy ? 'copy' : 'ok' })
    channel.send(answerTo(request, { rcode: RCODE.NOERROR, authoritative: true }, seconds(clock)))
    if (isCopy) return
    // Servers at one address differ by their port, which a NOTIFY does not show: each may have sent it, and is queried for its
    // own serial.
    const serial = primaries.length === 1 ? findSoa(answer, zone.apex)?.serial : undefined
    if (log.isLevelEnabled('debug'))
      log.debug(
        {
          zone: zone.name,
          op: 'notify',
          dir: 'in',
          remote: endpointText(channel.peer),
          proto: transportOf(channel.peer),
          key: request.key?.id,
          serial,
          primary: primaries.map(({ id }) => id).join(', '),
        },
        'notified',
      )
    for (const { id } of primaries) bus.emit('notify', { zone: zone.name, primary: id, serial, at: clock.now() })
  }

  /** Transfers are being sent. */
  get isBusy(): boolean {
    return this.#queries.streams > 0
  }

  async finish(graceMs: number): Promise<void> {
    this.#listener.stopListening()
    const until = this.#parts.clock.now() + graceMs
    while (this.#queries.streams > 0 && this.#parts.clock.now() < until) await new Promise((resolve) => setTimeout(resolve, 20))
  }

  async stop(): Promise<void> {
    await this.#listener.close()
  }
}
