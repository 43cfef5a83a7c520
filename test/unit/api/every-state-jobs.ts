/** A job of every kind, in each state of a job. */
import { parseZoneName } from '../../../lib/dns/name.js'
import type { JobView } from '../../../lib/queue/jobs.js'
import { QUEUE_KINDS } from '../../../lib/queue/queue-kinds.js'
import { MINUTE, NOW } from './every-state-cells.js'

export const TWO_CONTENTS = 'two-contents.example.'
export const BLANK = 'blank.example.'

export const JOBS: JobView[] = QUEUE_KINDS.map((kind, i) => ({
  id: `${kind}-${i}`,
  kind,
  state: (['waiting', 'active', 'failed', 'done'] as const)[i % 4]!,
  progress:
    kind === 'resync'
      ? {
          total: 2,
          confirmed: 1,
          failed: 0,
          targets: [
            { zone: parseZoneName(BLANK), node: 'ams1', step: 'confirmed', serial: 2, error: undefined },
            { zone: parseZoneName(BLANK), node: 'lhr1', step: 'notified', serial: undefined, error: undefined },
          ],
        }
      : kind === 'provision'
        ? {
            ...{ node: 'ams1', isApplied: true, add: 2, remove: 0, confirmed: 1, failed: 0, notes: ['a note'] },
            changes: [
              { zone: parseZoneName(BLANK), action: 'add', step: 'confirmed', error: undefined },
              { zone: parseZoneName(TWO_CONTENTS), action: 'add', step: 'failed', error: 'is refused' },
            ],
          }
        : kind === 'push'
          ? undefined
          : 0,
  error: kind === 'resync' ? 'lhr1: no answer' : undefined,
  data: { zone: BLANK },
  result: kind === 'webhook' ? { status: 200 } : undefined,
  createdAt: NOW - MINUTE,
  finishedAt: kind === 'webhook' ? NOW : undefined,
}))
