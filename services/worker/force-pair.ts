/**
 * Forces one zone on one node: the order over the control channel, then the evidence. Only the node's own answers confirm it: its
 * SOA after the new transfer, and the content.
 */
import type { ControlResult, ForceOutcome } from '../../lib/control/control.js'
import { byHand } from '../../lib/control/by-hand.js'
import type { NodeControls } from '../../lib/control/node-controls.js'
import { compareSerials, type Serial } from '../../lib/dns/serial.js'
import { describeError } from '../../lib/errors.js'
import type { FleetNode, FleetZone } from '../../lib/fleet/fleet.js'
import { doubtIn, nodeCell, noteProof } from '../../lib/observe/node-cells.js'
import type { NodeObserver } from '../../lib/observe/node-observer.js'
import type { Clock } from '../../lib/runtime/clock.js'
import { sleep } from '../../lib/runtime/clock.js'
import type { Logger } from '../../lib/runtime/logger.js'
import type { Metrics } from '../../lib/runtime/metrics.js'
import type { Board } from '../../lib/state/board.js'
import type { SignalBus } from '../../lib/state/signals.js'
import type { ForceCell } from '../../lib/state/force-cell.js'
import type { Version } from '../../lib/store/version.js'
import type { ZoneStore } from '../../lib/store/zone-store.js'
import type { Spare } from './force-spare.js'

/** Compares the content of a node with a version. Returns the faults in sentences; none: the same, as far as it can be known. */
export type VerifyPair = (zone: FleetZone, node: FleetNode, version: Version) => Promise<string[]>

export interface ForcePairParts {
  board: Board
  bus: Pick<SignalBus, 'on'>
  store: Pick<ZoneStore, 'zone' | 'releasedTo'>
  observer: Pick<NodeObserver, 'observe'>
  controls: Pick<NodeControls, 'of'>
  verify: VerifyPair
  clock: Clock
  log: Logger
  metrics: Metrics
  /** Shortens the wait of tests. */
  serveMs?: number
}

export interface ForceOrder {
  /** The name of the caller, or `unstick`. */
  by: string
  reason: string | undefined
  /** A failure leaves the version to an operator. */
  isLast?: boolean
  /** Asked when the force is written as running, in one step with that: of two last nodes, the second sees the first. */
  spare?: () => Spare
}

export type ForceResult =
  | { kind: 'confirmed'; serial: Serial }
  /** `isLost`: the node does not serve the zone any more. */
  | { kind: 'failed'; error: string; serial: Serial | undefined; isLost: boolean }

/** It was not begun. */
export interface NotSpared {
  kind: 'not-spared'
  spare: Exclude<Spare, 'spared'>
}

/** Longest wait for a transfer, and for each MiB of the version. */
const TRANSFER_MS = 60_000
const TRANSFER_MS_PER_MIB = 2_000
/** A node serves a version this long after its transfer: NSD may wait for its reload. */
const SERVE_MS = 30_000
/**
 * The serial does not show when a node serves the content that it transferred under the same serial: NSD reloads a second later by
 * default. A fault counts when it is still there after these waits.
 */
const VERIFY_AGAIN_MS = [1_000, 3_000, 8_000] as const
const FIRST_ASK_MS = 20
const MOST_ASK_MS = 1_000

/** Never throws. Writes the outcome to the board, the log and the metrics. */
export async function forcePair(
  zone: FleetZone,
  node: FleetNode,
  order: ForceOrder,
  parts: ForcePairParts,
): Promise<ForceResult | NotSpared> {
  const { board, clock, log, metrics, controls, store } = parts
  const version = store.zone(zone.name).releasedTo(node.id)
  const control = controls.of(node)
  if (version === undefined) return failed(parts, zone, node, 'there is no released version')
  if (control === undefined) return failed(parts, zone, node, byHand(node.id, node.kind, zone.name))
  const facts = { op: 'force', zone: zone.name, node: node.id, serial: version.serial, by: order.by, reason: order.reason }
  const note = (cell: Pick<ForceCell, 'outcome' | 'error' | 'needsOperator'>): void =>
    board.set('forces', `${zone.name} ${node.id}`, {
      at: clock.now(),
      serial: version.serial,
      digest: version.digest,
      by: order.by,
      ...cell,
    })
  const spare = order.spare?.() ?? 'spared'
  if (spare !== 'spared') return { kind: 'not-spared', spare }
  note({ outcome: 'running' })
  log.info({ ...facts, channel: control.channel }, 'node ordered to transfer')
  const result = await carryOut(zone, node, version, () => control.forceTransfer(zone.name), parts).catch((error) =>
    failed(parts, zone, node, describeError(error)),
  )
  metrics.forces.inc({ by: order.by === 'unstick' ? 'unstick' : 'operator', outcome: result.kind })
  if (result.kind === 'confirmed') {
    note({ outcome: 'confirmed' })
    log.info(facts, 'node confirmed after force')
  } else {
    note({ outcome: 'failed', error: result.error, ...(order.isLast === true ? { needsOperator: true } : {}) })
    log.warn({ ...facts, err: result.error }, 'force failed')
  }
  return result
}

const failed = ({ board }: ForcePairParts, zone: FleetZone, node: FleetNode, error: string): ForceResult => {
  const { serial, lostAt } = nodeCell(board, zone.name, node.id)
  return { kind: 'failed', error, serial, isLost: lostAt !== undefined }
}

async function carryOut(
  zone: FleetZone,
  node: FleetNode,
  version: Version,
  order: () => Promise<ControlResult<ForceOutcome>>,
  parts: ForcePairParts,
): Promise<ForceResult> {
  const delivery = new DeliveryWatch(zone, node, parts)
  try {
    const ordered = await order()
    if (ordered.kind !== 'ok') return failed(parts, zone, node, ordered.error)
    const patienceMs = TRANSFER_MS + (version.octets / 2 ** 20) * TRANSFER_MS_PER_MIB
    if (!(await delivery.arrives(patienceMs)))
      return failed(
        parts,
        zone,
        node,
        `${node.id} accepted the order and did not transfer ${zone.name} from a hub within ${Math.round(patienceMs / 1000)} s: its control channel may be that of another server, or its primaries may be others; see the log of ${node.id}`,
      )
    return await confirm(zone, node, parts)
  } finally {
    delivery.end()
  }
}

/** Reports of hubs that they sent all records to the node after the order. */
class DeliveryWatch {
  readonly #parts: ForcePairParts
  readonly #zone: FleetZone
  readonly #node: FleetNode
  readonly #before: number | undefined
  readonly #unlisten: () => void
  #hasCome = false

  constructor(zone: FleetZone, node: FleetNode, parts: ForcePairParts) {
    this.#parts = parts
    this.#zone = zone
    this.#node = node
    this.#before = nodeCell(parts.board, zone.name, node.id).taken?.at
    this.#unlisten = parts.bus.on('taken', ({ zone: name, nodes, digest }) => {
      if (name === zone.name && digest !== undefined && nodes.includes(node.id)) this.#hasCome = true
    })
  }

  /** A signal may be lost; the board has it then. */
  async arrives(ms: number): Promise<boolean> {
    const until = performance.now() + ms
    for (let waitMs = FIRST_ASK_MS; ; waitMs = Math.min(MOST_ASK_MS, waitMs * 1.5)) {
      const { taken } = nodeCell(this.#parts.board, this.#zone.name, this.#node.id)
      if (this.#hasCome || taken?.at !== this.#before) return true
      if (performance.now() > until) return false
      await sleep(waitMs)
    }
  }

  end(): void {
    this.#unlisten()
  }
}

async function confirm(zone: FleetZone, node: FleetNode, parts: ForcePairParts): Promise<ForceResult> {
  const { board, clock, observer, store, verify, serveMs = SERVE_MS } = parts
  const until = performance.now() + serveMs
  for (let waitMs = FIRST_ASK_MS; ; waitMs = Math.min(MOST_ASK_MS, waitMs * 1.5)) {
    const serial = await observer.observe(node, zone, false)
    // A newer version may have been released meanwhile.
    const version = store.zone(zone.name).releasedTo(node.id)
    if (version === undefined) return failed(parts, zone, node, 'there is no released version')
    if (serial === version.serial) {
      const faults = await lastingFaults(() => verify(zone, node, version))
      if (faults.length > 0)
        return failed(
          parts,
          zone,
          node,
          `${node.id} transferred ${zone.name} and serves other content than version ${version.serial}: ${faults[0]}`,
        )
      noteProof(board, zone.name, node.id, version, clock.now())
      const doubt = doubtIn(nodeCell(board, zone.name, node.id), node.id, version)
      return doubt === undefined ? { kind: 'confirmed', serial } : failed(parts, zone, node, doubt)
    }
    if (performance.now() > until) return failed(parts, zone, node, shown(node, zone, version, serial))
    await sleep(waitMs)
  }
}

async function lastingFaults(verify: () => Promise<string[]>): Promise<string[]> {
  for (const waitMs of VERIFY_AGAIN_MS) {
    if ((await verify()).length === 0) return []
    await sleep(waitMs)
  }
  return await verify()
}

function shown({ id }: FleetNode, { name }: FleetZone, version: Version, serial: Serial | undefined): string {
  const now = serial === undefined ? `does not answer for ${name}` : `answers with serial ${serial}`
  const isNewer = serial !== undefined && compareSerials(serial, version.serial) === 'newer'
  const todo = isNewer ? `check that ${id} transfers from this hub only` : `see the log of ${id}`
  return `${id} transferred version ${version.serial} and ${now}: ${todo}`
}
