/** The setting `hubs`: it includes this hub, its keys exist and count as used, and no two hubs share an address. */
import { expect } from 'chai'
import { writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { ConfigError } from '../../../config/errors.js'
import { fingerprintOf } from '../../../config/fingerprint.js'
import { loadConfig } from '../../../config/load.js'
import { scratchDirs } from '../../support/scratch-dir.js'

const KEY = 'dGhlIGh1YnMga25vdyBlYWNoIG90aGVyIGJ5IHRoaXMgb25lIQ=='
const config = (changes: Record<string, unknown> = {}): Record<string, unknown> => ({
  hub: 'east',
  transfer: { listen: ['127.0.0.1:5300'] },
  keys: { 'hub-key': { algorithm: 'hmac-sha256', secret: KEY } },
  hubs: { east: { address: '127.0.0.1:5300', key: 'hub-key' }, west: { address: '127.0.0.2:5300', key: 'hub-key' } },
  primaries: { hm1: { address: '127.0.0.1:5301' }, hm2: { address: '127.0.0.1:5302' } },
  clouds: { A: { addresses: ['192.0.2.53'] } },
  nodes: { n1: { cloud: 'A', address: '127.0.0.1:5311' }, n2: { cloud: 'A', address: '127.0.0.1:5312' } },
  zones: [{ name: 'example' }],
  ...changes,
})

describe('hubs in the config', () => {
  const scratch = scratchDirs()
  const load = (changes: Record<string, unknown> = {}) => {
    const file = join(scratch(), 'zonecast.yaml')
    writeFileSync(file, JSON.stringify(config(changes), undefined, 1), { mode: 0o600 })
    return loadConfig(file)
  }
  const mistakes = (changes: Record<string, unknown>): string[] => {
    try {
      load(changes)
    } catch (error) {
      if (error instanceof ConfigError) return error.mistakes.map(({ code, message }) => `${code} ${message}`)
      throw error
    }
    return []
  }

  it('are accepted, this hub among them', () => {
    const { hubs, hub } = load()
    expect([...hubs.keys()]).to.deep.equal(['east', 'west'])
    expect(hub).to.equal('east')
  })

  const CASES: readonly (readonly [name: string, changes: Record<string, unknown>, mistake: RegExp])[] = [
    [
      'that lack this one',
      { hub: 'north' },
      /CONFIG_DANGLING this hub is "north", which is not among the hubs \("east", "west"\)/,
    ],
    [
      'with an undefined key',
      { hubs: { east: { address: '127.0.0.1:5300', key: 'hub-key' }, west: { address: '127.0.0.2', key: 'nope' } } },
      /CONFIG_DANGLING there is no key of that name/,
    ],
    [
      'with the address of a node',
      { hubs: { east: { address: '127.0.0.1:5300', key: 'hub-key' }, west: { address: '127.0.0.1:5311', key: 'hub-key' } } },
      /CONFIG_DUPLICATE node "n1" has the address of hub "west" \(127\.0\.0\.1:5311\)/,
    ],
    [
      'without a key',
      { hubs: { east: { address: '127.0.0.1:5300', key: 'hub-key' }, west: { address: '127.0.0.2' } } },
      /CONFIG_MISSING "key" is missing/,
    ],
    [
      'with the key of a node',
      { nodes: { n1: { cloud: 'A', address: '127.0.0.1:5311', key: 'hub-key' }, n2: { cloud: 'A', address: '127.0.0.1:5312' } } },
      /CONFIG_DUPLICATE "hub-key" is the key of node "n1" too/,
    ],
    [
      'named as a primary is',
      { primaries: { west: { address: '127.0.0.1:5301' }, hm2: { address: '127.0.0.1:5302' } } },
      /CONFIG_DUPLICATE there is a primary "west" as well/,
    ],
    [
      'at a service address of a cloud',
      { hubs: { east: { address: '127.0.0.1:5300', key: 'hub-key' }, west: { address: '192.0.2.53', key: 'hub-key' } } },
      /CONFIG_ANYCAST_CONTROL/,
    ],
  ]
  for (const [name, changes, mistake] of CASES)
    it(`are refused ${name}`, () => {
      expect(mistakes(changes).join('\n')).to.match(mistake)
    })

  it('share a config whose hub-specific settings differ', () => {
    const own = {
      hub: 'west',
      transfer: { listen: ['127.0.0.2:5300'] },
      dataDir: './other',
      log: { level: 'debug' },
      defaults: { rehearsal: false },
    }
    expect(fingerprintOf(load(own))).to.equal(fingerprintOf(load()))
    const others: Record<string, unknown>[] = [
      { zones: [{ name: 'example' }, { name: 'example.net' }] },
      {
        keys: {
          'hub-key': { algorithm: 'hmac-sha256', secret: Buffer.from('another one of thirty-two octets').toString('base64') },
        },
      },
      { primaries: { hm2: { address: '127.0.0.1:5302' }, hm1: { address: '127.0.0.1:5301' } } },
      { checks: { shrink: 'warn' } },
      { rollout: { stages: [{ nodes: ['n1'] }, { cloud: 'A' }] } },
    ]
    for (const other of others) expect(fingerprintOf(load(other)), JSON.stringify(other)).to.not.equal(fingerprintOf(load()))
    expect(fingerprintOf(load())).to.match(/^[0-9a-f]{16}$/)
  })
})
