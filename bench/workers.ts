/**
 * A thousand zones change at once: the time until one worker process has committed all of them, and until two have. Each has a
 * hub of its own, with a primary and a Redis; they change in turn, so that other work on the machine slows both.
 */
import { mkdtempSync, readFileSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { setTimeout as sleep } from 'node:timers/promises'
import { findPort } from '../lab/ports.js'
import { startRedis } from '../lab/redis.js'
import { api, type HubPlace, type HubProcess, spawnHub, writeHubConfig } from '../test/support/test-hub.js'
import { startManyZones } from './many-zones.js'
import { type Measured, measured } from './statistics.js'

const ZONES = 1_000
/** Rounds with one worker, and as many with two, alternating. */
const ROUNDS = Number(process.env.BENCH_ROUNDS ?? 7)
/** Rounds that do not count: the programs are cold. */
const WARM_UP = 3
const REST_MS = 2_000
/** Linux counts in hundredths of a second. */
const TICK_MS = 10
const TIMEOUT_MS = 120_000
const ASK_EVERY_MS = 50

interface ZonePage {
  zones: { serial: number | null }[]
}

async function untilAllHave(place: HubPlace, serial: number): Promise<number> {
  const startedAt = performance.now()
  while (performance.now() - startedAt < TIMEOUT_MS) {
    const { zones } = await api<ZonePage>(place, `/v1/zones?limit=${ZONES}`)
    if (zones.length === ZONES && zones.every((zone) => (zone.serial ?? 0) >= serial)) return performance.now() - startedAt
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

interface Scene {
  /**
   * Changes every zone; resolves when all are committed. Milliseconds: the time, and the processor time of the busiest worker,
   * which other programs on the machine change less.
   */
  change(): Promise<{ took: number; busiest: number }>
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
      const pids = running.slice(1).map(({ child }) => child.pid!)
      const before = pids.map(processorMs)
      const took = await untilAllHave(place, await primary.bump())
      await sleep(REST_MS)
      return { took, busiest: Math.max(...pids.map((pid, i) => processorMs(pid) - before[i]!)) }
    },
    stop: async () => {
      for (const hub of running.toReversed()) await hub.stop()
      await primary.stop()
      await redis.stop()
      rmSync(folder, { recursive: true, force: true })
    },
  }
}

const ratios = ({ one, two }: Record<'one' | 'two', number[]>): number[] => one.map((value, i) => value / two[i]!)

/** User and system time of a process, milliseconds. */
function processorMs(pid: number): number {
  const fields = readFileSync(`/proc/${pid}/stat`, 'latin1')
    .replace(/^.*\) /s, '')
    .split(' ')
  return (Number(fields[11]) + Number(fields[12])) * TICK_MS
}

export async function measureWorkers(): Promise<Measured[]> {
  const scenes = { one: await startScene(1), two: await startScene(2) }
  const times = { one: [] as number[], two: [] as number[] }
  const work = { one: [] as number[], two: [] as number[] }
  try {
    for (let round = -WARM_UP; round < ROUNDS; round++)
      for (const who of ['one', 'two'] as const) {
        await sleep(REST_MS)
        const { took, busiest } = await scenes[who].change()
        if (round < 0) continue
        times[who].push(took)
        work[who].push(busiest)
      }
  } finally {
    for (const scene of Object.values(scenes)) await scene.stop()
  }
  const row = `${ZONES.toLocaleString('en')} zones change at once → all committed`
  return [
    measured(row, 'one worker', 'ms', times.one),
    measured(row, 'two workers', 'ms', times.two),
    measured('processor time of the busiest worker', 'one worker', 'ms', work.one),
    measured('processor time of the busiest worker', 'two workers', 'ms', work.two),
    measured('two workers are faster by', 'time', '×', ratios(times)),
    measured('two workers are faster by', 'processor time', '×', ratios(work)),
  ]
}
