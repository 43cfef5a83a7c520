/** The configs of both hubs, equal except for name and addresses: the only place that describes this world to a hub. */
import { createHash } from 'node:crypto'
import { mkdirSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { configSchema } from '../../config/schema.js'
import type { LabKey } from '../../lab/server.js'
import type { HubPlace } from '../support/test-hub.js'
import { HOSTS, type HubId, HUB_IDS, NODES, NODE_IDS, type NodeId, PRIMARY_IDS, ringAddress, RING_NAMES, ZONE } from './cast.js'
import type { Place } from './net-world.js'

export const HUB_PORT = 5300
const API_PORT = 8053

export interface WorldKeys {
  primary: LabKey
  hub: LabKey
  nodes: Record<NodeId, LabKey>
}

/** Long enough that an observer sees one stage before the next. */
export const SOAK_MS = 250

export function writeHubConfig(hub: HubId, folder: string, place: Place, keys: WorldKeys): HubPlace {
  const token = createHash('sha256').update(`${place.netns} ${keys.hub.secret}`).digest('hex')
  const config = {
    hub,
    dataDir: join(folder, 'data'),
    redis: `redis://${HOSTS.redis.ip}:6379/0`,
    api: {
      listen: `${place.ip}:${API_PORT}`,
      tokens: [{ name: 'world', role: 'admin', sha256: createHash('sha256').update(token).digest('hex') }],
    },
    transfer: { listen: [`${HOSTS[hub].ip}:${HUB_PORT}`] },
    // A second worker of the hub replaces one that is killed.
    workers: { share: 'disk', lease: '5s' },
    keys: Object.fromEntries(
      [keys.primary, keys.hub, ...Object.values(keys.nodes)].map(({ name, algorithm, secret }) => [name, { algorithm, secret }]),
    ),
    // Hubs that hear of each other, as soon as they can.
    ...('hubs' in configSchema.shape
      ? { hubs: Object.fromEntries(HUB_IDS.map((id) => [id, { address: `${HOSTS[id].ip}:${HUB_PORT}`, key: keys.hub.name }])) }
      : {}),
    primaries: Object.fromEntries(PRIMARY_IDS.map((id) => [id, { address: `${HOSTS[id].ip}:53`, key: keys.primary.name }])),
    clouds: { A: { addresses: ['192.0.2.53'] }, B: { addresses: ['198.51.100.53'] } },
    nodes: Object.fromEntries(
      NODE_IDS.map((id) => [
        id,
        {
          cloud: NODES[id].cloud,
          paths: RING_NAMES.map((ring) => `${ringAddress(ring, id)}:53`),
          key: keys.nodes[id].name,
        },
      ]),
    ),
    zones: [{ name: ZONE }],
    defaults: {
      refresh: { min: '200ms', max: '1s' },
      observe: { every: '1s', afterRelease: '500ms' },
      notify: { retries: ['500ms', '1s', '2s', '4s'] },
      keepVersions: 1000,
    },
    rollout: {
      stages: [{ nodes: ['n1'] }, { cloud: 'A' }, { cloud: 'B' }],
      soak: `${SOAK_MS}ms`,
      unreachable: 1,
    },
    log: { level: process.env.ZONECAST_TEST_LOG ?? 'info' },
  }
  mkdirSync(folder, { recursive: true })
  const configFile = join(folder, 'zonecast.yaml')
  // JSON is YAML.
  writeFileSync(configFile, JSON.stringify(config, undefined, 2), { mode: 0o600 })
  return {
    configFile,
    api: `http://${place.ip}:${API_PORT}`,
    token,
    transfer: { ip: HOSTS[hub].ip, port: HUB_PORT },
    netns: place.netns,
  }
}
