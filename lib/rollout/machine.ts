/**
 * The states of one version's rollout. Pure: a record and an event give the next record, and the record alone decides which nodes
 * may have the version.
 *
 *   committed ── a check holds it, or the zone is on hold ─────────▶ held ──reject──▶ rejected
 *      │ passed                                                       │ approve, release
 *      ├── another rollout is under way, and is waited for ─▶ waiting ┤ that one has ended
 *      ▼                                                              ▼
 *   releasing 0 ◀─────────────────────────────────────────────────────╯
 *      │ gate met                  ╭─ soak over, gate still met: releasing 1 … the last one: done
 *      ╰────────────▶ soaking 0 ───┤
 *      │ gate failed               ╰─ gate failed
 *      ╰────────────▶ halted ◀─────╯        halted ──approve──▶ releasing, the same stage again
 *                        ╰──reject──▶ rejected
 *
 *   through on another hub: releasing, soaking and halted go on to the next stage. Held on another hub by a check: held.
 *   hurry; approve, fast: releasing and soaking stay, with shorter soaks.
 *   hold: waiting, releasing and soaking become held, and go on from the same stage after release. A version that a check holds
 *   goes on only after an approval, and an approval does not lift the hold of a zone.
 *   A newer version that may be released supersedes all states but done and rejected.
 *
 * Invariants, verified by a property test: a release to a node is never revoked; a stage begins only after the one before it has
 * soaked; held, waiting and halted release to no further node; rejected and superseded are final, except superseded → rejected.
 */
import type { HeldBy, RolloutRecord, Said, Stage } from './record.js'
import type { RolloutState } from './rollout-states.js'

/** Events kept in the record's log. */
const LOG_LINES = 100
const FAST = 10

export type RolloutEvent =
  | { kind: 'hold'; said: Said }
  | { kind: 'release'; said: Said }
  /** `onHold`: the zone is on hold, which an approval does not lift. */
  | { kind: 'approve'; said: Said; fast: boolean; onHold: Said | undefined }
  /** Approves nothing. */
  | { kind: 'hurry'; said: Said }
  | { kind: 'reject'; said: Said }
  | { kind: 'turn' }
  | { kind: 'gate-met' }
  /** `told`: reported by another hub. */
  | { kind: 'gate-failed'; why: string; told?: true }
  /** The gate is open again: a node that had confirmed must be waited for. */
  | { kind: 'gate-open' }
  | { kind: 'soak-over' }
  /** Another hub has passed the stage. */
  | { kind: 'through'; by: string }
  /** Another hub, which could compare it, holds it by a check. */
  | { kind: 'held-elsewhere'; why: string }
  | { kind: 'superseded'; by: string }

export interface Beginning {
  stages: readonly Stage[]
  now: number
  /** Reason against its release, if any; a check counts more than an order. */
  held: { by: HeldBy; because: string } | undefined
  /** Another rollout that must end first. */
  waitFor: string | undefined
  fast: boolean
  /** `at` of a decision that was considered. */
  decided: number | undefined
}

export function beginRollout({ stages, now, held, waitFor, fast, decided }: Beginning): RolloutRecord {
  const blank: RolloutRecord = {
    state: 'held',
    stage: 0,
    since: now,
    stages: [...stages],
    log: [],
    ...(fast ? { fast: true } : {}),
    ...(decided === undefined ? {} : { decided }),
  }
  if (held !== undefined) return hold(blank, held.by, now, `held: ${firstLine(held.because)}`, held.because)
  if (waitFor !== undefined) return enter(blank, 'waiting', now, `waits for ${waitFor}`, `${waitFor} is under way`)
  return proceed(blank, now)
}

/** The record after the event; the same object when the event does not matter in this state. */
export function stepRollout(record: RolloutRecord, event: RolloutEvent, now: number): RolloutRecord {
  const { state } = record
  switch (event.kind) {
    case 'hold':
      return state === 'releasing' || state === 'soaking' || state === 'waiting'
        ? hold(record, 'order', now, `put on hold by ${event.said.by}: ${event.said.reason}`, holdReason(event.said))
        : record
    case 'release':
      return state === 'held' && record.heldBy === 'order'
        ? proceed(record, now, `released by ${event.said.by}: ${event.said.reason}`)
        : record
    case 'approve': {
      if (event.said.at === record.decided) return record
      if (isGoing(state) || state === 'waiting')
        return event.fast && !record.fast
          ? { ...noted(record, now, `made urgent by ${event.said.by}: ${event.said.reason}`), fast: true, decided: event.said.at }
          : { ...record, decided: event.said.at }
      if (state !== 'held' && state !== 'halted') return record
      const approved = { ...record, decided: event.said.at, ...(event.fast ? { fast: true as const } : {}) }
      const what = `approved by ${event.said.by}: ${event.said.reason}`
      return event.onHold ? hold(approved, 'order', now, what, holdReason(event.onHold)) : proceed(approved, now, what)
    }
    case 'hurry':
      return (isGoing(state) || state === 'waiting') && !record.fast
        ? { ...noted(record, now, `made urgent by ${event.said.by}: ${event.said.reason}`), fast: true }
        : record
    case 'reject':
      return isOver(state) && state !== 'superseded'
        ? record
        : enter(record, 'rejected', now, `rejected by ${event.said.by}: ${event.said.reason}`, event.said.reason)
    case 'turn':
      return state === 'waiting' ? proceed(record, now) : record
    case 'gate-met': {
      if (state !== 'releasing') return record
      const stage = record.stages[record.stage]
      const through = `${stage?.name ?? 'every node'}: gate met`
      return soakMs(record) > 0 ? enter(record, 'soaking', now, through) : next(record, now, through)
    }
    case 'gate-open':
      return state === 'soaking' ? enter(record, 'releasing', now, `${nameOf(record)}: waits for a node again`) : record
    case 'gate-failed':
      return state === 'releasing' || state === 'soaking'
        ? {
            ...enter(record, 'halted', now, `${nameOf(record)}: ${firstLine(event.why)}`, event.why),
            ...(event.told ? { told: true as const } : {}),
          }
        : record
    case 'soak-over':
      return state === 'soaking' && now >= record.since + soakMs(record) ? next(record, now, `${nameOf(record)}: soaked`) : record
    case 'held-elsewhere':
      return isGoing(state) || state === 'waiting'
        ? { ...hold(record, 'check', now, `held: ${firstLine(event.why)}`, event.why), told: true as const }
        : record
    case 'through':
      return isGoing(state) || state === 'halted' ? next(record, now, `${nameOf(record)}: let through by ${event.by}`) : record
    case 'superseded':
      return isOver(state) ? record : enter(record, 'superseded', now, `superseded by ${event.by}`, `${event.by} takes its place`)
  }
}

/** The version is being released to nodes. */
export const isGoing = (state: RolloutState): boolean => state === 'releasing' || state === 'soaking'

/** The state is final, except that a superseded version may still be rejected. */
export const isOver = (state: RolloutState): boolean => state === 'done' || state === 'rejected' || state === 'superseded'

/** Soak of the current stage. */
export function soakMs(record: RolloutRecord): number {
  const ms = record.stages[record.stage]?.soakMs ?? 0
  return record.fast ? Math.ceil(ms / FAST) : ms
}

/** Nodes that may have the version, besides those that got it earlier: `all`, or node ids. */
export function releasesTo(record: RolloutRecord): 'all' | readonly string[] {
  if (record.state === 'done') return 'all'
  const isOut = isGoing(record.state)
  return record.stages.slice(0, record.stage + (isOut ? 1 : 0)).flatMap(({ nodes }) => nodes)
}

export const holdReason = ({ by, reason }: Said): string => `the zone was put on hold by ${by}: ${reason}`

const nameOf = (record: RolloutRecord): string => record.stages[record.stage]?.name ?? 'every node'

/** Enters its current stage; without stages it is done at once. */
function proceed(record: RolloutRecord, now: number, why?: string): RolloutRecord {
  const said = why === undefined ? record : noted(record, now, why)
  return said.stage >= said.stages.length
    ? enter(said, 'done', now, 'released to every node')
    : enter(said, 'releasing', now, `released to ${nameOf(said)}`)
}

function next(record: RolloutRecord, now: number, what: string): RolloutRecord {
  return proceed({ ...noted(record, now, what), stage: record.stage + 1 }, now)
}

function hold(record: RolloutRecord, by: HeldBy, now: number, what: string, reason: string): RolloutRecord {
  return { ...enter(record, 'held', now, what, reason), heldBy: by }
}

function enter(record: RolloutRecord, state: RolloutState, now: number, what: string, reason?: string): RolloutRecord {
  const { reason: _, heldBy: __, told: ___, ...rest } = noted(record, now, what)
  return { ...rest, state, since: now, ...(reason === undefined ? {} : { reason }) }
}

const noted = (record: RolloutRecord, at: number, what: string): RolloutRecord => ({
  ...record,
  log: [...record.log, { at, what }].slice(-LOG_LINES),
})

const firstLine = (text: string): string => text.split('\n', 1)[0]!
