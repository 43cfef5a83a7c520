/** The processes of the simulated primary and nodes, with their commands. They end with the bench, however it ends. */
import { type ChildProcess, spawn } from 'node:child_process'
import { once } from 'node:events'
import { fileURLToPath } from 'node:url'
import { findPort } from '../../lab/ports.js'
import { makeKey } from '../../lab/keys.js'
import type { LabKey, LabPeer } from '../../lab/server.js'
import type { Place } from '../probe.js'
import { FLEET, type Size } from './knobs.js'
import type { NodeCounts, NodeOptions } from './node.js'
import { untilReached } from './phase.js'

type Cpu = { cpu: NodeJS.CpuUsage }
export type PrimaryCounts = { axfr: number; ixfr: number; soa: number; notifies: number }

/** Between two questions for what the nodes have; the time of the last version is theirs. */
const ASK_EVERY_MS = 250

class Simulator {
  readonly #child: ChildProcess
  /** One command at a time: answers have no name. */
  #turn: Promise<unknown> = Promise.resolve()

  constructor(program: string, args: readonly string[]) {
    const path = fileURLToPath(new URL(program, import.meta.url))
    // The end of this process closes the channel, and then the simulator ends.
    this.#child = spawn(process.execPath, ['--import', 'tsx', path, ...args], { stdio: ['ignore', 'inherit', 'inherit', 'ipc'] })
  }

  async ready(): Promise<this> {
    const gone = once(this.#child, 'exit').then(() => {
      throw new Error('a simulator ended at its start')
    })
    await Promise.race([once(this.#child, 'message'), gone])
    gone.catch(() => undefined)
    return this
  }

  ask<T>(command: object): Promise<T> {
    const answer = this.#turn.then(async () => {
      if (this.#child.exitCode !== null) throw new Error('a simulator has ended')
      const came = once(this.#child, 'message')
      this.#child.send(command)
      const [message] = (await came) as [T]
      return message
    })
    this.#turn = answer.catch(() => undefined)
    return answer
  }

  async stop(): Promise<void> {
    if (this.#child.exitCode !== null || this.#child.signalCode !== null) return
    const gone = once(this.#child, 'exit')
    this.#child.disconnect()
    await gone
  }
}

const sumOf = <T extends Record<string, number>>(all: readonly T[]): T =>
  Object.fromEntries(Object.keys(all[0] ?? {}).map((key) => [key, all.reduce((sum, each) => sum + each[key]!, 0)])) as T

const secondsOf = ({ user, system }: NodeJS.CpuUsage): number => (user + system) / 1e6

/** Primary and nodes around one distributor. */
export class Simulators {
  readonly primary: LabPeer
  readonly nodes: readonly LabPeer[]
  readonly #primary: Simulator
  readonly #processes: readonly Simulator[]

  private constructor(primary: LabPeer, nodes: readonly LabPeer[], one: Simulator, processes: readonly Simulator[]) {
    this.primary = primary
    this.nodes = nodes
    this.#primary = one
    this.#processes = processes
  }

  /** `hub`: the address of the distributor, which need not run yet. There is one zone more than `size` has, to be added later. */
  static async start(
    size: Size,
    hub: Place,
    manner: Pick<NodeOptions, 'asksSoaFirst'> & { connections?: number } = {},
  ): Promise<Simulators> {
    const port = await findPort()
    const keyed = (name: string): { key?: LabKey } => (size.isSigned ? { key: makeKey(`${name}.fleet.`) } : {})
    const primary: LabPeer = { ip: '127.19.0.1', port, ...keyed('hm1') }
    const nodes = Array.from(
      { length: size.nodes },
      (_, i): LabPeer => ({
        ip: `127.20.${i >> 8}.${(i & 255) + 1}`,
        port,
        ...keyed(`n${i + 1}`),
      }),
    )
    const zones = size.zones + 1
    const key = primary.key ? [JSON.stringify(primary.key)] : []
    const one = new Simulator('./primary.ts', [...[primary.ip, primary.port, zones, hub.ip, hub.port].map(String), ...key])
    const { window, connections, refreshSeconds, nodesPerProcess } = FLEET
    const options = nodes.map((place): NodeOptions => ({ ...place, zones, hub, window, connections, refreshSeconds, ...manner }))
    const groups = Array.from({ length: Math.ceil(nodes.length / nodesPerProcess) }, (_, i) =>
      options.slice(i * nodesPerProcess, (i + 1) * nodesPerProcess),
    )
    const processes = groups.map((group) => new Simulator('./nodes.ts', [JSON.stringify(group)]))
    const all = new Simulators(primary, nodes, one, processes)
    try {
      await Promise.all([one, ...processes].map((each) => each.ready()))
    } catch (error) {
      await all.stop()
      throw error
    }
    return all
  }

  /** Raises the serials of the zones by one. Returns the time, in milliseconds since 1970. */
  async change(from: number, to: number): Promise<number> {
    const { bumped } = await this.#primary.ask<{ bumped: number }>({ bump: { from, to, pace: FLEET.pace } })
    return bumped
  }

  /** Pairs of the zones that have the serial, with the contents of that serial, and when the latest version arrived. */
  async count(from: number, to: number, serial: number): Promise<{ pairs: number; lastAt: number }> {
    const answers = await Promise.all(
      this.#processes.map((each) => each.ask<{ count: number; lastAt: number }>({ count: { from, to, serial } })),
    )
    return { pairs: answers.reduce((sum, { count }) => sum + count, 0), lastAt: Math.max(...answers.map(({ lastAt }) => lastAt)) }
  }

  /**
   * Resolves when all nodes have the serial of all zones, by the contents that they received;
   * NotReached after the time limit. `expectRunning` throws when the distributor has ended.
   */
  async allHave({ zones, nodes }: Size, serial: number, expectRunning: () => void): Promise<{ lastAt: number }> {
    let last = 0
    const ask = async () => {
      expectRunning()
      const { pairs, lastAt } = await this.count(0, zones, serial)
      last = lastAt
      return { reached: pairs, wanted: zones * nodes }
    }
    await untilReached(ask, FLEET.timeoutMs, ASK_EVERY_MS)
    return { lastAt: last }
  }

  async report(): Promise<{ primary: PrimaryCounts; nodes: NodeCounts; cpuSeconds: number }> {
    const [first, rest] = await Promise.all([
      this.#primary.ask<{ report: Cpu & PrimaryCounts }>({ report: true }),
      Promise.all(this.#processes.map((each) => each.ask<{ report: Cpu & NodeCounts }>({ report: true }))),
    ])
    const { cpu, ...primary } = first.report
    const nodes = rest.map(({ report: { cpu: _, ...counts } }) => counts)
    const cpuSeconds = [cpu, ...rest.map(({ report }) => report.cpu)].reduce((sum, each) => sum + secondsOf(each), 0)
    return { primary, nodes: sumOf(nodes), cpuSeconds }
  }

  async stop(): Promise<void> {
    await Promise.all([this.#primary, ...this.#processes].map((each) => each.stop()))
  }
}
