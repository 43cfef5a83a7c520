/**
 * Withdraws the approvals of callers that were removed from the config, or may not approve the zone any more, by role or scope: an approval
 * counts on all hubs, so all of them must hear that it does not. Each hub withdraws those that were given to its own API, and those that name no hub: they are
 * from an earlier version of Zonecast.
 */
import type { ApiCaller } from '../../config/caller-types.js'
import { describeError } from '../../lib/errors.js'
import { approvalsOf } from '../../lib/release/approvals.js'
import { decide, type OrderParts, ordersNow } from '../../lib/release/write-orders.js'
import type { ZoneName } from '../../lib/dns/name.js'
import type { FleetZone } from '../../lib/fleet/fleet.js'
import { pause } from '../../lib/runtime/turns.js'
import { ranksAtLeast } from './auth.js'
import type { ApiContext } from './context.js'
import { Scope } from './scope.js'

export const orderPartsOf = (context: ApiContext): OrderParts => ({
  hub: context.matrix.config.hub,
  store: context.store,
  board: context.board,
  clock: context.matrix,
  worksOn: context.worksOn,
  approvals: () => context.matrix.config.approvals,
  share: context.share,
})

/** Time until a withdrawal that failed is tried again, in ms. */
const RETRY_MS = 10_000

/**
 * Orders may come long after the start: from the disk, and from Redis when it was away. Each change of the orders of a zone is judged
 * as it comes, and all of them after a reload.
 */
export class ApprovalWithdrawals {
  readonly #context: ApiContext
  /** Zones whose orders are judged next. */
  readonly #due = new Set<string>()
  /** Zones with an approval that could not be withdrawn: they are judged again. */
  readonly #failed = new Set<string>()
  #running: Promise<void> | undefined
  #timer: NodeJS.Timeout | undefined
  #unlisten = (): void => {}

  constructor(context: ApiContext) {
    this.#context = context
  }

  start(): void {
    this.#unlisten = this.#context.board.onChange(({ key }) => void this.#judge([key]), { tables: ['orders'] })
    void this.judgeAll()
  }

  stop(): void {
    this.#unlisten()
    clearTimeout(this.#timer)
    this.#timer = undefined
    this.#due.clear()
    this.#failed.clear()
  }

  /** After a reload. Never rejects. */
  async judgeAll(): Promise<void> {
    await this.#judge([...this.#context.board.entries('orders')].map(([name]) => name))
  }

  async #judge(zones: readonly string[]): Promise<void> {
    for (const zone of zones) this.#due.add(zone)
    this.#running ??= this.#run()
    await this.#running
  }

  async #run(): Promise<void> {
    // It must not end before it is known as running.
    await pause()
    for (const name of this.#due) {
      this.#due.delete(name)
      await pause()
      const zone = this.#context.matrix.fleet.zones.get(name as ZoneName)
      if (zone !== undefined && !(await withdrawIn(this.#context, zone))) this.#failed.add(name)
    }
    // In the turn in which the last zone was judged: a zone that comes later begins a run.
    this.#running = undefined
    if (this.#failed.size > 0) this.#timer ??= setTimeout(() => this.#retry(), RETRY_MS).unref()
  }

  #retry(): void {
    this.#timer = undefined
    const failed = [...this.#failed]
    this.#failed.clear()
    void this.#judge(failed)
  }
}

/** False when one could not be withdrawn. Never rejects. */
async function withdrawIn(context: ApiContext, zone: FleetZone): Promise<boolean> {
  const { matrix, board, log } = context
  const parts = orderPartsOf(context)
  let isDone = true
  for (const { kind, serial, digest, hub, by, person } of board.get('orders', zone.name)?.decisions ?? []) {
    if (kind !== 'agree' || (hub ?? parts.hub) !== parts.hub || mayApprove(context, by, zone)) continue
    const at = matrix.now()
    const target = { zone: zone.name, serial, digest, caller: by, person: person ?? by }
    const reason = `${by} is not in the config any more, or may not approve this zone`
    try {
      if (!approvalsOf(ordersNow(parts, zone), { serial, digest }).some((given) => given.by === by)) continue
      const whose = person === undefined ? {} : { person }
      const act = { by: 'zonecast', from: parts.hub, action: 'withdraw', target, reason } as const
      await context.audit.order(act, () => decide(parts, zone, { kind: 'withdraw', serial, digest, at, by, reason, ...whose }))
      log.warn({ zone: zone.name, op: 'order', serial, by }, 'approval withdrawn: its caller may not approve the zone')
    } catch (error) {
      isDone = false
      log.warn({ zone: zone.name, op: 'order', serial, by, err: describeError(error) }, 'approval not withdrawn')
    }
  }
  return isDone
}

/** As the route of the order decides it. */
const mayApprove = ({ matrix, members }: ApiContext, name: string, zone: FleetZone): boolean => {
  const { tokens, clients } = matrix.config.api
  const callers: readonly ApiCaller[] = [...tokens, ...clients]
  // The token under dataDir is the only caller then.
  if (callers.length === 0) return name === 'local'
  return callers.some(
    (caller) =>
      caller.name === name && ranksAtLeast(caller.role, 'publisher') && new Scope(name, caller.scope, members).hasWholeZone(zone),
  )
}
