/**
 * The places of the world. Two sites with a hub and a primary each, and six nodes of three kinds in two clouds; two rings, red
 * and blue, that each pass every site and every node, in different orders. The first segment of both is in one duct.
 *
 *   red   east ═ n1 ─ n2 ─ n3 ─ west ─ n4 ─ n5 ─ n6 ─ (east)
 *   blue  east ═ n1 ─ n5 ─ n3 ─ west ─ n6 ─ n4 ─ n2 ─ (east)
 *
 * A node has an address in each ring, and the rings are not connected: a ring with one cut heals, and a node between two cuts is
 * reached by the other ring. Hubs, primaries and Redis are on the router of their site.
 */

export const NODES = {
  n1: { make: 'nsd', cloud: 'A' },
  n2: { make: 'knot', cloud: 'B' },
  n3: { make: 'bind', cloud: 'A' },
  n4: { make: 'nsd', cloud: 'B' },
  n5: { make: 'knot', cloud: 'A' },
  n6: { make: 'bind', cloud: 'B' },
} as const

export type NodeId = keyof typeof NODES
export const NODE_IDS = Object.keys(NODES) as NodeId[]

export const HOSTS = {
  'hub-east': { site: 'east', ip: '10.0.1.1' },
  'hub-west': { site: 'west', ip: '10.0.2.1' },
  'hm-east': { site: 'east', ip: '10.0.1.2' },
  'hm-west': { site: 'west', ip: '10.0.2.2' },
  redis: { site: 'east', ip: '10.0.1.3' },
} as const

export type HostId = keyof typeof HOSTS
export const HOST_IDS = Object.keys(HOSTS) as HostId[]

export type HubId = 'hub-east' | 'hub-west'
export const HUB_IDS: readonly HubId[] = ['hub-east', 'hub-west']
export type PrimaryId = 'hm-east' | 'hm-west'
export const PRIMARY_IDS: readonly PrimaryId[] = ['hm-east', 'hm-west']

export type Site = 'east' | 'west'
export const SITES: readonly Site[] = ['east', 'west']

/** The hosts on the router of a site. */
export const BEHIND: Record<Site, string> = { east: '10.0.1.0/24', west: '10.0.2.0/24' }

export type Member = Site | NodeId
export const MEMBERS: readonly Member[] = [...SITES, ...NODE_IDS]

/** Red is used where both rings lead. */
export const RINGS = {
  red: { members: ['east', 'n1', 'n2', 'n3', 'west', 'n4', 'n5', 'n6'], net: '10.1.0', cost: 10 },
  blue: { members: ['east', 'n1', 'n5', 'n3', 'west', 'n6', 'n4', 'n2'], net: '10.2.0', cost: 12 },
} as const satisfies Record<string, { members: readonly Member[]; net: string; cost: number }>

export type Ring = keyof typeof RINGS
export const RING_NAMES = Object.keys(RINGS) as Ring[]

/** A member's address in a ring. */
export const ringAddress = (ring: Ring, member: Member): string => `${RINGS[ring].net}.${MEMBERS.indexOf(member) + 1}`

export interface RingLink {
  id: string
  ring: Ring
  between: readonly [Member, Member]
}

/** `red-n1-n2`, in the order of the ring. */
export const RING_LINKS: readonly RingLink[] = RING_NAMES.flatMap((ring) => {
  const members: readonly Member[] = RINGS[ring].members
  return members.map((member, i): RingLink => {
    const next = members[(i + 1) % members.length]!
    return { id: `${ring}-${member}-${next}`, ring, between: [member, next] }
  })
})

/** The duct that both rings share. */
export const SHARED_SEGMENT = ['red-east-n1', 'blue-east-n1']

/** The links of a host to its site. */
export const hostLink = (host: HostId): string => `lan-${host}`

/** Every link of a node or a site, in one ring or in both. */
export const linksOf = (member: Member, ...rings: Ring[]): string[] =>
  RING_LINKS.filter(({ ring, between }) => between.includes(member) && (rings.length === 0 || rings.includes(ring))).map(
    ({ id }) => id,
  )

export const ZONE = 'world.example.'
