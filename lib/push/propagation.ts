/**
 * Measures the duration of releases: from a stage's release to the last of its nodes, and from the announcement of a version at a
 * primary to 95 % of all nodes and to the last one. The counterparts are load-time (RSSAC002 §3.1) and publication latency (RSSAC047
 * §5.3).
 *
 * Nodes are fixed when the version is released to the first of them: a node that is added later is not a sample. Nodes that are
 * drained or unreachable when the others have finished are left out. A node that shows a newer version has reached this one. Kept
 * in memory: for a version under way at a restart, stages that are released later are measured, and the total is not.
 */
import type { ZoneName } from '../dns/name.js'
import { compareSerials } from '../dns/serial.js'
import type { FleetZone } from '../fleet/fleet.js'
import type { Clock } from '../runtime/clock.js'
import { reportFault } from '../runtime/guard.js'
import type { Metrics } from '../runtime/metrics.js'
import { pause } from '../runtime/turns.js'
import type { Board } from '../state/board.js'
import type { NodeCell } from '../state/tables.js'
import { tracePush } from './push-trace.js'
import { isReleasedTo, releasedAtTo, type Version } from '../store/version.js'
import { nodeCell, showsVersion } from '../observe/node-cells.js'
import { NumberSet } from '../runtime/number-set.js'

/** Releases of a zone under way at once; the oldest is dropped. */
const MOST_PENDING = 16
/** A release that is not finished after so long is not a sample. Milliseconds. */
const GIVE_UP_MS = 86_400_000
const ALL = 'all'
/** The share of nodes for load-time, in percent (RSSAC002 §3.1). */
const MOST_NODES = 95

export interface PropagationParts {
  board: Board
  clock: Clock
  metrics: Pick<Metrics, 'propagation' | 'loadTime' | 'stagePropagation'>
  unknownAfterMissed: () => number
  onWhole: (zone: ZoneName, version: Version, tookMs: number) => void
}

/** The nodes of a zone in order; zones of the same clouds share it. */
interface Nodes {
  ids: readonly string[]
  at: ReadonlyMap<string, number>
}

/** Nodes to which a version was released together. */
interface Pending {
  version: Version
  /** `all`: every node of the zone, measured from the announcement. */
  stage: string
  nodes: Nodes
  /** Places of those that have not reached it so far. */
  left: NumberSet
  /** Nodes that have. */
  reached: number
  /** Load-time is measured. */
  isLoaded: boolean
  /** Place of a node that is waited for; -1 before one is found. */
  witness: number
  since: number
}

/** Nodes to which a version was released. */
interface Given {
  serial: number
  digest: string
  /** Nodes of the zone at its first release. */
  expected: Nodes
  /** Their places; `all` at the end, which is the state at rest of every zone. */
  has: NumberSet | 'all'
  /** The total is measured, or will not be. */
  isWhole: boolean
}

const NODES = new WeakMap<FleetZone['nodes'], Nodes>()

function nodesOf({ nodes }: FleetZone): Nodes {
  let known = NODES.get(nodes)
  if (known === undefined) {
    const ids = nodes.map(({ id }) => id)
    known = { ids, at: new Map(ids.map((id, at) => [id, at])) }
    NODES.set(nodes, known)
  }
  return known
}

export class Propagation {
  readonly #parts: PropagationParts
  readonly #pending = new Map<ZoneName, Pending[]>()
  /** By zone and version, for the released version and newer ones; for zones with a release since the start. */
  readonly #given = new Map<ZoneName, Given[]>()
  /** Earlier releases are not measured: they are before the start, or before a reload that added the zone. */
  readonly #startedAt: number
  readonly #addedAt = new Map<ZoneName, number>()
  #isReviewing = false

  constructor(parts: PropagationParts) {
    this.#parts = parts
    this.#startedAt = parts.clock.now()
  }

  /** The zone is new here: earlier releases are not measured. */
  forget(zone: ZoneName): void {
    if (!this.#given.has(zone)) this.#addedAt.set(zone, this.#parts.clock.now())
  }

  /** Before the first release of the zone that is measured. */
  #giveEarlier(zone: FleetZone, versions: readonly Version[]): void {
    const since = this.#addedAt.get(zone.name) ?? this.#startedAt
    this.#addedAt.delete(zone.name)
    this.#given.set(zone.name, [])
    for (const version of versions) {
      const ids = nodesOf(zone).ids.filter((id) => (releasedAtTo(version, id) ?? Number.POSITIVE_INFINITY) < since)
      if (ids.length === 0) continue
      const given = this.#of(zone, version)
      given.isWhole = true
      this.#give(given, ids, version)
    }
  }

  /** The config no longer has the zone. */
  drop(zone: ZoneName): void {
    this.#given.delete(zone)
    this.#addedAt.delete(zone)
    this.#pending.delete(zone)
  }

  /** Some nodes may have one of these versions now: the released one and all newer ones, oldest first. */
  noteReleases(zone: FleetZone, versions: readonly Version[]): void {
    const known = this.#given.get(zone.name)
    if (known === undefined) this.#giveEarlier(zone, versions)
    else {
      const kept = known.filter((given) => versions.some((version) => isOf(given, version)))
      if (kept.length < known.length) this.#given.set(zone.name, kept)
    }
    for (const version of versions) this.#noteReleased(zone, version)
    this.#finish(zone.name)
  }

  /** Returns the nodes that may have the version now, and had not until then. */
  #give(given: Given, ids: readonly string[], version: Version): string[] {
    const { expected, has } = given
    if (has === 'all') return []
    const added: string[] = []
    for (const id of ids) {
      const at = expected.at.get(id)
      if (at !== undefined && isReleasedTo(version, id) && has.add(at)) added.push(id)
    }
    if (has.size === expected.ids.length) given.has = 'all'
    return added
  }

  #noteReleased(zone: FleetZone, version: Version): void {
    const { ids } = nodesOf(zone)
    if (!ids.some((id) => isReleasedTo(version, id))) return
    const given = this.#of(zone, version)
    const added = this.#give(given, ids, version)
    if (added.length === 0) return
    const stage = version.rollout?.stages.find(({ nodes }) => added.every((id) => nodes.includes(id)))?.name
    if (stage !== undefined) this.#add(zone, given, version, stage, added, this.#parts.clock.now())
    const { expected, has } = given
    const all = ids.filter((id) => expected.at.has(id))
    if (given.isWhole || (has !== 'all' && !all.every((id) => has.has(expected.at.get(id)!)))) return
    given.isWhole = true
    this.#add(zone, given, version, ALL, all, version.seenAt)
  }

  #of(zone: FleetZone, version: Version): Given {
    let versions = this.#given.get(zone.name)
    if (versions === undefined) {
      versions = []
      this.#given.set(zone.name, versions)
    }
    let given = versions.find((known) => isOf(known, version))
    if (given === undefined) {
      const { serial, digest } = version
      given = { serial, digest, expected: nodesOf(zone), has: new NumberSet(), isWhole: false }
      versions.push(given)
    }
    return given
  }

  #add({ name }: FleetZone, { expected }: Given, version: Version, stage: string, ids: readonly string[], since: number): void {
    const pending: Pending = {
      version,
      stage,
      nodes: expected,
      left: new NumberSet(),
      reached: 0,
      isLoaded: stage !== ALL,
      witness: -1,
      since,
    }
    for (const id of ids) {
      const cell = nodeCell(this.#parts.board, name, id)
      if (!hasReached(cell, version)) pending.left.add(expected.at.get(id)!)
      else {
        pending.reached += 1
        if (stage === ALL) tracePush(name, id, cell, version)
      }
    }
    this.#noteLoaded(pending)
    const list = this.#pending.get(name) ?? []
    this.#pending.set(name, [...list, pending].slice(-MOST_PENDING))
  }

  /** A node of the zone was observed. Costs the same for every number of nodes. */
  review(zone: ZoneName, node: string, cell: NodeCell): void {
    const list = this.#pending.get(zone)
    if (list === undefined) return
    let isNews = cell.missed >= this.#parts.unknownAfterMissed()
    for (const pending of list) {
      const at = pending.nodes.at.get(node)
      if (at === undefined || !pending.left.has(at) || !hasReached(cell, pending.version)) continue
      pending.left.delete(at)
      pending.reached += 1
      if (pending.stage === ALL) tracePush(zone, node, cell, pending.version)
      this.#noteLoaded(pending)
      isNews = true
    }
    if (isNews) this.#finish(zone)
  }

  /** Silent and drained nodes count here: users may reach them. */
  #noteLoaded(pending: Pending): void {
    const { reached, left, since } = pending
    if (pending.isLoaded || reached * 100 < MOST_NODES * (reached + left.size)) return
    pending.isLoaded = true
    this.#parts.metrics.loadTime.observe((this.#parts.clock.now() - since) / 1000)
  }

  /** A node was drained, or a whole node is silent: zones that wait only for it are finished, in slices. */
  reviewAll(): void {
    if (this.#isReviewing || this.#pending.size === 0) return
    this.#isReviewing = true
    this.#finishAll()
      .catch((error) => reportFault('propagation', error))
      .finally(() => {
        this.#isReviewing = false
      })
  }

  async #finishAll(): Promise<void> {
    await pause()
    for (const zone of this.#pending.keys()) {
      this.#finish(zone)
      await pause()
    }
  }

  #finish(zone: ZoneName): void {
    const list = this.#pending.get(zone)
    if (list === undefined) return
    const now = this.#parts.clock.now()
    const left = list.filter((pending) => !this.#isOver(zone, pending, now))
    if (left.length === 0) this.#pending.delete(zone)
    else if (left.length < list.length) this.#pending.set(zone, left)
  }

  #isOver(zone: ZoneName, pending: Pending, now: number): boolean {
    const { metrics, onWhole } = this.#parts
    const { version, stage, since } = pending
    if (pending.reached === 0 || this.#isWaitedFor(zone, pending)) return now - since > GIVE_UP_MS
    const tookMs = now - since
    if (stage === ALL) {
      metrics.propagation.observe(tookMs / 1000)
      onWhole(zone, version, tookMs)
    } else metrics.stagePropagation.observe({ stage }, tookMs / 1000)
    return true
  }

  /** A node that answers, and has not reached the version. */
  #isWaitedFor(zone: ZoneName, pending: Pending): boolean {
    const { left, witness, nodes } = pending
    if (left.size === 0) return false
    if (witness >= 0 && left.has(witness) && !this.#isOut(zone, nodes.ids[witness]!)) return true
    for (const at of left) {
      if (this.#isOut(zone, nodes.ids[at]!)) continue
      pending.witness = at
      return true
    }
    return false
  }

  /** The node is drained or unreachable, and is left out. */
  #isOut(zone: ZoneName, id: string): boolean {
    const { board, unknownAfterMissed } = this.#parts
    return (board.get('drains', id)?.drained ?? false) || nodeCell(board, zone, id).missed >= unknownAfterMissed()
  }
}

const isOf = (given: Given, { serial, digest }: Version): boolean => given.serial === serial && given.digest === digest

function hasReached(cell: NodeCell, version: Version): boolean {
  if (cell.serial === undefined) return false
  return showsVersion(cell, version) || compareSerials(cell.serial, version.serial) === 'newer'
}
