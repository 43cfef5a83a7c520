/**
 * The time in which every zone of every node is observed once: as often as configured, or as fast as the budget of queries
 * allows. The observer keeps this pace, and readers judge by it when an observation is too old. Pure.
 */
import type { Fleet } from './fleet.js'

/** The regular observation of a fleet at rest uses this share of the budget: the rest is for releases, starts, and nodes that return. */
const REGULAR_SHARE = 0.25

export interface SweepRules {
  everyMs: number
  /** Queries per second. */
  budget: { total: number; perNode: number }
}

/** Milliseconds for one node's `zones`, in a fleet of `pairs` of zone and node. `share` of the budget for all nodes; 1: as fast as allowed. */
export const sweepMs = ({ everyMs, budget }: SweepRules, zones: number, pairs: number, share = REGULAR_SHARE): number =>
  Math.max(everyMs, (pairs / (budget.total * share)) * 1000, (zones / budget.perNode) * 1000)

interface Counts {
  revision: number
  pairs: number
  /** The most that one node has. */
  zones: number
}

const COUNTS = new WeakMap<Fleet, Counts>()

/** Pairs of zone and node, and the zones of the node that has most: counted once per fleet and change. */
export function pairCounts(fleet: Fleet): Readonly<Counts> {
  let counts = COUNTS.get(fleet)
  if (counts?.revision !== fleet.revision) {
    const zones = Array.from(fleet.nodes.keys(), (id) => fleet.zonesOf(id).length)
    counts = { revision: fleet.revision, pairs: zones.reduce((sum, each) => sum + each, 0), zones: Math.max(0, ...zones) }
    COUNTS.set(fleet, counts)
  }
  return counts
}

/** Milliseconds for the node with the most zones: no pair waits longer for its next observation. */
export function longestSweepMs(rules: SweepRules, fleet: Fleet): number {
  const { pairs, zones } = pairCounts(fleet)
  return sweepMs(rules, zones, pairs)
}

/**
 * As `longestSweepMs`, and up to an eighth longer where the budget decides: with one zone more the answers of all others hold as
 * long as before, and need not be judged again.
 */
export function roundedSweepMs(rules: SweepRules, fleet: Fleet): number {
  const ms = longestSweepMs(rules, fleet)
  if (ms <= rules.everyMs) return ms
  const step = 2 ** (Math.floor(Math.log2(ms)) - 3)
  return Math.ceil(ms / step) * step
}
