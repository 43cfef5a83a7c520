/**
 * Gets nodes with a control channel going again: a node that stays behind, serves no answer for a zone, or has other content is forced
 * once for each version, within the budget of its cloud. A second fault with the same version is left to an operator.
 */
import { type Serial, compareSerials } from '../../lib/dns/serial.js'
import type { ZoneName } from '../../lib/dns/name.js'
import type { Fleet, FleetNode, FleetZone } from '../../lib/fleet/fleet.js'
import { doubtedAt } from '../../lib/fleet/node-content.js'
import { forceLine } from '../../lib/control/by-hand.js'
import { contentIn, nodeCell } from '../../lib/observe/node-cells.js'
import { guard, reportFault } from '../../lib/runtime/guard.js'
import { pause } from '../../lib/runtime/turns.js'
import type { ForcePermits } from '../../lib/state/force-permits.js'
import type { ForceCell } from '../../lib/state/force-cell.js'
import { pairKey, type NodeCell, splitPair } from '../../lib/state/tables.js'
import type { Version } from '../../lib/store/version.js'
import { type ForcePairParts, forcePair } from './force-pair.js'
import { DOUBTED, isInService, isUnderWay, lastOf, mostAtOnce, type Spare, spareOf } from './force-spare.js'

export interface UnstickParts extends ForcePairParts {
  permits: Pick<ForcePermits, 'take' | 'claimOnce' | 'giveClaimBack'>
  /** `afterMs` 0: never. A reload changes it. */
  unstick: { afterMs: number; atOnce: number }
  isDrained: (node: string) => boolean
}

const TICK_MS = 5_000
/** Shorter waits of `unstick.after` are looked after in time. */
const TICKS_PER_WAIT = 4
const LEAST_TICK_MS = 250
/**
 * Time since which the node has the fault; undefined while there is none, or while its answers are not known. `wanted`: the version
 * that it should serve · `releases`: the times at which versions were released to it, with their serials, oldest first.
 */
export function faultSince(
  cell: NodeCell,
  wanted: Pick<Version, 'serial' | 'digest'> & Partial<Pick<Version, 'isTorn'>>,
  releases: readonly { serial: Serial; at: number }[],
): number | undefined {
  const { serial, since, lostAt, missed } = cell
  if (lostAt !== undefined) return lostAt
  if (serial === undefined || missed > 0) return undefined
  if (serial === wanted.serial) {
    if (!DOUBTED.has(contentIn(cell, wanted))) return undefined
    return doubtedAt(cell, wanted) ?? since
  }
  if (compareSerials(wanted.serial, serial) !== 'newer') return undefined
  const missing = releases.find((release) => compareSerials(release.serial, serial) === 'newer')
  return Math.max(since, missing?.at ?? since)
}

export class Unsticker {
  readonly #parts: UnstickParts
  #fleet: Fleet
  /** Pairs with a fault, as their keys, by node. */
  readonly #suspects = new Map<string, Set<string>>()
  /** When a force of the node began last: the others have their turn first. */
  readonly #begunAt = new Map<string, number>()
  /** When a force of the node failed last: it waits before its next zone. */
  readonly #failedAt = new Map<string, number>()
  readonly #running = new Set<string>()
  #timer: NodeJS.Timeout | undefined
  #unlisten: () => void = () => undefined
  #isStopped = false

  constructor(fleet: Fleet, parts: UnstickParts) {
    this.#fleet = fleet
    this.#parts = parts
  }

  /** Resolves when the pairs of the board are considered, in slices. */
  async start(): Promise<void> {
    this.#unlisten = this.#parts.board.onChange(
      (change) => {
        if (change.table === 'nodes' && this.#isWatched(change.node)) this.#consider(change.key, change.value)
        else if (change.table === 'verdicts' && this.#isWatched(splitPair(change.key)[1])) this.#considerPair(change.key)
      },
      { tables: ['nodes', 'verdicts'], onlyNews: true },
    )
    this.#arm()
    await this.#considerAll()
  }

  async adopt(fleet: Fleet): Promise<void> {
    this.#fleet = fleet
    for (const times of [this.#begunAt, this.#failedAt])
      for (const node of times.keys()) if (!fleet.nodes.has(node)) times.delete(node)
    await this.#considerAll()
  }

  stop(): void {
    this.#isStopped = true
    clearTimeout(this.#timer)
    this.#unlisten()
  }

  async #considerAll(): Promise<void> {
    for (const [key, cell] of this.#parts.board.entries('nodes')) {
      if (this.#isWatched(splitPair(key)[1])) this.#consider(key, cell)
      await pause()
    }
    // Pairs at rest, in which a verify found other content.
    for (const [key] of this.#parts.board.entries('verdicts')) {
      if (this.#isWatched(splitPair(key)[1])) this.#considerPair(key)
      await pause()
    }
  }

  #considerPair(key: string): void {
    const cell = this.#parts.board.get('nodes', key)
    if (cell !== undefined) this.#consider(key, cell)
  }

  /** Opens no zone at rest. */
  #consider(key: string, cell: NodeCell): void {
    const [zone, node] = splitPair(key)
    if (!this.#fleet.zones.has(zone as ZoneName)) return
    const wanted = this.#parts.store.releasedTo(zone as ZoneName, node)
    const isSuspect = wanted !== undefined && faultSince(cell, wanted, []) !== undefined
    if (!isSuspect) {
      this.#acquit(key, node)
      return
    }
    const keys = this.#suspects.get(node) ?? new Set()
    this.#suspects.set(node, keys.add(key))
  }

  #acquit(key: string, node: string): void {
    const keys = this.#suspects.get(node)
    keys?.delete(key)
    if (keys?.size === 0) this.#suspects.delete(node)
  }

  #isWatched(node: string): boolean {
    return this.#parts.unstick.afterMs > 0 && this.#fleet.nodes.get(node)?.control !== undefined
  }

  #arm(): void {
    const { afterMs } = this.#parts.unstick
    const ms = afterMs > 0 ? Math.max(LEAST_TICK_MS, Math.min(TICK_MS, afterMs / TICKS_PER_WAIT)) : TICK_MS
    this.#timer = setTimeout(
      guard('unstick timer', async () => {
        try {
          await this.#tick()
        } finally {
          if (!this.#isStopped) this.#arm()
        }
      }),
      ms,
    )
    this.#timer.unref()
  }

  /** One pair of each node in turn: a node with many faults keeps no other waiting. */
  async #tick(): Promise<void> {
    const { clock, unstick } = this.#parts
    const begun = ([node]: [string, unknown]): number => this.#begunAt.get(node) ?? 0
    let turns = [...this.#suspects]
      .filter(([node]) => clock.now() - (this.#failedAt.get(node) ?? 0) >= unstick.afterMs)
      .sort((one, other) => begun(one) - begun(other))
      .map(([node, keys]) => ({ node, keys: keys.values() }))
    while (turns.length > 0) {
      const going: typeof turns = []
      for (const turn of turns) {
        if (this.#isStopped || unstick.afterMs === 0) return
        const { value: key } = turn.keys.next()
        if (key !== undefined && (await this.#look(key, turn.node))) going.push(turn)
        await pause()
      }
      turns = going
    }
  }

  /** False when no more of the node can be forced now. */
  async #look(key: string, id: string): Promise<boolean> {
    const { clock, unstick } = this.#parts
    const found = this.#fault(key)
    if (found === undefined) {
      // The next change of its cell brings it back.
      this.#acquit(key, id)
      return true
    }
    const { zone, node, version, since } = found
    if (version === undefined || this.#running.has(key) || clock.now() - since < unstick.afterMs) return true
    return this.#act(key, zone, node, version)
  }

  /** `version` is left out while the fault is too new. */
  #fault(key: string): { zone: FleetZone; node: FleetNode; version?: Version; since: number } | undefined {
    const { board, store, clock, unstick, isDrained } = this.#parts
    const [name, id] = splitPair(key)
    const [zone, node] = [this.#fleet.zones.get(name as ZoneName), this.#fleet.nodes.get(id)]
    if (!zone?.nodes.includes(node!) || node?.control === undefined || isDrained(id)) return undefined
    if (board.get('contacts', id)?.silentSince !== undefined) return undefined
    const cell = nodeCell(board, zone.name, id)
    // A fault is not older than the serial under which it is: most pairs are at rest again before then.
    if (clock.now() - Math.max(cell.since, cell.lostAt ?? 0) < unstick.afterMs) return { zone, node, since: clock.now() }
    const stored = store.zone(zone.name)
    const version = stored.releasedTo(id)
    if (version === undefined) return undefined
    const releases = stored.versions.flatMap(({ serial, releasedAt, releasedTo }) => {
      const at = releasedTo[id] ?? releasedAt
      return at === undefined ? [] : [{ serial, at }]
    })
    const since = faultSince(cell, version, releases)
    return since === undefined ? undefined : { zone, node, version, since }
  }

  /** False when no more of the node can be forced now. */
  async #act(key: string, zone: FleetZone, node: FleetNode, version: Version): Promise<boolean> {
    const { board, permits, unstick, clock } = this.#parts
    const known = board.get('forces', key)
    const isSame = known?.serial === version.serial && known.digest === version.digest
    if (isSame && known.isLast !== true) {
      if (!isUnderWay(known, clock)) this.#leaveToOperator(zone, node, version, known)
      return true
    }
    const spareNow = (): Spare => spareOf(zone, node, this.#parts, true)
    const spare = spareNow()
    if (spare === 'last' && !isSame) this.#callOperator(zone, node, version, { error: lastOf(node, zone), isLast: true })
    if (spare !== 'spared') return spare === 'last'
    const most = mostAtOnce(this.#fleet, node.cloud, unstick.atOnce, (other) => isInService(this.#parts, other))
    const cloudNow = (): string | undefined => this.#fleet.nodes.get(node.id)?.cloud
    const permit = await permits.take({ node: node.id, cloud: node.cloud, cloudNow, most, acrossClouds: false })
    if (permit === undefined) return false
    const claim = await permits.claimOnce(zone.name, node.id, version)
    if (claim !== 'ours') {
      await permit.giveBack()
      // Without an answer a later tick tries again.
      if (claim === 'claimed') this.#leaveToOperator(zone, node, version, undefined)
      return claim === 'claimed'
    }
    this.#running.add(key)
    this.#begunAt.set(node.id, clock.now())
    const order = { by: 'unstick', reason: 'the node does not get on by itself', isLast: true, spare: spareNow }
    forcePair(zone, node, order, this.#parts)
      .then(async (result) => {
        if (result.kind === 'confirmed') return
        // Another force was begun meanwhile: a later tick tries again.
        if (result.kind === 'not-spared') return await permits.giveClaimBack(zone.name, node.id, version)
        this.#failedAt.set(node.id, clock.now())
        this.#report(zone, node, version.serial, result.error)
      })
      .catch((error) => reportFault('unstick', error))
      .finally(() => {
        this.#running.delete(key)
        return permit.giveBack()
      })
    return false
  }

  /** A version that an operator forced counts as well: the second try is never the hub's own. */
  #leaveToOperator(zone: FleetZone, node: FleetNode, version: Version, known: ForceCell | undefined): void {
    if (known?.needsOperator === true) return
    const error =
      known?.outcome === 'failed' && known.error !== undefined
        ? known.error
        : `${node.id} was forced to version ${version.serial} of ${zone.name} before, and has a fault again`
    this.#callOperator(zone, node, version, { error, ...(known === undefined ? {} : { by: known.by }) })
  }

  #callOperator(
    zone: FleetZone,
    node: FleetNode,
    { serial, digest }: Version,
    cell: { error: string; by?: string; isLast?: true },
  ): void {
    const { board, clock } = this.#parts
    const outcome = { outcome: 'failed', needsOperator: true } as const
    board.set('forces', pairKey(zone.name, node.id), { at: clock.now(), serial, digest, by: 'unstick', ...outcome, ...cell })
    this.#report(zone, node, serial, cell.error)
  }

  #report(zone: FleetZone, node: FleetNode, serial: Serial, err: string): void {
    const todo = `see the log of ${node.id}, then run "zonecast resync ${zone.name} --node ${node.id} --strength force --wait", or "${forceLine(node.control!.kind, zone.name)}" there`
    this.#parts.log.error({ op: 'unstick', zone: zone.name, node: node.id, serial, err, todo }, 'node needs an operator')
  }
}
