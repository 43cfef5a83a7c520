/**
 * Approvals by several people of a version that a check holds. Each is an order of its own, shared between hubs and kept on disk like any
 * other, and about one content: another version inherits none. The last of them makes the decision. Pure.
 */
import type { CheckName, Verdict } from '../checks/verdicts.js'
import { type Decision, decisionOn, type ZoneOrders } from '../rollout/record.js'

export interface ApprovalRules {
  /** People. */
  required: number
  /** Checks whose hold needs so many. */
  for: readonly CheckName[]
}

/** The facts about a held version that the rules need. */
export interface HeldVersion {
  isHeldByCheck: boolean
  reports: readonly { check: CheckName; verdict: Verdict }[]
}

/** People that must approve the version. Where only another hub knows the check, it counts as one of the rules. */
export function approvalsNeeded(rules: ApprovalRules, { isHeldByCheck, reports }: HeldVersion): number {
  if (rules.required <= 1 || !isHeldByCheck) return 1
  const holding = reports.filter(({ verdict }) => verdict === 'hold')
  return holding.length === 0 || holding.some(({ check }) => rules.for.includes(check)) ? rules.required : 1
}

/**
 * False while a version that a check holds on this hub lacks approvals. The API of another hub may have judged the version by other
 * checks, or before this hub held it, and have ordered to approve it after fewer.
 */
export const isApprovedByEnough = (
  rules: ApprovalRules,
  orders: ZoneOrders | undefined,
  version: { serial: number; digest: string } & HeldVersion,
): boolean => {
  const needed = approvalsNeeded(rules, version)
  return needed <= 1 || approvalsOf(orders, version).length >= needed
}

/** The approvals of this content that count: one for each person, since the last rejection. Oldest first. */
export function approvalsOf(orders: ZoneOrders | undefined, { serial, digest }: { serial: number; digest: string }): Decision[] {
  const own = (orders?.decisions ?? []).filter((each) => each.serial === serial && each.digest === digest)
  const since = own.findLast(({ kind }) => kind === 'reject')?.at ?? Number.NEGATIVE_INFINITY
  const isWithdrawn = (given: Decision): boolean =>
    own.some((each) => each.kind === 'withdraw' && each.by === given.by && each.at > given.at)
  const people = new Map<string, Decision>()
  for (const each of own)
    if (each.kind === 'agree' && each.at > since && !people.has(personOf(each)) && !isWithdrawn(each))
      people.set(personOf(each), each)
  return [...people.values()]
}

/**
 * The decision that approvals make together. Two hubs may get the last two at the same time: neither of them sees enough, and makes the
 * decision. Undefined with one approval needed, and with too few.
 */
export function jointApproval(
  orders: ZoneOrders | undefined,
  version: { serial: number; digest: string },
  needed: number,
): Decision | undefined {
  const last = needed <= 1 ? undefined : approvalsOf(orders, version)[needed - 1]
  if (last === undefined) return undefined
  const { person: _, hub: __, ...said } = last
  return { ...said, kind: 'approve' }
}

/** The orders with the decisions that approvals make together. `neededFor`: approvals that the version of this one needs. */
export function withJoint(orders: ZoneOrders, neededFor: (agree: Decision) => number | undefined): ZoneOrders {
  const joint = new Map<string, Decision>()
  for (const agree of orders.decisions) {
    if (agree.kind !== 'agree') continue
    const decided = decisionOn(orders, agree)
    if (decided?.kind === 'approve') continue
    const approval = jointApproval(orders, agree, neededFor(agree) ?? 0)
    if (approval !== undefined) joint.set(`${agree.serial} ${agree.digest}`, approval)
  }
  if (joint.size === 0) return orders
  return { ...orders, decisions: [...orders.decisions, ...joint.values()].sort((a, b) => a.at - b.at) }
}

export const personOf = ({ by, person = by }: Pick<Decision, 'by' | 'person'>): string => person

/** `1 of 2 approvals, by ann` */
export const approvalsText = (given: readonly Decision[], needed: number): string =>
  `${given.length} of ${needed} approvals${given.length === 0 ? '' : `, by ${given.map(({ by }) => by).join(', ')}`}`
