/** Sound cells, signals and job data, in the form that hubs write to Redis. */
import type { QueueKind } from '../../lib/queue/queue-kinds.js'
import { pairKey, type TableName } from '../../lib/state/tables.js'
import { NODES, NOW, PRIMARIES, ZONES } from './api-scene.js'
import type { Dice } from './mutate.js'
import { PROTO_NAMES } from './values.js'

type Sample = { at: number; [field: string]: unknown }

const mark = (serial: number): { serial: number; digest: string; releasedAt: number } => ({
  serial,
  digest: `${serial}`.repeat(16),
  releasedAt: NOW - 10_000 + serial,
})
const rollout = (serial: number, state: string): Record<string, unknown> => ({
  id: `example-${serial}-${serial}`,
  serial,
  digest: `${serial}`.repeat(16),
  state,
  stage: 'cloud A',
  since: NOW - 5_000,
  reason: 'shrink: half is gone',
  verdict: 'hold',
  findings: [{ check: 'shrink', verdict: 'hold', report: 'half is gone' }],
})
const trail = {
  serial: 2,
  seenAt: NOW - 9_000,
  seenAtPrimary: 'hm1',
  transferStartedAt: NOW - 8_000,
  transferTookMs: 12.5,
  kind: 'ixfr',
  records: 3,
  committedAt: NOW - 7_000,
  releasedAt: NOW - 6_000,
}
const given = { at: NOW - 1_000, by: 'ann', reason: 'window' }
const decision = { ...given, kind: 'approve', serial: 2, digest: '2'.repeat(16) }
const stages = { at: NOW, id: 'example-2-2', serial: 2, plan: '0a1b2c3d', through: 1, by: 'west' }

export const CELLS: Readonly<Record<TableName, readonly Sample[]>> = {
  zones: ['held', 'halted', 'releasing', 'done', 'rejected'].map((state) => ({
    at: NOW,
    released: { ...mark(2), records: 3, octets: 100 },
    releases: [mark(1), mark(2)],
    staged: [{ ...mark(3), nodes: ['ams1'] }],
    newest: 3,
    rollouts: [rollout(2, 'done'), rollout(3, state)],
    trail,
    refreshedAt: NOW - 1_000,
    expireSeconds: 604_800,
    error: 'connection refused',
    errorAt: NOW,
    failures: 1,
    conflict: 'hm2 serves other content',
  })),
  keyUses: [{ at: NOW, usedAt: NOW - 1_000 }],
  callers: [{ at: NOW, usedAt: NOW - 1_000, from: '192.0.2.1' }],
  primaries: [
    { at: NOW, serial: 3, highest: 4, checkedAt: NOW, since: NOW - 1_000, failures: 0, expireSeconds: 604_000 },
    { at: NOW, checkedAt: NOW, since: NOW, error: 'timeout', failures: 9 },
  ],
  nodes: [
    { at: NOW, serial: 2, since: NOW - 1_000, observedAt: NOW, missed: 0 },
    {
      at: NOW,
      serial: 1,
      since: NOW - 1_000,
      observedAt: NOW - 500,
      missed: 2,
      error: 'timeout',
      push: {
        target: 2,
        startedAt: NOW,
        notifySentAt: NOW,
        notifiesSent: 1,
        notifyAnsweredAt: NOW,
        notifyError: 'REFUSED',
        takenAt: NOW,
        takenBy: 'axfr',
        confirmedAt: NOW,
      },
    },
  ],
  contacts: [{ at: NOW, silentSince: NOW, missed: 2, error: 'no answer', sweptAt: NOW }],
  contents: [{ at: 1, known: [{ serial: 2, digest: '2'.repeat(16) }] }],
  drains: [
    { at: NOW, drained: true, by: 'ann', reason: 'cable' },
    { at: NOW, drained: false, by: 'ann' },
  ],
  paths: [{ at: NOW, inUse: '127.0.0.2:5313', since: NOW, silent: { '127.0.0.1:5313': { error: 'timeout', since: NOW } } }],
  hubs: [{ at: NOW, startedAt: NOW - 1_000, version: '0.1.0', config: 'abc' }],
  catalogs: [
    { at: NOW, serial: 3, members: 2, leaving: 1, findings: [] },
    { at: NOW, members: 0, leaving: 0, error: 'catalog example. is broken', findings: ['a member is in the config'] },
  ],
  forces: [
    { at: NOW, serial: 2, digest: '2'.repeat(16), outcome: 'running', by: 'unstick' },
    { at: NOW, serial: 2, digest: '2'.repeat(16), outcome: 'failed', by: 'ann', error: 'no answer', needsOperator: true },
  ],
  stages: [
    stages,
    { ...stages, through: 0, stopped: { kind: 'halted', stage: 1, why: 'its gate failed', by: 'west', decided: 0 } },
    { ...stages, stopped: { kind: 'held', stage: 0, why: 'shrink', by: 'east', decided: NOW } },
  ],
  verdicts: [
    { at: NOW, serial: 3, digest: '3'.repeat(16), how: 'axfr', verdict: 'same', missing: 0, extra: 0, examples: [] },
    {
      at: NOW,
      serial: 3,
      digest: '3'.repeat(16),
      how: 'sample',
      verdict: 'differs',
      missing: 1,
      extra: 0,
      examples: ['missing: a. 1 IN A 192.0.2.1'],
      why: '1 record missing',
      standing: { serial: 3, digest: '3'.repeat(16), at: NOW, why: '1 record missing' },
    },
  ],
  orders: [
    { at: NOW, hold: given, decisions: [] },
    { at: NOW, hold: given, released: { ...given, at: NOW }, decisions: [decision, { ...decision, kind: 'reject', at: NOW }] },
    {
      at: NOW,
      decisions: [{ ...decision, kind: 'rollback', newSerial: 9, to: { serial: 1, digest: '1'.repeat(16) }, fast: true }],
    },
  ],
}

/** A key of the table; now and then one that no hub writes. */
export function keyFor(table: TableName, dice: Dice): string {
  if (dice.roll(20) === 0) return dice.pick([...PROTO_NAMES, '', ' ', 'example. ', ' ams1', '\n', 'ü'])
  if (table === 'drains' || table === 'paths' || table === 'contacts') return dice.pick(NODES)
  if (table === 'hubs') return dice.pick(['east', 'west', 'north'])
  const zone = dice.pick(ZONES)
  if (table === 'primaries') return pairKey(zone, dice.pick(PRIMARIES))
  return table === 'nodes' || table === 'forces' || table === 'verdicts' ? pairKey(zone, dice.pick(NODES)) : zone
}

export const SIGNALS: readonly unknown[] = [
  { name: 'notify', payload: { zone: 'example.', primary: 'hm1', serial: 3, at: NOW } },
  { name: 'committed', payload: { zone: 'example.', serial: 3, at: NOW } },
  { name: 'taken', payload: { zone: 'example.', nodes: ['ams1'], serial: 3, kind: 'ixfr', at: NOW } },
]

export const JOBS: Readonly<Record<QueueKind, unknown>> = {
  refresh: {
    zone: 'example.',
    strength: 'refresh',
    askFirst: false,
    reason: 'poll',
    elsewhere: 3,
    seen: { primary: 'hm1', serial: 3, at: NOW },
  },
  push: { node: 'ams1' },
  resync: { targets: [{ zone: 'example.', node: 'ams1' }], strength: 'notify', by: 'ann', reason: 'new disk' },
  verify: { targets: [{ zone: 'example.', node: 'ams1' }], how: 'auto', by: 'ann', reason: 'new disk' },
  webhook: { webhook: 'pager', id: '1', event: 'held', body: '{"zone":"example."}', seal: 'ab' },
  provision: { node: 'ams1', apply: true, yes: false, by: 'ann', reason: 'new disk', at: NOW, seal: 'ab' },
}
