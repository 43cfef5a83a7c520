/** The setup of a node from the config: addresses of the hubs, its catalog, and mistakes that name the setting. */
import { writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { expect } from 'chai'
import { type LabCa, type LabCertificate, makeCa } from '../../../lab/certificates.js'
import { loadConfig } from '../../../config/load.js'
import type { NodeSetup } from '../../../lib/render/node-setup.js'
import { setupOf, type SetupWish } from '../../../lib/render/setup-of-node.js'
import { scratchDirs } from '../../support/scratch-dir.js'

const SECRET = 'c2VjcmV0LXNlY3JldC1zZWNyZXQ='

describe('the setup of a node', () => {
  const scratch = scratchDirs()

  function setupIn(more: object, node: object = {}, wish: SetupWish = {}): NodeSetup {
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
    return setupOf(loaded, 'ams1', wish)
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
    expect(() => setupIn({}, { address: '[2001:db8::1]:53' })).to.throw(/node ams1 can ask: set transfer.source/)
  })

  describe('with TLS', () => {
    let own: LabCertificate
    let ca: LabCa

    before(async () => {
      ca = await makeCa()
      own = await ca.issue('hub.example')
    })

    const secure = (node: object = {}, more: object = {}, wish?: SetupWish): NodeSetup =>
      setupIn(
        {
          transfer: {
            listen: ['10.0.0.5:5300'],
            tls: { listen: ['0.0.0.0:853'], cert: own.cert, key: own.key, clientCa: ca.file },
            source: ['10.0.0.7'],
          },
          ...more,
        },
        { tls: { name: 'ams1.example' }, ...node },
        wish,
      )

    it('has the place for TLS, and the name in the certificate of the hub', () => {
      const { hubs, tls, leftOut } = secure()
      expect(hubs).to.deep.equal([
        {
          id: 'east',
          address: { ip: '10.0.0.7', port: 853 },
          senders: ['10.0.0.7'],
          tls: { name: 'hub.example', pins: [] },
        },
      ])
      expect(tls).to.deep.equal({ hasCertificate: true, listen: [] })
      expect(leftOut).to.equal(undefined)
    })

    it('has the port on which the node serves over TLS, and no certificate where the hub wants none', () => {
      expect(secure({ tls: { name: 'ams1.example', notify: 853 } }).tls!.listen).to.deep.equal([{ ip: '10.1.0.1', port: 853 }])
      expect(secure({ tls: {} }).tls).to.deep.equal({ hasCertificate: false, listen: [] })
    })

    it('leaves out peer hubs whose address does not fit, with TLS and without', () => {
      const hubs = {
        east: { address: '10.0.0.5', key: 'h', tls: { name: 'east.example', ca: ca.file } },
        west: { address: '10.0.0.6', key: 'h', tls: { name: 'west.example', ca: ca.file } },
        north: { address: '10.0.0.8:5300', key: 'h' },
      }
      const over = secure({}, { hubs })
      expect(over.hubs.map(({ id, address, tls }) => [id, address.port, tls?.name])).to.deep.equal([
        ['east', 853, 'east.example'],
        ['west', 853, 'west.example'],
      ])
      expect(over.leftOut).to.deep.equal(['north'])
      const clear = secure({ tls: undefined }, { hubs })
      expect(clear.hubs.map(({ id, address }) => [id, address.port])).to.deep.equal([
        ['east', 5300],
        ['north', 5300],
      ])
      expect(clear.leftOut).to.deep.equal(['west'])
    })

    it('is refused, with the reason, where the server cannot do it', () => {
      expect(() => secure({ kind: 'powerdns' })).to.throw(
        /^node ams1 has "tls", and PowerDNS transfers nothing over TLS: .*dnsdist/,
      )
      expect(() => secure({ kind: 'knot' }, {}, { version: '3.2.6' })).to.throw(
        /version 3\.2\.6 transfers nothing over TLS: update it to 3\.5, or remove nodes\.ams1\.tls$/,
      )
      expect(secure({ kind: 'knot' }, {}, { version: '3.5.8' }).make).to.equal('knot')
      const pinned = { west: { address: '10.0.0.6', key: 'h', tls: { pin: own.pin } }, east: { address: '10.0.0.5', key: 'h' } }
      expect(() => secure({}, { hubs: pinned })).to.throw(/hub west has only a pin: write hubs\.west\.tls\.name$/)
      expect(secure({ kind: 'knot' }, { hubs: pinned }).hubs[1]!.tls).to.deep.equal({ name: undefined, pins: [own.pin] })
    })
  })
})
