/**
 * Ten thousand zones change at once: measures the time from the new serials at the primary until one node, fed by the
 * distributor, shows all of them. The primary is small and fast (many-zones-primary.ts) and notifies for each zone; the node is a
 * Knot.
 */
import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { createInterface } from 'node:readline'
import { setTimeout as sleep } from 'node:timers/promises'
import { fileURLToPath } from 'node:url'
import { startKnot } from '../lab/knot.js'
import { findPort } from '../lab/ports.js'
import { spawnHub, writeHubConfig } from '../test/support/test-hub.js'
import { KNOBS } from './knobs.js'
import { type Place, Probe } from './probe.js'
import { raiseAsTheHub } from './processes.js'
import { type Measured, measured } from './statistics.js'

const ROUNDS = 3
/** A node that is not ready by then counts with this time. */
const TIMEOUT_MS = 60_000
/** Zones queried at a time while waiting for the node, and the interval: the node has other work. */
const WINDOW = 50
const ASK_EVERY_MS = 50

const zoneNames = (count: number): string[] => Array.from({ length: count }, (_, i) => `z${i}.many.example.`)

export async function startManyZones(
  count: number,
  told: Place,
): Promise<{ place: Place; bump: () => Promise<number>; stop: () => Promise<void> }> {
  const place = { ip: '127.0.0.1', port: await findPort() }
  const program = fileURLToPath(new URL('./many-zones-primary.ts', import.meta.url))
  const args = [place.ip, place.port, count, told.ip, told.port].map(String)
  const child = spawn(process.execPath, ['--import', 'tsx', program, ...args], { stdio: ['pipe', 'pipe', 'inherit'] })
  const lines = createInterface({ input: child.stdout })
  await once(lines, 'line')
  return {
    place,
    bump: async () => {
      child.stdin.write('bump\n')
      const [line] = (await once(lines, 'line')) as [string]
      return Number(line)
    },
    stop: async () => {
      child.stdin.end()
      await once(child, 'exit')
    },
  }
}

/** Milliseconds until the node shows the serial (or a newer one) for every zone. */
async function untilAllShow(probe: Probe, node: Place, zones: readonly string[], serial: number): Promise<number> {
  const startedAt = performance.now()
  let next = 0
  await Promise.all(
    Array.from({ length: WINDOW }, async () => {
      while (next < zones.length)
        await probe.untilAllShow([node], zones[next++]!, (shown) => shown >= serial, TIMEOUT_MS, ASK_EVERY_MS)
    }),
  )
  return performance.now() - startedAt
}

async function startDistributor(
  who: string,
  zones: readonly string[],
  primary: Place,
  at: Place,
  node: Place,
): Promise<() => Promise<unknown>> {
  if (who === 'Knot') {
    const from = [primary]
    const server = await startKnot({
      name: 'distributor',
      ...at,
      zones: zones.map((name) => ({ name, from })),
      notify: [node],
      tuned: true,
    })
    raiseAsTheHub(server.pid)
    return () => server.stop()
  }
  const folder = mkdtempSync(join(tmpdir(), 'zonecast-bench-'))
  const place = await writeHubConfig(
    {
      folder,
      rehearses: true,
      primaries: { hm1: primary },
      nodes: { n1: { cloud: 'A', ...node } },
      zones: zones.map((name) => ({ name })),
      extra: { log: { level: 'error' }, defaults: { refresh: { min: '60s', max: '1h' } } },
    },
    { transfer: at.port },
  )
  const hub = await spawnHub(place, [], 'built')
  return async () => {
    await hub.stop()
    rmSync(folder, { recursive: true, force: true })
  }
}

export async function measureManyZones(): Promise<Measured[]> {
  const zones = zoneNames(KNOBS.zones)
  const rows: Measured[] = []
  for (const who of process.env.WHO?.split(',') ?? ['Knot', 'zonecast']) {
    const at = { ip: '127.0.0.1', port: await findPort() }
    const node = { ip: '127.0.0.1', port: await findPort() }
    const primary = await startManyZones(zones.length, at)
    const stopDistributor = await startDistributor(who, zones, primary.place, at, node)
    const server = await startKnot({ name: 'node', ...node, zones: zones.map((name) => ({ name, from: [at] })), tuned: true })
    const probe = new Probe()
    const values: number[] = []
    try {
      // The first transfers of a server that loses some start with its timers.
      await untilAllShow(probe, node, zones, 1).catch(() => untilAllShow(probe, node, zones, 1))
      for (let round = 0; round < ROUNDS; round++) {
        await sleep(5_000)
        const serial = await primary.bump()
        values.push(await untilAllShow(probe, node, zones, serial).catch(() => TIMEOUT_MS))
      }
      rows.push(
        measured(`${zones.length.toLocaleString('en')} zones change at once → one Knot node shows all`, who, 'ms', values),
      )
    } finally {
      probe.close()
      await server.stop()
      await stopDistributor()
      await primary.stop()
    }
  }
  return rows
}
