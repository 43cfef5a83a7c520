/**
 * Writes operators' orders to the board, for the workers of all hubs; a worker in this process writes them to disk first. Each
 * order is about one zone, with a name and a reason, and one about content names one version.
 */
import type { FleetZone } from '../fleet/fleet.js'
import { type Decision, mergeOrders, ordersOf, rolloutId, type ZoneOrders } from '../rollout/record.js'
import type { Clock } from '../runtime/clock.js'
import type { Board } from '../state/board.js'
import type { NodeCell } from '../state/tables.js'
import type { StoredZone } from '../store/stored-zone.js'
import type { Version } from '../store/version.js'
import type { ZoneStore } from '../store/zone-store.js'
import type { ApprovalRules } from './approvals.js'
import { OrderError } from './errors.js'

/** Longest wait for an order to become durable. */
const KEEP_MS = 5_000

export interface OrderParts {
  /** Name of this hub. */
  hub: string
  store: ZoneStore
  board: Board
  clock: Pick<Clock, 'now'>
  /** The worker of the zone runs in this process and writes orders to disk. */
  worksOn: (zone: string) => boolean
  approvals: () => ApprovalRules
  /** Writes pending changes to Redis now. */
  share: () => Promise<void>
}

export interface Ordered {
  zone: string
  serial: number | null
  rollout: string | null
  state: string
  notes: string[]
}

export const ordersNow = ({ board, store }: OrderParts, zone: FleetZone): ZoneOrders =>
  ordersOf(board.get('orders', zone.name), store.zone(zone.name).orders) ?? { at: 0, decisions: [] }

export const nodeCellOf = ({ board }: OrderParts, zone: FleetZone, node: string): NodeCell | undefined =>
  board.pairs.at(zone.name, node)

export const named = (zone: FleetZone, { serial, digest }: Pick<Version, 'serial' | 'digest'>) => ({
  zone: zone.name,
  serial,
  rollout: rolloutId(zone.name, serial, digest),
})

/** The version that a serial, and a digest or its beginning, name; without a serial the newest one that waits for a decision. */
export const versionMeant = (stored: StoredZone, serial: number | undefined, digest: string | undefined): Version | undefined =>
  serial === undefined
    ? stored.versions.findLast(({ rollout }) => rollout?.state === 'held' || rollout?.state === 'halted')
    : stored.versions.findLast((known) => known.serial === serial && (digest === undefined || known.digest.startsWith(digest)))

/** As versionMeant. Throws OrderError when there is none. */
export function meant(stored: StoredZone, serial: number | undefined, digest: string | undefined): Version {
  const version = versionMeant(stored, serial, digest)
  if (version) return version
  if (serial === undefined) throw new OrderError('nothing-open', `no version of ${stored.name} waits for a decision`)
  const which = digest === undefined ? '' : ` and digest ${digest.slice(0, 64)}`
  throw new OrderError('unknown-version', `${stored.name} has no kept version with serial ${serial}${which}`)
}

export async function decide(parts: OrderParts, zone: FleetZone, decision: Decision): Promise<void> {
  // The later one of two decisions counts, even when the clock of the other hub is ahead.
  const before = ordersNow(parts, zone)
  const at = Math.max(decision.at, ...before.decisions.map((other) => other.at + 1))
  await write(parts, zone, mergeOrders(before, { at: 0, decisions: [{ ...decision, at }] }))
}

/**
 * A worker in this process writes the order to disk before it is in force. A busy zone is not waited for; its order is written in
 * its turn. Without a worker here the order must reach Redis: otherwise no worker would get it.
 */
export async function write(parts: OrderParts, zone: FleetZone, orders: ZoneOrders): Promise<void> {
  // Later than the order that it replaces, whatever the clock.
  const later = (): ZoneOrders => {
    const now = ordersNow(parts, zone)
    return { ...mergeOrders(orders, now), at: Math.max(parts.clock.now(), now.at + 1) }
  }
  const isOurs = parts.worksOn(zone.name)
  if (isOurs) await within(KEEP_MS, parts.store.zone(zone.name).order(later()))
  // Orders of another hub may have come meanwhile.
  parts.board.set('orders', zone.name, later())
  if (!isOurs && !(await within(KEEP_MS, parts.share())))
    throw new OrderError(
      'redis-slow',
      'redis does not answer, so no worker has the order yet; check the zone before you repeat it',
    )
}

/** False when it takes longer. */
async function within(ms: number, work: Promise<unknown>): Promise<boolean> {
  let timer: NodeJS.Timeout | undefined
  const late = new Promise<boolean>((resolve) => {
    timer = setTimeout(resolve, ms, false)
  })
  return await Promise.race([work.then(() => true), late]).finally(() => clearTimeout(timer))
}
