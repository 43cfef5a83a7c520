/**
 * A thousand zones change at once: the time until one worker process has committed all of them, and until two have. Each has a
 * hub of its own, with a primary and a Redis; they change in turn, so that other work on the machine slows both.
 */
import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { setTimeout as sleep } from 'node:timers/promises'
import { findPort } from '../lab/ports.js'
import { startRedis } from '../lab/redis.js'
import { api, type HubPlace, type HubProcess, spawnHub, writeHubConfig } from '../test/support/test-hub.js'
import { startIdleWatch } from './fleet/other-load.js'
import { startManyZones } from './many-zones.js'
import { processorMs } from './processes.js'
import { type Measured, measured } from './statistics.js'

const ZONES = 1_000
/** Rounds with one worker, and as many with two, alternating. */
const ROUNDS = Number(process.env.BENCH_ROUNDS ?? 7)
/** After a change the processes write late and clear up: that is time of the change, whenever the poll of the API sees its end. */
const SETTLE_MS = 2_000
/** Rounds that do not count: the programs are cold. */
const WARM_UP = 3
const REST_MS = 2_000
const TIMEOUT_MS = 120_000
/** Rarely: an answer with all zones costs the API some milliseconds, and the versions have their times. */
const ASK_EVERY_MS = 500

interface ZonePage {
  zones: { serial: number | null; releasedAt: string | null }[]
}

/** The time at which the last zone had the serial; milliseconds since 1970. */
async function untilAllHave(place: HubPlace, serial: number): Promise<number> {
  const startedAt = performance.now()
  while (performance.now() - startedAt < TIMEOUT_MS) {
    const { zones } = await api<ZonePage>(place, `/v1/zones?limit=${ZONES}`)
    if (zones.length === ZONES && zones.every((zone) => (zone.serial ?? 0) >= serial))
      return Math.max(...zones.map(({ releasedAt }) => Date.parse(releasedAt!)))
    await sleep(ASK_EVERY_MS)
  }
  throw new Error(`not all zones have serial ${serial} after ${TIMEOUT_MS} ms`)
}

async function untilShared(place: HubPlace, workers: number): Promise<void> {
  for (;;) {
    const { workers: rows } = await api<{ workers: { shards: number[] }[] }>(place, '/v1/workers')
    const sizes = rows.map(({ shards }) => shards.length)
    if (sizes.filter((size) => size > 0).length === workers && sizes.reduce((a, b) => a + b, 0) === 64) return
    await sleep(200)
  }
}

/** Milliseconds of one change: the time, and processor time, which other programs on the machine change less. */
interface Took {
  time: number
  /** Processor time of the busiest worker, of all workers, and of the process with the API and the transfer server. */
  busiest: number
  workers: number
  front: number
  /** Percent of all cores that no program used. */
  idle: number
}

interface Scene {
  /** Changes every zone; resolves when all are committed. */
  change(): Promise<Took>
  stop(): Promise<void>
}

async function startScene(workers: number): Promise<Scene> {
  const names = Array.from({ length: ZONES }, (_, i) => `z${i}.many.example.`)
  const at = { ip: '127.0.0.1', port: await findPort() }
  const folder = mkdtempSync(join(tmpdir(), 'zonecast-bench-'))
  const redis = await startRedis()
  const primary = await startManyZones(ZONES, at)
  const place = await writeHubConfig(
    {
      folder,
      rehearses: true,
      primaries: { hm1: primary.place },
      nodes: {},
      zones: names.map((name) => ({ name })),
      extra: {
        redis: redis.url,
        clouds: { A: { addresses: ['192.0.2.53'] } },
        workers: { share: 'disk' },
        log: { level: 'error' },
        defaults: { refresh: { min: '60s', max: '1h' } },
      },
    },
    { transfer: at.port },
  )
  const start = (roles: string, name: string): Promise<HubProcess> =>
    spawnHub(place, ['--roles', roles, '--worker', name], 'built')
  const running = [await start('transfer,api', 'front')]
  for (let i = 1; i <= workers; i++) running.push(await start('watcher,worker', `w${i}`))
  await untilShared(place, workers)
  await untilAllHave(place, 1)
  return {
    change: async () => {
      const pids = running.map(({ child }) => child.pid!)
      const before = pids.map((pid) => processorMs([pid]))
      const idle = startIdleWatch()
      const changedAt = Date.now()
      const time = (await untilAllHave(place, await primary.bump())) - changedAt
      const idleMeanwhile = idle()
      await sleep(SETTLE_MS)
      const used = pids.map((pid, i) => processorMs([pid]) - before[i]!)
      const [front, ...own] = used as [number, ...number[]]
      return { time, busiest: Math.max(...own), workers: own.reduce((a, b) => a + b, 0), front, idle: idleMeanwhile }
    },
    stop: async () => {
      for (const hub of running.toReversed()) await hub.stop()
      await primary.stop()
      await redis.stop()
      rmSync(folder, { recursive: true, force: true })
    },
  }
}

type Each = Record<'one' | 'two', Took[]>

const both = (row: string, unit: string, took: Each, of: (one: Took) => number): Measured[] => [
  measured(row, 'one worker', unit, took.one.map(of)),
  measured(row, 'two workers', unit, took.two.map(of)),
]

const ratio = (who: string, { one, two }: Each, of: (one: Took) => number): Measured =>
  measured(
    'two workers are faster by',
    who,
    '×',
    one.map((each, i) => of(each) / of(two[i]!)),
  )

export async function measureWorkers(): Promise<Measured[]> {
  const scenes = { one: await startScene(1), two: await startScene(2) }
  const took: Each = { one: [], two: [] }
  try {
    for (let round = -WARM_UP; round < ROUNDS; round++)
      for (const who of ['one', 'two'] as const) {
        await sleep(REST_MS)
        const each = await scenes[who].change()
        if (round >= 0) took[who].push(each)
      }
  } finally {
    for (const scene of Object.values(scenes)) await scene.stop()
  }
  return [
    ...both(`${ZONES.toLocaleString('en')} zones change at once → all committed`, 'ms', took, ({ time }) => time),
    ...both('processor time of the busiest worker', 'ms', took, ({ busiest }) => busiest),
    ...both('processor time of all workers', 'ms', took, ({ workers }) => workers),
    ...both('processor time of the API and the transfer server', 'ms', took, ({ front }) => front),
    ...both('cores idle meanwhile', '%', took, ({ idle }) => idle),
    ratio('time', took, ({ time }) => time),
    ratio('processor time', took, ({ busiest }) => busiest),
  ]
}
