/**
 * `zonecast why` in the situations of an operator's day, with every state of a node: the first sentence, the error, the next
 * event, and the command that helps.
 */
import { expect } from 'chai'
import { NODE_STATES } from '../../../../lib/fleet/node-state.js'
import { CASES } from './cases.js'
import { answerTo, DONE, nodeCell, staged8 } from './facts.js'

describe('zonecast why', () => {
  for (const [why, situation, { state, first, behind, error, waitsFor }] of CASES)
    it(`explains ${state}: ${why}`, () => {
      const answer = answerTo(situation)
      const serial = situation.at?.serial ?? 7
      const late = behind === undefined ? '' : `, ${behind} behind`
      expect(answer.sentences[0]).to.equal(`n1 ${first ?? `serves serial ${serial}`} of example. and is ${state}${late}.`)
      expect(answer.sentences[1]!.startsWith('Error: ')).to.equal(error !== undefined)
      if (error !== undefined) expect(answer.sentences[1]).to.equal(`Error: ${error}.`)
      expect(answer.waitingFor).to.equal(waitsFor)
      expect(answer.sentences.at(-1)).to.match(
        waitsFor === null ? /^It waits for nothing: 340 ms from announcement to confirmation\.$/ : /^It waits for /,
      )
    })

  it('has a case for each state of a node; held is a state of zones', () => {
    const covered = new Set(CASES.map(([, , { state }]) => state))
    expect(NODE_STATES.filter((state) => !covered.has(state))).to.deep.equal(['held'])
  })

  it('waits for something in every state but in-sync', () => {
    for (const [why, , { state, waitsFor }] of CASES) if (state !== 'in-sync') expect(waitsFor, why).to.be.a('string')
  })

  it('waits for the version of its own stage when another is released to all', () => {
    const answer = answerTo({ cell: staged8(), at: nodeCell({ push: DONE }) })
    expect(answer.state).to.equal('syncing')
    expect(answer.waitingFor).to.equal('the next delivery to n1; zonecast resync example. --node n1 --wait')
  })
})
