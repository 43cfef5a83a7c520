/**
 * One very large zone from a source of prepared messages to a hub and from there to NSD, then `verify` twice by the API of the hub, as an
 * operator orders it. Measures the time and CPU of each verify, the memory of the hub, and the longest wait of its event loop.
 */
import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { startNsd } from '../lab/nsd.js'
import { findPort } from '../lab/ports.js'
import { type HubProcess, spawnHub, writeHubConfig } from '../test/support/test-hub.js'
import { verify } from '../test/support/verify-order.js'
import { KNOBS } from './knobs.js'
import { Probe } from './probe.js'
import { forgetPeak, memoryMb, peakMb, processorMs } from './processes.js'
import { type Measured, measured } from './statistics.js'
import { Source } from './transfers-in.js'

/** The zone of the source. */
const ZONE = 'large.example.'
const SERIAL = 2
/** BENCH_RECORDS is the size of the large zone in the other rows. */
const TIMES = 10
/** Until the hub has tended the new version. */
const REST_MS = 20_000
const LOAD_MS = 300_000

export async function measureVerifyEndToEnd(): Promise<Measured[]> {
  const records = KNOBS.records * TIMES
  const folder = mkdtempSync(join(tmpdir(), 'zonecast-bench-'))
  const transfer = await findPort()
  const source = await Source.start(records)
  await source.go(SERIAL)
  const node = await startNsd({ name: 'node', zones: [{ name: ZONE, from: [{ ip: '127.0.0.1', port: transfer }] }] })
  let hub: HubProcess | undefined
  try {
    const place = await writeHubConfig(
      {
        folder,
        primaries: { hm1: source.place },
        nodes: { n1: { cloud: 'A', ip: node.ip, port: node.port } },
        zones: [{ name: ZONE }],
        extra: {
          log: { level: 'error' },
          verify: { how: 'off' },
          defaults: { refresh: { min: '1m', max: '1h' }, limits: { memory: 2 ** 32, growth: { records: 2 * records } } },
        },
      },
      { transfer },
    )
    hub = await spawnHub(place, [], 'built')
    const probe = new Probe()
    await probe.untilAllShow([node], ZONE, (serial) => serial === SERIAL, LOAD_MS).finally(() => probe.close())
    await new Promise((resolve) => setTimeout(resolve, REST_MS))
    const row = `${records.toLocaleString('en')} records, verify by the API`
    const rows: Measured[] = [measured(`${row}: memory before`, 'zonecast', 'MB', [memoryMb([hub.child.pid!])])]
    for (const which of ['first', 'again']) rows.push(...(await verifyOnce(hub, `${row}, ${which}`)))
    return rows
  } finally {
    await hub?.stop()
    await Promise.all([source.stop(), node.stop()])
    rmSync(folder, { recursive: true, force: true })
  }
}

async function verifyOnce(hub: HubProcess, row: string): Promise<Measured[]> {
  const pids = [hub.child.pid!]
  const before = { ms: processorMs(pids), mb: memoryMb(pids) }
  forgetPeak(pids)
  // Each reading begins a new maximum.
  await longestWait(hub)
  const startedAt = performance.now()
  const { state, progress, error } = await verify(hub, `/v1/zones/${ZONE}/verify`, { how: 'axfr' })
  const took = performance.now() - startedAt
  if (state !== 'done' || progress.targets[0]?.step !== 'same') throw new Error(`verify: ${error ?? JSON.stringify(progress)}`)
  return [
    measured(row, 'zonecast', 'ms', [took]),
    measured(`${row}: CPU of the hub`, 'zonecast', 'ms', [processorMs(pids) - before.ms]),
    measured(`${row}: more memory`, 'zonecast', 'MB', [peakMb(pids) - before.mb]),
    measured(`${row}: longest wait of the event loop`, 'zonecast', 'ms', [(await longestWait(hub)) * 1000]),
  ]
}

/** Seconds, since the last reading. */
async function longestWait(hub: HubProcess): Promise<number> {
  const text = await (await fetch(`${hub.api}/metrics`)).text()
  return Number(/^zonecast_nodejs_eventloop_lag_max_seconds\S* (\S+)/m.exec(text)?.[1])
}
