/**
 * Forces the targets of an order, node by node: `unstick.atOnce` nodes of one cloud at once and never all of them, one cloud after the
 * other, unless the order is for all nodes at the same time.
 */
import { byHand } from '../../lib/control/by-hand.js'
import type { Fleet, FleetNode, FleetZone } from '../../lib/fleet/fleet.js'
import type { ResyncJob, TargetProgress } from '../../lib/queue/jobs.js'
import { sleep } from '../../lib/runtime/clock.js'
import type { ForcePermits, Permit } from '../../lib/state/force-permits.js'
import { type ForceOrder, type ForcePairParts, forcePair } from './force-pair.js'

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

/** Nodes of the cloud that may be forced at once: one of several always serves undisturbed. */
export function mostAtOnce(fleet: Fleet, cloud: string, atOnce: number): number {
  const nodes = [...fleet.nodes.values()].filter((node) => node.cloud === cloud).length
  return Math.max(1, Math.min(atOnce, nodes - 1))
}

/** Sets the steps of the targets. Never throws. `fleet`: as the last reload left it; an order may take hours. */
export async function forceTargets(
  job: ResyncJob,
  targets: TargetProgress[],
  fleet: () => Fleet,
  parts: ForceTargetsParts,
): Promise<void> {
  const clouds = new Map<string, Map<string, TargetProgress[]>>()
  for (const target of targets) {
    const node = ready(target, fleet(), parts)?.node
    if (node === undefined) continue
    const nodes = clouds.get(node.cloud) ?? new Map<string, TargetProgress[]>()
    const own = nodes.get(node.id) ?? []
    own.push(target)
    nodes.set(node.id, own)
    clouds.set(node.cloud, nodes)
  }
  /** Zones that a node lost by the order, with its name: other nodes keep what they serve. */
  const lost = new Map<string, string>()
  const run = (node: string, own: TargetProgress[]): Promise<void> => forceNode(job, node, own, lost, fleet, parts)
  if (job.allAtOnce === true) {
    await Promise.all([...clouds.values()].flatMap((nodes) => [...nodes].map(([node, own]) => run(node, own))))
    return
  }
  for (const [cloud, nodes] of clouds) {
    const waiting = [...nodes]
    const lane = async (): Promise<void> => {
      for (let next = waiting.shift(); next; next = waiting.shift()) await run(...next)
    }
    await Promise.all(Array.from({ length: mostAtOnce(fleet(), cloud, parts.unstick.atOnce) }, lane))
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

async function forceNode(
  job: ResyncJob,
  node: string,
  targets: readonly TargetProgress[],
  lost: Map<string, string>,
  fleet: () => Fleet,
  parts: ForceTargetsParts,
): Promise<void> {
  const take = (): Promise<Permit | undefined> => permitFor(job, node, targets, fleet, parts)
  let held = take()
  /** All lanes share a permit. A lost one is replaced: by now another worker may force a node of the cloud. */
  const isAllowed = async (): Promise<boolean> => {
    const known = held
    const permit = await known
    if (permit?.isLost !== true) return permit !== undefined
    if (held === known) {
      void permit.giveBack()
      held = take()
    }
    return isAllowed()
  }
  const order: ForceOrder = { by: job.by, reason: job.reason }
  let next = 0
  const lane = async (): Promise<void> => {
    while (next < targets.length && (await isAllowed())) {
      const target = targets[next++]
      if (target?.step === 'waiting') await forceTarget(target, order, lost, fleet(), parts)
    }
  }
  try {
    await Promise.all(Array.from({ length: Math.min(ZONES_AT_ONCE, targets.length) }, lane))
  } finally {
    await (await held)?.giveBack()
  }
  for (const target of targets.slice(next))
    if (target.step === 'waiting' && ready(target, fleet(), parts) !== undefined)
      Object.assign(target, { step: 'failed', error: 'other orders force nodes, or redis is away: order it again later' })
}

/** Undefined when no target is left that can be forced, too. */
async function permitFor(
  job: ResyncJob,
  id: string,
  targets: readonly TargetProgress[],
  fleet: () => Fleet,
  parts: ForceTargetsParts,
): Promise<Permit | undefined> {
  const acrossClouds = job.allAtOnce === true
  const until = performance.now() + MOST_WAIT_MS
  while (performance.now() < until) {
    const now = fleet()
    // Each target that cannot be forced any more fails here, with its reason.
    const able = targets.filter(({ step }) => step === 'waiting').flatMap((target) => ready(target, now, parts) ?? [])
    const cloud = able[0]?.node.cloud
    if (cloud === undefined) return undefined
    const most = acrossClouds ? now.nodes.size : mostAtOnce(now, cloud, parts.unstick.atOnce)
    const permit = await parts.permits.take({ node: id, cloud, most, acrossClouds })
    if (permit !== undefined) return permit
    await sleep(parts.waitMs ?? WAIT_MS)
  }
  return undefined
}

async function forceTarget(
  target: TargetProgress,
  order: ForceOrder,
  lost: Map<string, string>,
  fleet: Fleet,
  parts: ForceTargetsParts,
): Promise<void> {
  const able = ready(target, fleet, parts)
  if (able === undefined) return
  const { zone, node } = able
  const loser = lost.get(target.zone)
  if (loser !== undefined) {
    const error = `not forced: ${loser} lost the zone when it was forced; fix ${loser} first`
    Object.assign(target, { step: 'failed', error })
    return
  }
  target.step = 'forced'
  const result = await forcePair(zone, node, order, parts)
  target.serial = result.serial
  if (result.kind === 'confirmed') target.step = 'confirmed'
  else {
    if (result.isLost) lost.set(target.zone, node.id)
    Object.assign(target, { step: 'failed', error: result.error })
  }
}
