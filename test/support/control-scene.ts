/**
 *   Knot ──▶ zonecast ──▶ a proxy that can change octets ──▶ NSD, BIND, Knot, PowerDNS, each with its control channel
 */
import { compareZones } from '../../lab/compare.js'
import { runCommand } from '../../lab/run-command.js'
import { startBind } from '../../lab/bind.js'
import { startKnot } from '../../lab/knot.js'
import { startNsd } from '../../lab/nsd.js'
import { startPdns } from '../../lab/pdns.js'
import { findPort } from '../../lab/ports.js'
import type { LabServer } from '../../lab/server.js'
import { updateZone } from '../../lab/update.js'
import { zoneText } from '../../lab/zone-text.js'
import { eventually } from './eventually.js'
import { startTamperingProxy, type TamperingProxy } from './tampering-proxy.js'
import { api, type HubPlace, inSync, startHub, type TestHub, writeHubConfig } from './test-hub.js'

export const ZONE = 'example.com.'
export const MAKES = {
  nsd: { start: startNsd, ip: '127.0.0.41', cloud: 'A', force: ['force_transfer', ZONE] },
  // BIND listens on addresses of an interface only.
  bind: { start: startBind, ip: '127.0.0.1', cloud: 'A', force: ['retransfer', ZONE] },
  knot: { start: startKnot, ip: '127.0.0.42', cloud: 'B', force: ['-f', 'zone-retransfer', ZONE] },
  pdns: { start: startPdns, ip: '127.0.0.43', cloud: 'B', force: ['retrieve', ZONE] },
} as const
export type Make = keyof typeof MAKES

const GOOD = Buffer.from([192, 0, 2, 80])
const BAD = Buffer.from([192, 0, 2, 81])

export interface ControlScene {
  primary: LabServer
  hub: TestHub
  place: HubPlace
  proxy: TamperingProxy
  nodes: Record<Make, LabServer>
  /** The node gets other content under its serial. Resolves when it serves it. */
  tamper(make: Make): Promise<void>
  address(make: Make): Promise<string>
  /** Throws when the node has another zone than the primary. */
  compare(make: Make): Promise<void>
  stop(): Promise<void>
}

export interface SceneOptions {
  folder: string
  extra?: Record<string, unknown>
  /** Nodes without a control channel. */
  without?: readonly Make[]
}

export async function startControlScene({ folder, extra = {}, without = [] }: SceneOptions): Promise<ControlScene> {
  const primary = await startKnot({
    name: 'hm1',
    ip: '127.0.0.40',
    zones: [{ name: ZONE, text: zoneText(ZONE, { records: 50, retrySeconds: 1 }) }],
  })
  const transfer = await findPort()
  const proxy = await startTamperingProxy({ ip: '127.0.0.1', port: transfer })
  const started = await Promise.all(
    (Object.keys(MAKES) as Make[]).map(async (make) => {
      const { start, ip } = MAKES[make]
      return [make, await start({ name: make, ip, port: await findPort(ip), zones: [{ name: ZONE, from: [proxy] }] })] as const
    }),
  )
  const nodes = Object.fromEntries(started) as Record<Make, LabServer>
  const place = await writeHubConfig(
    {
      folder,
      primaries: { hm1: primary },
      nodes: Object.fromEntries(
        started.map(([make, { ip, port, channel }]) => [
          make,
          {
            cloud: MAKES[make].cloud,
            ip,
            port,
            channel: without.includes(make) ? undefined : channel,
            kind: make === 'pdns' ? 'powerdns' : make,
          },
        ]),
      ),
      zones: [{ name: ZONE }],
      // Each test transfers the same version several times.
      transfer: { repeats: 0 },
      extra: { defaults: { refresh: { min: '200ms', max: '2s' }, observe: { every: '1s', afterRelease: '300ms' } }, ...extra },
    },
    { transfer },
  )
  const hub = await startHub(place)
  const scene: ControlScene = {
    primary,
    hub,
    place,
    proxy,
    nodes,
    address: (make) => lookUp(nodes[make]),
    tamper: async (make) => {
      proxy.change = { from: GOOD, to: BAD }
      try {
        await eventually(
          async () => {
            await nodes[make].control(...MAKES[make].force)
            await eventually(async () => expectText(await lookUp(nodes[make]), '192.0.2.81'), { timeoutMs: 3_000 })
          },
          { timeoutMs: 20_000 },
        )
      } finally {
        proxy.change = undefined
      }
    },
    compare: async (make) => {
      const report = await compareZones(primary, nodes[make], ZONE)
      if (report !== undefined) throw new Error(`${make} has another zone: ${JSON.stringify(report)}`)
    },
    stop: async () => {
      await scene.hub.stop()
      await proxy.stop()
      await Promise.all([primary, ...Object.values(nodes)].map((server) => server.stop()))
    },
  }
  await inSync(hub, ZONE)
  // The last change is the record that is tampered with.
  await updateZone(primary, ZONE, [`add www.${ZONE} 300 A 192.0.2.80`])
  await eventually(async () => expectText(await lookUp(nodes.knot), '192.0.2.80'))
  await inSync(hub, ZONE)
  return scene
}

const expectText = (seen: string, wanted: string): void => {
  if (seen !== wanted) throw new Error(`it answers ${seen}, not ${wanted}`)
}

const lookUp = async ({ ip, port }: LabServer): Promise<string> =>
  (await runCommand('dig', [`@${ip}`, '-p', String(port), '+short', '+norec', `www.${ZONE}`, 'A'])).trim()

export interface JobView {
  id: string
  state: string
  error: string | null
  progress: { targets: { zone: string; node: string; step: string; serial?: number; error?: string }[] }
}

/** Orders a resync, and returns the job when it has ended. */
export async function resync(hub: HubPlace, body: object): Promise<JobView> {
  const { job } = await api<{ job: string }>(hub, '/v1/resync', { method: 'POST', body: JSON.stringify(body) })
  return await ended(hub, job)
}

/** Waits for the end of a job. */
export async function ended(hub: HubPlace, job: string): Promise<JobView> {
  return await eventually(
    async () => {
      const view = await api<JobView>(hub, `/v1/jobs/${job}`)
      if (view.state !== 'done' && view.state !== 'failed')
        throw new Error(`the job is ${view.state}: ${JSON.stringify(view.progress)}`)
      return view
    },
    { timeoutMs: 60_000 },
  )
}
