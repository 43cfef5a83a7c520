/**
 * A thousand zones change at once: the time until one worker process has committed all of them, and until two have. The same
 * primary, transfer server and Redis serve both; the second worker joins and leaves between the rounds.
 */
import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { setTimeout as sleep } from 'node:timers/promises'
import { findPort } from '../lab/ports.js'
import { startRedis } from '../lab/redis.js'
import { api, type HubPlace, type HubProcess, spawnHub, writeHubConfig } from '../test/support/test-hub.js'
import { startManyZones } from './many-zones.js'
import { type Measured, measured } from './statistics.js'

const ZONES = 1_000
/** Of each kind, alternating. */
const ROUNDS = Number(process.env.BENCH_ROUNDS ?? 5)
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

export async function measureWorkers(): Promise<Measured[]> {
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
  const running = [await start('transfer,api', 'front'), await start('watcher,worker', 'w1')]
  const times: Record<1 | 2, number[]> = { 1: [], 2: [] }
  try {
    await untilAllHave(place, 1)
    for (let round = 0; round < ROUNDS * 2; round++) {
      const workers = round % 2 === 0 ? 1 : 2
      const second = workers === 2 ? await start('watcher,worker', 'w2') : undefined
      await untilShared(place, workers)
      await sleep(3_000)
      const serial = await primary.bump()
      times[workers].push(await untilAllHave(place, serial))
      await second?.stop()
    }
  } finally {
    for (const hub of running.toReversed()) await hub.stop()
    await primary.stop()
    await redis.stop()
    rmSync(folder, { recursive: true, force: true })
  }
  const ratio = times[1].map((one, i) => one / times[2][i]!)
  const row = `${ZONES.toLocaleString('en')} zones change at once → all committed`
  return [
    measured(row, 'one worker', 'ms', times[1]),
    measured(row, 'two workers', 'ms', times[2]),
    measured('two workers are faster by', 'zonecast', '×', ratio),
  ]
}
