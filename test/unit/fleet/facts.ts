/** A zone, its nodes and their known state, for tests of the fleet. */
import { nameToWire, parseZoneName } from '../../../lib/dns/name.js'
import type { FleetNode, FleetZone, Primary } from '../../../lib/fleet/fleet.js'
import type { NodeFacts, ZoneFacts } from '../../../lib/fleet/zone-view.js'
import { defaultChecks } from '../../support/check-rules.js'

export const NOW = 10_000_000

export const fleetNode = (id: string, more: Partial<FleetNode> = {}): FleetNode => ({
  id,
  cloud: 'A',
  site: undefined,
  paths: [{ id, address: { ip: '192.0.2.1', port: 53 }, key: more.key }],
  key: undefined,
  ...more,
})

export const fleetPrimary = (id: string, ip = '192.0.2.101', more: Partial<Primary> = {}): Primary => ({
  id,
  address: { ip, port: 53 },
  key: undefined,
  ...more,
})

export const fleetZone = (name: string, more: Partial<FleetZone> = {}): FleetZone => ({
  name: parseZoneName(name),
  apex: nameToWire(name),
  primaries: [fleetPrimary('hm1')],
  clouds: ['A'],
  nodes: [fleetNode('n1')],
  refresh: { minMs: 1_000, maxMs: 3_600_000 },
  limits: {},
  checks: defaultChecks(name),
  ...more,
})

export const FLEET_ZONE = fleetZone('example.')

/** Serial 5 is released, and the zone has no fault. */
export const zoneFacts = (more: Partial<ZoneFacts> = {}): ZoneFacts => ({
  released: { serial: 5, digest: 'd5', records: 7, releasedAt: NOW - 4_000_000 },
  releases: [{ serial: 5, digest: 'd5', releasedAt: NOW - 4_000_000 }],
  staged: [],
  held: undefined,
  conflict: false,
  expired: false,
  ...more,
})

/** It serves serial 5. */
export const nodeFacts = (more: Partial<NodeFacts> = {}): NodeFacts => ({
  id: 'n1',
  serial: 5,
  since: NOW - 3_000_000,
  observedAt: NOW - 1_000,
  missed: 0,
  error: undefined,
  drained: false,
  ...more,
})
