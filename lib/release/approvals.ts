/**
 * Approvals by several people of a version that a check holds. Each is an order of its own, shared between hubs and kept on disk like any
 * other, and about one content: another version inherits none. The last of them makes the decision. Pure.
 */
import type { CheckName, Verdict } from '../checks/verdicts.js'
import type { Decision, ZoneOrders } from '../rollout/record.js'

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
  const people = new Map<string, Decision>()
  for (const each of own)
    if (each.kind === 'agree' && each.at > since && !people.has(personOf(each))) people.set(personOf(each), each)
  return [...people.values()]
}

export const personOf = ({ by, person = by }: Pick<Decision, 'by' | 'person'>): string => person

/** `1 of 2 approvals, by ann` */
export const approvalsText = (given: readonly Decision[], needed: number): string =>
  `${given.length} of ${needed} approvals${given.length === 0 ? '' : `, by ${given.map(({ by }) => by).join(', ')}`}`
