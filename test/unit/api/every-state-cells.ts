/** The cells of the board that put a zone and its nodes into each state. */
import type { RolloutRecord } from '../../../lib/rollout/record.js'
import type { RolloutState } from '../../../lib/rollout/rollout-states.js'
import type { NodeState } from '../../../lib/fleet/node-state.js'
import type { NodeCell, PrimaryCell, ZoneCell } from '../../../lib/state/tables.js'

export const NOW = Date.parse('2026-11-03T03:00:00.000Z')
export const MINUTE = 60_000

export const zoneCell = (serial: number | undefined, more: Partial<ZoneCell> = {}): ZoneCell => {
  const mark = { serial: serial ?? 0, digest: `d${serial}`, releasedAt: NOW - 1000 }
  return {
    at: NOW,
    released: serial === undefined ? undefined : { ...mark, records: 3, octets: 100 },
    releases: serial === undefined ? [] : [mark],
    staged: [],
    newest: serial,
    rollouts: [],
    trail: undefined,
    refreshedAt: NOW,
    expireSeconds: 604_800,
    error: undefined,
    errorAt: undefined,
    failures: 0,
    conflict: undefined,
    ...more,
  }
}

export const nodeCell = (serial: number, more: Partial<NodeCell> = {}): NodeCell => ({
  at: NOW,
  serial,
  since: NOW - 500,
  observedAt: NOW - 100,
  missed: 0,
  error: undefined,
  push: undefined,
  ...more,
})

export const primaryCell = (serial: number | undefined, more: Partial<PrimaryCell> = {}): PrimaryCell => ({
  at: NOW,
  serial,
  checkedAt: NOW,
  since: NOW,
  error: undefined,
  failures: 0,
  expireSeconds: undefined,
  ...more,
})

/** Milliseconds since the release of serial 2. */
const releasedSince = (ms: number): Partial<ZoneCell> => ({ releases: [{ serial: 2, digest: 'd2', releasedAt: NOW - ms }] })
const behindSince = (ms: number): NodeCell => nodeCell(1, { since: NOW - ms, error: 'REFUSED' })

export const CELLS: Readonly<Record<NodeState, { zone: ZoneCell; node: NodeCell | undefined }>> = {
  'in-sync': {
    zone: zoneCell(2, {
      trail: {
        serial: 2,
        seenAt: NOW - 1400,
        seenAtPrimary: 'hm1',
        transferStartedAt: NOW - 1300,
        transferTookMs: 100,
        kind: 'ixfr',
        records: 3,
        committedAt: NOW - 1100,
        releasedAt: NOW - 1000,
      },
    }),
    node: nodeCell(2, {
      push: {
        target: 2,
        startedAt: NOW - 1000,
        notifySentAt: NOW - 990,
        notifiesSent: 2,
        notifyAnsweredAt: NOW - 980,
        notifyError: undefined,
        takenAt: NOW - 900,
        takenBy: 'ixfr',
        confirmedAt: NOW - 800,
      },
    }),
  },
  syncing: { zone: zoneCell(2), node: nodeCell(1) },
  lagging: { zone: zoneCell(2, releasedSince(6 * MINUTE)), node: behindSince(6 * MINUTE) },
  stuck: { zone: zoneCell(2, releasedSince(90 * MINUTE)), node: behindSince(90 * MINUTE) },
  conflict: { zone: zoneCell(2, { conflict: 'hm1 and hm2 differ' }), node: nodeCell(2) },
  ahead: { zone: zoneCell(2, { error: 'no primary answers' }), node: nodeCell(9) },
  expired: { zone: zoneCell(2, { refreshedAt: NOW - 30 * MINUTE, expireSeconds: 60 }), node: nodeCell(2) },
  held: { zone: zoneCell(2), node: nodeCell(2) },
  drained: { zone: zoneCell(2), node: nodeCell(2) },
  unknown: { zone: zoneCell(2), node: nodeCell(2, { missed: 9, error: 'no answer' }) },
}

export const rolloutRecord = (state: RolloutState): RolloutRecord => ({
  state,
  stage: 0,
  since: NOW - MINUTE,
  stages: [{ name: 'ams1', nodes: ['ams1'], soakMs: 1500, mayLack: 0 }],
  log: [{ at: NOW - MINUTE, what: `${state} at last` }],
  ...(state === 'held' ? { heldBy: 'check' as const } : {}),
  ...(state === 'held' || state === 'halted' || state === 'rejected' ? { reason: 'shrink: half is gone' } : {}),
})
