/** Each phrase of the log has a next step, and each next step a phrase. */
import { expect } from 'chai'
import { LOG_ADVICE } from '../../../setup/docs/log-advice.js'
import { logPhrases } from '../../../setup/docs/log-phrases.js'

describe('the phrases of the log', () => {
  const phrases = logPhrases()

  it('have a next step each, and no other has one', () => {
    expect(Object.keys(LOG_ADVICE)).to.have.members([...new Set(phrases.map(({ phrase }) => phrase))])
  })

  it('are found in the sources', () => {
    expect(phrases.length).to.be.greaterThan(70)
    expect(phrases).to.deep.include({ level: 'fatal', phrase: 'broken invariant', file: 'services/cli/commands/start.ts' })
  })
})
