/** The failures of the world of cast.ts, one row each: the break, the change meanwhile, and the nodes that cannot get it until the repair. */
import {
  HOST_IDS,
  type HostId,
  type HubId,
  hostLink,
  linksOf,
  NODE_IDS,
  type NodeId,
  type PrimaryId,
  RING_LINKS,
  RING_NAMES,
  SHARED_SEGMENT,
} from './cast.js'
import type { Shape } from './net-world.js'

export type Break =
  | { kind: 'cut'; links: readonly string[]; how: 'silent' | 'down' }
  | { kind: 'kill'; who: HubId | PrimaryId | 'redis' }
  /** Running, and silent. */
  | { kind: 'freeze'; who: HubId | PrimaryId | 'redis' }
  | { kind: 'part'; one: HostId; other: HostId }
  | { kind: 'slow'; links: readonly string[]; shape: Shape }

export interface Scenario {
  name: string
  breaks: readonly Break[]
  /** The break follows when the canary has the new version. */
  midway?: boolean
  /** Primaries that get the new version; both when left out. The other gets it after the repair. */
  to?: readonly PrimaryId[]
  /** A version that a check holds comes before the good one; with `until healed` the good one waits for the repair. */
  bad?: 'while broken' | 'until healed'
  /** They do not get it before the repair. */
  lacking?: readonly NodeId[]
  /** There are similar ones: in the long form only. */
  isMore?: boolean
}

const silent = (...links: string[]): Break => ({ kind: 'cut', links, how: 'silent' })

/** Both rings in turn, and never two links with one end: a router announces its links only every five seconds (RFC 2328 §12.4). */
const oneLinkEach: Scenario[] = [0, 3, 6, 1, 4, 7, 2, 5].flatMap((i) =>
  RING_NAMES.map((ring, r): Scenario => {
    const { id } = RING_LINKS.filter((link) => link.ring === ring)[(i + 2 * r) % 8]!
    const how = i % 3 === 0 ? 'down' : 'silent'
    const name = `${id} is ${how === 'down' ? 'down' : 'silently dead'}`
    return { name, breaks: [{ kind: 'cut', links: [id], how }], isMore: i !== 0 && i !== 1 }
  }),
)

const hostLinks = HOST_IDS.map(
  (host): Scenario => ({ name: `${host} is cut off`, breaks: [silent(hostLink(host))], isMore: host.endsWith('-west') }),
)

export const SCENARIOS: readonly Scenario[] = [
  ...oneLinkEach,
  { name: 'the segment that both rings share is dead', breaks: [silent(...SHARED_SEGMENT)], bad: 'while broken' },
  { name: 'a node of Knot has lost the red ring', breaks: [silent(...linksOf('n2', 'red'))] },
  { name: 'a node of BIND has lost the blue ring', breaks: [silent(...linksOf('n6', 'blue'))], isMore: true },
  {
    name: 'the canary and a node of each cloud have lost the red ring',
    breaks: [silent(...linksOf('n1', 'red'), ...linksOf('n3', 'red'), ...linksOf('n4', 'red'))],
  },
  { name: 'a node is cut off', breaks: [silent(...linksOf('n4'))], lacking: ['n4'] },
  { name: 'the canary is cut off', breaks: [silent(...linksOf('n1'))], lacking: NODE_IDS, bad: 'while broken' },

  ...hostLinks,
  { name: 'the first primary is dead', breaks: [{ kind: 'kill', who: 'hm-east' }] },
  { name: 'the second primary hangs', breaks: [{ kind: 'freeze', who: 'hm-west' }], to: ['hm-east'] },
  { name: 'only the second primary has the new version', breaks: [], to: ['hm-west'], isMore: true },
  {
    name: 'only the second primary has the new version, and a hub cannot reach it',
    breaks: [{ kind: 'part', one: 'hub-east', other: 'hm-west' }],
    to: ['hm-west'],
  },
  {
    name: 'a hub reaches no primary',
    breaks: [
      { kind: 'part', one: 'hub-west', other: 'hm-west' },
      { kind: 'part', one: 'hub-west', other: 'hm-east' },
    ],
  },

  { name: 'the first hub is dead', breaks: [{ kind: 'kill', who: 'hub-east' }], bad: 'while broken' },
  { name: 'the second hub is dead', breaks: [{ kind: 'kill', who: 'hub-west' }], bad: 'until healed' },
  { name: 'a hub dies halfway through a rollout', breaks: [{ kind: 'kill', who: 'hub-east' }], midway: true },
  { name: 'the hubs cannot reach each other', breaks: [{ kind: 'part', one: 'hub-east', other: 'hub-west' }] },

  { name: 'Redis is dead', breaks: [{ kind: 'kill', who: 'redis' }], bad: 'while broken' },
  { name: 'Redis hangs', breaks: [{ kind: 'freeze', who: 'redis' }] },

  { name: 'a whole site is gone, and Redis with it', breaks: [silent(...linksOf('east'))] },
  {
    name: 'the world is in two halves, each with a hub and a primary',
    breaks: [silent('red-n2-n3', 'red-n6-east', 'blue-n1-n5', 'blue-n2-east')],
    lacking: NODE_IDS.filter((id) => id !== 'n1'),
  },
  {
    name: 'packets from and to the hubs take 200 ms, and 5 % of them are lost',
    breaks: [{ kind: 'slow', links: ['lan-hub-east', 'lan-hub-west'], shape: { delayMs: 200, lossPercent: 5 } }],
    bad: 'while broken',
  },
]
