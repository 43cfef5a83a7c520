/**
 * The cast of the anycast world. Three exchanges in a triangle; at each one a site of either cloud with two servers, and a vantage
 * point. The hub, its primary and Redis are at the first, a stranger at the third.
 *
 *   v1 ─ x1 ─┬─ a1 (NSD, Knot)       v2 ─ x2 ─┬─ a2 (BIND, NSD)      v3 ─ x3 ─┬─ a3 (Knot, BIND)
 *  hub ─ │   └─ b1 (BIND, NSD)            │   └─ b2 (Knot, BIND)  evil ─ │   └─ b3 (NSD, Knot)
 *        ╰──────────── BGP ───────────────┴────────────────────────────── ╯
 */
export const ZONE = 'anycast.example.'
export const CLOUDS = { a: { id: 'A', address: '192.0.2.53' }, b: { id: 'B', address: '198.51.100.53' } } as const
export type CloudLetter = keyof typeof CLOUDS

export const EXCHANGES = [1, 2, 3] as const
export type Exchange = (typeof EXCHANGES)[number]

export type Make = 'nsd' | 'knot' | 'bind'

export interface Site {
  /** Name of the local cluster. */
  id: string
  cloud: CloudLetter
  exchange: Exchange
  members: readonly { id: string; make: Make; ip: string }[]
  as: number
  /** Address of its router. */
  ip: string
  subnet: string
}

const MAKES: Record<string, readonly [Make, Make]> = {
  a1: ['nsd', 'knot'],
  b1: ['bind', 'nsd'],
  a2: ['bind', 'nsd'],
  b2: ['knot', 'bind'],
  a3: ['knot', 'bind'],
  b3: ['nsd', 'knot'],
}

export const SITES: readonly Site[] = EXCHANGES.flatMap((exchange) =>
  (['a', 'b'] as const).map((cloud): Site => {
    const id = `${cloud}${exchange}`
    const net = `10.${cloud === 'a' ? 1 : 2}.${exchange}`
    return {
      ...{ id, cloud, exchange, as: 65_100 + (cloud === 'a' ? 0 : 10) + exchange, ip: `${net}.1`, subnet: `${net}.0/24` },
      members: MAKES[id]!.map((make, i) => ({ id: `${id}-${i + 1}`, make, ip: `${net}.${11 + i}` })),
    }
  }),
)

export const exchangeName = (exchange: Exchange): string => `x${exchange}`
export const exchangeIp = (exchange: Exchange): string => `10.0.${exchange}.1`
export const exchangeAs = (exchange: Exchange): number => 65_000 + exchange

/** Hosts at an exchange. */
export const HOSTS = {
  hub: { exchange: 1, ip: '10.3.0.1' },
  v1: { exchange: 1, ip: '10.3.1.1' },
  v2: { exchange: 2, ip: '10.3.2.1' },
  v3: { exchange: 3, ip: '10.3.3.1' },
  evil: { exchange: 3, ip: '10.3.9.1' },
} as const
export type HostName = keyof typeof HOSTS
export const VANTAGES = ['v1', 'v2', 'v3'] as const

export const siteLink = (site: string): string => `up-${site}`
