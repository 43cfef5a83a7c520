/**
 * Decides if a new version may be released, and to which nodes first: runs the checks on contents before their commit, reads the
 * operators' orders, and makes the result durable in the same write as the version.
 */
import type { CheckReport, ZoneFigures } from '../checks/check.js'
import type { Serial } from '../dns/serial.js'
import { worse } from '../checks/findings.js'
import { ownersChange } from '../names/name-changes.js'
import type { SurveyedZone } from '../checks/zone-survey.js'
import type { FleetZone } from '../fleet/fleet.js'
import { beginRollout, holdReason, isGoing, releasesTo } from '../rollout/machine.js'
import {
  type ChecksOutcome,
  type Decision,
  decisionOn,
  hurryOn,
  ordersOf,
  type RolloutRecord,
  rolloutId,
  type ZoneOrders,
} from '../rollout/record.js'
import { heldByPeer } from '../rollout/shared.js'
import type { RolloutRules } from '../fleet/rollout-rules.js'
import { planStages } from '../rollout/stages.js'
import type { Clock } from '../runtime/clock.js'
import { pause } from '../runtime/turns.js'
import type { Metrics } from '../runtime/metrics.js'
import type { Board } from '../state/board.js'
import { isFarLarger, type Provenance } from '../store/commit.js'
import type { StoredZone } from '../store/stored-zone.js'
import type { Version } from '../store/version.js'
import { compareContents } from '../zone/compare.js'
import { condense, type Difference } from '../zone/difference.js'
import { zoneText } from '../zone/zone-text.js'
import type { ZoneContents } from '../zone/zone-contents.js'
import { type ApprovalRules, approvalsNeeded, isApprovedByEnough, jointApproval, withJoint } from './approvals.js'
import { runHook } from './check-hook.js'
import type { VersionChecker } from './version-check.js'

/** Number of released versions, besides the last one, with which a small zone is compared. */
const RECENT = 16

export interface DeciderParts {
  /** Name of this hub. */
  hub: string
  board: Board
  clock: Clock
  metrics: Metrics
  checker: VersionChecker
  rollout: RolloutRules
  approvals: ApprovalRules
  env: Readonly<Record<string, string | undefined>>
  /** Checks a version of a catalog zone as a list of members. */
  catalogs?: { check: (zone: FleetZone, contents: ZoneContents) => Promise<CheckReport> } | undefined
}

export type Decided = Pick<Provenance, 'checks' | 'rollout' | 'releasedAt' | 'releasedTo'>

export interface Circumstances {
  expired: boolean
  approvedBy: Decision | undefined
  objection: string | undefined
  written: Promise<void>
  seen?: SurveyedZone | undefined
}

export class ReleaseDecider {
  readonly #parts: DeciderParts

  constructor(parts: DeciderParts) {
    this.#parts = parts
  }

  /**
   * `expired`: any serial is newer than a version that may not be served any more. `approvedBy`: the operator who made the
   * version has approved it. `objection`: another reason against it. `written`: orders until then are in time. `seen`: survey of
   * the names, if known.
   */
  async decide(
    zone: FleetZone,
    stored: StoredZone,
    contents: ZoneContents,
    change: readonly Difference[] | undefined,
    { expired, approvedBy, objection, written, seen }: Circumstances,
  ): Promise<Decided> {
    const checks = await this.#check(zone, stored, contents, change, expired, seen)
    await written
    const now = this.#parts.clock.now()
    const { serial } = contents.soa
    const orders = this.ordersOf(stored)
    const { digest } = contents
    const made = decisionOn(orders, { serial, digest })
    const against = objection ?? this.#heldByPeer(stored, contents, made)
    const isHeldByCheck = against !== undefined || checks.verdict === 'hold'
    const named = { serial, digest, isHeldByCheck, reports: checks.reports }
    const last =
      made?.kind === 'approve' ? made : (jointApproval(orders, named, approvalsNeeded(this.#parts.approvals, named)) ?? made)
    const isShort = last?.kind === 'approve' && !isApprovedByEnough(this.#parts.approvals, orders, named)
    // Carried out when the other approvals come.
    const decision = isShort ? undefined : last
    const isApproved = approvedBy !== undefined || decision?.kind === 'approve'
    const rules = zone.rollout ?? this.#parts.rollout
    const rollout = beginRollout({
      stages: planStages(rules, zone.nodes),
      now,
      held: whyHeld(checks, orders, isApproved, against),
      // The replacement of a bad version does not wait until that is on every node.
      waitFor: rules.newer === 'wait' && approvedBy === undefined ? underWay(zone, stored) : undefined,
      fast: (decision?.fast ?? false) || hurryOn(orders, { serial, digest }) !== undefined,
      decided: decision?.at,
    })
    const record = decision?.kind === 'reject' ? { ...rollout, state: 'rejected' as const, reason: decision.reason } : rollout
    return { checks, ...progressOf(record, now, {}) }
  }

  /** Another hub had a version to compare it with, and its checks failed. */
  #heldByPeer(stored: StoredZone, { soa, digest }: ZoneContents, decision: Decision | undefined): string | undefined {
    const { board, hub } = this.#parts
    return heldByPeer(board.get('stages', stored.name), rolloutId(stored.name, soa.serial, digest), decision?.at ?? 0, hub)
  }

  /** The last orders, from this hub or another, with the decisions that approvals of several hubs make together. */
  ordersOf(stored: StoredZone): ZoneOrders | undefined {
    const orders = ordersOf(this.#parts.board.get('orders', stored.name), stored.orders)
    return orders && withJoint(orders, (agree) => this.#neededFor(stored, agree))
  }

  /** Undefined for a version that waits for no approval. */
  #neededFor(stored: StoredZone, { serial, digest, primary }: Decision): number | undefined {
    const { approvals } = this.#parts
    if (primary !== undefined) return approvals.required
    const version = stored.find(serial as Serial, digest)
    if (version?.rollout?.state !== 'held' || version.rollout.heldBy !== 'check') return undefined
    return approvalsNeeded(approvals, { isHeldByCheck: true, reports: version.checks?.reports ?? [] })
  }

  /** False while a version that a check of this hub holds lacks approvals. */
  isApproved(orders: ZoneOrders, version: Version): boolean {
    const { state, heldBy, told } = version.rollout ?? {}
    // Another hub that holds it counts the approvals by its own checks.
    const isHeldByCheck = state === 'held' && heldBy === 'check' && told !== true
    const { serial, digest, checks } = version
    return isApprovedByEnough(this.#parts.approvals, orders, { serial, digest, isHeldByCheck, reports: checks?.reports ?? [] })
  }

  async #check(
    zone: FleetZone,
    stored: StoredZone,
    contents: ZoneContents,
    change: readonly Difference[] | undefined,
    expired: boolean,
    seen: SurveyedZone | undefined,
  ): Promise<ChecksOutcome> {
    const { checker, clock, metrics } = this.#parts
    const previous = stored.released
    const forward = zone.checks['serial-forward']
    const known = previous && (await changeSince(stored, previous, change))
    const isWanted = known === undefined && !isTinyBeside(previous, contents, zone)
    const owners = previous && isWanted ? await ownersSince(stored, previous, contents) : undefined
    const { reports, verdict, figures } = await checker.check(stored, {
      zone: zone.name,
      contents,
      previous: previous && { serial: previous.serial, records: previous.records, figures: previous.checks?.figures },
      recent: previous === undefined ? [] : recentFigures(stored, previous),
      change: known ?? owners,
      isOwnersChange: owners !== undefined,
      settings: expired ? { ...zone.checks, 'serial-forward': { ...forward, mode: 'off' } } : zone.checks,
      // Signatures are valid by the true time.
      now: clock.wall?.() ?? clock.now(),
      whole: false,
      seen,
      pause,
    })
    const all = [...reports]
    let worst = verdict
    const { hook } = zone.checks
    if (hook.mode !== 'off') {
      const report = await runHook({
        ...hook,
        mode: hook.mode,
        zone: zone.name,
        serial: contents.soa.serial,
        previousSerial: previous?.serial,
        text: () => textOf(contents),
        env: this.#parts.env,
      })
      all.push(report)
      worst = worse(worst, report.verdict)
    }
    if (zone.catalog !== undefined && this.#parts.catalogs !== undefined) {
      const report = await this.#parts.catalogs.check(zone, contents)
      all.push(report)
      worst = worse(worst, report.verdict)
    }
    for (const { check, verdict: each } of all) metrics.checks.inc({ check, verdict: each })
    return { verdict: worst, reports: all, ...(figures === undefined ? {} : { figures }), at: clock.now() }
  }
}

/**
 * The durable part of a record. A record is written only when it has content: the plain way of a version is commit and release.
 * `already`: nodes to which it is released.
 */
export function progressOf(
  record: RolloutRecord,
  now: number,
  already: Readonly<Record<string, number>>,
): Pick<Provenance, 'rollout' | 'releasedAt' | 'releasedTo'> {
  const to = releasesTo(record)
  if (to === 'all') return isPlain(record) ? { releasedAt: now } : { releasedAt: now, rollout: record }
  const added = to.filter((node) => already[node] === undefined)
  return { rollout: record, ...(added.length === 0 ? {} : { releasedTo: Object.fromEntries(added.map((node) => [node, now])) }) }
}

/** Released to every node with its commit. */
const isPlain = ({ stages, log }: RolloutRecord): boolean => stages.length === 0 && log.length <= 1

function whyHeld(
  checks: ChecksOutcome,
  orders: ZoneOrders | undefined,
  isApproved: boolean,
  objection: string | undefined,
): { by: 'check' | 'order'; because: string } | undefined {
  const reasons = [
    ...(objection === undefined ? [] : [objection]),
    ...(checks.verdict === 'hold' ? [reasonOf(checks.reports)] : []),
  ]
  if (reasons.length > 0 && !isApproved) return { by: 'check', because: reasons.join('\n') }
  return orders?.hold && { by: 'order', because: holdReason(orders.hold) }
}

const reasonOf = (reports: readonly CheckReport[]): string =>
  reports
    .filter(({ verdict }) => verdict === 'hold')
    .map(({ check, report }) => `${check}: ${report}`)
    .join('\n')

function underWay(zone: FleetZone, stored: StoredZone): string | undefined {
  const version = stored.versions.find(({ rollout }) => rollout && (rollout.state === 'waiting' || isGoing(rollout.state)))
  return version && rolloutId(zone.name, version.serial, version.digest)
}

const recentFigures = ({ versions }: StoredZone, previous: Version): ZoneFigures[] =>
  versions
    .slice(0, versions.indexOf(previous))
    .filter(({ releasedAt }) => releasedAt !== undefined)
    .slice(-RECENT)
    .flatMap(({ checks }) => checks?.figures ?? [])

/**
 * Nearly every record of a large zone is new, and the version before is too small for the check `churn`: what changed would not
 * alter a verdict, except for faults of the small version, which then count as new.
 */
const isTinyBeside = (previous: Version | undefined, contents: ZoneContents, { checks }: FleetZone): boolean =>
  previous !== undefined &&
  isFarLarger(contents, previous) &&
  (checks.churn.mode === 'off' || previous.records < checks.churn.fromRecords)

/** Undefined when the previous version cannot be read. */
async function ownersSince(stored: StoredZone, previous: Version, contents: ZoneContents): Promise<Difference | undefined> {
  const older = await stored.contentsOf(previous).catch(() => undefined)
  return older && (await ownersChange(older, contents, pause))
}

/** The change from the last released version to the contents; undefined when it was not computed. */
async function changeSince(
  stored: StoredZone,
  previous: Version,
  change: readonly Difference[] | undefined,
): Promise<Difference | undefined> {
  if (change === undefined) return undefined
  const { latest } = stored
  if (latest === previous) return await condense(change, pause)
  const chain = await stored.chain(previous.serial, latest!)
  if (chain) return await condense([...chain, ...change], pause)
  const between = await compareContents(
    await stored.contentsOf(previous),
    await stored.copyOf(latest!),
    Number.POSITIVE_INFINITY,
    pause,
  )
  return between && (await condense([between, ...change], pause))
}

async function* textOf(contents: ZoneContents): AsyncGenerator<string> {
  const view = contents.view('pending')
  try {
    for (const part of zoneText(contents.soa.stored, view)) {
      yield part
      await pause()
    }
  } finally {
    view.release()
  }
}
