/** AXFR in: NOTIFY → the receiver answers with the serial, the large zone from one fast source, receivers in turn. */
import { type ChildProcess, spawn } from 'node:child_process'
import { once } from 'node:events'
import { mkdtempSync, readFileSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { createInterface, type Interface } from 'node:readline'
import { fileURLToPath } from 'node:url'
import { startBind } from '../lab/bind.js'
import { startKnot } from '../lab/knot.js'
import { startNsd } from '../lab/nsd.js'
import { findPort } from '../lab/ports.js'
import type { LabKey } from '../lab/server.js'
import { spawnHub, writeHubConfig } from '../test/support/test-hub.js'
import { KNOBS } from './knobs.js'
import { descendants, memoryMb, raiseAsTheHub } from './processes.js'
import { type Place, Probe } from './probe.js'
import { type Measured, measured } from './statistics.js'
import { type BenchTls, serverTls } from './tls.js'

const ZONE = 'large.example.'

/** The process that serves the zone (source-server.ts). */
export class Source {
  readonly place: Place
  readonly #child: ChildProcess
  readonly #lines: Interface

  private constructor(place: Place, child: ChildProcess) {
    this.place = place
    this.#child = child
    this.#lines = createInterface({ input: child.stdout! })
  }

  static async start(records: number, zonemd = false): Promise<Source> {
    const place = { ip: '127.0.0.1', port: await findPort() }
    const program = fileURLToPath(new URL('./source-server.ts', import.meta.url))
    const args = [program, place.ip, String(place.port), ZONE, String(records), ...(zonemd ? ['zonemd'] : [])]
    const child = spawn(process.execPath, ['--import', 'tsx', ...args], {
      stdio: ['pipe', 'pipe', 'inherit'],
    })
    const source = new Source(place, child)
    await once(source.#lines, 'line')
    return source
  }

  /** Resolves with the serial that it serves then. */
  async #order(word: string, number: number): Promise<number> {
    this.#child.stdin!.write(`${word} ${number}\n`)
    const [line] = (await once(this.#lines, 'line')) as [string]
    return Number(line.split(' ')[1])
  }

  /** Serves the zone by AXFR. */
  go = (serial: number): Promise<number> => this.#order('go', serial)

  /** Serves a zone of five records by AXFR. */
  small = (serial: number): Promise<number> => this.#order('small', serial)

  /** Serves the next serial by AXFR only: `records` addresses are others. */
  replace = (records: number): Promise<number> => this.#order('replace', records)

  /** Serves the next serial by IXFR only: `records` removed and as many added. */
  change = (records: number): Promise<number> => this.#order('change', records)

  async stop(): Promise<void> {
    this.#child.stdin!.end()
    await once(this.#child, 'exit')
  }
}

export interface Receiver extends Place {
  /** Process ids of the receiver. */
  pids: () => number[]
  stop: () => Promise<unknown>
  /** Its place for transfers over TLS. */
  secure?: Place
}

export interface ReceiverOptions {
  key?: LabKey | undefined
  tls?: BenchTls | undefined
}

/** True when a checkout has the setting that lets a node transfer one version without waits. */
const repeatsFreely = (checkout: string | undefined): boolean =>
  checkout === undefined || readFileSync(join(checkout, 'config/schema.ts'), 'utf8').includes('repeats:')

/** A hub with one zone and nodes that do not run. `checkout`: folder of another, built zonecast. */
export async function startHubOf(
  zone: string,
  from: Place,
  { key, tls: certificates }: ReceiverOptions = {},
  checkout?: string,
): Promise<Receiver> {
  const folder = mkdtempSync(join(tmpdir(), 'zonecast-bench-'))
  const tls = certificates && (await serverTls(certificates))
  const place = await writeHubConfig({
    folder,
    rehearses: true,
    primaries: { hm1: from },
    nodes: {
      n1: { cloud: 'A', ip: '127.0.0.1', port: await findPort() },
      ...(key ? { n2: { cloud: 'A', ip: '127.0.0.1', port: await findPort(), key } } : {}),
    },
    zones: [{ name: zone }],
    extra: {
      log: { level: process.env.BENCH_LOG ?? 'error' },
      defaults: { refresh: { min: '1m', max: '1h' }, limits: { growth: { records: 10_000_000, octets: 2 ** 30 } } },
    },
    transfer: {
      ...(repeatsFreely(checkout) ? { repeats: 0 } : {}),
      ...(tls === undefined ? {} : { tls: { listen: [`127.0.0.1:${tls.port}`], cert: tls.cert, key: tls.key } }),
    },
  })
  const hub = await spawnHub(place, [], checkout === undefined ? 'built' : { checkout })
  const stop = async (): Promise<void> => {
    await hub.stop()
    rmSync(folder, { recursive: true, force: true })
  }
  const secure = tls === undefined ? {} : { secure: { ip: '127.0.0.1', port: tls.port } }
  return { ...place.transfer, ...secure, pids: () => [hub.child.pid!], stop }
}

/** `key`: also serves the zone to clients with this key. `zonemd`: Knot verifies it too, as zonecast always does. */
export async function startReceiver(
  who: string,
  zone: string,
  from: Place,
  options: ReceiverOptions = {},
  zonemd = false,
): Promise<Receiver> {
  const { key } = options
  if (who === 'zonecast') return await startHubOf(zone, from, options)
  const tls = options.tls && (await serverTls(options.tls))
  const start = { Knot: startKnot, NSD: startNsd, BIND: startBind }[who]!
  const server = await start({ name: who, zones: [{ name: zone, from: [from], zonemd }], tuned: true, transferKey: key, tls })
  raiseAsTheHub(server.pid)
  const secure = tls === undefined ? {} : { secure: { ip: server.ip, port: tls.port } }
  return { ip: server.ip, port: server.port, ...secure, pids: () => descendants(server.pid), stop: () => server.stop() }
}

export async function measureTransfersIn(): Promise<Measured[]> {
  return [...(await measureIn(['Knot', 'NSD', 'BIND', 'zonecast'], false)), ...(await measureIn(['Knot', 'zonecast'], true))]
}

/** `zonemd`: the zone has a ZONEMD record, and only servers that verify it take part. */
async function measureIn(who: readonly string[], zonemd: boolean): Promise<Measured[]> {
  const times = new Map<string, number[]>(who.map((name) => [name, []]))
  const memory = new Map<string, number[]>(who.map((name) => [name, []]))
  for (let round = 0; round < KNOBS.rounds; round++)
    for (const name of who) {
      const source = await Source.start(KNOBS.records, zonemd)
      const receiver = await startReceiver(name, ZONE, source.place, {}, zonemd)
      const probe = new Probe()
      try {
        await source.go(1)
        probe.notify(receiver, ZONE)
        times.get(name)!.push(await probe.untilAllShow([receiver], ZONE, (serial) => serial === 1, 120_000))
        memory.get(name)!.push(memoryMb(receiver.pids()))
      } finally {
        probe.close()
        await receiver.stop()
        await source.stop()
      }
    }
  const label = `${KNOBS.records.toLocaleString('en')} records${zonemd ? ' with ZONEMD verified' : ''}`
  return [
    ...who.map((name) => measured(`AXFR in, ${label}: NOTIFY → answers the new serial`, name, 'ms', times.get(name)!)),
    ...who.map((name) => measured(`memory with ${label}`, name, 'MB', memory.get(name)!)),
  ]
}
