/** The situations of an operator's day, and the expected answer of `zonecast why`. */
import type { NodeState } from '../../../../lib/fleet/node-state.js'
import { ANSWERED, firstOnly, HOLD, mark, nodeCell, old, push, rollout, type Situation, T, TAKEN, zoneCell } from './facts.js'

const MINUTE = 60_000
const REFUSED = "n1's key came from 127.0.0.1; n1 is 192.0.2.1"
const BADSIG = 'the server refuses the TSIG of this hub (BADSIG, key n1-key.)'
const CONFLICT = 'conflict: hm1 and hm2 serve different content of example. under the same serial 7'
const BEHIND =
  'hm1 went back to serial 6, older than the current serial 7: it may have been restored from a backup; set its serial above 7'
const SHRINK = 'shrink: 110 of 217 records are gone\nns1.example. A'
const NOT_CONFIRMED = 'not confirmed after 60 s:\nn1: serves 6 instead of 7'
const DISK = 'n1 to serve the version that it has transferred: it still answers with serial 6; check its log and its disk'
const DECIDE = (serial: number) => `zonecast approve example. ${serial}, or zonecast reject example. ${serial}`
const STATUS = 'zonecast status example. --node n1'
const NEVER = nodeCell({ serial: undefined, since: 0, observedAt: undefined, push: undefined })

export interface Case {
  state: NodeState
  /** In the first sentence, before the state. */
  first?: string
  behind?: string
  error?: string
  /** Null: it waits for nothing. */
  waitsFor: string | null
}

const row = (
  why: string,
  situation: Situation,
  state: NodeState,
  waitsFor: string | null,
  more: Omit<Case, 'state' | 'waitsFor'> = {},
): readonly [why: string, situation: Situation, expected: Case] => [why, situation, { state, waitsFor, ...more }]

const first1 = { staged: [{ ...mark(7), nodes: ['n1'], times: [T + 300] }] }

export const CASES = [
  row('all is well', {}, 'in-sync', null),
  // A version released in stages.
  row(
    'a canary that this hub refuses, first version',
    { cell: firstOnly({ ...first1, rollouts: [rollout(7, 'releasing')] }), at: NEVER, refused: REFUSED },
    'syncing',
    `the config to name the address of n1: ${REFUSED}`,
    { first: 'has not reported a serial', behind: '1 s' },
  ),
  row(
    'a first version that halted, on a node that has it',
    { cell: firstOnly({ ...first1, rollouts: [rollout(7, 'halted', { reason: NOT_CONFIRMED })] }) },
    'in-sync',
    `an operator: serial 7 is halted: not confirmed after 60 s:; ${DECIDE(7)}`,
  ),
  row(
    'a first version that halted, on a node of a later stage',
    { cell: firstOnly({ rollouts: [rollout(7, 'halted', { reason: NOT_CONFIRMED })] }), at: NEVER },
    'unknown',
    `an operator: serial 7 is halted: not confirmed after 60 s:; ${DECIDE(7)}`,
    { first: 'has not reported a serial' },
  ),
  row(
    'a first version that a check holds',
    { cell: firstOnly({ rollouts: [rollout(7, 'held', { reason: SHRINK })] }), at: NEVER },
    'unknown',
    `an operator: serial 7 is held: shrink: 110 of 217 records are gone; ${DECIDE(7)}`,
    { first: 'has not reported a serial' },
  ),
  row(
    'a version that a check holds',
    { cell: zoneCell({ newest: 8, rollouts: [rollout(8, 'held', { reason: SHRINK })] }) },
    'in-sync',
    `an operator: serial 8 is held: shrink: 110 of 217 records are gone; ${DECIDE(8)}`,
  ),
  row(
    'a version that an operator rejected',
    { cell: zoneCell({ newest: 8, rollouts: [rollout(8, 'rejected', { reason: 'bad export' })] }) },
    'in-sync',
    'a newer version from a primary: serial 8 is rejected: bad export',
  ),
  row(
    'a node of a later stage',
    { cell: zoneCell({ newest: 8, rollouts: [rollout(8, 'soaking', { stage: 'canary' })] }) },
    'in-sync',
    'its stage for serial 8, which is soaking in stage canary; zonecast rollouts',
  ),
  row(
    'a version behind another rollout',
    { cell: zoneCell({ newest: 8, rollouts: [rollout(8, 'waiting')] }) },
    'in-sync',
    'its turn: serial 8 begins when the rollout before it has ended; zonecast rollouts',
  ),
  row(
    'a zone that an operator put on hold',
    { hold: HOLD },
    'in-sync',
    'an operator: the zone was put on hold by noc: holiday; zonecast unhold example.',
  ),
  row(
    'a version that came while the zone was on hold',
    { hold: HOLD, cell: zoneCell({ rollouts: [rollout(8, 'held', { reason: 'the zone was put on hold by noc: holiday' })] }) },
    'in-sync',
    'an operator: serial 8 is held: the zone was put on hold by noc: holiday; zonecast unhold example.',
  ),
  // The node.
  row('the disk is full', { at: old({ push: TAKEN }), after: 6 * MINUTE }, 'lagging', DISK, { behind: '360 s' }),
  row('the disk is full for long', { at: old({ push: TAKEN }), after: 11 * MINUTE }, 'stuck', DISK, { behind: '660 s' }),
  row(
    'the key was rotated on one side',
    { at: nodeCell({ missed: 3, error: BADSIG }) },
    'unknown',
    `an answer of n1: ${BADSIG}; ${STATUS}`,
    { error: BADSIG },
  ),
  row(
    'the clock of the hub is off',
    { at: old({ missed: 3, error: 'clocks differ by 600 s: set the time on both sides' }) },
    'unknown',
    `an answer of n1: clocks differ by 600 s: set the time on both sides; ${STATUS}`,
    { error: 'clocks differ by 600 s: set the time on both sides', behind: '1 s' },
  ),
  row(
    'the node is cut off',
    { at: old({ missed: 2, error: 'no answer within 2 s' }), after: 6 * MINUTE },
    'lagging',
    `an answer of n1: no answer within 2 s; ${STATUS}`,
    { error: 'no answer within 2 s', behind: '360 s' },
  ),
  row(
    'the process of the node is stopped',
    { at: nodeCell({ missed: 3, error: 'no answer within 2 s' }) },
    'unknown',
    `an answer of n1: no answer within 2 s; ${STATUS}`,
    { error: 'no answer within 2 s' },
  ),
  row(
    'the node lost the zone, or is installed anew',
    { at: nodeCell({ lostAt: T + 900, error: 'answers REFUSED' }) },
    'unknown',
    `an answer of n1: answers REFUSED; ${STATUS}`,
    { error: 'answers REFUSED' },
  ),
  row(
    'the node is silent, and no reason is known',
    { at: nodeCell({ missed: 3 }) },
    'unknown',
    `an answer of n1: it has not answered lately; ${STATUS}`,
  ),
  row(
    'an operator drained the node',
    { at: old(), drained: true },
    'drained',
    'an operator: n1 is drained; zonecast undrain n1',
    {
      behind: '1 s',
    },
  ),
  // NOTIFY and transfer.
  row(
    'before the first delivery',
    { at: old() },
    'syncing',
    'the next delivery to n1; zonecast resync example. --node n1 --wait',
    {
      behind: '1 s',
    },
  ),
  row(
    'NOTIFY is not answered',
    { at: old({ push: push() }) },
    'syncing',
    'n1 to answer the NOTIFY (does it allow NOTIFY from this hub?)',
    {
      behind: '1 s',
    },
  ),
  row(
    'NOTIFY is refused',
    { at: old({ push: push({ notifyError: 'answers NOTAUTH' }) }) },
    'syncing',
    'n1 to accept NOTIFY: answers NOTAUTH',
    {
      behind: '1 s',
    },
  ),
  row(
    'NOTIFY is answered, and no transfer follows',
    { at: old({ push: ANSWERED }), after: 6 * MINUTE },
    'lagging',
    'n1 to ask the transfer server for example. (does it list this hub as a primary, with the same key?)',
    { behind: '360 s' },
  ),
  row(
    'the hub refuses the node',
    { at: old({ push: ANSWERED }), refused: REFUSED },
    'syncing',
    `the config to name the address of n1: ${REFUSED}`,
    { behind: '1 s' },
  ),
  // Contents.
  row(
    'two primaries in conflict',
    { cell: zoneCell({ conflict: CONFLICT, conflicting: ['hm2'] }) },
    'conflict',
    `an operator: ${CONFLICT}; zonecast approve example. 7 --primary PRIMARY`,
  ),
  row(
    'the same serial with other content on the node',
    { at: nodeCell({ taken: { serial: 7, digest: 'other', at: T } }) },
    'conflict',
    'content that is known: n1 serves other content than the released one under serial 7: transfer the zone on n1 anew by force, or publish a new serial',
    {
      error:
        'n1 serves other content than the released one under serial 7: transfer the zone on n1 anew by force, or publish a new serial',
    },
  ),
  row(
    'the serial is from another server',
    { at: nodeCell({ elsewhereAt: T }) },
    'unknown',
    'content that is known: n1 took serial 7 from another server, so its content is not known: let n1 transfer from this hub only, then transfer the zone on n1 anew by force, or publish a new serial',
    {
      error:
        'n1 took serial 7 from another server, so its content is not known: let n1 transfer from this hub only, then transfer the zone on n1 anew by force, or publish a new serial',
    },
  ),
  row(
    'another server feeds the node',
    { at: nodeCell({ serial: 9 }) },
    'ahead',
    'a serial above 9: n1 serves serial 9, newer than anything released here, so another server feeds it; remove that server from its configuration',
    { first: 'serves serial 9' },
  ),
  row(
    'RFC 1982 §3.2: the serial of the node has no order',
    { at: nodeCell({ serial: 7 + 2 ** 31 }) },
    'conflict',
    `an operator: serial 2147483655 on n1 has no order to the released 7 (RFC 1982 §3.2); ${STATUS}`,
    { first: 'serves serial 2147483655', behind: '9001 s' },
  ),
  // Primaries.
  row(
    'no primary confirms the zone',
    { expired: true },
    'expired',
    'a primary: none has confirmed example. for its EXPIRE; zonecast primaries',
  ),
  row(
    'a primary that was restored',
    { trouble: BEHIND },
    'in-sync',
    `a newer version from a primary: ${BEHIND}; zonecast primaries`,
  ),
  row(
    'no primary answers',
    { cell: zoneCell({ error: 'no primary answers' }) },
    'in-sync',
    'a newer version from a primary: no primary answers; zonecast primaries',
  ),
  row(
    'no first version, and the refresh fails',
    { cell: firstOnly({ error: 'no primary answers', trail: undefined }), at: NEVER },
    'unknown',
    'a first version: the last refresh failed (no primary answers); zonecast refresh example. --wait',
    { first: 'has not reported a serial' },
  ),
  row(
    'before the first version',
    { cell: undefined, at: undefined },
    'unknown',
    'a first version from a primary; zonecast primaries',
    {
      first: 'has not reported a serial',
    },
  ),
]
