/**
 * The verdict about a node for routing, from what it serves. Pure.
 *
 *   serve ──other content for `after`, and granted──▶ withdraw ──well──▶ degrade ──well for `back`──▶ serve
 *
 * Lag never withdraws a node: old answers are better than none. In doubt a node serves. A fact of the zone, such as a conflict of its
 * primaries or its expiry, is no fault of the node.
 */
import type { NodeState } from './node-state.js'

export type HealthVerdict = 'serve' | 'degrade' | 'withdraw'

export interface HealthRules {
  atMost: number
  afterMs: number
  backMs: number
}

/** A node as the hub sees it now. */
export interface HealthFacts {
  states: Partial<Record<NodeState, number>>
  /** Zones with other content than the released one, by the fault of the node. */
  others: number
  /** It answered lately. */
  isHeard: boolean
}

/** Kept from one look to the next. Times are milliseconds. */
export interface HealthMemory {
  verdict: HealthVerdict
  badSince: number | undefined
  goodSince: number | undefined
}

export const NEW_MEMORY: HealthMemory = { verdict: 'serve', badSince: undefined, goodSince: undefined }

/** The verdict by what the node serves, without budget and patience, and its reason. */
export function wishFor({ states, others, isHeard }: HealthFacts): { wish: HealthVerdict; why: string | undefined } {
  if (!isHeard) return { wish: 'serve', why: undefined }
  if (others > 0)
    return { wish: 'withdraw', why: `${others} ${others === 1 ? 'zone has' : 'zones have'} other content than the released one` }
  const late = countsOf(states, ['stuck', 'ahead'])
  return late === undefined ? { wish: 'serve', why: undefined } : { wish: 'degrade', why: late }
}

/** States in which a node may not take over the users of another. */
const UNFIT: readonly NodeState[] = ['unknown', 'stuck']
/** States by facts of the zone: all nodes of the cloud are in them, the withdrawn one too. */
const SHARED: readonly NodeState[] = ['conflict', 'expired']

/**
 * True when the node may take over the users of `bad`, a node of the same cloud: each of its zones has an answer, none is worse than
 * on `bad`, and some are in sync.
 */
export function isSpare({ states, others, isHeard }: HealthFacts, bad: HealthFacts): boolean {
  if (!isHeard || others > 0 || (states['in-sync'] ?? 0) === 0) return false
  if (UNFIT.some((state) => (states[state] ?? 0) > 0)) return false
  return SHARED.every((state) => (states[state] ?? 0) <= (bad.states[state] ?? 0))
}

/** The memory after this look; `needsGrant`: a withdrawal must be granted first. */
export function nextHealth(
  memory: HealthMemory,
  wish: HealthVerdict,
  now: number,
  { afterMs, backMs }: HealthRules,
): { memory: HealthMemory; needsGrant: boolean } {
  if (wish === 'withdraw') {
    const badSince = memory.badSince ?? now
    const isDue = now - badSince >= afterMs
    return { memory: { verdict: isDue ? 'withdraw' : 'degrade', badSince, goodSince: undefined }, needsGrant: isDue }
  }
  const wasBad = memory.badSince !== undefined || memory.goodSince !== undefined
  const goodSince = wasBad ? (memory.goodSince ?? now) : undefined
  const isBack = goodSince === undefined || now - goodSince >= backMs
  return {
    memory: { verdict: isBack ? wish : 'degrade', badSince: undefined, goodSince: isBack ? undefined : goodSince },
    needsGrant: false,
  }
}

/** `3 zones are in conflict, 1 is expired`; undefined without any. */
function countsOf(states: HealthFacts['states'], names: readonly NodeState[]): string | undefined {
  const parts = names.flatMap((name) => {
    const count = states[name] ?? 0
    return count === 0 ? [] : [`${count} ${count === 1 ? 'zone is' : 'zones are'} ${name}`]
  })
  return parts.length === 0 ? undefined : parts.join(', ')
}
