/** The cast of the demo: zones, primaries and nodes, each with its purpose. */
import { makeKey } from '../../lab/keys.js'
import type { LabKey } from '../../lab/server.js'

export interface DemoZone {
  name: string
  records: number
  signed: boolean
}

export const SMALL = 'shop.example.'
export const LARGE = 'big.example.'
export const SIGNED = 'signed.example.'

export const ZONES: readonly DemoZone[] = [
  { name: SMALL, records: 60, signed: false },
  { name: LARGE, records: 10_000, signed: false },
  { name: SIGNED, records: 200, signed: true },
]

export type Make = 'knot' | 'nsd' | 'bind'

export const MAKE_NAMES: Record<Make, string> = { knot: 'Knot', nsd: 'NSD', bind: 'BIND' }

export interface DemoNode {
  id: string
  cloud: 'A' | 'B'
  site: string
  make: Make
  ip: string
  key: LabKey
}

/** Each node has a key of its own: a stolen key opens one node. BIND accepts only addresses of an interface. */
export function castNodes(): DemoNode[] {
  const node = (id: string, cloud: DemoNode['cloud'], make: Make, ip: string, algorithm: string): DemoNode => ({
    id,
    cloud,
    site: id.slice(0, 3).toUpperCase(),
    make,
    ip,
    key: makeKey(`${id}-key`, algorithm),
  })
  return [
    node('ams1', 'A', 'nsd', '127.0.0.21', 'hmac-sha256'),
    node('lhr1', 'A', 'nsd', '127.0.0.22', 'hmac-sha256'),
    node('mad1', 'A', 'nsd', '127.0.0.23', 'hmac-sha512'),
    node('fra1', 'B', 'bind', '127.0.0.1', 'hmac-sha256'),
    node('sin1', 'B', 'bind', '127.0.0.1', 'hmac-sha512'),
    node('syd1', 'B', 'knot', '127.0.0.26', 'hmac-sha256'),
  ]
}

export const PRIMARY_IPS = { hm1: '127.0.0.11', hm2: '127.0.0.12' } as const

export const CLOUD_ADDRESSES = { A: ['192.0.2.53', '2001:db8:a::53'], B: ['198.51.100.53', '2001:db8:b::53'] } as const
