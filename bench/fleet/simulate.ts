/**
 * A simulation of one of several workers, for each size, as a table in Markdown. SIMULATE=1000000x500/8 is a million zones on five
 * hundred nodes over eight workers: the simulated one has an eighth of the zones, and what it counts is multiplied by eight where
 * the workers add up.
 */
import { rounded } from './figures.js'
import { type Scheduling, type SimulatedWires, Simulation, type SimulationOptions, type SimulationResult } from './simulation.js'

export interface SimulatedSize {
  zones: number
  nodes: number
  workers: number
}

export interface SimulatedColumn {
  size: SimulatedSize
  result: SimulationResult
}

export function sizesOf(text: string): SimulatedSize[] {
  return text.split(',').map((each) => {
    const match = /^(\d+)x(\d+)(?:\/(\d+))?$/.exec(each)
    if (!match) throw new Error(`SIMULATE: "${each}" is not a size; write zones x nodes / workers, such as 1000000x500/8`)
    return { zones: Number(match[1]), nodes: Number(match[2]), workers: Number(match[3] ?? 1) }
  })
}

/** Anycast nodes around the world, a thousandth of messages lost. */
export const NETWORK = {
  latencyMs: [5, 300],
  loss: 0.001,
  tickMs: 5,
  turnMs: 1,
  limitMs: 24 * 3600 * 1000,
  restMs: 60_000,
  seed: 1,
} as const

/** `pace`: transfers per second that a node takes from all workers together. `make`: the scheduling code, for one worker. */
export async function simulate(
  sizes: readonly SimulatedSize[],
  pace: number,
  make: (wires: SimulatedWires, options: SimulationOptions) => Scheduling,
): Promise<SimulatedColumn[]> {
  const columns: SimulatedColumn[] = []
  for (const size of sizes) {
    const zones = Math.ceil(size.zones / size.workers)
    const options: SimulationOptions = { ...NETWORK, zones, nodes: size.nodes, pace: pace / size.workers }
    columns.push({ size, result: await new Simulation(options).run((wires) => make(wires, options)) })
  }
  return columns
}

export function tableOfSimulations(columns: readonly SimulatedColumn[]): string {
  const row = (name: string, text: (column: SimulatedColumn) => string): string =>
    `| ${name} | ${columns.map(text).join(' | ')} |`
  const orNot = (value: number | undefined): string => (value === undefined ? 'not reached' : `${rounded(value)} s`)
  const times = (value: number, { workers }: SimulatedSize): string => rounded(value * workers)
  return [
    row('', ({ size }) => `${size.zones.toLocaleString('en')} × ${size.nodes}, ${size.workers} workers`),
    `| --- |${' ---: |'.repeat(columns.length)}`,
    row('all changed: last node has it', ({ result }) => orNot(result.allHaveSeconds)),
    row('all changed: all confirmed', ({ result }) => orNot(result.confirmedSeconds)),
    row('NOTIFYs per pair', ({ size, result }) => rounded((result.notifies * size.workers) / (size.zones * size.nodes))),
    row('most NOTIFYs waiting at a node', ({ size, result }) => times(result.mostWaiting, size)),
    row('queries per pair', ({ size, result }) => rounded((result.queries * size.workers) / (size.zones * size.nodes))),
    row('most queries per second, all workers', ({ size, result }) => times(result.mostQueriesPerSecond, size)),
    row('most queries per second to one node', ({ size, result }) => times(result.mostQueriesPerSecondToOne, size)),
    row('queries per second at rest', ({ size, result }) => times(result.restQueriesPerSecond, size)),
    row('memory of a worker', ({ result }) => `${rounded(result.mostMb)} MB`),
    row('CPU of a worker, simulation included', ({ result }) => `${rounded(result.cpuSeconds)} s`),
  ].join('\n')
}
