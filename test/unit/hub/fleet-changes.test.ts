/**
 *   a config ──▶ fleet; the config changed and read again ──▶ fleet, and the differences: only those of the change
 */
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { expect } from 'chai'
import { loadConfig } from '../../../config/load.js'
import { fleetOfConfig } from '../../../services/fleet/fleet-of-config.js'

const CONFIG = {
  hub: 'east',
  keys: { k: { algorithm: 'hmac-sha256', secret: Buffer.alloc(32, 1).toString('base64') } },
  primaries: { hm1: { address: '127.0.0.1:5301', key: 'k' }, hm2: { address: '127.0.0.1:5302' } },
  clouds: { A: {}, B: {} },
  nodes: { a1: { cloud: 'A', address: '127.0.0.1:5311', key: 'k' }, b1: { cloud: 'B', address: '127.0.0.1:5321' } },
  zones: [
    { name: 'one.example' },
    { name: 'two.example', clouds: ['A'] },
    { name: 'three.example', clouds: ['B'], primaries: ['hm2'] },
  ],
  checks: {},
}
type Raw = typeof CONFIG

describe('a config that is read again', () => {
  let folder: string
  beforeEach(() => {
    folder = mkdtempSync(join(tmpdir(), 'zonecast-test-'))
  })
  afterEach(() => rmSync(folder, { recursive: true, force: true }))

  const read = (raw: unknown) => {
    const file = join(folder, 'zonecast.yaml')
    writeFileSync(file, JSON.stringify(raw), { mode: 0o600 })
    return loadConfig(file)
  }
  const diffOf = (change: (raw: Raw) => unknown) => {
    const before = fleetOfConfig(read(CONFIG))
    const after = fleetOfConfig(read(change(structuredClone(CONFIG))), before)
    const { added, removed, changed } = after.diff(before)
    return {
      added: added.map(({ name }) => name),
      removed: removed.map(({ name }) => name),
      changed: changed.map((each) => each.after.name),
    }
  }
  const NONE = { added: [], removed: [], changed: [] }

  it('without a change has no differences', () => {
    expect(diffOf((raw) => raw)).to.deep.equal(NONE)
  })

  it('with another zone differs in that zone', () => {
    expect(diffOf((raw) => ({ ...raw, zones: [{ name: 'new.example' }, ...raw.zones] }))).to.deep.equal({
      ...NONE,
      added: ['new.example.'],
    })
  })

  it('without a zone differs in that zone', () => {
    expect(diffOf((raw) => ({ ...raw, zones: raw.zones.slice(1) }))).to.deep.equal({ ...NONE, removed: ['one.example.'] })
  })

  it('with another node differs in the zones of its cloud', () => {
    const a2 = { cloud: 'A', address: '127.0.0.1:5312' }
    expect(diffOf((raw) => ({ ...raw, nodes: { ...raw.nodes, a2 } }))).to.deep.equal({
      ...NONE,
      changed: ['one.example.', 'two.example.'],
    })
  })

  it('with another address, secret or site of a node differs in its zones', () => {
    for (const more of [{ address: '127.0.0.1:5399' }, { site: 'AMS' }, { key: 'k' }])
      expect(diffOf((raw) => ({ ...raw, nodes: { ...raw.nodes, b1: { ...raw.nodes.b1, ...more } } }))).to.deep.equal({
        ...NONE,
        changed: ['one.example.', 'three.example.'],
      })
    const secret = Buffer.alloc(32, 2).toString('base64')
    expect(diffOf((raw) => ({ ...raw, keys: { k: { algorithm: 'hmac-sha256', secret } } })).changed).to.deep.equal([
      'one.example.',
      'two.example.',
    ])
  })

  it('with another address of a primary differs in its zones', () => {
    const hm1 = { address: '127.0.0.1:5309', key: 'k' }
    expect(diffOf((raw) => ({ ...raw, primaries: { ...raw.primaries, hm1 } })).changed).to.deep.equal([
      'one.example.',
      'two.example.',
    ])
  })

  it('with other settings differs in the zones that they concern', () => {
    const slow = { name: 'two.example', clouds: ['A'], refresh: { min: '9s' } }
    expect(diffOf((raw) => ({ ...raw, zones: raw.zones.map((zone) => (zone.name === slow.name ? slow : zone)) }))).to.deep.equal({
      ...NONE,
      changed: ['two.example.'],
    })
    expect(diffOf((raw) => ({ ...raw, checks: { zonemd: { mode: 'off' } } })).changed).to.have.lengthOf(3)
    const records = ['www.two.example. A 192.0.2.1']
    expect(diffOf((raw) => ({ ...raw, checks: { protected: { mode: 'hold', records } } })).changed).to.deep.equal([
      'two.example.',
    ])
  })
})
