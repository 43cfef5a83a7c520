/**
 * Forces the targets of an order, node by node: `unstick.atOnce` nodes of one cloud at once and never all of them, one cloud after the
 * other, unless the order is for all nodes at the same time.
 */
import { byHand } from '../../lib/control/by-hand.js'
import type { Fleet, FleetNode, FleetZone } from '../../lib/fleet/fleet.js'
import type { ResyncJob, TargetProgress } from '../../lib/queue/jobs.js'
import { sleep } from '../../lib/runtime/clock.js'
import type { ForcePermits, Permit } from '../../lib/state/force-permits.js'
import { nodeCell } from '../../lib/observe/node-cells.js'
import { pairKey } from '../../lib/state/tables.js'
import { type ForceOrder, type ForcePairParts, forcePair } from './force-pair.js'
import { isInService, lastOf, mostAtOnce, spareOf } from './force-spare.js'

export interface ForceTargetsParts extends ForcePairParts {
  permits: Pick<ForcePermits, 'take'>
  /** A reload changes it. */
  unstick: { atOnce: number }
  isDrained: (node: string) => boolean
  owns: (zone: string) => boolean
  /** Shortens the waits of tests. */
  waitMs?: number
}

/** Zones of one node whose transfers are under way at once. */
const ZONES_AT_ONCE = 8
const WAIT_MS = 300
/** Another order may force thousands of zones first. */
const MOST_WAIT_MS = 3_600_000

/** Sets the steps of the targets. Never throws. `fleet`: as the last reload left it; an order may take hours. */
export async function forceTargets(
  job: ResyncJob,
  targets: TargetProgress[],
  fleet: () => Fleet,
  parts: ForceTargetsParts,
): Promise<void> {
  const clouds = new Map<string, Map<string, TargetProgress[]>>()
  /** Zones that a node lost by the order, with its name: other nodes keep what they serve. */
  const lost = new Map<string, string>()
  for (const target of targets) {
    const node = ready(target, fleet(), parts)?.node
    if (node === undefined || isSettled(target, job, lost, parts)) continue
    const nodes = clouds.get(node.cloud) ?? new Map<string, TargetProgress[]>()
    const own = nodes.get(node.id) ?? []
    own.push(target)
    nodes.set(node.id, own)
    clouds.set(node.cloud, nodes)
  }
  const run = (node: string, own: TargetProgress[]): Promise<TargetProgress[]> => forceNode(job, node, own, lost, fleet, parts)
  if (job.allAtOnce === true) {
    await Promise.all([...clouds.values()].flatMap((nodes) => [...nodes].map(([node, own]) => run(node, own))))
    return
  }
  for (const [cloud, nodes] of clouds) {
    const waiting = [...nodes].map(([node, own]) => ({ node, own, busySince: undefined as number | undefined }))
    const lane = async (): Promise<void> => {
      for (let next = waiting.shift(); next; next = waiting.shift()) {
        const busySince = next.busySince ?? performance.now()
        const own = await run(next.node, next.own)
        if (own.length === 0) continue
        if (performance.now() - busySince > MOST_WAIT_MS) failAsLast(own, fleet(), parts)
        else waiting.push({ node: next.node, own, busySince })
        await sleep(parts.waitMs ?? WAIT_MS)
      }
    }
    await Promise.all(
      Array.from({ length: mostAtOnce(fleet(), cloud, parts.unstick.atOnce, (node) => isInService(parts, node)) }, lane),
    )
  }
}

/** Zone and node of a target that can be forced now; otherwise the target has failed, or waits for the worker that owns its zone. */
function ready(target: TargetProgress, fleet: Fleet, parts: ForceTargetsParts): { zone: FleetZone; node: FleetNode } | undefined {
  const zone = fleet.zones.get(target.zone)
  const node = fleet.nodes.get(target.node)
  if (!zone && !parts.owns(target.zone)) return undefined
  const fail = (error: string): undefined => void Object.assign(target, { step: 'failed', error })
  if (!zone || !node) return fail('no longer in the config')
  if (parts.isDrained(node.id)) return fail('the node is drained; undrain it first')
  if (node.control === undefined) return fail(byHand(node.id, node.kind, zone.name))
  return { zone, node }
}

interface HeldPermit {
  permit: Permit
  cloud: string
}

/** Returns the targets that are busy: their turn comes again, and meanwhile the node has no permit. */
async function forceNode(
  job: ResyncJob,
  node: string,
  targets: readonly TargetProgress[],
  lost: Map<string, string>,
  fleet: () => Fleet,
  parts: ForceTargetsParts,
): Promise<TargetProgress[]> {
  if (targets.every((target) => isBusy(target, job, fleet(), parts))) return [...targets]
  const busy: TargetProgress[] = []
  const take = (): Promise<HeldPermit | undefined> => permitFor(job, node, targets, fleet, parts)
  let held = take()
  const running = new Set<Promise<void>>()
  /**
   * All lanes share a permit. A lost one is replaced, because by now another worker may force a node of the cloud, and so is that of
   * a node which a reload moved to another cloud.
   */
  const isAllowed = async (): Promise<boolean> => {
    const known = held
    const now = await known
    if (now === undefined) return false
    const cloud = fleet().nodes.get(node)?.cloud ?? now.cloud
    if (!now.permit.isLost && cloud === now.cloud) return true
    if (held === known)
      held = Promise.all(running)
        .then(() => now.permit.giveBack())
        .then(take)
    return isAllowed()
  }
  const order: ForceOrder = { by: job.by, reason: job.reason }
  let next = 0
  const lane = async (): Promise<void> => {
    while (next < targets.length && (await isAllowed())) {
      const target = targets[next++]
      if (target?.step !== 'waiting') continue
      const forcing = forceTarget(target, order, job, lost, fleet, parts).then((hadTurn) => {
        if (!hadTurn) busy.push(target)
      })
      running.add(forcing)
      await forcing.finally(() => running.delete(forcing))
    }
  }
  try {
    await Promise.all(Array.from({ length: Math.min(ZONES_AT_ONCE, targets.length) }, lane))
  } finally {
    await (await held)?.permit.giveBack()
  }
  for (const target of targets.slice(next))
    if (target.step === 'waiting' && ready(target, fleet(), parts) !== undefined)
      Object.assign(target, { step: 'failed', error: 'other orders force nodes, or redis is away: order it again later' })
  return busy
}

/** Undefined when no target is left that can be forced, too. */
async function permitFor(
  job: ResyncJob,
  id: string,
  targets: readonly TargetProgress[],
  fleet: () => Fleet,
  parts: ForceTargetsParts,
): Promise<HeldPermit | undefined> {
  const acrossClouds = job.allAtOnce === true
  const until = performance.now() + MOST_WAIT_MS
  while (performance.now() < until) {
    const now = fleet()
    // Each target that cannot be forced any more fails here, with its reason.
    const able = targets.filter(({ step }) => step === 'waiting').flatMap((target) => ready(target, now, parts) ?? [])
    const cloud = able[0]?.node.cloud
    if (cloud === undefined) return undefined
    const most = acrossClouds ? now.nodes.size : mostAtOnce(now, cloud, parts.unstick.atOnce, (node) => isInService(parts, node))
    const permit = await parts.permits.take({ node: id, cloud, cloudNow: () => fleet().nodes.get(id)?.cloud, most, acrossClouds })
    if (permit !== undefined) return { permit, cloud }
    await sleep(parts.waitMs ?? WAIT_MS)
  }
  return undefined
}

/**
 * Ends the target when the node was forced to this version since the order was given: by the run of the job that a restart cut off,
 * or by another part of the order.
 */
function isSettled(target: TargetProgress, { at, by }: ResyncJob, lost: Map<string, string>, parts: ForceTargetsParts): boolean {
  const { board, store } = parts
  const known = at === undefined ? undefined : board.get('forces', pairKey(target.zone, target.node))
  if (known === undefined || known.outcome === 'running' || known.by !== by || known.at < at!) return false
  const version = store.releasedTo(target.zone, target.node)
  if (known.serial !== version?.serial || known.digest !== version.digest) return false
  const { serial, lostAt } = nodeCell(board, target.zone, target.node)
  if (lostAt !== undefined) lost.set(target.zone, target.node)
  const isConfirmed = known.outcome === 'confirmed'
  Object.assign(target, { step: isConfirmed ? 'confirmed' : 'failed', serial, error: isConfirmed ? undefined : known.error })
  return true
}

/** Another node is forced for the zone. */
function isBusy(target: TargetProgress, job: ResyncJob, fleet: Fleet, parts: ForceTargetsParts): boolean {
  const able = ready(target, fleet, parts)
  return able !== undefined && job.allAtOnce !== true && spareOf(able.zone, able.node, parts, job.named === true) === 'busy'
}

function failAsLast(targets: readonly TargetProgress[], fleet: Fleet, parts: ForceTargetsParts): void {
  for (const target of targets) {
    const able = ready(target, fleet, parts)
    if (able !== undefined) Object.assign(target, { step: 'failed', error: lastOf(able.node, able.zone) })
  }
}

/** Ends the target when another node lost its zone. */
function isLostElsewhere(target: TargetProgress, lost: ReadonlyMap<string, string>): boolean {
  const loser = lost.get(target.zone)
  if (loser === undefined) return false
  Object.assign(target, { step: 'failed', error: `not forced: ${loser} lost the zone when it was forced; fix ${loser} first` })
  return true
}

/** False while another node is forced for the zone: the target waits. */
async function forceTarget(
  target: TargetProgress,
  order: ForceOrder,
  { allAtOnce, named }: ResyncJob,
  lost: Map<string, string>,
  fleet: () => Fleet,
  parts: ForceTargetsParts,
): Promise<boolean> {
  if (isLostElsewhere(target, lost)) return true
  const able = ready(target, fleet(), parts)
  if (able === undefined) return true
  const { zone, node } = able
  const spare = allAtOnce === true ? undefined : () => spareOf(zone, node, parts, named === true)
  target.step = 'forced'
  const result = await forcePair(zone, node, { ...order, ...(spare && { spare }) }, parts)
  if (result.kind === 'not-spared') {
    target.step = 'waiting'
    if (result.spare === 'last') failAsLast([target], fleet(), parts)
    return result.spare === 'last'
  }
  target.serial = result.serial
  if (result.kind === 'confirmed') target.step = 'confirmed'
  else {
    if (result.isLost) lost.set(target.zone, node.id)
    Object.assign(target, { step: 'failed', error: result.error })
  }
  return true
}
