/**
 * Withdraws the approvals of callers that were removed from the config, or may not approve any more: an approval counts on all hubs,
 * so all of them must hear that it does not. Each hub withdraws those that were given to its own API.
 */
import type { ApiCaller } from '../../config/caller-types.js'
import { describeError } from '../../lib/errors.js'
import { approvalsOf } from '../../lib/release/approvals.js'
import { decide, type OrderParts, ordersNow } from '../../lib/release/write-orders.js'
import type { ZoneName } from '../../lib/dns/name.js'
import { pause } from '../../lib/runtime/turns.js'
import { ranksAtLeast } from './auth.js'
import type { ApiContext } from './context.js'

export const orderPartsOf = (context: ApiContext): OrderParts => ({
  hub: context.matrix.config.hub,
  store: context.store,
  board: context.board,
  clock: context.matrix,
  worksOn: context.worksOn,
  approvals: () => context.matrix.config.approvals,
  share: context.share,
})

/** Called at the start and after each reload. Never rejects: the next call withdraws the others. */
export async function withdrawApprovals(context: ApiContext): Promise<void> {
  const { matrix, board, log } = context
  const parts = orderPartsOf(context)
  for (const [name, { decisions }] of board.entries('orders')) {
    await pause()
    const zone = matrix.fleet.zones.get(name as ZoneName)
    if (zone === undefined || !decisions.some(({ kind }) => kind === 'agree')) continue
    for (const { kind, serial, digest, hub, by, person } of decisions) {
      if (kind !== 'agree' || hub !== parts.hub || mayApprove(matrix.config.api, by)) continue
      if (!approvalsOf(ordersNow(parts, zone), { serial, digest }).some((given) => given.by === by)) continue
      const at = matrix.now()
      const target = { zone: zone.name, serial, digest, caller: by, person: person ?? by }
      const reason = `${by} is not in the config any more, or may not approve`
      try {
        await decide(parts, zone, {
          kind: 'withdraw',
          serial,
          digest,
          at,
          by,
          reason,
          ...(person === undefined ? {} : { person }),
        })
        context.audit.note({ action: 'withdraw', target, reason })
        log.warn({ zone: zone.name, op: 'order', serial, by }, 'approval withdrawn: its caller is removed')
      } catch (error) {
        log.warn({ zone: zone.name, op: 'order', serial, by, err: describeError(error) }, 'approval not withdrawn')
      }
    }
  }
}

const mayApprove = (
  { tokens, clients }: { tokens: readonly ApiCaller[]; clients: readonly ApiCaller[] },
  name: string,
): boolean => {
  const callers = [...tokens, ...clients]
  // The token under dataDir is the only caller then.
  if (callers.length === 0) return name === 'local'
  return callers.some((caller) => caller.name === name && ranksAtLeast(caller.role, 'publisher'))
}
