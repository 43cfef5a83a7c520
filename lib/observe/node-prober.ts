/** Sends a node the questions of a resolver, without a key, and compares its answers with the version that it should serve. */
import { randomBytes } from 'node:crypto'
import { ownersChange } from '../names/name-changes.js'
import { describeError } from '../errors.js'
import { NO_ANSWER } from '../fleet/node-content.js'
import type { FleetNode, FleetZone } from '../fleet/fleet.js'
import { asResolver } from '../fleet/remote.js'
import { judgeProbe, planProbes, type Probe } from '../rollout/probes.js'
import { sleep } from '../runtime/clock.js'
import { pause } from '../runtime/turns.js'
import type { StoredZone } from '../store/stored-zone.js'
import type { Version } from '../store/version.js'
import type { NodePaths } from './node-paths.js'
import type { Querier } from '../transport/querier.js'
import { condense } from '../zone/difference.js'

/** Questions under way at once to one node. */
const AT_ONCE = 4
/** Maximum of reported faults. */
const MAX_WRONG = 10
/** Waits before a bad answer is asked for again, twice. */
const AGAIN_MS = [250, 1_000]

type Plans = WeakMap<Version, Promise<Probe[]>>

export class NodeProber {
  readonly #querier: Querier
  readonly #paths: NodePaths
  /** Planned once per version, for all nodes. */
  readonly #plans: Plans = new WeakMap()
  readonly #proofs: Plans = new WeakMap()

  constructor(querier: Querier, paths: NodePaths) {
    this.#querier = querier
    this.#paths = paths
  }

  /** The faults, in sentences; empty when all answers match. Throws when the version cannot be read. */
  async probe(zone: FleetZone, node: FleetNode, stored: StoredZone, version: Version, sample: number): Promise<string[]> {
    return await this.#askAll(zone, node, await planned(this.#plans, version, () => planOf(stored, version, sample)))
  }

  /**
   * As `probe`, for a node that may have other content under the version's serial: asks for the differences to all known contents
   * of that kind, or else for the apex and the last changes.
   */
  async prove(zone: FleetZone, node: FleetNode, stored: StoredZone, version: Version): Promise<string[]> {
    return await this.#askAll(zone, node, await planned(this.#proofs, version, () => proofOf(stored, version)))
  }

  async #askAll(zone: FleetZone, node: FleetNode, probes: readonly Probe[]): Promise<string[]> {
    const wrong: string[] = []
    for (let i = 0; i < probes.length && wrong.length < MAX_WRONG; i += AT_ONCE)
      wrong.push(
        ...(await Promise.all(probes.slice(i, i + AT_ONCE).map((probe) => this.#ask(zone, node, probe)))).filter(
          (sentence) => sentence !== undefined,
        ),
      )
    return wrong
  }

  /** A fault that occurs only once comes from a server that is changing versions. */
  async #ask(zone: FleetZone, node: FleetNode, probe: Probe): Promise<string | undefined> {
    for (const waitMs of AGAIN_MS) {
      if ((await this.#askOnce(zone, node, probe)) === undefined) return undefined
      await sleep(waitMs)
    }
    return await this.#askOnce(zone, node, probe)
  }

  async #askOnce(zone: FleetZone, node: FleetNode, probe: Probe): Promise<string | undefined> {
    try {
      return judgeProbe(probe, await this.#querier.ask(asResolver(this.#paths.current(node)), probe))
    } catch (error) {
      return `${NO_ANSWER} for ${zone.name}: ${describeError(error)}`
    }
  }
}

/** Probes for a node that shows the version: at most `sample` RRsets of the change since the last released version before it. */
export async function planOf(stored: StoredZone, version: Version, sample: number, isWholeApex = false): Promise<Probe[]> {
  const before = stored.versions.findLast(
    (other) =>
      other !== version && other.releasedAt !== undefined && stored.versions.indexOf(other) < stored.versions.indexOf(version),
  )
  const chain = before && (await stored.chain(before.serial, version))
  const contents = await stored.contentsOf(version)
  const change = chain
    ? await condense(chain, pause)
    : before && (await ownersChange(await stored.copyOf(before), contents, pause))
  return await planProbes(contents, change, sample, labelOfNobody(), pause, isWholeApex)
}

/** Number of RRsets in the probes for each other content. */
const PROOF_SAMPLE = 12

/** Probes for a node whose content under the version's serial is not known. */
async function proofOf(stored: StoredZone, version: Version): Promise<Probe[]> {
  const others = stored.versions.filter((other) => other !== version && other.serial === version.serial)
  if (others.length === 0) return await planOf(stored, version, PROOF_SAMPLE, true)
  const contents = await stored.contentsOf(version)
  const probes: Probe[] = []
  for (const other of others) {
    const change = await ownersChange(await stored.copyOf(other), contents, pause)
    probes.push(...(await planProbes(contents, change, PROOF_SAMPLE, labelOfNobody(), pause)))
  }
  return probes
}

async function planned(plans: Plans, version: Version, make: () => Promise<Probe[]>): Promise<Probe[]> {
  let plan = plans.get(version)
  if (!plan) {
    plan = make()
    plan.catch(() => plans.delete(version))
    plans.set(version, plan)
  }
  return await plan
}

const labelOfNobody = (): string => `zonecast-probe-${randomBytes(6).toString('hex')}`
