/** A resync job: brings nodes to the released version again, and reports the progress of each target. */
import { WorkerError } from './errors.js'
import { guard } from '../../lib/runtime/guard.js'
import type { ZoneName } from '../../lib/dns/name.js'
import { describeError } from '../../lib/errors.js'
import { forceLine } from '../../lib/control/by-hand.js'
import type { Fleet, FleetNode, FleetZone } from '../../lib/fleet/fleet.js'
import { contentIn, doubtIn, nodeCell } from '../../lib/observe/node-cells.js'
import { forceTargets, type ForceTargetsParts } from './force-targets.js'
import type { NodeObserver } from '../../lib/observe/node-observer.js'
import type { DeliveryOutcome } from '../../lib/push/delivery-parts.js'
import type { PushFleet } from '../../lib/push/push-fleet.js'
import type { RefreshJob, ResyncJob, ResyncProgress, TargetProgress } from '../../lib/queue/jobs.js'
import type { ZoneStore } from '../../lib/store/zone-store.js'
import type { Board } from '../../lib/state/board.js'
import type { NodeCell } from '../../lib/state/tables.js'
import type { Version } from '../../lib/store/version.js'
import { sleep } from '../../lib/runtime/clock.js'

export interface ResyncParts extends Omit<ForceTargetsParts, 'isDrained' | 'store'> {
  board: Board
  store: ZoneStore
  push: Pick<PushFleet, 'deliver' | 'isDrained'>
  observer: Pick<NodeObserver, 'isDown' | 'observe'>
  refresh: (job: RefreshJob) => Promise<unknown>
  /** Compares the content of a node that a retransfer reached. */
  verifySoon: (zone: ZoneName, node: string) => void
  /** This worker owns the zone; the targets of other zones wait. */
  owns: (zone: string) => boolean
}

/** Least time between reports of progress; the last one is always written. */
const REPORT_MS = 150
/** A report has all targets: the interval grows with them. */
const REPORT_MS_PER_TARGET = 1
/** Targets that are worked on at once. */
const AT_ONCE = 1_024
/** An order for more targets does not wait for nodes that are down. */
const MOST_PATIENT = 100
const DOWN_EVERY_MS = 1_000
/** Bad answers count from the third on. */
const PROOF_MS = 20_000

export async function runResync(
  job: ResyncJob,
  fleet: () => Fleet,
  parts: ResyncParts,
  report: (progress: ResyncProgress) => Promise<void>,
): Promise<ResyncProgress> {
  const targets: TargetProgress[] = job.targets.map(({ zone, node }) => ({
    zone,
    node,
    step: 'waiting',
    serial: undefined,
    error: undefined,
  }))
  const progress = (): ResyncProgress => progressOf(targets)
  const timer = setInterval(
    guard('progress timer', () => void report(progress()).catch(() => undefined)),
    Math.max(REPORT_MS, targets.length * REPORT_MS_PER_TARGET),
  )
  try {
    if (job.strength === 'force') {
      await forceTargets(job, targets, fleet, { ...parts, isDrained: (node) => parts.push.isDrained(node) })
      await report(progress())
      expectNoneFailed(progress())
      return progress()
    }
    const refused = job.strength === 'notify' ? new Map<ZoneName, string>() : await refreshFirst(job, targets, parts)
    let next = 0
    const bringUpSome = async (): Promise<void> => {
      for (let target = targets[next++]; target; target = targets[next++]) {
        await bringUp(target, job, fleet(), parts, refused.get(target.zone))
        if (job.strength === 'retransfer') parts.verifySoon(target.zone, target.node)
      }
    }
    await Promise.all(Array.from({ length: Math.min(AT_ONCE, targets.length) }, bringUpSome))
  } finally {
    clearInterval(timer)
  }
  await report(progress())
  expectNoneFailed(progress())
  return progress()
}

export const isWell = ({ step }: TargetProgress): boolean => step === 'confirmed' || step === 'same'
export const isFailed = ({ step }: TargetProgress): boolean => step === 'failed' || step === 'differs' || step === 'cannot'

/** Counts the targets of one slice. */
export const progressOf = (targets: readonly TargetProgress[]): ResyncProgress => ({
  total: targets.length,
  confirmed: targets.filter(isWell).length,
  failed: targets.filter(isFailed).length,
  targets: [...targets],
})

/** Throws WorkerError WORKER_RESYNC_FAILED. */
export function expectNoneFailed({ failed, total, targets }: ResyncProgress): void {
  if (failed === 0) return
  throw new WorkerError(
    { code: 'WORKER_RESYNC_FAILED', failed, total },
    targets
      .filter(isFailed)
      .map(({ zone, node, error }) => `${zone} on ${node}: ${error}`)
      .slice(0, 10)
      .join('; '),
  )
}

/** Zones whose primaries could not be queried, with the reasons. */
async function refreshFirst(job: ResyncJob, targets: TargetProgress[], { refresh }: ResyncParts): Promise<Map<ZoneName, string>> {
  const refused = new Map<ZoneName, string>()
  const strength = job.strength === 'retransfer' ? 'retransfer' : 'refresh'
  const zones = [...new Set(targets.map(({ zone }) => zone))]
  for (const target of targets) target.step = 'refreshing'
  await Promise.all(
    zones.map(async (zone) => {
      try {
        await refresh({ zone, strength, askFirst: true, reason: 'resync', seen: undefined })
      } catch (error) {
        refused.set(zone, describeError(error))
      }
    }),
  )
  return refused
}

async function bringUp(
  target: TargetProgress,
  job: ResyncJob,
  fleet: Fleet,
  parts: ResyncParts,
  refused: string | undefined,
): Promise<void> {
  const fail = (error: string): void => {
    target.step = 'failed'
    target.error = error
  }
  const { board, push } = parts
  const zone = fleet.zones.get(target.zone)
  const node = fleet.nodes.get(target.node)
  if (!zone && !parts.owns(target.zone)) {
    target.step = 'waiting'
    return
  }
  if (!zone || !node) return fail('no longer in the config')
  if (refused !== undefined) return fail(refused)
  if (push.isDrained(node.id)) return fail('the node is drained; undrain it first')
  target.step = 'notified'
  const outcome = await (job.targets.length > MOST_PATIENT ? deliverUnlessDown(zone, node, parts) : push.deliver(zone, node))
  if (outcome === 'down') return fail('the node does not answer; it is brought up to date when it does')
  const version = parts.store.zone(zone.name).releasedToAll([node.id])
  const cell = await provedCell(board, zone.name, node.id, version)
  target.serial = cell.serial
  const doubt = version && doubtIn(cell, node.id, version)
  if (doubt !== undefined) fail(doubt)
  else if (outcome === 'confirmed') {
    // A serial that the node had before proves nothing: the operator doubts the content.
    const fault = job.strength === 'retransfer' && version && (await contentFault(zone, node, version, parts))
    if (typeof fault === 'string') fail(fault)
    else target.step = 'confirmed'
  } else
    fail(
      cell.error ??
        cell.push?.notifyError ??
        (outcome === 'superseded' ? 'there is no released version' : 'the node did not transfer the version'),
    )
}

async function deliverUnlessDown(
  zone: FleetZone,
  node: FleetNode,
  { push, observer }: Pick<ResyncParts, 'push' | 'observer'>,
): Promise<DeliveryOutcome | 'down'> {
  if (observer.isDown(node.id)) return 'down'
  let isOver = false
  const delivered = push.deliver(zone, node).finally(() => {
    isOver = true
  })
  const untilDown = async (): Promise<'down'> => {
    while (!isOver && !observer.isDown(node.id)) await sleep(DOWN_EVERY_MS)
    return 'down'
  }
  return await Promise.race([delivered, untilDown()])
}

/** A sentence; undefined when the content of the node is the same, as far as the hub can know. */
async function contentFault(
  zone: FleetZone,
  node: FleetNode,
  version: Version,
  { verify, log }: ResyncParts,
): Promise<string | undefined> {
  try {
    const [fault] = await verify(zone, node, version)
    if (fault === undefined) return undefined
    const how =
      node.control === undefined
        ? `run "${forceLine(node.kind ?? 'nsd', zone.name)}" on ${node.id}${node.kind === undefined ? ', or the command of its server' : ''}`
        : `order it with --strength force`
    return `${node.id} shows serial ${version.serial} and serves other content: ${fault} (${how})`
  } catch (error) {
    log.warn({ zone: zone.name, op: 'resync', node: node.id, err: describeError(error) }, 'node not compared')
    return undefined
  }
}

/** Waits for the proof that a node has the content of the serial that it already showed, after the version was sent to it. */
async function provedCell(board: Board, zone: ZoneName, node: string, version: Version | undefined): Promise<NodeCell> {
  const until = performance.now() + PROOF_MS
  for (;;) {
    const cell = nodeCell(board, zone, node)
    const isOpen = version !== undefined && cell.serial === version.serial && contentIn(cell, version) === 'unproved'
    if (!isOpen || performance.now() > until) return cell
    await sleep(200)
  }
}
