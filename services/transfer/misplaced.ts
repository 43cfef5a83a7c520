/**
 * Names peers that are refused although the hub knows their key or zone: usually a node that queries from another of its
 * addresses. A node is named only when the signature of the request proves its key. Requests that an outsider can forge are
 * summed in one line a minute, and affect neither a node's state nor `why`. A copy of a signed request, sent within its 300 s
 * from a forged address, looks like the original.
 */
import { opcodeOf } from '../../lib/dns/message.js'
import { type ZoneName, zoneNameOfWire } from '../../lib/dns/name.js'
import { OPCODE } from '../../lib/dns/rcode.js'
import { type RequestMessage, tryReadRequest } from '../../lib/dns/request-reader.js'
import { TYPE } from '../../lib/dns/rrtype.js'
import { verifyRequest } from '../../lib/dns/tsig.js'
import type { TsigKey } from '../../lib/dns/tsig-record.js'
import type { Fleet, FleetNode, FleetZone } from '../../lib/fleet/fleet.js'
import { holdsKey, keysOf } from '../../lib/fleet/remote.js'
import { type Clock, seconds } from '../../lib/runtime/clock.js'
import type { Logger } from '../../lib/runtime/logger.js'
import type { Metrics } from '../../lib/runtime/metrics.js'
import type { SignalBus } from '../../lib/state/signals.js'
import { hashPrefix, RateLimiter } from '../../lib/transport/rate-limiter.js'
import { SummedLines } from './summed-lines.js'

export interface MisplacedParts {
  bus: SignalBus
  clock: Clock
  log: Logger
  metrics: Metrics
}

/** Messages of one unknown network that are read in full: a flood from other networks does not use them up. */
const BY_NETWORK = { perSecond: 5, burst: 20 }
/**
 * Messages of all unknown addresses: about 15 ms of work per second, and too many for a flood of forged sources to hide a node
 * for long.
 */
const IN_ALL = { perSecond: 1_000, burst: 1_000 }
/** Most nodes that a line names. */
const NAMED = 5

export class Misplaced {
  readonly #parts: MisplacedParts
  readonly #networks = new RateLimiter(BY_NETWORK)
  readonly #all = new RateLimiter(IN_ALL)
  readonly #lines: SummedLines

  constructor(parts: MisplacedParts, lines = new SummedLines(parts.clock)) {
    this.#parts = parts
    this.#lines = lines
  }

  /** Reads a refused message from an unknown address. */
  noteStranger(fleet: Fleet, octets: Buffer, ip: string): void {
    if (!this.#networks.take(hashPrefix(ip)) || !this.#all.take(0)) return
    const message = tryReadRequest(octets)
    if (typeof message === 'string' || !isOfPeers(message)) return
    const zone = fleet.zones.get(zoneNameOfWire(message.question.name))
    if (zone === undefined) return
    const key = provedKey(zone, message, octets, seconds(this.#parts.clock))
    if (key === undefined) this.#noteUnproved(zone, ip, message)
    else this.note(zone, ip, key)
  }

  /** Reports a refused request about a known zone. `key`: the verified key of its signature. */
  note(zone: FleetZone, ip: string, key: TsigKey | undefined): void {
    const nodes = key === undefined ? [] : zone.nodes.filter((node) => holdsKey(node, key))
    this.#report(zone, ip, key, nodes, whyRefused(zone.name, ip, nodes, key))
  }

  /** Reports a node that came in another way than its TLS setting demands. The request came over a connection, or with its key. */
  noteBarred(zone: FleetZone, ip: string, key: TsigKey | undefined, nodes: readonly FleetNode[], why: string): void {
    this.#report(zone, ip, key, nodes, why)
  }

  #report(zone: FleetZone, ip: string, key: TsigKey | undefined, nodes: readonly FleetNode[], why: string): void {
    const ids = nodes.map(({ id }) => id)
    const { bus, clock, metrics } = this.#parts
    for (const node of ids.length > 0 ? ids : ['none']) metrics.refusedPeers.inc({ node })
    const line = { zone: zone.name, remote: ip, nodes: ids.slice(0, NAMED), key: key?.id, why }
    const isNew = this.#note(`${ip} ${key?.id ?? ''}`, zone, line)
    if (isNew && ids.length > 0) bus.emit('refused', { zone: zone.name, nodes: ids, why, at: clock.now() })
  }

  /** All of these are one subject: their addresses can be forged, so their number is unlimited. */
  #noteUnproved(zone: FleetZone, ip: string, message: RequestMessage): void {
    this.#parts.metrics.refusedPeers.inc({ node: 'none' })
    this.#note('unproved', zone, { zone: zone.name, remote: ip, why: whyUnproved(zone, ip, message) })
  }

  #note(subject: string, zone: FleetZone, line: object): boolean {
    return this.#lines.note(subject, zone.name, ({ zones, times }) =>
      this.#parts.log.warn({ op: 'request', dir: 'in', ...line, zones, times }, 'peer refused'),
    )
  }
}

function isOfPeers({ question: { type }, flags }: RequestMessage): boolean {
  if (opcodeOf(flags) === OPCODE.NOTIFY) return type === TYPE.SOA
  return type === TYPE.SOA || type === TYPE.AXFR || type === TYPE.IXFR
}

/** The key of nodes of the zone that verifies the signature of the message; undefined when none does. */
function provedKey(zone: FleetZone, message: RequestMessage, octets: Buffer, nowSeconds: number): TsigKey | undefined {
  const { tsig } = message
  if (tsig === undefined || opcodeOf(message.flags) === OPCODE.NOTIFY) return undefined
  const keys: TsigKey[] = []
  for (const key of nodesClaimed(zone, tsig.keyName).flatMap(keysOf)) if (!keys.some((other) => other.equals(key))) keys.push(key)
  return keys.find((key) => verifyRequest(octets, tsig, () => key, nowSeconds).kind === 'verified')
}

const nodesClaimed = ({ nodes }: FleetZone, keyName: Buffer): FleetNode[] =>
  nodes.filter((node) => keysOf(node).some((key) => key.wireName.equals(keyName)))

const listed = (nodes: readonly FleetNode[]): string => {
  const named = nodes.slice(0, NAMED).map(({ id }) => id)
  return `${named.join(', ')}${nodes.length > NAMED ? ` and ${nodes.length - NAMED} more nodes` : ''}`
}

function whyRefused(zone: ZoneName, ip: string, nodes: readonly FleetNode[], key: TsigKey | undefined): string {
  const [node] = nodes
  if (node === undefined)
    return key === undefined
      ? `a request for ${zone} came from ${ip}, which is the address of no node of the zone`
      : `a request for ${zone} came from ${ip} with a key of no node of the zone`
  if (nodes.length > 1)
    return `a request for ${zone} came from ${ip} with the key of ${listed(nodes)}, and none of them is at ${ip}: add ${ip} to the paths of the node that it belongs to`
  const { id, paths } = node
  return `a request for ${zone} with the key of ${id} came from ${ip}, and ${id} is at ${paths.map(({ address }) => address.ip).join(', ')}: make it query from there, or add ${ip} to its paths`
}

function whyUnproved(zone: FleetZone, ip: string, { flags, tsig }: RequestMessage): string {
  if (opcodeOf(flags) === OPCODE.NOTIFY)
    return `a NOTIFY for ${zone.name} came from ${ip}, which is the address of no primary of the zone`
  const claimed = tsig === undefined ? [] : nodesClaimed(zone, tsig.keyName)
  if (claimed.length > 0)
    return `a request for ${zone.name} from ${ip} claims the key of ${listed(claimed)}, but its signature does not verify: it may be forged`
  return tsig === undefined
    ? `a request for ${zone.name} came from ${ip}, which is the address of no node of the zone`
    : `a request for ${zone.name} came from ${ip} with a key of no node of the zone`
}
