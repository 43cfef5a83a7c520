/** One broken setting at a time: its error code, its line, and words of its message. */
import { expect } from 'chai'
import { scratchDirs } from '../../support/scratch-dir.js'
import { checkText, SOUND, withLine } from './config-text.js'
import { MISTAKES_OF_FORM } from './mistakes-of-form.js'
import { MISTAKES_OF_SENSE } from './mistakes-of-sense.js'

describe('a mistake in the config', () => {
  const scratch = scratchDirs()

  it('is absent from the sound configs', () => {
    expect(checkText(scratch(), SOUND).findings).to.deep.equal([])
    expect(checkText(scratch(), withLine(1, 'checks: {}')).findings).to.deep.equal([])
  })

  it('does not include two primaries at one address with different keys', () => {
    expect(checkText(scratch(), withLine(7, '  hm2: { address: 127.0.0.1:5301 }')).findings).to.deep.equal([])
  })

  for (const { id, text, code, at, says } of [...MISTAKES_OF_FORM, ...MISTAKES_OF_SENSE]) {
    it(`is reported with its place: ${id}`, () => {
      const { config, findings } = checkText(scratch(), text)
      const found = findings.map((f) => `${f.code} ${f.line}:${f.column} ${f.message}`)
      expect(config, found.join('\n')).to.equal(undefined)
      const hit = findings.find((f) => f.code === code && `${f.line}:${f.column}` === at)
      expect(hit, `${code} at ${at} in\n${found.join('\n')}`).to.not.equal(undefined)
      if (says !== undefined) expect(hit?.message).to.match(says)
    })
  }
})
