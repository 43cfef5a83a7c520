/** The people who may approve the versions of a zone: those whose scope has every node of it, by its cloud or by its name. */
import { writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { expect } from 'chai'
import { checkConfig } from '../../../config/load.js'
import { scratchDirs } from '../../support/scratch-dir.js'

describe('two approvals of a zone', () => {
  const scratch = scratchDirs()
  const node = (cloud: string, port: number) => ({ cloud, address: `127.0.0.1:${port}` })
  /** Findings about approvals when the second of two publishers has this scope; the zone is in clouds A and B. */
  const findings = (scope: object): string[] => {
    const file = join(scratch(), 'zonecast.yaml')
    const token = (name: string, more: object = {}) => ({ name, role: 'publisher', sha256: name.repeat(64), ...more })
    writeFileSync(
      file,
      JSON.stringify({
        hub: 'test',
        transfer: { listen: ['127.0.0.1:5300'] },
        primaries: { hm1: { address: '127.0.0.1:5301' } },
        clouds: { A: {}, B: {}, C: {} },
        nodes: {
          a1: node('A', 5311),
          ams: { cloud: 'A', members: { 'ams-1': { address: '127.0.0.1:5312' }, 'ams-2': { address: '127.0.0.1:5313' } } },
          b1: node('B', 5314),
          c1: node('C', 5315),
        },
        zones: [{ name: 'a.example', clouds: ['A', 'B'] }],
        approvals: { required: 2 },
        api: { tokens: [token('a'), token('b', scope)] },
      }),
    )
    return checkConfig(file).findings.flatMap(({ message }) => (/may approve/.test(message) ? [message] : []))
  }

  for (const scope of [
    {},
    { clouds: ['A', 'B'] },
    { nodes: ['a1', 'ams-1', 'ams-2', 'b1'] },
    { nodes: ['a1', 'ams', 'b1'] },
    { clouds: ['A'], nodes: ['b1'] },
  ])
    it(`are possible with the scope ${JSON.stringify(scope)}`, () => expect(findings(scope)).to.deep.equal([]))

  for (const scope of [{ clouds: ['A'] }, { nodes: ['a1', 'ams-1', 'b1'] }, { clouds: ['B'], nodes: ['a1'] }, { nodes: ['c1'] }])
    it(`are too many with the scope ${JSON.stringify(scope)}`, () =>
      expect(findings(scope).join()).to.include('1 of the callers may approve versions of a.example.'))
})
