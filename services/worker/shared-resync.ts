/**
 * A slice of a resync or verify over zones that several workers own: the worker that got the job runs the part of its own zones, and
 * follows jobs in the queues of the other owners. Targets whose zone changes its owner meanwhile are divided again.
 */
import type { JobView, ResyncJob, ResyncProgress, Target, TargetProgress, TargetsJob } from '../../lib/queue/jobs.js'
import type { JobQueues } from '../../lib/queue/queues.js'
import { sleep } from '../../lib/runtime/clock.js'
import { endOf } from './run-order.js'

export interface DivisionParts<J extends TargetsJob = ResyncJob> {
  self: string
  /** Undefined while no worker owns the zone. */
  ownerOf: (zone: string) => string | undefined
  /** Runs targets of this worker's zones. Throws when some fail; the last report has them. */
  runHere: (job: J, report: (progress: ResyncProgress) => Promise<void>) => Promise<unknown>
  /** Queues targets at another worker. Returns the id of the job. */
  queueAt: (worker: string, job: J) => Promise<string>
  find: (worker: string, id: string) => Promise<JobView | undefined>
  /** Removes a part that was followed to its end. */
  remove: (worker: string, id: string) => Promise<void>
  /** The worker runs. */
  isAlive: (worker: string) => boolean
}

const FOLLOW_MS = 250
/** Rounds without an owner or an end, after which a target fails; some 30 seconds. */
const MOST_ROUNDS = 120

const ENDS: ReadonlySet<TargetProgress['step']> = new Set(['confirmed', 'failed', 'same', 'differs', 'cannot'])
const isOpen = ({ step }: TargetProgress): boolean => !ENDS.has(step)

/** Returns the progress of all targets, each confirmed or failed. Never throws but the errors of Redis. */
export async function divideResync<J extends TargetsJob>(
  job: J,
  parts: DivisionParts<J>,
  report: (targets: readonly TargetProgress[]) => Promise<void>,
): Promise<readonly TargetProgress[]> {
  const targets = new Map<string, TargetProgress>(
    job.targets.map(({ zone, node }) => [
      `${zone} ${node}`,
      { zone, node, step: 'waiting', serial: undefined, error: undefined },
    ]),
  )
  const note = async ({ targets: known }: ResyncProgress): Promise<void> => {
    for (const target of known) targets.set(`${target.zone} ${target.node}`, target)
    await report([...targets.values()])
  }
  const open = (): TargetProgress[] => [...targets.values()].filter(isOpen)
  for (let round = 0; round < MOST_ROUNDS && open().length > 0; round++) {
    if (round > 0) await sleep(FOLLOW_MS)
    const byOwner = new Map<string, Target[]>()
    for (const { zone, node } of open()) {
      const owner = parts.ownerOf(zone)
      if (owner === undefined) continue
      const some = byOwner.get(owner) ?? []
      some.push({ zone, node })
      byOwner.set(owner, some)
    }
    await Promise.all(
      [...byOwner].map(async ([owner, some]) => {
        const part = { ...job, targets: some }
        if (owner === parts.self) await parts.runHere(part, note).catch(() => undefined)
        else await follow(await parts.queueAt(owner, part), owner, parts, note)
      }),
    )
  }
  for (const target of open()) Object.assign(target, { step: 'failed', error: 'no worker took the zone' })
  await report([...targets.values()])
  return [...targets.values()]
}

/** Until the job has ended, or its worker. */
async function follow(
  id: string,
  worker: string,
  { find, remove, isAlive }: Pick<DivisionParts, 'find' | 'remove' | 'isAlive'>,
  note: (progress: ResyncProgress) => Promise<void>,
): Promise<void> {
  for (;;) {
    await sleep(FOLLOW_MS)
    const job = await find(worker, id)
    const progress = job?.progress
    if (typeof progress === 'object' && 'targets' in progress) await note(progress)
    if (job !== undefined && job.state !== 'done' && job.state !== 'failed' && isAlive(worker)) continue
    await remove(worker, id)
    return
  }
}

/** Runs one slice of a resync or verify: here, or by all workers that share the zones, each its part. Rejects for errors of Redis. */
export async function runEverywhere<J extends TargetsJob>(
  slice: J,
  queues: JobQueues,
  { runHere, queueAt }: Pick<DivisionParts<J>, 'runHere' | 'queueAt'>,
  note: (targets: readonly TargetProgress[]) => void,
): Promise<readonly TargetProgress[]> {
  const { self, ownerOf, isAlive } = queues.workers?.owners ?? {}
  if (self === undefined || ownerOf === undefined || isAlive === undefined)
    return await endOf(slice.targets, (report) => runHere(slice, report), note)
  const find = (worker: string, id: string): Promise<JobView | undefined> => queues.findPart(worker, id)
  const remove = (worker: string, id: string): Promise<void> => queues.removePart(worker, id)
  return await divideResync(slice, { self, ownerOf, isAlive, runHere, queueAt, find, remove }, async (now) => note(now))
}
