/**
 * Runs an order over pairs of zone and node, however many it names: they are made into slices of whole zones, of which a few are
 * worked on at once. The order's memory, its job in Redis and its progress do not grow with the pairs.
 */
import { describeError } from '../../lib/errors.js'
import type { Fleet } from '../../lib/fleet/fleet.js'
import { selectPairs } from '../../lib/fleet/pair-selection.js'
import type { ResyncProgress, Target, TargetProgress, TargetsJob } from '../../lib/queue/jobs.js'
import { guard } from '../../lib/runtime/guard.js'
import { pause } from '../../lib/runtime/turns.js'
import { isFailed, isWell } from './resync-processor.js'

/** Pairs of a slice, as far as whole zones allow. */
const PAIRS_PER_SLICE = 2_000
/** Slices that are worked on at once: a node that does not transfer holds up its slice for less than a minute. */
const SLICES_AT_ONCE = 4
/** Targets in the progress. */
const MOST_SHOWN = 1_000
const REPORT_MS = 150
/** A report has up to MOST_SHOWN targets: the interval grows with them. */
const REPORT_MS_PER_TARGET = 1

export interface OrderParts<J extends TargetsJob> {
  /** All zones and nodes of the hub. */
  fleet: Fleet
  /** Works on some targets, and returns where each of them ended. Never rejects for a target. */
  runSlice: (part: J, note: (targets: readonly TargetProgress[]) => void) => Promise<readonly TargetProgress[]>
  report: (progress: ResyncProgress) => Promise<void>
  /** One slice after the other, so that few nodes are touched at once. */
  isCareful: boolean
}

export async function runOrder<J extends TargetsJob>(job: J, parts: OrderParts<J>): Promise<ResyncProgress> {
  const tally = new Tally(await count(job, parts.fleet))
  const slices = slicesOf(job, parts.fleet)
  // A lane that breaks off ends the others: the order may be given again beside them.
  let isStopped = false
  const lane = async (): Promise<void> => {
    for (let next = await slices.next(); next.done !== true && !isStopped; next = await slices.next()) {
      const targets = next.value
      const part = { ...job, targets, select: undefined }
      tally.show(targets, targets.map(waiting))
      const ended = await parts.runSlice(part, (now) => tally.show(targets, now))
      tally.end(targets, ended)
    }
  }
  const report = guard('progress timer', () => void parts.report(tally.progress()).catch(() => undefined))
  const timer = setInterval(report, REPORT_MS + Math.min(tally.total, MOST_SHOWN) * REPORT_MS_PER_TARGET)
  try {
    const stop = async (error: unknown): Promise<never> => {
      isStopped = true
      await slices.return()
      throw error
    }
    const lanes = Array.from({ length: parts.isCareful ? 1 : SLICES_AT_ONCE }, () => lane().catch(stop))
    const failure = (await Promise.allSettled(lanes)).find(({ status }) => status === 'rejected')
    if (failure?.status === 'rejected') throw failure.reason
  } finally {
    clearInterval(timer)
  }
  await parts.report(tally.progress())
  return tally.progress()
}

const waiting = (target: Target): TargetProgress => ({ ...target, step: 'waiting', serial: undefined, error: undefined })

async function count({ select, targets }: TargetsJob, fleet: Fleet): Promise<number> {
  let sum = targets.length
  if (select !== undefined)
    for (const selected of selectPairs(select, fleet)) {
      sum += selected?.nodes.length ?? 0
      await pause()
    }
  return sum
}

/** Every pair of a zone is in one slice, except in a list that is longer than one. */
async function* slicesOf({ select, targets }: TargetsJob, fleet: Fleet): AsyncGenerator<Target[], void> {
  for (let i = 0; i < targets.length; i += PAIRS_PER_SLICE) yield targets.slice(i, i + PAIRS_PER_SLICE)
  if (select === undefined) return
  let slice: Target[] = []
  for (const selected of selectPairs(select, fleet)) {
    await pause()
    if (selected === undefined) continue
    for (const { id } of selected.nodes) slice.push({ zone: selected.zone.name, node: id })
    if (slice.length < PAIRS_PER_SLICE) continue
    yield slice
    slice = []
  }
  if (slice.length > 0) yield slice
}

/** The progress of an order: counts, and the targets that a reader wants to see. */
class Tally {
  total: number
  #confirmed = 0
  #failed = 0
  /** Targets of slices that have ended: those that failed, and others while there are few. */
  readonly #failures: TargetProgress[] = []
  readonly #others: TargetProgress[] = []
  /** By the targets of a slice. */
  readonly #running = new Map<readonly Target[], readonly TargetProgress[]>()

  constructor(total: number) {
    this.total = total
  }

  show(slice: readonly Target[], targets: readonly TargetProgress[]): void {
    this.#running.set(slice, targets)
  }

  end(slice: readonly Target[], targets: readonly TargetProgress[]): void {
    this.#running.delete(slice)
    for (const target of targets) {
      if (isWell(target)) this.#confirmed += 1
      if (isFailed(target)) this.#failed += 1
      const kept = isFailed(target) ? this.#failures : this.#others
      if (kept.length < MOST_SHOWN) kept.push(target)
    }
  }

  progress(): ResyncProgress {
    const running = [...this.#running.values()].flat()
    const all = [...this.#failures, ...running, ...this.#others]
    return {
      total: this.total,
      confirmed: this.#confirmed + running.filter(isWell).length,
      failed: this.#failed + running.filter(isFailed).length,
      targets: all.slice(0, MOST_SHOWN),
    }
  }
}

/** The last report of the work, which throws when targets failed; those that it left open fail with its error. */
export async function endOf(
  targets: readonly Target[],
  work: (report: (progress: ResyncProgress) => Promise<void>) => Promise<unknown>,
  note: (targets: readonly TargetProgress[]) => void,
): Promise<readonly TargetProgress[]> {
  let last: readonly TargetProgress[] = targets.map(waiting)
  try {
    await work(async (progress) => {
      last = progress.targets
      note(last)
    })
    return last
  } catch (error) {
    const isOpen = (target: TargetProgress): boolean => !isWell(target) && !isFailed(target)
    return last.map((target) => (isOpen(target) ? { ...target, step: 'failed', error: describeError(error) } : target))
  }
}
