/** A hub for tests: in this process, or in its own process that can be killed. Its config is written to a scratch folder. */
import { type ChildProcess, spawn } from 'node:child_process'
import { once } from 'node:events'
import { mkdirSync, openSync, readFileSync, writeFileSync } from 'node:fs'
import { dirname, join } from 'node:path'
import { loadConfig } from '../../config/load.js'
import { createLogger } from '../../lib/runtime/logger.js'
import { readLocalToken } from '../../lib/state/local-token.js'
import { commandIn } from '../../lab/netns.js'
import { findPort } from '../../lab/ports.js'
import type { LabChannel, LabKey } from '../../lab/server.js'
import { Hub, ROLES } from '../../services/hub/hub.js'
import { PROGRAM, PROGRAMS, START } from './program.js'
import { eventually } from './eventually.js'

export interface HubSketch {
  folder: string
  primaries: Record<string, { ip: string; port: number; key?: LabKey | undefined }>
  /** `channel`: its control channel, with the kind that it belongs to. */
  nodes: Record<
    string,
    { cloud: string; ip: string; port: number; key?: LabKey | undefined; channel?: LabChannel | undefined; kind?: string }
  >
  zones: { name: string; primaries?: string[] }[]
  /** Settings of the transfer server besides its addresses. */
  transfer?: Record<string, unknown>
  /** Keys besides those of primaries and nodes. */
  keys?: Record<string, { algorithm: string; secret: string }>
  /** Merged over the default config. */
  extra?: Record<string, unknown>
  /** The hub rehearses after its start, as by default; tests start hundreds of hubs, and none of them needs it. */
  rehearses?: boolean
}

export interface HubPlace {
  configFile: string
  api: string
  /** Sent with every request when the API requires one. */
  token?: string
  transfer: { ip: string; port: number }
  /** The network namespace it runs in. */
  netns?: string
  /** The Node.js that runs it; default the one that runs this. */
  node?: string
}

/** Writes the config; ports are found unless `ports` names them. */
export async function writeHubConfig(sketch: HubSketch, ports: { transfer?: number; api?: number } = {}): Promise<HubPlace> {
  const transferPort = ports.transfer ?? (await findPort())
  const apiPort = ports.api ?? (await findPort())
  const ownKeys = Object.values(sketch.nodes).map(({ channel }) => ({
    key: channel && 'rndc' in channel ? channel.key : undefined,
  }))
  const keys = [...Object.values(sketch.primaries), ...Object.values(sketch.nodes), ...ownKeys].flatMap(({ key }) => key ?? [])
  const address = ({ ip, port }: { ip: string; port: number }): string => (ip.includes(':') ? `[${ip}]:${port}` : `${ip}:${port}`)
  const keyed = ({ key }: { key?: LabKey | undefined }): { key?: string } => (key ? { key: key.name } : {})
  mkdirSync(sketch.folder, { recursive: true })
  const configFile = join(sketch.folder, 'zonecast.yaml')
  const config = {
    hub: 'test',
    dataDir: join(sketch.folder, 'data'),
    api: { listen: `127.0.0.1:${apiPort}` },
    transfer: { listen: [`127.0.0.1:${transferPort}`, `[::1]:${transferPort}`], ...sketch.transfer },
    keys: {
      ...Object.fromEntries(keys.map(({ name, algorithm, secret }) => [name, { algorithm, secret }])),
      ...sketch.keys,
    },
    primaries: Object.fromEntries(
      Object.entries(sketch.primaries).map(([id, primary]) => [id, { address: address(primary), ...keyed(primary) }]),
    ),
    clouds: Object.fromEntries(
      [...new Set(Object.values(sketch.nodes).map(({ cloud }) => cloud))].map((cloud, i) => [
        cloud,
        { addresses: [`192.0.2.${i + 53}`] },
      ]),
    ),
    nodes: Object.fromEntries(
      Object.entries(sketch.nodes).map(([id, node]) => [
        id,
        { cloud: node.cloud, address: address(node), ...keyed(node), kind: node.kind, ...controlOf(node.channel) },
      ]),
    ),
    zones: sketch.zones,
    log: { level: process.env.ZONECAST_TEST_LOG ?? 'warn' },
    ...sketch.extra,
    defaults: {
      // An earlier version does not know the setting.
      ...(sketch.rehearses === true ? {} : { rehearsal: false }),
      ...((sketch.extra?.defaults as object | undefined) ?? { refresh: { min: '200ms', max: '2s' } }),
    },
  }
  // JSON is YAML.
  writeFileSync(configFile, JSON.stringify(config, undefined, 2))
  return { configFile, api: `http://127.0.0.1:${apiPort}`, transfer: { ip: '127.0.0.1', port: transferPort } }
}

/** The settings `kind` and `control` of a node. */
export function controlOf(channel: LabChannel | undefined): { kind?: string; control?: object } {
  if (channel === undefined) return {}
  if ('nsd' in channel) return { kind: 'nsd', control: channel }
  if ('rndc' in channel) return { kind: 'bind', control: { rndc: channel.rndc, key: channel.key.name } }
  return 'knot' in channel ? { kind: 'knot', control: channel } : { kind: 'powerdns', control: channel }
}

export interface TestHub extends HubPlace {
  stop(): Promise<void>
}

export async function startHub(place: HubPlace): Promise<TestHub> {
  const config = loadConfig(place.configFile)
  const hub = new Hub(config, ROLES, createLogger({ level: process.env.ZONECAST_TEST_LOG ?? 'silent', isTerminal: false }))
  await hub.start()
  return { ...place, stop: () => hub.stop() }
}

export interface HubProcess extends HubPlace {
  /** SIGKILL to the process alone; its private Redis remains for the next one to adopt. */
  kill(): Promise<void>
  stop(): Promise<number | null>
  readonly child: ChildProcess
}

function programOf(program: keyof typeof PROGRAMS | { checkout: string } | undefined): readonly string[] {
  if (program === undefined) return PROGRAM
  return typeof program === 'string' ? PROGRAMS[program] : [join(program.checkout, 'dist/services/main.js')]
}

/** A checkout of an earlier version may not know `--allow-root`, and then needs none. */
function startOf(program: Parameters<typeof programOf>[0]): readonly string[] {
  if (typeof program !== 'object') return START
  const source = readFileSync(join(program.checkout, 'dist/services/cli/commands/start.js'), 'utf8')
  return source.includes('--allow-root') ? START : ['start']
}

/**
 * Started like by an operator; resolves when it has printed `ready`, within `readyMs`. `program`: also a checkout that has been
 * built.
 */
export async function spawnHub(
  place: HubPlace,
  args: string[] = [],
  program?: keyof typeof PROGRAMS | { checkout: string },
  readyMs = 60_000,
): Promise<HubProcess> {
  const log = openSync(`${place.configFile}.log`, 'a')
  const child = spawn(
    ...commandIn(place.netns, place.node ?? process.execPath, [
      ...(process.env.ZONECAST_TEST_NODE_OPTIONS?.split(' ') ?? []),
      ...programOf(program),
      ...startOf(program),
      '-c',
      place.configFile,
      ...args,
    ]),
    { stdio: ['ignore', 'pipe', log] },
  )
  let out = ''
  child.stdout!.setEncoding('utf8').on('data', (text: string) => {
    out += text
  })
  const gone = once(child, 'exit')
  const hasEnded = () => child.exitCode ?? child.signalCode
  await eventually(
    () => {
      if (hasEnded() === null && !out.includes('ready')) throw new Error('the hub is not ready')
    },
    { timeoutMs: readyMs, everyMs: 20 },
  ).catch((error) => {
    child.kill('SIGKILL')
    throw error
  })
  if (hasEnded() !== null) throw new Error(`the hub ended with ${hasEnded()}; see ${place.configFile}.log`)
  return {
    ...place,
    child,
    kill: async () => {
      child.kill('SIGKILL')
      await gone
    },
    stop: async () => {
      child.kill('SIGTERM')
      const [code] = await gone
      return code as number | null
    },
  }
}

/** The header that allows a request to give orders: the place's own token, or the one that the hub created under its dataDir. */
export function credentials({ token, configFile }: HubPlace): Record<string, string> {
  const own = token ?? readLocalToken(join(dirname(configFile), 'data'))
  return own === undefined ? {} : { authorization: `Bearer ${own}` }
}

/** The API's answer as JSON; throws on anything but 2xx. */
export async function api<T = Record<string, unknown>>(hub: HubPlace, path: string, init: RequestInit = {}): Promise<T> {
  const headers = { 'content-type': 'application/json', ...credentials(hub), ...init.headers }
  const response = await fetch(hub.api + path, { ...init, headers })
  const text = await response.text()
  if (!response.ok) throw new Error(`${init.method ?? 'GET'} ${path}: ${response.status} ${text}`)
  return JSON.parse(text) as T
}

/** Waits until every node of the zone is in sync with `serial`, or with the released version. */
export async function inSync(hub: HubPlace, zone: string, serial?: number, timeoutMs = 20_000): Promise<number> {
  return await eventually(
    async () => {
      const view = await api<{
        serial: number
        inSync: number
        total: number
        error: string | null
        nodes: Record<string, { state: string; serial: number; error: string }>
      }>(hub, `/v1/zones/${zone}`)
      if (view.inSync !== view.total || (serial !== undefined && view.serial !== serial))
        throw new Error(
          `${zone} is not in sync: ${view.error ?? ''} ${JSON.stringify(view.nodes)}, released ${view.serial}, wanted ${serial}`,
        )
      return view.serial
    },
    { timeoutMs, everyMs: 50 },
  )
}
