/**
 * The state of a rollout that hubs share, so that all agree on its way: the number of passed stages, and a stop. Each hub keeps
 * its own record and judges its own gates. A stage that one hub passed is passed for all, and a version that one hub stopped, or
 * holds by a check, is stopped for all until an operator decides. Pure.
 */
import { compareSerials, type Serial } from '../dns/serial.js'
import { mix32 } from '../zone/record-hash.js'
import type { RolloutRecord, Stage } from './record.js'

/** Reason for the stop: a failed gate, or a check of the hub that had a version to compare it with. */
export interface Stop {
  kind: 'halted' | 'held'
  stage: number
  why: string
  by: string
  /** The operator's last decision before it: the next one lifts it. */
  decided: number
}

/** For the newest rollout of a zone. */
export interface SharedRollout {
  at: number
  /** See rolloutId. */
  id: string
  serial: Serial
  /** Identifies the stages and their nodes: hubs with different plans ignore each other. */
  plan: string
  /** Number of passed stages. */
  through: number
  /** The hub that passed the last of them. */
  by: string
  stopped?: Stop
}

/** A rollout of this hub. */
export interface OwnRollout {
  id: string
  serial: Serial
  record: RolloutRecord
  hub: string
}

/** The stages of a rollout stay the same array for its life. */
const plans = new WeakMap<readonly Stage[], string>()

export function planOf({ stages }: RolloutRecord): string {
  const known = plans.get(stages)
  if (known !== undefined) return known
  let hash = stages.length
  for (const { name, nodes } of stages)
    for (const c of `${name}:${[...nodes].sort().join(',')};`) hash = mix32(Math.imul(hash, 31) + c.codePointAt(0)!)
  const plan = hash.toString(16).padStart(8, '0')
  plans.set(stages, plan)
  return plan
}

/**
 * Merges two states. For one rollout neither report is lost; a halt is void when its stage was passed later. Commutative, so that
 * two hubs agree. For two rollouts the one of the newer serial counts.
 */
export function mergeShared(a: SharedRollout, b: SharedRollout): SharedRollout {
  if (a.id !== b.id || a.plan !== b.plan) return isLater(a, b) ? a : b
  const ahead = a.through !== b.through ? (a.through > b.through ? a : b) : a.by <= b.by ? a : b
  const stops = [a.stopped, b.stopped].filter((stop) => stop !== undefined && !isPassed(stop, ahead.through)) as Stop[]
  const stopped = stops.sort(byWeight)[0]
  const { stopped: _, ...rest } = ahead
  return { ...rest, at: Math.max(a.at, b.at), ...(stopped === undefined ? {} : { stopped }) }
}

function isLater(a: SharedRollout, b: SharedRollout): boolean {
  const order = compareSerials(a.serial, b.serial)
  if (order === 'newer' || order === 'older') return order === 'newer'
  return a.at !== b.at ? a.at > b.at : `${a.id} ${a.plan}` >= `${b.id} ${b.plan}`
}

/** A stop by a check stays: no hub that could judge the version has passed it. */
const isPassed = (stop: Stop, through: number): boolean => stop.kind === 'halted' && stop.stage < through

/** The newest decision first, then the weightier stop. */
const byWeight = (a: Stop, b: Stop): number =>
  b.decided - a.decided ||
  Number(b.kind === 'held') - Number(a.kind === 'held') ||
  b.stage - a.stage ||
  (`${a.by} ${a.why}` <= `${b.by} ${b.why}` ? -1 : 1)

export type ToldElsewhere =
  | { kind: 'through'; by: string }
  | { kind: 'gate-failed'; why: string }
  | { kind: 'held-elsewhere'; why: string }

const decidedOf = (record: RolloutRecord | undefined): number => record?.decided ?? 0

/**
 * The reason for which another hub holds it by a check, when no operator has approved it since; for a version that is about to be
 * released here.
 */
export function heldByPeer(shared: SharedRollout | undefined, id: string, decided: number, hub: string): string | undefined {
  const stop = shared?.id === id ? shared.stopped : undefined
  if (stop?.kind !== 'held' || stop.by === hub || stop.decided !== decided) return undefined
  return `${stop.by} holds it: ${stop.why}`
}

/** The event for this hub's record that follows from another hub's state, if any. */
export function toldBy(shared: SharedRollout | undefined, own: OwnRollout): ToldElsewhere | undefined {
  const { id, record, hub } = own
  if (shared === undefined || shared.id !== id) return undefined
  const held = heldByPeer(shared, id, decidedOf(record), hub)
  if (held !== undefined) return { kind: 'held-elsewhere', why: held }
  if (shared.plan !== planOf(record)) return undefined
  if (shared.through > record.stage && shared.by !== hub) return { kind: 'through', by: shared.by }
  const stop = shared.stopped
  if (stop?.kind !== 'halted' || stop.by === hub || stop.decided !== decidedOf(record)) return undefined
  return { kind: 'gate-failed', why: `${stop.by} has stopped it: ${stop.why}` }
}

/** The new state to publish from a record; undefined when the other hubs know it, or when it does not concern them. */
export function toTell(shared: SharedRollout | undefined, own: OwnRollout, now: number): SharedRollout | undefined {
  const { id, serial, record, hub } = own
  // A superseded version has no influence on the one that superseded it.
  if (record.state === 'superseded' || record.state === 'rejected') return undefined
  if (shared !== undefined && shared.id !== id && compareSerials(serial, shared.serial) !== 'newer') return undefined
  const plan = planOf(record)
  const stopped = stopOf(record, hub)
  const ours: SharedRollout = {
    at: now,
    id,
    serial,
    plan,
    through: record.stage,
    by: hub,
    ...(stopped === undefined ? {} : { stopped }),
  }
  if (shared === undefined || shared.id !== id || shared.plan !== plan)
    return record.stage === 0 && stopped === undefined ? undefined : { ...ours, at: Math.max(now, (shared?.at ?? 0) + 1) }
  // A hub that only follows adds nothing to the state that it followed.
  const merged = mergeShared(shared, record.stage <= shared.through ? { ...ours, through: shared.through, by: shared.by } : ours)
  const isSame = JSON.stringify({ ...merged, at: 0 }) === JSON.stringify({ ...shared, at: 0 })
  return isSame ? undefined : { ...merged, at: Math.max(now, shared.at + 1) }
}

/** A stop reported by another hub is published by that hub. */
function stopOf(record: RolloutRecord, hub: string): Stop | undefined {
  const { state, heldBy, stage, reason = 'its gate failed', told } = record
  if (told === true) return undefined
  const why = reason.split('\n', 1)[0]!
  if (state === 'halted') return { kind: 'halted', stage, why, by: hub, decided: decidedOf(record) }
  return state === 'held' && heldBy === 'check' ? { kind: 'held', stage, why, by: hub, decided: decidedOf(record) } : undefined
}
