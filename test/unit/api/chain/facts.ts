/** A hub's knowledge of serial 7 of example. on n1, for tests of `zonecast why`; the state of the node follows from it. */
import { holdReason } from '../../../../lib/rollout/machine.js'
import type { Said } from '../../../../lib/rollout/record.js'
import { viewNode } from '../../../../lib/fleet/zone-view.js'
import type { NodeCell, PushTrail, ZoneCell } from '../../../../lib/state/tables.js'
import type { ReleaseMark, RolloutMark } from '../../../../lib/state/version-marks.js'
import { type Chain, type ChainFacts, chainOf } from '../../../../services/api/chain.js'
import { nodeZoneJson } from '../../../../services/api/json.js'
import type { ChainAnswer } from '../../../../services/cli/answers.js'
import { whySentences } from '../../../../services/cli/why-sentences.js'
import { FLEET_ZONE, fleetNode } from '../../fleet/facts.js'

export const RULES = { lagWarnMs: 300_000, stuckMs: 600_000, unknownAfterMissed: 3, staleMs: 7_200_000 }
/** The time when serial 7 was announced by the primary. */
export const T = Date.UTC(2026, 10, 24, 5)
export const NODE = fleetNode('n1')

export const mark = (serial: number, releasedAt = T + 300): ReleaseMark => ({ serial, digest: `d${serial}`, releasedAt })

export const rollout = (serial: number, state: RolloutMark['state'], more: Partial<RolloutMark> = {}): RolloutMark => ({
  id: `example-${serial}`,
  serial,
  digest: `d${serial}`,
  state,
  stage: undefined,
  since: T + 400,
  reason: undefined,
  verdict: undefined,
  findings: [],
  ...more,
})

/** Serial 7 is released to every node. */
export const zoneCell = (more: Partial<ZoneCell> = {}): ZoneCell => ({
  at: T,
  released: { ...mark(7), records: 10, octets: 100 },
  releases: [mark(6, T - 9_000_000), mark(7)],
  staged: [],
  newest: 7,
  rollouts: [],
  trail: {
    serial: 7,
    seenAt: T,
    seenAtPrimary: 'hm1',
    transferStartedAt: T + 50,
    transferTookMs: 100,
    kind: 'ixfr',
    records: 10,
    committedAt: T + 200,
    releasedAt: T + 300,
  },
  refreshedAt: T,
  expireSeconds: 1e6,
  error: undefined,
  errorAt: undefined,
  failures: 0,
  conflict: undefined,
  ...more,
})

/** A zone whose first version is held, halted or absent. */
export const firstOnly = (more: Partial<ZoneCell> = {}): ZoneCell => zoneCell({ released: undefined, releases: [], ...more })

/** Serial 8 is released to n1 and n2 only. */
export const staged8 = (more: Partial<ZoneCell> = {}): ZoneCell =>
  zoneCell({
    newest: 8,
    staged: [{ ...mark(8, T + 500), nodes: ['n2', 'n1'], times: [T + 500, T + 600] }],
    rollouts: [rollout(8, 'releasing', { stage: 'canary' })],
    ...more,
  })

export const push = (more: Partial<PushTrail> = {}): PushTrail => ({
  target: 7,
  startedAt: T + 300,
  notifySentAt: T + 310,
  notifiesSent: 1,
  notifyAnsweredAt: undefined,
  notifyError: undefined,
  takenAt: undefined,
  takenBy: undefined,
  confirmedAt: undefined,
  ...more,
})

export const ANSWERED = push({ notifyAnsweredAt: T + 320 })
export const TAKEN = push({ notifyAnsweredAt: T + 320, takenAt: T + 330, takenBy: 'ixfr' })
export const DONE: PushTrail = { ...TAKEN, confirmedAt: T + 340 }

/** n1 serves serial 7, and every step of its delivery is known. */
export const nodeCell = (more: Partial<NodeCell> = {}): NodeCell => ({
  at: T,
  serial: 7,
  since: T + 340,
  observedAt: T + 1_000,
  missed: 0,
  error: undefined,
  push: DONE,
  ...more,
})

/** n1 has served serial 6 for long. */
export const old = (more: Partial<NodeCell> = {}): NodeCell =>
  nodeCell({ serial: 6, since: T - 8_000_000, push: undefined, ...more })

export interface Situation {
  cell?: ZoneCell | undefined
  at?: NodeCell | undefined
  /** Milliseconds after serial 7 was announced. */
  after?: number
  drained?: boolean
  expired?: boolean
  /** The zone is on hold. */
  hold?: Said
  held?: string | undefined
  trouble?: string | undefined
  refused?: string | undefined
}

export const HOLD: Said = { at: T, by: 'noc', reason: 'holiday' }

export interface Answer extends Chain {
  state: string
  error: string | undefined
  sentences: string[]
}

export function answerTo({ drained = false, expired = false, after = 1_000, ...situation }: Situation): Answer {
  const cell = 'cell' in situation ? situation.cell : zoneCell()
  const at = 'at' in situation ? situation.at : nodeCell()
  const stopped = cell?.rollouts.findLast(({ state }) => state === 'held' || state === 'halted')
  const hold = situation.hold && holdReason(situation.hold)
  const held = situation.held ?? (stopped ? `serial ${stopped.serial} is ${stopped.state}: ${stopped.reason ?? ''}` : hold)
  const seen = at ?? { serial: undefined, since: 0, observedAt: undefined, missed: 0, error: undefined }
  const zone = {
    released: cell?.released,
    releases: cell?.releases ?? [],
    staged: cell?.staged ?? [],
    held,
    conflict: cell?.conflict !== undefined,
    expired,
  }
  const view = viewNode(zone, { ...seen, id: 'n1', drained }, RULES, T + after)
  const { hold: order, trouble = cell?.error ?? held, refused } = situation
  const facts: ChainFacts = { zone: FLEET_ZONE, node: NODE, cell, at, view, held, hold: order, trouble, refused }
  const chain = chainOf(facts)
  const answer = { ...nodeZoneJson(view), ...chain } as unknown as ChainAnswer
  return {
    ...chain,
    state: view.state,
    error: view.error,
    sentences: whySentences('example.', 'n1', answer).trimEnd().split('\n'),
  }
}
