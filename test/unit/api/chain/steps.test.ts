/** The steps of a version to one node: their selection, order and times. */
import { expect } from 'chai'
import type { ChainStepAnswer } from '../../../../lib/answers/zone-answers.js'
import {
  ANSWERED,
  answerTo,
  DONE,
  firstOnly,
  mark,
  nodeCell,
  old,
  push,
  rollout,
  type Situation,
  staged8,
  T,
  TAKEN,
  zoneCell,
} from './facts.js'

/** `released +300: serial 7, digest d7`: milliseconds after the version was announced. */
const lines = (steps: readonly ChainStepAnswer[]): string[] =>
  steps.map(({ step, at, detail }) => `${step} ${at === null ? '?' : `+${Date.parse(at) - T}`}: ${detail}`)
const chainOf = (situation: Situation): string[] => lines(answerTo(situation).chain)

const STORY = [
  'seen +0: serial 7 at hm1',
  'transferred +150: IXFR in 100 ms, the zone has 10 records',
  'committed +200: durable on disk',
  'released +300: serial 7, digest d7',
]
const DELIVERY = [
  'notified +310: NOTIFY sent',
  'answered +320: the node answered the NOTIFY',
  'taken +330: the node transferred the version by IXFR',
  "confirmed +340: the node's own answer shows serial 7",
]
const NOTHING_KNOWN = zoneCell({ trail: undefined })

describe('the chain of a version', () => {
  const CASES: readonly (readonly [why: string, situation: Situation, steps: string[]])[] = [
    ['has every step of a version that the node serves', {}, [...STORY, ...DELIVERY]],
    ['is empty for an unknown zone', { cell: undefined }, []],
    ['is empty without a version', { cell: firstOnly() }, []],
    ['ends with the release before a delivery', { at: old() }, STORY],
    ['ends with the release for an unknown node', { at: undefined }, STORY],
    ['leaves out a delivery that has not begun', { at: old({ push: push({ notifySentAt: undefined }) }) }, STORY],
    ['ends with the NOTIFY', { at: old({ push: push() }) }, [...STORY, ...DELIVERY.slice(0, 1)]],
    ['ends with the answer to it', { at: old({ push: ANSWERED }) }, [...STORY, ...DELIVERY.slice(0, 2)]],
    ['ends with the transfer', { at: old({ push: TAKEN }) }, [...STORY, ...DELIVERY.slice(0, 3)]],
    ['leaves out the delivery of another version', { at: old({ push: push({ target: 6 }) }) }, STORY],
    [
      'leaves out the transfer of another version',
      { cell: zoneCell({ trail: { ...zoneCell().trail!, serial: 6 } }) },
      [STORY[3]!, ...DELIVERY],
    ],
    ['starts with the release when the transfer is unknown', { cell: NOTHING_KNOWN }, [STORY[3]!, ...DELIVERY]],
    [
      'is confirmed by an answer when another version was delivered',
      { at: nodeCell({ push: { ...DONE, target: 6 }, since: T + 999 }) },
      [...STORY, "confirmed +999: the node's own answer shows serial 7"],
    ],
    ['is not confirmed while the node has not answered', { at: nodeCell({ observedAt: undefined, push: undefined }) }, STORY],
    [
      'is not confirmed while the content of the node is in doubt',
      { at: nodeCell({ push: undefined, taken: { serial: 7, digest: 'other', at: T } }) },
      STORY,
    ],
    [
      'is not confirmed when two contents were released',
      { cell: zoneCell({ releases: [{ ...mark(7), torn: true }] }), at: nodeCell({ push: undefined }) },
      STORY,
    ],
  ]
  for (const [why, situation, steps] of CASES)
    it(why, () => {
      expect(chainOf(situation)).to.deep.equal(steps)
    })

  it("counts NOTIFYs, and names the kind of the node's transfer", () => {
    const steps = chainOf({ at: nodeCell({ push: { ...DONE, notifiesSent: 3, takenBy: 'axfr' } }) })
    expect(steps).to.include('notified +310: NOTIFY sent 3 times')
    expect(steps).to.include('taken +330: the node transferred the version by AXFR')
    expect(chainOf({ at: nodeCell({ push: { ...DONE, takenBy: undefined } }) })).to.include(steps[6])
  })

  for (const [ms, text] of [
    [3.14, '3.1 ms'],
    [9.99, '10.0 ms'],
    [10, '10 ms'],
    [99.6, '100 ms'],
  ] as const)
    it(`has a transfer of ${ms} ms as ${text}`, () => {
      const cell = zoneCell({ trail: { ...zoneCell().trail!, transferTookMs: ms, kind: 'axfr' } })
      expect(chainOf({ cell })[1]).to.match(new RegExp(`: AXFR in ${text}, the zone has 10 records$`))
    })

  it('is in the order of its times when a poll confirms before the transfer is reported', () => {
    const steps = chainOf({ at: nodeCell({ push: { ...DONE, takenAt: T + 350 } }) })
    expect(steps.slice(-2).map((line) => line.split(' ')[0])).to.deep.equal(['confirmed', 'taken'])
  })
})

describe('the chain of a version that is released in stages', () => {
  it('starts for a node of an early stage when that stage started', () => {
    const released = mark(7, T + 11_000)
    const cell = zoneCell({ released: { ...released, records: 10, octets: 100 }, releases: [released] })
    const { chain, sentences } = answerTo({ cell })
    expect(lines(chain)).to.deep.equal([...STORY, ...DELIVERY])
    expect(sentences.at(-1)).to.equal('It waits for nothing: 340 ms from announcement to confirmation.')
    // A repeated delivery of a version that was released long ago.
    const again = chainOf({ cell, at: nodeCell({ push: { ...DONE, startedAt: T + 99_000 } }) })
    expect(again).to.include('released +11000: serial 7, digest d7')
  })

  it('is that of the version that is released to the node', () => {
    const at = nodeCell({ serial: 8, push: undefined, since: T + 700 })
    expect(chainOf({ cell: staged8(), at })).to.deep.equal([
      'released +600: serial 8, digest d8',
      "confirmed +700: the node's own answer shows serial 8",
    ])
    const [stage] = staged8().staged
    expect(chainOf({ cell: staged8({ staged: [{ ...stage!, times: undefined }] }), at })[0]).to.match(/^released \+500: serial 8/)
    expect(chainOf({ cell: staged8({ staged: [{ ...stage!, nodes: ['n2'] }] }) })).to.deep.equal([
      ...STORY,
      ...DELIVERY,
      'waiting +400: serial 8 is releasing in stage canary',
    ])
  })

  it('is that of the newest one when two are in progress', () => {
    const [eight] = staged8().staged
    const nine = { ...mark(9, T + 800), nodes: ['n1'] }
    expect(chainOf({ cell: staged8({ staged: [eight!, nine] }), at: old() })[0]).to.match(/^released \+800: serial 9/)
  })

  it('ends with a newer version that is stopped, with the first line of the reason', () => {
    const newer = (state: 'halted' | 'done' | 'superseded', more = {}) =>
      chainOf({ cell: zoneCell({ rollouts: [rollout(8, state, more)] }) }).slice(STORY.length + DELIVERY.length)
    expect(newer('halted', { stage: 'A', reason: 'n2 is gone\nsince then' })).to.deep.equal([
      'waiting +400: serial 8 is halted in stage A: n2 is gone',
    ])
    expect(newer('halted')).to.deep.equal(['waiting +400: serial 8 is halted'])
    for (const state of ['done', 'superseded'] as const) expect(newer(state)).to.deep.equal([])
  })

  it('has no such step for the version itself, and one for other content under its serial', () => {
    const steps = (digest: string) => chainOf({ cell: zoneCell({ rollouts: [rollout(7, 'halted', { digest })] }) }).slice(-1)
    expect(steps('d7')).to.deep.equal(DELIVERY.slice(-1))
    expect(steps('other')).to.deep.equal(['waiting +400: serial 7 is halted'])
  })

  it('is the newer version alone when none is released to the node', () => {
    const { chain, waitingFor } = answerTo({ cell: firstOnly({ rollouts: [rollout(7, 'releasing')] }), at: undefined })
    expect(lines(chain)).to.deep.equal(['waiting +400: serial 7 is releasing'])
    expect(waitingFor).to.equal('its stage for serial 7, which is releasing; zonecast rollouts')
  })
})

describe('the event that a chain waits for', () => {
  const CASES: readonly (readonly [why: string, situation: Situation, waitsFor: RegExp])[] = [
    [
      'is an older version that is held when the newest is done',
      { cell: zoneCell({ rollouts: [rollout(5, 'held', { reason: 'shrink' }), rollout(7, 'done')] }) },
      /^an operator: serial 5 is held: shrink; zonecast approve example\. 5, or /,
    ],
    [
      'is the reason of another hold, without a command',
      { held: 'hm1 serves serial 6\nand more' },
      /^an operator: hm1 serves serial 6$/,
    ],
    [
      'is the reason of another hold, beside a version that is held',
      { held: 'hm1 serves serial 6', cell: zoneCell({ rollouts: [rollout(5, 'held'), rollout(7, 'done')] }) },
      /^an operator: hm1 serves serial 6$/,
    ],
    [
      'is a held version without a reason',
      { cell: zoneCell({ rollouts: [rollout(8, 'held')] }) },
      /^an operator: serial 8 is held; /,
    ],
    ['is a hold without a version', { cell: firstOnly(), at: undefined, held: 'shrink' }, /^an operator: shrink$/],
    [
      'is the address of a node without a version',
      { cell: firstOnly(), at: undefined, refused: 'x' },
      /^the config to name the address of n1: x$/,
    ],
    [
      'is the newest serial, in a conflict over one that is not released',
      { cell: zoneCell({ conflict: 'c', newest: 8 }) },
      /approve example\. 8 --primary/,
    ],
    [
      'is the released serial when no other is known',
      { cell: zoneCell({ conflict: 'c', newest: undefined }) },
      /approve example\. 7 --primary/,
    ],
    [
      'is a node that was sent the version, and refused NOTIFY before',
      { at: old({ push: { ...TAKEN, notifyError: 'REFUSED' } }) },
      /^n1 to serve the version that it has transferred/,
    ],
    [
      'is a node that has not answered with a serial yet',
      { at: old({ serial: undefined, push: TAKEN }) },
      /^n1 to serve the version that it has transferred; check/,
    ],
    [
      'is the delivery of this version, not of another',
      { at: old({ push: { ...TAKEN, target: 6 } }) },
      /^the next delivery to n1; /,
    ],
    ['is the undrain before the conflict', { drained: true, cell: zoneCell({ conflict: 'c' }) }, /undrain n1$/],
  ]
  for (const [why, situation, waitsFor] of CASES)
    it(why, () => {
      expect(answerTo(situation).waitingFor).to.match(waitsFor)
    })
})
