/**
 * Writes what operators order of a zone on the board, for the workers of all hubs; a worker in this process keeps it on disk first. Each
 * order is about one zone, and where it is about content one version, with a name and a reason.
 */
import type { FleetZone } from '../fleet/fleet.js'
import { type Decision, mergeOrders, ordersOf, rolloutId, type ZoneOrders } from '../rollout/record.js'
import type { Clock } from '../runtime/clock.js'
import type { Board } from '../state/board.js'
import { type NodeCell, pairKey } from '../state/tables.js'
import type { StoredZone } from '../store/stored-zone.js'
import type { Version } from '../store/version.js'
import type { ZoneStore } from '../store/zone-store.js'
import { OrderError } from './errors.js'

/** Longest an order waits to be durable. */
const KEEP_MS = 5_000

export interface OrderParts {
  store: ZoneStore
  board: Board
  clock: Pick<Clock, 'now'>
  /** A worker runs in this process and keeps orders on disk. */
  worksHere: boolean
  /** Writes what has changed to Redis now. */
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
  board.get('nodes', pairKey(zone.name, node))

export const named = (zone: FleetZone, { serial, digest }: Version) => ({
  zone: zone.name,
  serial,
  rollout: rolloutId(zone.name, serial, digest),
})

/** The version that a serial, and a digest or its beginning, name; without a serial the newest that waits for a word. */
export function meant(stored: StoredZone, serial: number | undefined, digest: string | undefined): Version {
  const version =
    serial === undefined
      ? stored.versions.findLast(({ rollout }) => rollout?.state === 'held' || rollout?.state === 'halted')
      : stored.versions.findLast((known) => known.serial === serial && (digest === undefined || known.digest.startsWith(digest)))
  if (version) return version
  if (serial === undefined) throw new OrderError('nothing-open', `no version of ${stored.name} waits for a decision`)
  const which = digest === undefined ? '' : ` and digest ${digest.slice(0, 64)}`
  throw new OrderError('unknown-version', `${stored.name} has no kept version with serial ${serial}${which}`)
}

export async function decide(parts: OrderParts, zone: FleetZone, decision: Decision): Promise<void> {
  // Of two decisions the later one counts, also where the clock of the other hub is ahead.
  const before = ordersNow(parts, zone)
  const at = Math.max(decision.at, ...before.decisions.map((other) => other.at + 1))
  await write(parts, zone, mergeOrders(before, { at: 0, decisions: [{ ...decision, at }] }))
}

/**
 * On disk before it is in force, where the worker is in this process; a zone that is busy is not waited for, and what it is told is
 * kept in its turn. Elsewhere it must have reached Redis: no worker would hear of it otherwise.
 */
export async function write(parts: OrderParts, zone: FleetZone, orders: ZoneOrders): Promise<void> {
  // Later than what it replaces, whatever the clock says.
  const next = { ...orders, at: Math.max(parts.clock.now(), ordersNow(parts, zone).at + 1) }
  const isOurs = parts.worksHere
  if (isOurs) await within(KEEP_MS, parts.store.zone(zone.name).order(next))
  parts.board.set('orders', zone.name, next)
  if (!isOurs && !(await within(KEEP_MS, parts.share())))
    throw new OrderError(
      'redis-slow',
      'redis does not answer, so no worker has heard of the order yet; look again before you repeat it',
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
