/**
 * Decides which changes of the board are events, and writes their data. An observation without a change is no event: a fleet at
 * rest is silent, however often its nodes are observed. The last events are remembered as hashes.
 */
import type { HubEvent } from '../../lib/answers/event-answers.js'
import type { ZoneName } from '../../lib/dns/name.js'
import type { FleetNode, FleetZone } from '../../lib/fleet/fleet.js'
import { withLength } from './columns.js'
import type { ForceCell } from '../../lib/state/force-cell.js'
import { splitPair } from '../../lib/state/tables.js'
import { forcedJson, nodeZoneJson, time, zoneSummaryJson } from './json.js'
import type { Matrix } from './matrix.js'
import { textHash } from './text-hash.js'

/** Most rollouts remembered; a repeated event does no harm. */
const MAX_ROLLOUTS = 50_000

export class EventNews {
  readonly #matrix: Matrix
  /** By the numbers of zones in the sums. */
  #zones = new Uint32Array(0)
  readonly #nodes = new Map<string, Uint32Array>()
  readonly #rollouts = new Map<string, number>()

  constructor(matrix: Matrix) {
    this.#matrix = matrix
  }

  /** Every next event is news: there is no reader any more. */
  forget(): void {
    this.#zones = new Uint32Array(0)
    this.#nodes.clear()
    this.#rollouts.clear()
  }

  /** The zone, and the state of its rollouts with the results of their checks. */
  zone(name: ZoneName): HubEvent[] {
    const zone = this.#matrix.fleet.zones.get(name)
    if (!zone) return []
    const { summary } = this.#matrix.row(zone)
    const { serial, digest, state, inSync, error, held } = summary
    const hash = textHash([name, serial, digest, state, inSync, error, held].join(' '))
    const n = this.#matrix.sums.numberOf(name)
    const isNews = n === undefined || this.#zones[n] !== hash
    if (n !== undefined) {
      this.#zones = withLength(this.#zones, n + 1)
      this.#zones[n] = hash
    }
    return [...(isNews ? [{ name: 'zone' as const, data: zoneSummaryJson(summary) }] : []), ...this.#rolloutsOf(zone)]
  }

  #rolloutsOf(zone: FleetZone): HubEvent[] {
    return (this.#matrix.zoneCell(zone)?.rollouts ?? []).flatMap((mark): HubEvent[] => {
      const { id, serial, digest, state, stage = null, reason = null, verdict, findings } = mark
      if (!this.#isNewRollout(`rollout ${id}`, [state, mark.stage, mark.reason])) return []
      const data = { id, zone: zone.name, serial, digest, state, stage, reason, since: time(mark.since) }
      const rollout: HubEvent = { name: 'rollout', data }
      if (verdict === undefined || !this.#isNewRollout(`check ${id}`, [verdict])) return [rollout]
      return [rollout, { name: 'check', data: { id, zone: zone.name, serial, verdict, findings } }]
    })
  }

  #isNewRollout(key: string, facts: readonly unknown[]): boolean {
    const hash = textHash(facts.join(' '))
    if (this.#rollouts.get(key) === hash) return false
    // Versions come and go while there is a reader.
    if (this.#rollouts.size >= MAX_ROLLOUTS) this.#rollouts.clear()
    this.#rollouts.set(key, hash)
    return true
  }

  /** Each change is news: they are few. */
  force(key: string, cell: ForceCell): HubEvent[] {
    const [name, id] = splitPair(key)
    const zone = this.#matrix.fleet.zones.get(name as ZoneName)
    const node = this.#matrix.fleet.nodes.get(id)
    if (!zone || !node) return []
    return [{ name: 'force', data: { zone: zone.name, node: id, ...forcedJson(cell, this.#matrix.nodeZone(zone, node).state) } }]
  }

  /** `isQuiet`: the answer was the same again, so the event is news only if the state changed with time. */
  node(zone: FleetZone, node: FleetNode, isQuiet = false): HubEvent[] {
    const view = this.#matrix.nodeZone(zone, node)
    const { serial, state, since, error, verified } = view
    // That a pair is the same again is no event.
    const verdict = verified === undefined || verified.verdict === 'same' ? undefined : `${verified.verdict} ${verified.why}`
    const hash = textHash([zone.name, serial, state, since, error, verdict].join(' '))
    const event: HubEvent = { name: 'node', data: { zone: zone.name, node: node.id, ...nodeZoneJson(view) } }
    const n = this.#matrix.sums.numberOf(zone.name)
    if (n === undefined) return [event]
    const hashes = withLength(this.#nodes.get(node.id) ?? new Uint32Array(0), n + 1)
    this.#nodes.set(node.id, hashes)
    const before = hashes[n]
    hashes[n] = hash
    const isNews = before === 0 && isQuiet ? state !== 'in-sync' : before !== hash
    return isNews ? [event] : []
  }
}
