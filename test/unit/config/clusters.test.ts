/** Local clusters in the config: members are nodes with what they inherit, and mistakes are reported at the member's own line. */
import { writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { expect } from 'chai'
import { checkConfig, loadConfig } from '../../../config/load.js'
import { scratchDirs } from '../../support/scratch-dir.js'

const BASE = `
hub: test
keys: { k1: { algorithm: hmac-sha256, secret: "c2VjcmV0c2VjcmV0c2VjcmV0c2VjcmV0c2VjcmV0MDE=" }, k2: { algorithm: hmac-sha256, secret: "c2VjcmV0c2VjcmV0c2VjcmV0c2VjcmV0c2VjcmV0MDI=" } }
primaries: { hm1: { address: 127.0.0.1:5301 } }
clouds: { A: {}, B: {} }
zones: [ { name: example.com } ]
transfer: { listen: [ 127.0.0.1:5300 ] }
`

describe('a local cluster in the config', () => {
  const scratch = scratchDirs()
  const fileWith = (text: string): string => {
    const file = join(scratch(), 'zonecast.yaml')
    writeFileSync(file, BASE + text)
    return file
  }
  const findings = (text: string): string[] =>
    checkConfig(fileWith(text)).findings.map(
      ({ line, code, message }) => `${line - BASE.split('\n').length + 1} ${code} ${message}`,
    )

  it('makes each member a node, with what it inherits', () => {
    const { nodes } = loadConfig(
      fileWith(`nodes:
  lhr1: { cloud: B, address: 127.0.0.1:5311 }
  ams:
    cloud: A
    site: AMS
    key: k1
    kind: knot
    transits: [ AS174, AS3356 ]
    members:
      ams-1: { address: 127.0.0.1:5312, identity: one.ams.example }
      ams-2: { paths: [ 127.0.0.1:5313, 127.0.0.2:5313 ], key: k2, kind: nsd }
`),
    )
    expect([...nodes.keys()]).to.deep.equal(['lhr1', 'ams-1', 'ams-2'])
    expect(nodes.get('lhr1')).to.include({ cluster: undefined, cloud: 'B' })
    expect(nodes.get('ams-1')).to.deep.include({
      cluster: 'ams',
      cloud: 'A',
      site: 'AMS',
      key: 'k1',
      kind: 'knot',
      identity: 'one.ams.example',
    })
    expect(nodes.get('ams-2')).to.deep.include({
      cluster: 'ams',
      cloud: 'A',
      site: 'AMS',
      key: 'k2',
      kind: 'nsd',
      transits: ['AS174', 'AS3356'],
    })
    expect(nodes.get('ams-2')!.paths).to.have.length(2)
  })

  it('may be named in stages and in the nodes of a caller', () => {
    const { config } = checkConfig(
      fileWith(`nodes:
  ams: { cloud: A, members: { ams-1: { address: 127.0.0.1:5312 }, ams-2: { address: 127.0.0.1:5313 } } }
rollout: { stages: [ { nodes: [ ams ] }, { nodes: [ ams-2 ] } ] }
api: { tokens: [ { name: noc, role: operator, nodes: [ ams ], sha256: "${'0'.repeat(64)}" } ] }
`),
    )
    expect(config?.rollout.stages[0]).to.deep.include({ nodes: ['ams'] })
  })

  it('reports mistakes at the line of the member', () => {
    expect(
      findings(`nodes:
  ams:
    cloud: A
    address: 127.0.0.1:5312
    members:
      ams-1:
        address: 127.0.0.1:5300
      ams-2: {}
      ams-3:
        address: 127.0.0.1:5314
        key: nokey
      lhr1: { address: 127.0.0.1:5315 }
  lhr1: { cloud: B, address: 127.0.0.1:5316 }
  empty: { cloud: B, members: {} }
`).filter((line) => !/WEAK|UNUSED|ONE_/.test(line)),
    ).to.deep.equal([
      '4 CONFIG_VALUE "address" belongs to one server: write it in each of the "members"',
      '7 CONFIG_DUPLICATE node "ams-1" has the address of the transfer server (127.0.0.1:5300): give each its own',
      '8 CONFIG_MISSING "address" is missing: write the control address of the node, ip or ip:port',
      '11 CONFIG_DANGLING there is no key of that name: write one of "k1", "k2"',
      '12 CONFIG_DUPLICATE another node or cluster is named "lhr1": give each its own',
      '14 CONFIG_VALUE cluster "empty" has no members: write at least one, or remove "members"',
    ])
  })

  it('counts as one node of its cloud', () => {
    const found = findings(`nodes:
  ams: { cloud: A, members: { ams-1: { address: 127.0.0.1:5312 }, ams-2: { address: 127.0.0.1:5313 } } }
  lhr1: { cloud: B, address: 127.0.0.1:5316 }
  fra1: { cloud: B, address: 127.0.0.1:5317 }
`)
    expect(found.filter((line) => line.includes('CONFIG_ONE_NODE')).join('\n'))
      .to.include('cloud "A" has one node')
      .and.not.include('cloud "B"')
  })
})
