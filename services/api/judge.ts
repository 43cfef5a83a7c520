/** Judges zones and pairs from the board, and writes the results into the sums. */
import type { ZoneName } from '../../lib/dns/name.js'
import type { Serial } from '../../lib/dns/serial.js'
import type { FleetZone } from '../../lib/fleet/fleet.js'
import type { NodeStateRules } from '../../lib/fleet/node-state.js'
import { whyBehind } from '../../lib/fleet/primary-state.js'
import { type StandingFacts, standingOf } from '../../lib/fleet/zone-view.js'
import type { Clock } from '../../lib/runtime/clock.js'
import type { Board } from '../../lib/state/board.js'
import { expiryOf } from '../../lib/state/expiry.js'
import { pairKey } from '../../lib/state/tables.js'
import { contactOf, type NodeSum } from './node-sum.js'
import { nodeFacts } from './node-facts.js'
import { stateOfPrimary } from './primary-sum.js'
import type { SumTable } from './sum-table.js'
import { textHash } from './text-hash.js'
import { whyHeld } from './why-held.js'

export interface JudgeParts {
  board: Board
  clock: Clock
  rules: () => NodeStateRules
  /** The time from which a primary with an older serial of a zone is late. */
  lateFrom: (zone: ZoneName, serial: Serial) => number | undefined
}

export class Judge {
  readonly #parts: JudgeParts
  readonly #table: SumTable

  constructor(parts: JudgeParts, table: SumTable) {
    this.#parts = parts
    this.#table = table
  }

  /** A zone, and its nodes when a fact changed by which they are judged. Returns the number of nodes judged. */
  zone(n: number, zone: FleetZone, rules: NodeStateRules): number {
    const { board, clock } = this.#parts
    const { zones, unreleased, held, conflicts, rollouts, rolled, dueZones } = this.#table
    const { name } = zone
    const now = clock.now()
    const cell = board.get('zones', name)
    const expiresAt = expiryOf(board, zone) ?? Number.POSITIVE_INFINITY
    const [isBehind, lateAt] = this.#primaries(n, zone, now)
    const isHeld = whyHeld(zone, board) !== undefined
    const hasConflict = cell?.conflict !== undefined
    const isExpired = expiresAt < now
    zones.setFlags(n, { isHeld, isBehind, hasConflict, isExpired })
    zones.setSignedUntil(n, cell?.released?.signedUntil)
    keep(unreleased, name, cell?.released === undefined)
    keep(held, name, isHeld)
    keep(conflicts, name, hasConflict)
    const rollout = cell?.rollouts.at(-1)?.state
    rollouts.move(zones.rollout(n), rollout)
    zones.setRollout(n, rollout)
    rolled.note(n, cell)
    const expiry = isExpired ? Number.POSITIVE_INFINITY : Math.floor(expiresAt) + 1
    dueZones.set(n, Math.min(lateAt, expiry))
    const facts = this.#facts(n, zone)
    if (!zones.noteFacts(n, textHash(JSON.stringify(facts)))) return 0
    for (const { id } of zone.nodes) this.#judge(n, zone, this.#table.nodes.get(id), facts, rules, now)
    return zone.nodes.length
  }

  /** Returns if the zone is stuck behind its primaries, and when the first of them is late. */
  #primaries(n: number, zone: FleetZone, now: number): [isBehind: boolean, lateAt: number] {
    const { board, lateFrom } = this.#parts
    const cell = board.get('zones', zone.name)
    const primaries = zone.primaries.map(({ id }) => {
      const seen = board.get('primaries', pairKey(zone.name, id))
      return { id, serial: seen?.serial, state: stateOfPrimary(id, seen, cell) }
    })
    let lateAt = Number.POSITIVE_INFINITY
    for (const { id, state, serial } of primaries) {
      const late = state === 'lags' && serial !== undefined ? lateFrom(zone.name, serial) : undefined
      this.#table.primaries.get(id)?.note(n, state, late !== undefined && late <= now)
      if (late !== undefined && late > now) lateAt = Math.min(lateAt, late)
    }
    return [whyBehind(primaries, cell?.newest) !== undefined, lateAt]
  }

  #facts(n: number, zone: FleetZone): StandingFacts {
    const cell = this.#parts.board.get('zones', zone.name)
    const { hasConflict, isExpired } = this.#table.zones.flags(n)
    return { releases: cell?.releases ?? [], staged: cell?.staged ?? [], conflict: hasConflict, expired: isExpired }
  }

  /** One pair, by the facts of the zone as they were judged last. */
  pair(n: number, node: NodeSum, rules: NodeStateRules): void {
    const zone = this.#table.zone(n)
    if (zone !== undefined) this.#judge(n, zone, node, this.#facts(n, zone), rules, this.#parts.clock.now())
  }

  #judge(n: number, zone: FleetZone, sum: NodeSum | undefined, facts: StandingFacts, rules: NodeStateRules, now: number): void {
    if (sum === undefined || !sum.carries(n)) return
    const { board } = this.#parts
    const { id } = sum.node
    const cell = board.pairs.at(zone.name, id)
    const drained = board.get('drains', id)?.drained ?? false
    const { state, behindSince, changesAt, isOther } = standingOf(facts, nodeFacts(cell, id, drained), rules, now)
    const old = sum.stateOf(n)
    const contact = contactOf(cell, rules)
    sum.judged(n, { state, contact, behindSince, changesAt, observedAt: cell?.observedAt, isOther }, now)
    this.#table.zones.move(n, old, sum.stateOf(n))
  }
}

function keep(set: Set<string>, name: string, isIn: boolean): void {
  if (isIn) set.add(name)
  else set.delete(name)
}
