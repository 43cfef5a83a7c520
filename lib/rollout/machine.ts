/**
 * The way of one version to its nodes. Pure: a record and an event give the next record; who may have the version follows from the
 * record alone.
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
 *   approve, fast: releasing and soaking stay what they are, with shorter soaks.
 *   hold: waiting, releasing and soaking become held, and go on from the same stage after release. What a check holds, only an
 *   approval lets go on; and an approval lets nothing past the hold of a zone.
 *   A newer version that may go out makes superseded of everything but done and rejected.
 *
 * Invariants, held to by a property test: who has been released to is never taken back; a stage begins only after the one before
 * it has soaked; held, waiting and halted release to nobody new; rejected and superseded are for ever.
 */
import type { HeldBy, RolloutRecord, RolloutState, Said, Stage } from './record.js'

/** Events kept in the record's log. */
const LOG_LINES = 100
const FAST = 10

export type RolloutEvent =
  | { kind: 'hold'; said: Said }
  | { kind: 'release'; said: Said }
  /** `onHold`: the zone as a whole is on hold, which an approval does not lift. */
  | { kind: 'approve'; said: Said; fast: boolean; onHold: Said | undefined }
  | { kind: 'reject'; said: Said }
  | { kind: 'turn' }
  | { kind: 'gate-met' }
  /** `told`: on another hub. */
  | { kind: 'gate-failed'; why: string; told?: true }
  /** The gate is open again: a node that had confirmed is to be waited for. */
  | { kind: 'gate-open' }
  | { kind: 'soak-over' }
  /** Another hub has let the stage through. */
  | { kind: 'through'; by: string }
  /** Another hub, which could compare it, holds it by a check. */
  | { kind: 'held-elsewhere'; why: string }
  | { kind: 'superseded'; by: string }

export interface Beginning {
  stages: readonly Stage[]
  now: number
  /** Why it must not go out, if so; a check's word weighs more than an order's. */
  held: { by: HeldBy; because: string } | undefined
  /** Another rollout that it has to wait for. */
  waitFor: string | undefined
  fast: boolean
  /** `at` of a decision that was taken into account. */
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

/** The record after the event; the same object when the event says nothing in this state. */
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
      return state === 'soaking' ? enter(record, 'releasing', now, `${nameOf(record)}: a node is to be waited for again`) : record
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

/** It is on its way to nodes. */
export const isGoing = (state: RolloutState): boolean => state === 'releasing' || state === 'soaking'

/** Nothing more happens to it, but that what was superseded may still be rejected. */
export const isOver = (state: RolloutState): boolean => state === 'done' || state === 'rejected' || state === 'superseded'

/** Soak of the stage under way. */
export function soakMs(record: RolloutRecord): number {
  const ms = record.stages[record.stage]?.soakMs ?? 0
  return record.fast ? Math.ceil(ms / FAST) : ms
}

/** Who may have the version, on top of those that were told before: `all`, or node ids. */
export function releasesTo(record: RolloutRecord): 'all' | readonly string[] {
  if (record.state === 'done') return 'all'
  const isOut = isGoing(record.state)
  return record.stages.slice(0, record.stage + (isOut ? 1 : 0)).flatMap(({ nodes }) => nodes)
}

export const holdReason = ({ by, reason }: Said): string => `the zone was put on hold by ${by}: ${reason}`

const nameOf = (record: RolloutRecord): string => record.stages[record.stage]?.name ?? 'every node'

/** Into the stage it stands at; without stages it is done at once. */
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
