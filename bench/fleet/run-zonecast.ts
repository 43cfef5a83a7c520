/** One size through the hub: check, start, first load, rest, rounds in which all zones change, one zone more, restart. */
import { mkdtempSync, rmSync } from 'node:fs'
import { join } from 'node:path'
import { setTimeout as sleep } from 'node:timers/promises'
import { findPort } from '../../lab/ports.js'
import { type HubPlace, writeHubConfig } from '../../test/support/test-hub.js'
import { DELIVERY_CPU, FIRST, Figures, HAS, MEMORY_AFTER, middleAndMax, PEAK, rounded, spread } from './figures.js'
import { checkTime, FleetHub } from './hub.js'
import { FLEET, type Size } from './knobs.js'
import { now, seconds, untilReached } from './phase.js'
import { Simulators } from './simulators.js'
import { zoneName } from './wire.js'

const PATHS = ['/v1/status', '/metrics', '/v1/nodes'] as const
const REQUESTS = 20
const ASK_EVERY_MS = 250
const SETTLE_MS = 5000
const STOP_WITHIN_MS = 120_000

interface Scene {
  size: Size
  folder: string
  place: HubPlace
  simulators: Simulators
  figures: Figures
}

/** `zones` of the fleet: all, or with the one that is added later. */
function writeConfig(
  { folder, simulators }: Pick<Scene, 'folder' | 'simulators'>,
  zones: number,
  ports: { transfer: number; api: number },
) {
  const nodes = simulators.nodes.map((place, i) => [`n${i + 1}`, { cloud: i % 2 === 0 ? 'A' : 'B', ...place }] as const)
  return writeHubConfig(
    {
      folder,
      rehearses: true,
      primaries: { hm1: simulators.primary },
      nodes: Object.fromEntries(nodes),
      zones: Array.from({ length: zones }, (_, i) => ({ name: zoneName(i) })),
      extra: { log: { level: 'warn' }, defaults: { refresh: { min: '60s', max: '1h' } } },
    },
    ports,
  )
}

/** All of the hub's pairs are confirmed, by its own word. */
const allConfirmed = (hub: FleetHub, pairs: number) =>
  untilReached(async () => ({ reached: await hub.inSync(), wanted: pairs }), FLEET.timeoutMs, ASK_EVERY_MS)

/** Latencies of the API; those that began before `isOver`. */
async function measureApi(figures: Figures, hub: FleetHub, when: string, isOver?: () => boolean): Promise<void> {
  for (const path of PATHS) {
    const values = await hub.latencies(path, REQUESTS, isOver)
    if (values.length > 0) figures.add(`${path}, ${when}`, 'ms', values, middleAndMax(values, 'ms'))
  }
}

async function firstLoad(scene: Scene, hub: FleetHub): Promise<void> {
  const { size, simulators, figures } = scene
  const pairs = size.zones * size.nodes
  let isLoaded = false
  const load = (async () => {
    const { lastAt } = await simulators.allHave(size, 1, () => hub.expectRunning())
    figures.add(FIRST, 's', [seconds(hub.startedAt, lastAt)])
    await allConfirmed(hub, pairs)
    figures.add('first load: all confirmed', 's', [seconds(hub.startedAt)])
  })()
    .catch((error: Error) => {
      figures.fail('first load: all confirmed', error.message)
      throw error
    })
    .finally(() => {
      isLoaded = true
    })
  const api = (async () => {
    figures.add('longest pause at the start', 'ms', [await hub.takePause()])
    await measureApi(figures, hub, 'under load', () => isLoaded)
  })()
  try {
    await Promise.all([load, api])
    const cpu = hub.cpuSeconds()
    figures.add('first load: CPU per zone', 'ms', [(1000 * cpu) / size.zones])
    figures.add('first load: CPU per pair', 'ms', [(1000 * cpu) / pairs])
  } finally {
    await api.catch(() => undefined)
    figures.add('first load: peak memory', 'MB', [hub.takePeak()])
  }
  figures.add('first load: longest pause', 'ms', [await hub.takePause()])
}

async function atRest({ figures }: Scene, hub: FleetHub): Promise<void> {
  await sleep(FLEET.settleMs)
  await measureApi(figures, hub, 'at rest')
  await hub.takePause()
  const before = hub.cpuSeconds()
  const from = now()
  await sleep(FLEET.idleMs)
  figures.add('idle CPU', '%', [(100 * (hub.cpuSeconds() - before)) / seconds(from)])
  figures.add('longest pause at rest', 'ms', [await hub.takePause()])
  figures.add('memory at rest', 'MB', [hub.memory()])
  figures.add('Redis memory', 'MB', [await hub.redisMemory()])
}

async function changeAll(scene: Scene, hub: FleetHub): Promise<void> {
  const { size, simulators, figures } = scene
  const pairs = size.zones * size.nodes
  const has: number[] = []
  const confirmed: number[] = []
  const cpu: number[] = []
  const pauses: number[] = []
  const memory: number[] = []
  let failure: Error | undefined
  for (let round = 0; round < FLEET.rounds && failure === undefined; round++) {
    await sleep(SETTLE_MS)
    const cpuBefore = hub.cpuSeconds()
    const changedAt = await simulators.change(0, size.zones)
    try {
      const { lastAt } = await simulators.allHave(size, 2 + round, () => hub.expectRunning())
      has.push(seconds(changedAt, lastAt))
      await allConfirmed(hub, pairs)
      confirmed.push(seconds(changedAt))
      cpu.push((1000 * (hub.cpuSeconds() - cpuBefore)) / pairs)
      pauses.push(await hub.takePause())
      memory.push(hub.memory())
    } catch (error) {
      failure = error as Error
    }
  }
  const then = failure === undefined ? '' : `, then ${failure.message}`
  if (has.length > 0) figures.add(HAS, 's', has, spread(has, 's') + (has.length > confirmed.length ? '' : then))
  else figures.fail(HAS, failure?.message ?? 'no rounds')
  if (confirmed.length > 0) {
    figures.add('all changed: all confirmed', 's', confirmed, spread(confirmed, 's') + then)
    figures.add(DELIVERY_CPU, 'ms', cpu, spread(cpu, 'ms'))
    figures.add('all changed: longest pauses', 'ms', pauses, spread(pauses, 'ms'))
    figures.add(MEMORY_AFTER, 'MB', memory, spread(memory, 'MB'))
  }
  figures.add(PEAK, 'MB', [hub.takePeak()])
  if (failure !== undefined) throw failure
}

async function oneMore(scene: Scene, hub: FleetHub, ports: { transfer: number; api: number }): Promise<void> {
  const { size, simulators, figures } = scene
  await hub.takePause()
  await writeConfig(scene, size.zones + 1, ports)
  const from = now()
  hub.reload()
  const at = async () => ({ reached: (await simulators.count(size.zones, size.zones + 1, 1)).pairs, wanted: size.nodes })
  await untilReached(at, FLEET.timeoutMs, 20)
  const hasIt = seconds(from, (await simulators.count(size.zones, size.zones + 1, 1)).lastAt)
  const isConfirmed = async () => ({ reached: await hub.confirmed(zoneName(size.zones)), wanted: size.nodes })
  await untilReached(isConfirmed, FLEET.timeoutMs, 50)
  const confirmed = seconds(from)
  figures.add('one zone by SIGHUP: nodes have it', 's', [hasIt])
  figures.add('one zone by SIGHUP: confirmed', 's', [confirmed])
  figures.add('one zone by SIGHUP: longest pause', 'ms', [await hub.takePause()])
}

async function restart({ size, place, figures }: Scene, hub: FleetHub, note: (hub: FleetHub) => void): Promise<void> {
  figures.add('stop', 's', [(await hub.stop(STOP_WITHIN_MS)) / 1000])
  const again = await FleetHub.start(place, FLEET.timeoutMs)
  note(again)
  figures.add('restart → ready', 's', [again.readyMs / 1000])
  await allConfirmed(again, (size.zones + 1) * size.nodes)
  figures.add('restart → all confirmed', 's', [seconds(again.startedAt)])
  figures.add('restart: longest pause', 'ms', [await again.takePause()])
  figures.add('restart: peak memory', 'MB', [again.takePeak()])
  figures.add('restart: memory', 'MB', [again.memory()])
}

/** `scratch`: the folder in which it works. */
export async function runZonecast(size: Size, scratch: string): Promise<Figures> {
  const figures = new Figures(size, 'zonecast')
  const folder = mkdtempSync(join(scratch, 'hub-'))
  const ports = { transfer: await findPort(), api: await findPort() }
  const simulators = await Simulators.start(size, { ip: '127.0.0.1', port: ports.transfer })
  let hub: FleetHub | undefined
  try {
    const place = await writeConfig({ folder, simulators }, size.zones, ports)
    const scene: Scene = { size, folder, place, simulators, figures }
    const check = await checkTime(place.configFile)
    figures.add('check', 's', [check.ms / 1000], check.code === 0 ? undefined : `exit code ${check.code}`)
    hub = await FleetHub.start(place, FLEET.timeoutMs)
    figures.add('first start → ready', 's', [hub.readyMs / 1000])
    await firstLoad(scene, hub)
    await atRest(scene, hub)
    await changeAll(scene, hub)
    await oneMore(scene, hub, ports)
    await restart(scene, hub, (again) => {
      hub = again
    })
    const { nodes, primary, cpuSeconds } = await simulators.report()
    figures.add('CPU of the simulators', 's', [cpuSeconds])
    console.log(`${figures.column} simulators: ${JSON.stringify({ nodes, primary, cpuSeconds: rounded(cpuSeconds) })}`)
  } catch (error) {
    figures.fail('ended early', (error as Error).message)
    const report = await simulators.report().catch(() => undefined)
    if (report) console.log(`${figures.column} simulators: ${JSON.stringify(report)}`)
  } finally {
    await hub?.stop(STOP_WITHIN_MS)
    await simulators.stop()
    rmSync(folder, { recursive: true, force: true })
  }
  return figures
}
