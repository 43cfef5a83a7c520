/** Recognition of a peer hub: by its address and key, and never for an address that may be a node. */
import { expect } from 'chai'
import { nameToWire, parseZoneName } from '../../../lib/dns/name.js'
import { TsigKey } from '../../../lib/dns/tsig-record.js'
import { Fleet, type FleetNode, type FleetZone, type Primary } from '../../../lib/fleet/fleet.js'
import { isAcquainted, nodesAsking, peerAsking } from '../../../services/transfer/access.js'

const key = (name: string): TsigKey => new TsigKey(name, 'hmac-sha256', Buffer.from(name))
const [HUB, NODE] = [key('hub-key'), key('node-key')]
const node: FleetNode = {
  id: 'n1',
  cloud: 'A',
  site: undefined,
  paths: [{ id: 'n1', address: { ip: '10.0.0.1', port: 53 }, key: NODE }],
  key: NODE,
}
const zone = {
  name: parseZoneName('example'),
  apex: nameToWire('example'),
  clouds: ['A'],
  nodes: [node],
  primaries: [],
} as unknown as FleetZone
const west: Primary = { id: 'west', address: { ip: '10.0.0.9', port: 53 }, key: HUB }
const fleet = new Fleet([zone], [node], [], [{ id: 'A', addresses: [] }], [west])

describe('a peer hub that sends a request', () => {
  const CASES: readonly (readonly [who: string, ip: string, key: TsigKey | undefined, hub: string | undefined])[] = [
    ['is known by address and key', '10.0.0.9', HUB, 'west'],
    ['is unknown without its key', '10.0.0.9', undefined, undefined],
    ['is unknown with the key of a node', '10.0.0.9', NODE, undefined],
    ['is unknown from another address', '10.0.0.8', HUB, undefined],
    ['is not a node with the key of the hub', '10.0.0.1', HUB, undefined],
  ]
  for (const [who, ip, used, hub] of CASES)
    it(who, () => {
      expect(peerAsking(fleet, { ip, port: 4000, proto: 'tcp' }, used)?.id).to.equal(hub)
      expect(isAcquainted(fleet, ip, used)).to.equal(hub !== undefined)
    })

  it('is admitted by address, and its key is known', () => {
    expect(fleet.isKnownAddress('10.0.0.9')).to.equal(true)
    expect(fleet.keysNamed(HUB.wireName, '127.0.0.1')).to.deep.equal([HUB])
    expect(nodesAsking(fleet, { ip: '10.0.0.9', port: 4000, proto: 'tcp' }, HUB, zone)).to.deep.equal([])
  })
})
