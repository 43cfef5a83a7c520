/** Addresses of the fleet, the zones of a node, and the keys that a sender may mean. */
import { expect } from 'chai'
import type { TsigKey } from '../../../lib/dns/tsig-record.js'
import { Fleet } from '../../../lib/fleet/fleet.js'
import { testKey } from '../../support/tsig-maker.js'
import { fleetNode, fleetPrimary, fleetZone } from './facts.js'

const KEY = testKey('hmac-sha256', 'node-key.')
/** The same name with another secret. */
const OTHER = testKey('hmac-sha512', 'node-key.')
const PRIMARY_KEY = testKey('hmac-sha256', 'primary-key.')
const PEER_KEY = testKey('hmac-sha256', 'peer-key.')
const at = (...ips: string[]) => ips.map((ip, i) => ({ id: 'n', address: { ip, port: 53 + i }, key: undefined }))

const n1 = fleetNode('n1', { paths: at('192.0.2.1', '192.0.2.1', '192.0.2.2'), key: KEY })
const n2 = fleetNode('n2', { paths: at('192.0.2.2'), key: OTHER })
const n3 = fleetNode('n3', { paths: at('192.0.2.3'), cloud: 'B' })
const stranger = fleetNode('n9')
const hm1 = fleetPrimary('hm1', '192.0.2.101', { key: PRIMARY_KEY })
const hm2 = fleetPrimary('hm2', '192.0.2.101')
const hub2 = fleetPrimary('hub2', '192.0.2.201', { key: PEER_KEY })
const one = fleetZone('one.', { nodes: [n1, n2] })
const two = fleetZone('two.', { nodes: [n1, n3, stranger] })
const fleet = new Fleet(
  [one, two],
  [n1, n2, n3],
  [hm1, hm2],
  [
    { id: 'A', addresses: [] },
    { id: 'B', addresses: [] },
  ],
  [hub2],
)
const named = (name: string, ip: string): readonly TsigKey[] => fleet.keysNamed(KEY_NAMES[name]!, ip)
const KEY_NAMES: Record<string, Buffer> = {
  node: KEY.wireName,
  primary: PRIMARY_KEY.wireName,
  peer: PEER_KEY.wireName,
  none: testKey('hmac-sha256', 'none.').wireName,
}

describe('a fleet', () => {
  it('finds zones and nodes by name', () => {
    expect([...fleet.zones.keys()]).to.deep.equal(['one.', 'two.'])
    expect(fleet.zones.get(one.name)).to.equal(one)
    expect(fleet.nodes.get('n2')).to.equal(n2)
    expect(fleet.primaries.get('hm1')).to.equal(hm1)
    expect([[...fleet.clouds.keys()], fleet.peers]).to.deep.equal([['A', 'B'], [hub2]])
    expect(new Fleet([], [], [], []).peers).to.deep.equal([])
  })

  it('has the zones of a node', () => {
    expect(fleet.zonesOf('n1')).to.deep.equal([one, two])
    expect(fleet.zonesOf('n2')).to.deep.equal([one])
    expect(fleet.zonesOf('n1'), 'one list').to.equal(fleet.zonesOf('n1'))
    expect(fleet.zonesOf('n9'), 'a node that it does not have').to.deep.equal([])
  })

  it('has nodes, primaries and peer hubs by address', () => {
    expect(fleet.nodesAt('192.0.2.1'), 'once, with two ports').to.deep.equal([n1])
    expect(fleet.nodesAt('192.0.2.2')).to.deep.equal([n1, n2])
    expect(fleet.primariesAt('192.0.2.101')).to.deep.equal([hm1, hm2])
    expect(fleet.peersAt('192.0.2.201')).to.deep.equal([hub2])
    for (const find of ['nodesAt', 'primariesAt', 'peersAt'] as const) expect(fleet[find]('192.0.2.9')).to.deep.equal([])
  })

  for (const [ip, isKnown] of [
    ['192.0.2.2', true],
    ['192.0.2.101', true],
    ['192.0.2.201', true],
    ['192.0.2.9', false],
  ] as const)
    it(`${isKnown ? 'knows' : 'does not know'} the address ${ip}`, () => {
      expect(fleet.isKnownAddress(ip)).to.equal(isKnown)
    })

  it('has the keys with a name that a sender may mean', () => {
    expect(named('node', '192.0.2.1')).to.deep.equal([KEY])
    expect(named('node', '192.0.2.2'), 'of two nodes at one address').to.deep.equal([KEY, OTHER])
    expect(named('primary', '192.0.2.101')).to.deep.equal([PRIMARY_KEY])
    expect(named('peer', '192.0.2.201')).to.deep.equal([PEER_KEY])
  })

  it('knows a key also for a sender at another address, and one of that name is enough', () => {
    expect(named('node', '192.0.2.9')).to.deep.equal([KEY])
    expect(named('peer', '192.0.2.1')).to.deep.equal([PEER_KEY])
    expect(named('none', '192.0.2.1')).to.deep.equal([])
  })

  it('has a key once when several share it', () => {
    const shared = new Fleet([], [n1, fleetNode('n4', { paths: at('192.0.2.1'), key: KEY })], [], [])
    expect(shared.keysNamed(KEY.wireName, '192.0.2.1')).to.have.lengthOf(1)
  })
})
