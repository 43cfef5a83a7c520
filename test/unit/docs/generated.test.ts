/** The generated pages say what the code says now. */
import { readFileSync } from 'node:fs'
import { expect } from 'chai'
import { describeSettings } from '../../../config/setting-names.js'
import { GENERATED_PAGES } from '../../../setup/generate-docs.js'

describe('generated pages', () => {
  for (const [file, make] of Object.entries(GENERATED_PAGES))
    it(`${file} is up to date (npm run docs:generate)`, () => {
      expect(readFileSync(file, 'utf8') === make(), `${file} is not what the code says: run npm run docs:generate`).to.equal(true)
    })

  it('every setting has a sentence and says what to write', () => {
    for (const { path, description, kind } of describeSettings()) {
      expect(description, path).to.match(/^[A-Z"].*\.$/)
      expect(kind, path).to.not.equal('')
    }
  })
})
