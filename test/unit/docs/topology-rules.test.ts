/** Each rule of the topology is in docs/operate/topology.md, with its source. */
import { readFileSync } from 'node:fs'
import { expect } from 'chai'
import { findingsOf, reportOf, wheelWith } from '../config/topology/wheel-text.js'
import { scratchDirs } from '../../support/scratch-dir.js'
import { snippetsOf } from '../../support/snippets.js'

const PAGE = readFileSync('docs/operate/topology.md', 'utf8')
const CODES = [...readFileSync('config/errors.ts', 'utf8').matchAll(/'(TOPOLOGY_\w+)'/g)].map(([, code]) => code!)
const SECTIONS = PAGE.split(/^### /m).slice(1)

describe('docs/operate/topology.md', () => {
  const scratch = scratchDirs()

  it('has every rule, and no other', () => {
    expect(CODES.length).to.be.at.least(7)
    const described = SECTIONS.map((section) => section.split('\n')[0]!)
    expect(described.filter((code) => code.startsWith('TOPOLOGY_'))).to.have.members(CODES)
  })

  for (const section of SECTIONS)
    it(`has a source for ${section.split('\n')[0]}`, () => expect(section).to.match(/\n\*From:\* \S/))

  it('describes an accepted topology', () => {
    const { text } = snippetsOf('docs/operate/topology.md', 'yaml')[0]!
    const all = wheelWith([/topology:[\s\S]*/, text], ['  B: { addresses: [198.51.100.53, "2001:db8:b::53"] }\n', ''])
    const nodes = all.split('\n').filter((line) => !/^ {2}\w+1(?:: \{ cloud|-key)/.test(line) || /^ {2}(lhr|mia)1/.test(line))
    expect(reportOf(findingsOf(scratch(), nodes.join('\n')))).to.deep.equal([])
  })
})
