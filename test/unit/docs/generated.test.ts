/** The generated pages match the code. */
import { readFileSync } from 'node:fs'
import { expect } from 'chai'
import { describeSettings } from '../../../config/setting-names.js'
import { GENERATED_PAGES } from '../../../setup/generate-docs.js'

describe('the generated pages', () => {
  for (const [file, make] of Object.entries(GENERATED_PAGES))
    it(`include an up-to-date ${file} (npm run docs:generate)`, () => {
      expect(readFileSync(file, 'utf8') === make(), `${file} differs from the code: run npm run docs:generate`).to.equal(true)
    })

  it('have a sentence and a value format for every setting', () => {
    for (const { path, description, kind } of describeSettings()) {
      expect(description, path).to.match(/^[A-Z"].*\.$/)
      expect(kind, path).to.not.equal('')
    }
  })
})
