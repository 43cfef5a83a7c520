/**
 * What hubs tell each other of a rollout, so that it goes one way whichever of them looks: how many stages are through, and whether
 * one has stopped it. Each hub keeps its own record and judges its own gates; a stage that one of them let through is through for
 * all, and one that one of them stopped is stopped for all until a person decides. Pure.
 */
import type { RolloutRecord } from './record.js'

/** Of the newest rollout of a zone. */
export interface SharedRollout {
  at: number
  /** See rolloutId. */
  id: string
  /** Names of the stages: hubs with different plans do not go by each other. */
  plan: string
  /** Stages that are through. */
  through: number
  /** The hub that let the last of them through. */
  by: string
  halted?: { stage: number; why: string; by: string; decided: number }
}

export const planOf = ({ stages }: RolloutRecord): string => stages.map(({ name }) => name).join(' → ')

/** Of two words on one rollout neither is lost; a halt is void once its stage has been passed, or another decision was made. */
export function mergeShared(a: SharedRollout, b: SharedRollout): SharedRollout {
  if (a.id !== b.id || a.plan !== b.plan) return a.at >= b.at ? a : b
  const ahead = a.through >= b.through ? a : b
  const halts = [a.halted, b.halted].filter((halt) => halt !== undefined && halt.stage >= ahead.through)
  const newest = halts.reduce((x, y) => (y!.decided > (x?.decided ?? -1) ? y : x), undefined)
  const { halted: _, ...rest } = ahead
  return { ...rest, at: Math.max(a.at, b.at), ...(newest === undefined ? {} : { halted: newest }) }
}

export type ToldElsewhere = { kind: 'through'; by: string } | { kind: 'gate-failed'; why: string }

/** What another hub's word means for our record: an event for it, or nothing. */
export function toldBy(
  shared: SharedRollout | undefined,
  id: string,
  record: RolloutRecord,
  own: string,
): ToldElsewhere | undefined {
  if (shared === undefined || shared.id !== id || shared.plan !== planOf(record)) return undefined
  if (shared.through > record.stage && shared.by !== own) return { kind: 'through', by: shared.by }
  const { halted } = shared
  if (halted === undefined || halted.by === own || halted.decided !== (record.decided ?? 0)) return undefined
  return { kind: 'gate-failed', why: `${halted.by} has stopped it: ${halted.why}` }
}

/** What we have to say of a record; undefined when it is nothing new to the others. */
export function toTell(
  shared: SharedRollout | undefined,
  id: string,
  record: RolloutRecord,
  own: string,
  now: number,
): SharedRollout | undefined {
  const plan = planOf(record)
  const isHalted = record.state === 'halted'
  const known = shared !== undefined && shared.id === id && shared.plan === plan ? shared : undefined
  if (known === undefined && record.stage === 0 && !isHalted) return undefined
  const isAhead = known === undefined || record.stage > known.through
  const isNewHalt =
    isHalted && (known?.halted?.decided ?? -1) < (record.decided ?? 0) && (known === undefined || record.stage >= known.through)
  const isLifted = !isHalted && known?.halted !== undefined && known.halted.decided !== (record.decided ?? 0)
  if (!isAhead && !isNewHalt && !isLifted) return undefined
  return {
    at: Math.max(now, (shared?.at ?? 0) + 1),
    id,
    plan,
    through: Math.max(record.stage, known?.through ?? 0),
    by: isAhead ? own : known.by,
    ...(isHalted
      ? { halted: { stage: record.stage, why: record.reason ?? 'its gate failed', by: own, decided: record.decided ?? 0 } }
      : {}),
  }
}
