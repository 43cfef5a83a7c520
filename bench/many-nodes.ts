/**
 * One zone on many simulated nodes, in processes of their own: from the primary's commit until the last node has the contents of
 * the version, and the CPU of the hub. Fleets of several sizes run at once and change in turn: the slope between them is the cost of
 * one node, the rest is that of a change.
 */
import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { setTimeout as sleep } from 'node:timers/promises'
import { findPort } from '../lab/ports.js'
import { type HubProcess, spawnHub, writeHubConfig } from '../test/support/test-hub.js'
import { Simulators } from './fleet/simulators.js'
import { zoneName } from './fleet/wire.js'
import { KNOBS } from './knobs.js'
import { processorUs } from './processes.js'
import { type Measured, measured, median } from './statistics.js'

/** After a change, until the nodes have been observed and the hub rests. */
const REST_MS = 150
const ASK_EVERY_MS = 5
/** After the start, which ends with a rehearsal of some seconds. */
const SETTLE_MS = 8_000
const TIMEOUT_MS = 60_000

type Program = Parameters<typeof spawnHub>[2]

/** A hub with its primary and nodes. */
export class ManyNodes {
  readonly nodes: number
  readonly hub: HubProcess
  readonly #folder: string
  readonly #simulators: Simulators
  #serial = 1

  private constructor(nodes: number, hub: HubProcess, folder: string, simulators: Simulators) {
    this.nodes = nodes
    this.hub = hub
    this.#folder = folder
    this.#simulators = simulators
  }

  /** Resolves when all nodes have the first version. `node`: the Node.js of the hub; `program`: as spawnHub has it. */
  static async start(nodes: number, node?: string, program: Program = 'built'): Promise<ManyNodes> {
    const folder = mkdtempSync(join(tmpdir(), 'zonecast-bench-'))
    const ports = { transfer: await findPort(), api: await findPort() }
    const manner = { asksSoaFirst: true, connections: 1 }
    const simulators = await Simulators.start({ zones: 1, nodes }, { ip: '127.0.0.1', port: ports.transfer }, manner)
    const place = await writeHubConfig(
      {
        folder,
        rehearses: true,
        primaries: { hm1: simulators.primary },
        nodes: Object.fromEntries(
          simulators.nodes.map((each, i) => [`n${i + 1}`, { cloud: i % 2 === 0 ? 'A' : 'B', ...each }] as const),
        ),
        zones: [{ name: zoneName(0) }],
        extra: { log: { level: process.env.BENCH_LOG ?? 'info' }, defaults: { refresh: { min: '60s', max: '1h' } } },
      },
      ports,
    )
    const hub = await spawnHub({ ...place, ...(node === undefined ? {} : { node }) }, [], program)
    const scene = new ManyNodes(nodes, hub, folder, simulators)
    await scene.#allHave()
    return scene
  }

  /** Changes the zone. Milliseconds until the last node has it, and microseconds of CPU of the hub, without its Redis. */
  async change(): Promise<{ ms: number; cpuUs: number }> {
    const before = this.#cpuUs()
    const changedAt = await this.#simulators.change(0, 1)
    this.#serial += 1
    const lastAt = await this.#allHave()
    await sleep(REST_MS)
    return { ms: lastAt - changedAt, cpuUs: this.#cpuUs() - before }
  }

  #cpuUs(): number {
    return processorUs(this.hub.child.pid!)
  }

  async #allHave(): Promise<number> {
    const until = performance.now() + TIMEOUT_MS
    for (;;) {
      const { pairs, lastAt } = await this.#simulators.count(0, 1, this.#serial)
      if (pairs === this.nodes) return lastAt
      if (performance.now() > until) throw new Error(`${pairs} of ${this.nodes} nodes have serial ${this.#serial}`)
      await sleep(ASK_EVERY_MS)
    }
  }

  async stop(): Promise<void> {
    await this.hub.stop()
    await this.#simulators.stop()
    rmSync(this.#folder, { recursive: true, force: true, maxRetries: 5 })
  }
}

interface Scene {
  who: string
  fleet: ManyNodes
  first: number
  ms: number[]
  cpuUs: number[]
}

export async function measureManyNodes(): Promise<Measured[]> {
  const scenes: Scene[] = []
  const all: Measured[] = []
  try {
    for (const { who, node } of KNOBS.hubs)
      for (const nodes of KNOBS.simulated) {
        const fleet = await ManyNodes.start(nodes, node)
        await sleep(SETTLE_MS)
        const { ms } = await fleet.change()
        scenes.push({ who, fleet, first: ms, ms: [], cpuUs: [] })
      }
    for (let i = 1; i < KNOBS.warm; i++) for (const { fleet } of scenes) await fleet.change()
    for (let i = 0; i < KNOBS.changes; i++)
      for (const { fleet, ms, cpuUs } of scenes) {
        const change = await fleet.change()
        ms.push(change.ms)
        cpuUs.push(change.cpuUs)
      }
  } finally {
    for (const { fleet } of scenes) await fleet.stop()
  }
  for (const { who, fleet, first, ms, cpuUs } of scenes) {
    const row = `primary's commit → ${fleet.nodes} simulated nodes`
    all.push(measured(row, who, 'ms', ms))
    all.push(measured(`${row}: the first change after a start`, who, 'ms', [first]))
    all.push(measured(`${row}: CPU of a change`, who, 'µs', cpuUs))
  }
  for (const { who } of KNOBS.hubs) {
    const own = scenes.filter((scene) => scene.who === who)
    const [least, most] = [own[0], own.at(-1)]
    if (least === undefined || most === undefined || least.fleet.nodes === most.fleet.nodes) continue
    const more = most.fleet.nodes - least.fleet.nodes
    const perNode = (median(most.cpuUs) - median(least.cpuUs)) / more
    all.push(measured('simulated nodes: CPU of a node more', who, 'µs', [perNode]))
    all.push(
      measured('simulated nodes: CPU of a change without nodes', who, 'µs', [median(least.cpuUs) - perNode * least.fleet.nodes]),
    )
  }
  return all
}
