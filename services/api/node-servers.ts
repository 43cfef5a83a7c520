/**
 * The name server of each node as it reports itself: over its control channel, and in the EDNS options of its answers. Asked when an
 * operator reads the node, kept for a minute, and for a few nodes at once.
 */
import type { ControlResult, ServerStatus } from '../../lib/control/control.js'
import type { NodeControls } from '../../lib/control/node-controls.js'
import type { CapabilitiesAnswer, NodeServerAnswer } from '../../lib/answers/node-answers.js'
import { OPTION } from '../../lib/dns/message.js'
import { TYPE } from '../../lib/dns/rrtype.js'
import { describeError } from '../../lib/errors.js'
import type { Make } from '../../lib/fleet/control-settings.js'
import type { FleetNode, FleetZone } from '../../lib/fleet/fleet.js'
import { asResolver } from '../../lib/fleet/remote.js'
import { XOT_FROM } from '../../lib/render/server-version.js'
import type { Clock } from '../../lib/runtime/clock.js'
import { sleep } from '../../lib/runtime/clock.js'
import { printable } from '../../lib/runtime/printable.js'
import type { Board } from '../../lib/state/board.js'
import type { Querier } from '../../lib/transport/querier.js'
import { time } from './json.js'

export interface NodeServersParts {
  controls: Pick<NodeControls, 'of'>
  querier: Pick<Querier, 'ask'>
  board: Board
  clock: Clock
}

const FRESH_MS = 60_000
/** An answer of the API waits no longer for a server. */
const WAIT_MS = 3_000
/** Nodes that are asked at once. */
const AT_ONCE = 4
/** Zones that are searched for an IXFR. */
const MOST_ZONES = 200
const PATIENCE = { udpMs: 1_000, udpTries: 1, tcpMs: 1_000 }

/** The first version of each make that consumes catalogs (RFC 9432). */
const CATALOG_FROM: Readonly<Record<Make, string>> = { nsd: '4.9', bind: '9.11', knot: '3.0', powerdns: '4.7' }

interface Known {
  at: number
  answer: Promise<NodeServerAnswer>
  settings: FleetNode['control']
}

export class NodeServers {
  readonly #parts: NodeServersParts
  readonly #known = new Map<string, Known>()
  readonly #queue: (() => void)[] = []
  #running = 0

  constructor(parts: NodeServersParts) {
    this.#parts = parts
  }

  /** `zones`: those of the node. The answer has an error while the server has not answered in time. Never throws. */
  async of(node: FleetNode, zones: readonly FleetZone[]): Promise<NodeServerAnswer> {
    const now = this.#parts.clock.now()
    const known = this.#known.get(node.id)
    const isFresh = known !== undefined && now - known.at < FRESH_MS && known.settings === node.control
    const answer = isFresh ? known.answer : this.#inTurn(() => this.#ask(node, zones))
    if (!isFresh) this.#known.set(node.id, { at: now, answer, settings: node.control })
    const late: NodeServerAnswer = { ...blank(node), error: 'the server is being asked; read the node again in some seconds' }
    return await Promise.race([answer, sleep(WAIT_MS).then(() => late)])
  }

  async #inTurn<T>(work: () => Promise<T>): Promise<T> {
    if (this.#running >= AT_ONCE) await new Promise<void>((resolve) => this.#queue.push(resolve))
    this.#running += 1
    try {
      return await work()
    } finally {
      this.#running -= 1
      this.#queue.shift()?.()
    }
  }

  async #ask(node: FleetNode, zones: readonly FleetZone[]): Promise<NodeServerAnswer> {
    const control = this.#parts.controls.of(node)
    const [status, options] = await Promise.all([control?.status(), this.#options(node, zones)])
    const nsid = options?.get(OPTION.NSID)
    const reported = status?.kind === 'ok' ? status.value : undefined
    return {
      ...blank(node),
      channel: control?.channel ?? null,
      version: reported?.version ?? null,
      zones: reported?.zones ?? null,
      checkedAt: time(this.#parts.clock.now()),
      error: errorOf(node, status),
      identity: nsid === undefined || nsid.length === 0 ? null : printable(nsid.toString('latin1')).slice(0, 200),
      capabilities: {
        ixfr: this.#hasTakenIxfr(node, zones),
        expire: options === undefined ? null : options.has(OPTION.EXPIRE),
        nsid: options === undefined ? null : options.has(OPTION.NSID),
        zoneversion: options === undefined ? null : options.has(OPTION.ZONEVERSION),
        catalog: isFrom(reported?.version, node.kind && CATALOG_FROM[node.kind]),
        xot: isFrom(reported?.version, node.kind && XOT_FROM[node.kind]),
      },
    }
  }

  /** The EDNS options in the answer for a zone that the node serves; undefined without an answer. */
  async #options(node: FleetNode, zones: readonly FleetZone[]): Promise<Map<number, Buffer> | undefined> {
    const { board, querier } = this.#parts
    const zone = zones.slice(0, MOST_ZONES).find(({ name }) => board.pairs.at(name, node.id)?.serial !== undefined)
    if (zone === undefined) return undefined
    const question = { name: zone.apex, type: TYPE.SOA, expire: true, zoneVersion: true, nsid: true }
    const answer = await querier.ask(asResolver(node.paths[0]!), question, { patience: PATIENCE }).catch(describeError)
    return typeof answer === 'string' ? undefined : (answer.edns?.options ?? new Map())
  }

  /** True when the last delivery of a zone was an IXFR; null while none was seen. */
  #hasTakenIxfr(node: FleetNode, zones: readonly FleetZone[]): true | null {
    const { board } = this.#parts
    return zones.slice(0, MOST_ZONES).some(({ name }) => board.pairs.at(name, node.id)?.push?.takenBy === 'ixfr') ? true : null
  }
}

const UNKNOWN: CapabilitiesAnswer = { ixfr: null, expire: null, catalog: null, xot: null, nsid: null, zoneversion: null }

const blank = ({ kind }: FleetNode): NodeServerAnswer => ({
  make: kind ?? null,
  channel: null,
  version: null,
  zones: null,
  identity: null,
  checkedAt: null,
  error: null,
  capabilities: UNKNOWN,
})

function errorOf({ id, control }: FleetNode, status: ControlResult<ServerStatus> | undefined): string | null {
  if (control === undefined) return `${id} has no control channel: configure "control" for it`
  return status === undefined || status.kind === 'ok' ? null : status.error
}

/** The version is this one or later; null while it is not known, false for a make that has none. */
export function isFrom(version: string | undefined, first: string | undefined): boolean | null {
  if (version === undefined) return null
  if (first === undefined) return false
  const [own, wanted] = [version, first].map((text) => text.split('.').map((part) => Number.parseInt(part, 10)))
  for (const [i, least] of wanted!.entries()) {
    const part = own![i] ?? 0
    if (part !== least) return part > least
  }
  return true
}
