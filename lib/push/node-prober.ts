/** Asks a node what a resolver would ask, and compares its answers with the version that it should serve. */
import { randomBytes } from 'node:crypto'
import { describeError } from '../errors.js'
import type { FleetNode, FleetZone } from '../fleet/fleet.js'
import { judgeProbe, planProbes, type Probe } from '../rollout/probes.js'
import { sleep } from '../runtime/clock.js'
import { pause } from '../runtime/turns.js'
import type { StoredZone } from '../store/stored-zone.js'
import type { Version } from '../store/version.js'
import type { NodePaths } from './node-paths.js'
import type { Querier } from '../transport/querier.js'
import { condense } from '../zone/difference.js'

/** Questions under way at a time to one node. */
const AT_ONCE = 4
/** What a node says is wrong in so many ways is enough. */
const MAX_WRONG = 10
/** A wrong answer is asked for again after so long, and then once more. */
const AGAIN_MS = [250, 1_000]

export class NodeProber {
  readonly #querier: Querier
  readonly #paths: NodePaths
  /** Planned once per version, for all nodes. */
  readonly #plans = new WeakMap<Version, Promise<Probe[]>>()

  constructor(querier: Querier, paths: NodePaths) {
    this.#querier = querier
    this.#paths = paths
  }

  /** What is wrong, in sentences; empty when all is right. Throws when the version could not be read. */
  async probe(zone: FleetZone, node: FleetNode, stored: StoredZone, version: Version, sample: number): Promise<string[]> {
    let plan = this.#plans.get(version)
    if (!plan) {
      plan = planOf(stored, version, sample)
      plan.catch(() => this.#plans.delete(version))
      this.#plans.set(version, plan)
    }
    const probes = await plan
    const wrong: string[] = []
    for (let i = 0; i < probes.length && wrong.length < MAX_WRONG; i += AT_ONCE)
      wrong.push(
        ...(await Promise.all(probes.slice(i, i + AT_ONCE).map((probe) => this.#ask(zone, node, probe)))).filter(
          (sentence) => sentence !== undefined,
        ),
      )
    return wrong
  }

  /** What is wrong only once is a server that is just changing over. */
  async #ask(zone: FleetZone, node: FleetNode, probe: Probe): Promise<string | undefined> {
    for (const waitMs of AGAIN_MS) {
      if ((await this.#askOnce(zone, node, probe)) === undefined) return undefined
      await sleep(waitMs)
    }
    return await this.#askOnce(zone, node, probe)
  }

  async #askOnce(zone: FleetZone, node: FleetNode, probe: Probe): Promise<string | undefined> {
    try {
      return judgeProbe(probe, await this.#querier.ask(this.#paths.current(node), probe))
    } catch (error) {
      return `does not answer for ${zone.name}: ${describeError(error)}`
    }
  }
}

async function planOf(stored: StoredZone, version: Version, sample: number): Promise<Probe[]> {
  const before = stored.versions.findLast(
    (other) =>
      other !== version && other.releasedAt !== undefined && stored.versions.indexOf(other) < stored.versions.indexOf(version),
  )
  const chain = before && (await stored.chain(before.serial, version))
  const contents = await stored.contentsOf(version)
  const label = `zonecast-probe-${randomBytes(6).toString('hex')}`
  return await planProbes(contents, chain && condense(chain), sample, label, pause)
}
