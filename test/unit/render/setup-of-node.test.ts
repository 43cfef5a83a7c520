/** The setup of a node from the config: addresses of the hubs, its catalog, and mistakes that name the setting. */
import { writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { expect } from 'chai'
import { loadConfig } from '../../../config/load.js'
import type { NodeSetup } from '../../../lib/render/node-setup.js'
import { type SettingsOfHub, setupOf } from '../../../lib/render/setup-of-node.js'
import { scratchDirs } from '../../support/scratch-dir.js'

const SECRET = 'c2VjcmV0LXNlY3JldC1zZWNyZXQ='

describe('the setup of a node', () => {
  const scratch = scratchDirs()

  function setupIn(more: object, node: object = {}): NodeSetup {
    const folder = scratch()
    const file = join(folder, 'zonecast.yaml')
    const config = {
      hub: 'east',
      transfer: { listen: ['10.0.0.5:5300'] },
      keys: {
        k: { name: 'on.the.wire', algorithm: 'hmac-sha512', secret: SECRET },
        h: { algorithm: 'hmac-sha256', secret: SECRET },
      },
      primaries: { hm1: { address: '10.0.0.11' } },
      clouds: { A: { addresses: ['192.0.2.53'] } },
      nodes: { ams1: { cloud: 'A', address: '10.1.0.1:5311', kind: 'nsd', ...node } },
      zones: [{ name: 'example.com' }],
      ...more,
    }
    writeFileSync(file, JSON.stringify(config), { mode: 0o600 })
    const loaded = loadConfig(file)
    return setupOf(loaded, 'ams1')
  }

  /** The settings of a node with TLS, whose certificates are of no interest here. */
  const loadedWithTls = (): SettingsOfHub => {
    const node = {
      id: 'ams1',
      cloud: 'A',
      paths: [{ ip: '10.1.0.1', port: 53 }],
      key: undefined,
      kind: 'nsd',
      control: undefined,
      tls: {},
    }
    const listen = [{ ip: '10.0.0.5', port: 53 }]
    const maps = { keys: new Map(), hubs: new Map(), clouds: new Map(), nodes: new Map([['ams1', node]]) }
    return {
      hub: 'east',
      transfer: { listen, source: [] },
      ...maps,
      catalogs: { published: new Map() },
    } as unknown as SettingsOfHub
  }

  it('has the address that the hub listens on, and the addresses of the node and of its cloud', () => {
    const { hubs, listen, sources } = setupIn({})
    expect(hubs).to.deep.equal([{ id: 'east', address: { ip: '10.0.0.5', port: 5300 }, senders: ['10.0.0.5'] }])
    expect(listen).to.deep.equal([
      { ip: '10.1.0.1', port: 5311 },
      { ip: '192.0.2.53', port: 53 },
    ])
    expect(sources).to.deep.equal(['10.1.0.1'])
  })

  it('has the source address of a hub that listens on all addresses', () => {
    const { hubs } = setupIn({ transfer: { listen: ['0.0.0.0:5300'], source: ['10.0.0.7'] } })
    expect(hubs).to.deep.equal([{ id: 'east', address: { ip: '10.0.0.7', port: 5300 }, senders: ['10.0.0.7'] }])
  })

  it('has the peer hubs, and the address of the hub for them, before all others', () => {
    const hubs = { east: { address: '10.0.0.50:53', key: 'h' }, west: { address: '10.0.0.60:53', key: 'h' } }
    expect(setupIn({ hubs, transfer: { listen: ['10.0.0.5:5300'], source: ['10.0.0.5'] } }).hubs).to.deep.equal([
      { id: 'east', address: { ip: '10.0.0.50', port: 53 }, senders: ['10.0.0.50', '10.0.0.5'] },
      { id: 'west', address: { ip: '10.0.0.60', port: 53 }, senders: ['10.0.0.60'] },
    ])
  })

  it('has the key by its name on the wire', () => {
    expect(setupIn({}, { key: 'k' }).key).to.deep.equal({ name: 'on.the.wire.', algorithm: 'hmac-sha512' })
  })

  it('has the place of the control channel, without a credential', () => {
    const { control, ...rest } = setupIn({}, { kind: 'bind', control: { rndc: '10.1.0.1:953', key: 'k' } })
    const key = { name: 'on.the.wire.', algorithm: 'hmac-sha512' }
    expect(control).to.deep.equal({ kind: 'bind', at: { ip: '10.1.0.1', port: 953 }, key })
    expect(rest.make).to.equal('bind')
  })

  it('has the catalog for the node, else the one for its cloud', () => {
    const ofCloud = { name: 'a.cat.test', publish: 'A' }
    expect(setupIn({ catalogs: [ofCloud] }).catalog).to.equal('a.cat.test.')
    expect(setupIn({ catalogs: [ofCloud, { name: 'ams1.cat.test', publish: 'ams1' }] }).catalog).to.equal('ams1.cat.test.')
    expect(setupIn({}).catalog).to.equal(undefined)
  })

  it('names the setting that is missing', () => {
    expect(() => setupIn({}, { kind: undefined })).to.throw(
      'node ams1 has no "kind": set nodes.ams1.kind to nsd, bind, knot or powerdns',
    )
    expect(() => setupIn({ transfer: { listen: ['0.0.0.0:53', '[::]:53'] } })).to.throw(/node ams1 can ask: set transfer.source/)
    expect(() => setupOf(loadedWithTls(), 'ams1')).to.throw(
      /^node ams1 has "tls", and TLS is not rendered: .* remove nodes\.ams1\.tls$/,
    )
    expect(() => setupIn({}, { address: '[2001:db8::1]:53' })).to.throw(/node ams1 can ask: set transfer.source/)
  })
})
