/**
 * Measures the duration of releases: from a stage's release to the last of its nodes, and from the announcement of a version at a
 * primary to the last node of all. The counterparts are load-time (RSSAC002 §2.1) and publication latency (RSSAC047 §5.3).
 *
 * Nodes are fixed when the version is released to the first of them: a node that is added later is not a sample. Nodes that are
 * drained or unreachable when the others have finished are left out. A node that shows a newer version has reached this one. Kept
 * in memory: for a version under way at a restart, stages that are released later are measured, and the total is not.
 */
import type { ZoneName } from '../dns/name.js'
import { compareSerials } from '../dns/serial.js'
import type { FleetZone } from '../fleet/fleet.js'
import type { Clock } from '../runtime/clock.js'
import type { Metrics } from '../runtime/metrics.js'
import type { Board } from '../state/board.js'
import type { NodeCell } from '../state/tables.js'
import { isReleasedTo, type Version } from '../store/version.js'
import { nodeCell, showsVersion } from '../observe/node-cells.js'

/** Releases of a zone under way at once; the oldest is dropped. */
const MOST_PENDING = 16
/** A release that is not finished after so long is not a sample. Milliseconds. */
const GIVE_UP_MS = 86_400_000
const ALL = 'all'

export interface PropagationParts {
  board: Board
  clock: Clock
  metrics: Pick<Metrics, 'propagation' | 'stagePropagation'>
  unknownAfterMissed: () => number
  onWhole: (zone: ZoneName, version: Version, tookMs: number) => void
}

/** Nodes to which a version was released together. */
interface Pending {
  version: Version
  /** `all`: every node of the zone, measured from the announcement. */
  stage: string
  nodes: readonly string[]
  since: number
}

/** Nodes to which a version was released. */
interface Given {
  /** Nodes of the zone at its first release. */
  expected: ReadonlySet<string>
  nodes: Set<string>
  /** The total is measured, or will not be. */
  isWhole: boolean
}

const identity = ({ serial, digest }: Pick<Version, 'serial' | 'digest'>): string => `${serial} ${digest}`
const idsOf = ({ nodes }: FleetZone): string[] => nodes.map(({ id }) => id)

export class Propagation {
  readonly #parts: PropagationParts
  readonly #pending = new Map<ZoneName, Pending[]>()
  /** By zone and version, for the released version and newer ones. */
  readonly #given = new Map<ZoneName, Map<string, Given>>()

  constructor(parts: PropagationParts) {
    this.#parts = parts
  }

  /** The zone is new here: earlier releases are not measured. */
  forget(zone: FleetZone, versions: readonly Version[]): void {
    if (this.#given.has(zone.name)) return
    this.#given.set(zone.name, new Map())
    for (const version of versions) {
      const nodes = idsOf(zone).filter((id) => isReleasedTo(version, id))
      if (nodes.length > 0) this.#of(zone, version, { isWhole: true, nodes: new Set(nodes) })
    }
  }

  /** The config no longer has the zone. */
  drop(zone: ZoneName): void {
    this.#given.delete(zone)
    this.#pending.delete(zone)
  }

  /** Some nodes may have one of these versions now: the released one and all newer ones, oldest first. */
  noteReleases(zone: FleetZone, versions: readonly Version[]): void {
    const kept = new Set(versions.map(identity))
    const known = this.#given.get(zone.name)
    for (const key of known?.keys() ?? []) if (!kept.has(key)) known!.delete(key)
    for (const version of versions) this.#noteReleased(zone, version)
    this.review(zone.name)
  }

  #noteReleased(zone: FleetZone, version: Version): void {
    const mayHave = idsOf(zone).filter((id) => isReleasedTo(version, id))
    if (mayHave.length === 0) return
    const given = this.#of(zone, version)
    const added = mayHave.filter((id) => given.expected.has(id) && !given.nodes.has(id))
    if (added.length === 0) return
    for (const id of added) given.nodes.add(id)
    const stage = version.rollout?.stages.find(({ nodes }) => added.every((id) => nodes.includes(id)))?.name
    if (stage !== undefined) this.#add(zone.name, { version, stage, nodes: added, since: this.#parts.clock.now() })
    const all = idsOf(zone).filter((id) => given.expected.has(id))
    if (given.isWhole || !all.every((id) => given.nodes.has(id))) return
    given.isWhole = true
    this.#add(zone.name, { version, stage: ALL, nodes: all, since: version.seenAt })
  }

  #of(zone: FleetZone, version: Version, start?: Pick<Given, 'isWhole' | 'nodes'>): Given {
    let versions = this.#given.get(zone.name)
    if (versions === undefined) {
      versions = new Map()
      this.#given.set(zone.name, versions)
    }
    const key = identity(version)
    let given = versions.get(key)
    if (given === undefined) {
      given = { expected: new Set(idsOf(zone)), nodes: new Set(), isWhole: false, ...start }
      versions.set(key, given)
    }
    return given
  }

  #add(zone: ZoneName, pending: Pending): void {
    const list = this.#pending.get(zone) ?? []
    this.#pending.set(zone, [...list, pending].slice(-MOST_PENDING))
  }

  /** A node of the zone was observed. */
  review(zone: ZoneName): void {
    const list = this.#pending.get(zone)
    if (list === undefined) return
    const now = this.#parts.clock.now()
    const left = list.filter((pending) => !this.#isOver(zone, pending, now))
    if (left.length === 0) this.#pending.delete(zone)
    else this.#pending.set(zone, left)
  }

  #isOver(zone: ZoneName, { version, stage, nodes, since }: Pending, now: number): boolean {
    const { board, metrics, onWhole } = this.#parts
    const counted = nodes.filter((id) => !this.#isOut(zone, id))
    if (counted.length > 0 && counted.every((id) => hasReached(nodeCell(board, zone, id), version))) {
      const tookMs = now - since
      if (stage === ALL) {
        metrics.propagation.observe(tookMs / 1000)
        onWhole(zone, version, tookMs)
      } else metrics.stagePropagation.observe({ stage }, tookMs / 1000)
      return true
    }
    return now - since > GIVE_UP_MS
  }

  /** The node is drained or unreachable, and is left out. */
  #isOut(zone: ZoneName, id: string): boolean {
    const { board, unknownAfterMissed } = this.#parts
    return (board.get('drains', id)?.drained ?? false) || nodeCell(board, zone, id).missed >= unknownAfterMissed()
  }
}

function hasReached(cell: NodeCell, version: Version): boolean {
  if (cell.serial === undefined) return false
  return showsVersion(cell, version) || compareSerials(cell.serial, version.serial) === 'newer'
}
