/** Verification in a worker: orders of operators as jobs, the schedule, and pairs that are verified soon after an event. */
import type { ZoneName } from '../../lib/dns/name.js'
import type { Fleet, FleetNode, FleetZone } from '../../lib/fleet/fleet.js'
import { guard } from '../../lib/runtime/guard.js'
import type { ResyncProgress, TargetProgress, VerifyJob } from '../../lib/queue/jobs.js'
import { ROLLED_BACK } from '../../lib/refresh/source-doubt.js'
import type { Version } from '../../lib/store/version.js'
import type { Verifier } from '../../lib/verify/verifier.js'
import { verdictOf } from '../../lib/verify/verdicts.js'
import { VerifySweep, type VerifySweepParts } from '../../lib/verify/verify-sweep.js'
import type { NodeProber } from '../../lib/observe/node-prober.js'
import type { ZoneStore } from '../../lib/store/zone-store.js'
import type { VerifyPair } from './force-pair.js'
import { WorkerError } from './errors.js'
import { isFailed, progressOf } from './resync-processor.js'

export interface VerifyParts extends Pick<VerifySweepParts, 'board' | 'clock' | 'schedule'> {
  verifier: Verifier
  prober: Pick<NodeProber, 'prove'>
  store: Pick<ZoneStore, 'zone' | 'releasedTo'>
  owns: (zone: string) => boolean
}

/** Least time between reports of progress; it grows with the targets, as a report has all of them. */
const REPORT_MS = 150
const REPORT_MS_PER_TARGET = 1
/** Targets that are worked on at once, or wait for their node. */
const AT_ONCE = 64
/** A new version is loaded by the nodes before it is compared. */
const RELEASED_MS = 5_000

export class VerifyService {
  readonly #parts: VerifyParts
  #fleet: Fleet
  readonly #sweep: VerifySweep

  constructor(fleet: Fleet, parts: VerifyParts) {
    this.#parts = parts
    this.#fleet = fleet
    this.#sweep = new VerifySweep(fleet, parts)
  }

  /** A node is being compared. */
  get isBusy(): boolean {
    return this.#parts.verifier.turns.isRunning
  }

  start(): void {
    this.#sweep.start()
  }

  adopt(fleet: Fleet): void {
    this.#fleet = fleet
    this.#sweep.adopt(fleet)
  }

  /**
   * The content of the pair is in doubt, after a force for example: verifies it when the node serves its version. Does nothing while
   * the schedule is off.
   */
  verifySoon(zone: ZoneName, node: string): void {
    this.#sweep.verifySoon(zone, node)
  }

  /** As `VerifyPair`. A node that cannot be compared is asked about the last changes, as after every delivery. */
  readonly faults: VerifyPair = async (zone, node, version) => {
    const { verifier, prober, store } = this.#parts
    const { verdict, why } = await verifier.verify(zone, node, { how: 'auto', isOrder: true })
    if (verdict === 'same') return []
    return verdict === 'differs' ? [why ?? ''] : await prober.prove(zone, node, store.zone(zone.name), version)
  }

  /** A version by an operator's order, a rollback or a choice: nodes may have loaded other content under its serial. */
  onReleased(zone: ZoneName, { from, isTorn }: Pick<Version, 'from' | 'isTorn'>): void {
    if (from !== ROLLED_BACK && !isTorn) return
    for (const { id } of this.#fleet.zones.get(zone)?.nodes ?? []) this.#sweep.verifySoon(zone, id, RELEASED_MS)
  }

  /** Throws WorkerError WORKER_VERIFY_FAILED when a node has other content, or could not be compared. */
  async run(job: VerifyJob, report: (progress: ResyncProgress) => Promise<void>): Promise<ResyncProgress> {
    const targets: TargetProgress[] = job.targets.map(({ zone, node }) => ({
      zone,
      node,
      step: 'waiting',
      serial: undefined,
      error: undefined,
    }))
    const timer = setInterval(
      guard('progress timer', () => void report(progressOf(targets)).catch(() => undefined)),
      Math.max(REPORT_MS, targets.length * REPORT_MS_PER_TARGET),
    )
    try {
      let next = 0
      const verifySome = async (): Promise<void> => {
        for (let target = targets[next++]; target; target = targets[next++]) await this.#verify(target, job)
      }
      await Promise.all(Array.from({ length: Math.min(AT_ONCE, targets.length) }, verifySome))
    } finally {
      clearInterval(timer)
    }
    await report(progressOf(targets))
    expectAllSame(progressOf(targets))
    return progressOf(targets)
  }

  async #verify(target: TargetProgress, { how, at }: VerifyJob): Promise<void> {
    const zone = this.#fleet.zones.get(target.zone)
    const node = this.#fleet.nodes.get(target.node)
    if (zone === undefined && !this.#parts.owns(target.zone)) return
    if (zone === undefined || node === undefined) {
      Object.assign(target, { step: 'failed', error: 'no longer in the config' })
      return
    }
    // By the run of the job that a restart cut off, or by another part of the order.
    const known = at === undefined ? undefined : this.#verdictSince(at, how, zone, node)
    if (known !== undefined) {
      Object.assign(target, { step: known.verdict, serial: known.serial, error: known.why })
      return
    }
    target.step = 'comparing'
    const { verdict, serial, why } = await this.#parts.verifier.verify(zone, node, { how, isOrder: true })
    Object.assign(target, { step: verdict, serial, error: why })
  }

  #verdictSince(at: number, how: VerifyJob['how'], zone: FleetZone, node: FleetNode): ReturnType<typeof verdictOf> {
    const { board, store } = this.#parts
    const known = verdictOf(board, zone.name, node.id)
    if (known === undefined || known.at < at || known.verdict === 'cannot') return undefined
    const isOfVersion = known.serial === store.releasedTo(zone.name, node.id)?.serial
    return isOfVersion && (how === 'auto' || how === known.how) ? known : undefined
  }

  stop(): void {
    this.#sweep.stop()
    this.#parts.verifier.close()
  }
}

/** Throws WorkerError WORKER_VERIFY_FAILED. Targets that wait are for another worker, or for the next round. */
export function expectAllSame({ failed, total, targets }: ResyncProgress): void {
  if (failed === 0) return
  throw new WorkerError(
    { code: 'WORKER_VERIFY_FAILED', failed, total },
    targets
      .filter(isFailed)
      .map(({ zone, node, step, error }) => `${zone} on ${node} ${WORDS[step] ?? step}: ${error}`)
      .slice(0, 10)
      .join('; '),
  )
}

const WORDS: Partial<Record<TargetProgress['step'], string>> = {
  differs: 'has other content',
  cannot: 'cannot be compared',
}
