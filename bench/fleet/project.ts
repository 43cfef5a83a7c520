/**
 * `npm run bench -- simulation`: simulates the scheduling code of a worker for some sizes in virtual time, and computes by their
 * slopes what a fleet needs that no machine at hand can hold.
 *
 *   SIMULATE=1000x50,2000x50,1000x100      sizes that are simulated: zones of one worker × nodes
 *   SIMULATE_FOR=1000000x500/8             the fleet: zones × nodes / workers
 *   SIMULATE_PACE=200                      transfers per second that a node takes
 *   SIMULATE_CPU=0.3                       CPU of a hub for each delivery, milliseconds, as `npm run bench -- fleet` measured it
 */
import { SHARDS, shardOf } from '../../lib/fleet/shards.js'
import { sweepMs } from '../../lib/fleet/sweep-length.js'
import { measured, type Measured } from '../statistics.js'
import { rounded } from './figures.js'
import { RealScheduling, RULES } from './real-scheduling.js'
import { type SimulatedColumn, type SimulatedSize, simulate, sizesOf, tableOfSimulations } from './simulate.js'
import type { SimulationResult } from './simulation.js'
import { slopeOf } from './slopes.js'

/** Octets in Redis for a pair at rest, and in each process that shows all pairs: its serial and time, and its state for readers. */
const REDIS_OCTETS = 18
const READER_OCTETS = 8 + 2
const HASHED_ZONES = 100_000

export async function measureSimulation(): Promise<Measured[]> {
  const sizes = sizesOf(process.env.SIMULATE ?? '1000x50,2000x50,1000x100,2000x100')
  const fleets = sizesOf(process.env.SIMULATE_FOR ?? '1000000x500/8')
  const { workers } = fleets[0]!
  const pace = Number(process.env.SIMULATE_PACE ?? 200)
  const cpuMs = Number(process.env.SIMULATE_CPU ?? 0.3)
  const columns = await simulate(sizes, pace / workers, (wires, options) => new RealScheduling(wires, options, workers))
  console.log(`\n${tableOfSimulations(columns)}`)
  for (const fleet of fleets) console.log(`\n${projected(fleet, columns, { pace, cpuMs })}`)
  return columns.flatMap(({ size, result }) =>
    Object.entries(result).flatMap(([name, value]) =>
      value === undefined ? [] : [measured(`simulation ${size.zones} × ${size.nodes}: ${name}`, 'zonecast', '', [value])],
    ),
  )
}

/** Returns the needs of the fleet as a table in Markdown; the slowest part decides the time of a change. */
export function projected(
  { zones, nodes, workers }: SimulatedSize,
  columns: readonly SimulatedColumn[],
  { pace, cpuMs }: { pace: number; cpuMs: number },
): string {
  const own = Math.ceil(zones * fullestShare(workers))
  const pairs = own * nodes
  const slope = (value: (result: SimulationResult) => number) =>
    slopeOf(columns.map(({ size, result }) => ({ ...size, value: value(result) })))
  const at = (value: (result: SimulationResult) => number): number => {
    const { fixed, perZone, perPair } = slope(value) ?? { fixed: 0, perZone: 0, perPair: mean(columns, value) }
    return Math.max(0, fixed + perZone * own + perPair * pairs)
  }
  const cpuSeconds = at(({ cpuSeconds: value }) => value)
  const sweepSeconds = sweepMs(RULES, own, pairs) / 1000
  const times = {
    'the nodes, at their pace': zones / pace,
    'the CPU of the fullest worker': (pairs * cpuMs) / 1000,
  }
  const slowest = Object.entries(times).sort(([, a], [, b]) => b - a)[0]!
  const rows: [string, string][] = [
    ['zones of the fullest worker', own.toLocaleString('en')],
    ['its pairs', pairs.toLocaleString('en')],
    ['its scheduling: memory', `${rounded(at(({ mostMb }) => mostMb))} MB`],
    ['its scheduling: CPU for a change of all zones', `${rounded(cpuSeconds)} s`],
    ['its CPU for a change of all zones, transfers included', hours(times['the CPU of the fullest worker'])],
    ['a change of all zones: NOTIFYs', rounded(workers * at(({ notifies }) => notifies))],
    ['a change of all zones: SOA queries', rounded(workers * at(({ queries }) => queries))],
    ['a change of all zones: time that the nodes need', hours(times['the nodes, at their pace'])],
    ['a change of all zones: decided by', `${slowest[0]}, ${hours(slowest[1])}`],
    ['at rest: SOA queries per second, all workers', rounded((workers * pairs) / sweepSeconds)],
    ['at rest: SOA queries per second to one node', rounded((workers * own) / sweepSeconds)],
    ['at rest: a pair is observed again after', hours(sweepSeconds)],
    ['Redis: packed pairs', `${rounded((zones * nodes * REDIS_OCTETS) / 2 ** 20)} MB`],
    ['each process with the API: pairs', `${rounded((zones * nodes * READER_OCTETS) / 2 ** 20)} MB`],
  ]
  return [
    `| | ${zones.toLocaleString('en')} × ${nodes}, ${workers} workers |`,
    '| --- | ---: |',
    ...rows.map(([name, text]) => `| ${name} | ${text} |`),
  ].join('\n')
}

const mean = (columns: readonly SimulatedColumn[], value: (result: SimulationResult) => number): number =>
  columns.reduce((sum, { size, result }) => sum + value(result) / (size.zones * size.nodes), 0) / columns.length

const hours = (seconds: number): string =>
  seconds < 600 ? `${rounded(seconds)} s` : seconds < 7200 ? `${rounded(seconds / 60)} min` : `${rounded(seconds / 3600)} h`

/** Share of the zones in the shards of one worker, of as many as possible alike: shards have different numbers of zones. */
export function fullestShare(workers: number): number {
  const shards = new Uint32Array(SHARDS)
  for (let i = 0; i < HASHED_ZONES; i++) shards[shardOf(`zone${i}.example.`)]! += 1
  const sorted = [...shards].sort((a, b) => b - a)
  const most = Math.ceil(SHARDS / workers)
  return sorted.slice(0, most).reduce((sum, zones) => sum + zones, 0) / HASHED_ZONES
}
