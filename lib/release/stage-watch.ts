/**
 * Observations of the current stages: nodes that answered when a stage began, and results of probes. Kept in memory: a restart
 * observes again, and counts the deadline from then.
 */
import type { ZoneName } from '../dns/name.js'
import type { FleetZone } from '../fleet/fleet.js'
import { unitOf } from '../fleet/units.js'
import { doubtIn, nodeCell } from '../observe/node-cells.js'
import type { NodeProber } from '../observe/node-prober.js'
import { type GateNode, type GateOutcome, judgeGate } from '../rollout/gate.js'
import { isGoing } from '../rollout/machine.js'
import { rolloutId } from '../rollout/record.js'
import type { RolloutRules } from '../fleet/rollout-rules.js'
import type { Clock } from '../runtime/clock.js'
import type { Logger } from '../runtime/logger.js'
import type { Board } from '../state/board.js'
import type { StoredZone } from '../store/stored-zone.js'
import type { Version } from '../store/version.js'

/** Probes of a confirmed node are repeated at this interval while its stage soaks. */
const PROBE_AGAIN_MS = 10_000

export interface WatchParts {
  board: Board
  clock: Clock
  log: Logger
  prober: NodeProber
  rollout: RolloutRules
  observe: { unknownAfterMissed: number }
  /** Called after a probe: the gate may have changed. */
  onProbed: (zone: ZoneName) => void
}

interface Watch {
  stage: number
  since: number
  /** Nodes that answered when the stage began. */
  there: ReadonlySet<string>
  probes: Map<string, { wrong: readonly string[]; at: number } | 'running'>
}

export class StageWatch {
  readonly #parts: WatchParts
  readonly #watches = new Map<string, Watch>()

  constructor(parts: WatchParts) {
    this.#parts = parts
  }

  forget(rollout: string): void {
    this.#watches.delete(rollout)
  }

  #of(zone: FleetZone, { serial, digest, rollout }: Version): Watch {
    const id = rolloutId(zone.name, serial, digest)
    const held = this.#watches.get(id)
    if (held?.stage === rollout!.stage) return held
    const { board, clock } = this.#parts
    const there = zone.nodes.filter(({ id: node }) => {
      const cell = nodeCell(board, zone.name, node)
      return cell.observedAt !== undefined && cell.missed === 0
    })
    const watch: Watch = {
      stage: rollout!.stage,
      since: clock.now(),
      there: new Set(there.map((node) => node.id)),
      probes: new Map(),
    }
    this.#watches.set(id, watch)
    return watch
  }

  #rulesOf(zone: FleetZone): RolloutRules {
    return zone.rollout ?? this.#parts.rollout
  }

  gate(zone: FleetZone, version: Version, now: number): GateOutcome {
    const { board, observe } = this.#parts
    const rules = this.#rulesOf(zone)
    const record = version.rollout!
    const watch = this.#of(zone, version)
    const stage = record.stages[record.stage]!
    const before = record.stages.slice(0, record.stage).flatMap(({ nodes }) => nodes)
    const nodes: GateNode[] = [...before, ...stage.nodes].flatMap((id) => {
      // A node that a reload removed is not waited for.
      const node = zone.nodes.find((each) => each.id === id)
      if (node === undefined) return []
      const cell = nodeCell(board, zone.name, id)
      const { serial, observedAt, missed, error } = cell
      const probe = watch.probes.get(id)
      return {
        id,
        unit: unitOf(node),
        serial,
        doubt: doubtIn(cell, id, version),
        observedAt,
        missed,
        error,
        drained: board.get('drains', id)?.drained ?? false,
        wasThere: watch.there.has(id),
        probe: probe === 'running' ? undefined : probe,
      }
    })
    return judgeGate({
      stage,
      target: version.serial,
      nodes,
      probe: rules.probe,
      startedAt: watch.since,
      now,
      deadlineMs: rules.deadlineMs,
      unknownAfterMissed: observe.unknownAfterMissed,
    })
  }

  /** Probes the nodes of the stage that show the version and were not probed, or not recently. */
  probe(zone: FleetZone, stored: StoredZone, version: Version, now: number): void {
    const { board } = this.#parts
    const record = version.rollout!
    if (!this.#rulesOf(zone).probe || !isGoing(record.state)) return
    const watch = this.#of(zone, version)
    for (const id of record.stages[record.stage]?.nodes ?? []) {
      const last = watch.probes.get(id)
      const cell = nodeCell(board, zone.name, id)
      if (last === 'running' || cell.serial !== version.serial || doubtIn(cell, id, version) !== undefined) continue
      if (last !== undefined && now - last.at < PROBE_AGAIN_MS) continue
      void this.#ask(zone, stored, version, watch, id)
    }
  }

  async #ask(zone: FleetZone, stored: StoredZone, version: Version, watch: Watch, id: string): Promise<void> {
    const { clock, log, onProbed, prober } = this.#parts
    const node = zone.nodes.find((known) => known.id === id)
    if (!node) return
    const last = watch.probes.get(id)
    // During a probe the last result still counts.
    watch.probes.set(id, last === undefined || last === 'running' ? 'running' : { ...last, at: clock.now() })
    try {
      const wrong = await prober.probe(zone, node, stored, version, this.#rulesOf(zone).probeNames)
      watch.probes.set(id, { wrong, at: clock.now() })
      if (wrong.length > 0)
        log.error({ zone: zone.name, op: 'probe', node: id, serial: version.serial, wrong }, 'node failed a probe')
    } catch {
      // A failed probe is repeated until the deadline of the stage.
      if (last === undefined) watch.probes.delete(id)
    }
    onProbed(zone.name)
  }
}
