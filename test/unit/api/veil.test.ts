/** Names outside the scope of a caller are hidden in texts, and words that only look like them are not. */
import { expect } from 'chai'
import type { ZonePattern } from '../../../config/callers-schema.js'
import type { ZoneName } from '../../../lib/dns/name.js'
import type { Fleet, FleetNode, FleetZone } from '../../../lib/fleet/fleet.js'
import { Scope } from '../../../services/api/scope.js'
import { Veil } from '../../../services/api/veil.js'

const node = (id: string, cloud: string): FleetNode => ({ id, cloud, cluster: undefined }) as FleetNode
const NODES = [node('ams1', 'A'), node('fra1', 'B')]
const ZONES = ['own.example.', 'other.example.', 'no.', 'is.', 'on.', 'to.', 'at.', 'in.', 'org.', 'arpa.', '.']
const fleet = {
  nodes: new Map(NODES.map((each) => [each.id, each])),
  zones: new Map(ZONES.map((name) => [name, { name, nodes: NODES } as unknown as FleetZone])),
  clouds: new Map([
    ['A', {}],
    ['B', {}],
  ]),
} as unknown as Fleet
const zones: ZonePattern[] = [
  { kind: 'zone', name: 'own.example.' as ZoneName },
  { kind: 'zone', name: 'org.' as ZoneName },
]
const veil = new Veil(new Scope('ann', { zones, clouds: ['A'], nodes: undefined }, new Map()), () => fleet)

describe('a text for a caller with a scope', () => {
  for (const [text, expected = text] of [
    ['there is no answer to it at the node in time', undefined],
    ['NO, IS (to) "at" in: no... it.', undefined],
    ['what is it in', undefined],
    ['own.example. and own.example and org. and zone org', undefined],
    ['the zone is on hold, and the zones in it', undefined],
    ['zone "no" is held', 'zone "(another zone)" is held'],
    ['zones: in., own.example', 'zones: (another zone), own.example'],
    ['no. and is. differ', '(another zone) and (another zone) differ'],
    ['"ARPA." is held', '"(another zone)" is held'],
    ['other.example differs from Other.Example.', '(another zone) differs from (another zone)'],
    ['the zone . is large', 'the zone (another zone) is large'],
    ['fra1 is silent, ams1 is not', '(another node) is silent, ams1 is not'],
    ['cloud B, not cloud A', 'cloud (another), not cloud A'],
  ] as const)
    it(`is "${expected}"`, () => expect(veil.text(text)).to.equal(expected))
})
