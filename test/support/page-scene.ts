/**
 *   Knot (primary) ──▶ zonecast ──▶ cloud A: NSD ×2 · cloud B: Knot
 *
 * A small installation for tests and screenshots of the live page: stages, a protected record, control channels.
 */
import { readFileSync, writeFileSync } from 'node:fs'
import { dirname, join } from 'node:path'
import { makeKey } from '../../lab/keys.js'
import { startKnot } from '../../lab/knot.js'
import { startNsd } from '../../lab/nsd.js'
import { findPort } from '../../lab/ports.js'
import type { LabServer } from '../../lab/server.js'
import { updateZone } from '../../lab/update.js'
import { zoneText } from '../../lab/zone-text.js'
import { readLocalToken } from '../../lib/state/local-token.js'
import { type HubPlace, inSync, startHub, type TestHub, writeHubConfig } from './test-hub.js'

export const NODES = {
  ams1: { ip: '127.0.0.8', cloud: 'A', site: 'AMS' },
  lhr1: { ip: '127.0.0.9', cloud: 'A', site: 'LHR' },
  fra1: { ip: '127.0.0.10', cloud: 'B', site: 'FRA' },
} as const

export interface PageScene {
  readonly place: HubPlace
  readonly servers: Record<string, LabServer>
  /** The token that the hub created: admin. */
  readonly token: string
  hub: TestHub
  /** Sends lines of nsupdate to the primary. */
  change(zone: string, ...lines: string[]): Promise<void>
  stop(): Promise<void>
}

/** The record `www` of each zone is protected: a version without it is held. `extra` is merged over the config. */
export async function startPageScene(
  folder: string,
  zones: readonly string[],
  extra: Record<string, unknown> = {},
): Promise<PageScene> {
  const primaryKey = makeKey('primary-key')
  const nodeKey = makeKey('node-key')
  const transfer = await findPort()
  const from = [{ ip: '127.0.0.1', port: transfer, key: nodeKey }]
  const text = (name: string): string => zoneText(name, { serial: 1, records: 40, retrySeconds: 1, extra: ['www A 192.0.2.80'] })
  const started = await Promise.all([
    startKnot({
      name: 'hm1',
      port: await findPort(),
      zones: zones.map((name) => ({ name, text: text(name) })),
      transferKey: primaryKey,
      updateKey: primaryKey,
    }),
    ...Object.entries(NODES).map(async ([name, { ip }]) =>
      (name === 'fra1' ? startKnot : startNsd)({
        name,
        ip,
        port: await findPort(ip),
        zones: zones.map((zone) => ({ name: zone, from })),
        transferKey: nodeKey,
      }),
    ),
  ])
  const servers = Object.fromEntries(started.map((server) => [server.name, server]))
  const hm1 = servers.hm1!
  const nodes = Object.entries(NODES).map(([id, { cloud }]) => {
    const { ip, port, channel } = servers[id]!
    return [id, { cloud, ip, port, key: nodeKey, channel }] as const
  })
  const place = await writeHubConfig(
    {
      folder,
      primaries: { hm1: { ip: hm1.ip, port: hm1.port, key: primaryKey } },
      nodes: Object.fromEntries(nodes),
      zones: zones.map((name) => ({ name })),
      extra: {
        rollout: { stages: [{ nodes: ['ams1'] }, { cloud: 'A' }, { cloud: 'B' }], soak: '100ms' },
        checks: { protected: { mode: 'hold', records: zones.map((name) => `www.${name} A`) } },
        probe: 'off',
        ...extra,
      },
    },
    { transfer },
  )
  const config = JSON.parse(readFileSync(place.configFile, 'utf8'))
  for (const [id, { site }] of Object.entries(NODES)) config.nodes[id].site = site
  writeFileSync(place.configFile, JSON.stringify(config, undefined, 2))
  const hub = await startHub(place)
  for (const zone of zones) await inSync(hub, zone, 1)
  const scene: PageScene = {
    place,
    servers,
    hub,
    token: readLocalToken(join(dirname(place.configFile), 'data'))!,
    change: (zone, ...lines) => updateZone({ ip: hm1.ip, port: hm1.port, key: primaryKey }, zone, lines),
    stop: async () => {
      await scene.hub.stop()
      await Promise.all(started.map((server) => server.stop()))
    },
  }
  return scene
}
