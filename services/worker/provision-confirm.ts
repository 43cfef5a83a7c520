/** The proof that a zone was added to a node, or removed from it: the node's own answers to SOA queries. */
import { nameToWire, type ZoneName } from '../../lib/dns/name.js'
import { describeError } from '../../lib/errors.js'
import type { FleetNode, FleetZone } from '../../lib/fleet/fleet.js'
import { asResolver } from '../../lib/fleet/remote.js'
import type { NodePaths } from '../../lib/observe/node-paths.js'
import type { ProvisionChange } from '../../lib/queue/jobs.js'
import { sleep } from '../../lib/runtime/clock.js'
import type { Board } from '../../lib/state/board.js'
import { overTcp, type SoaQuerier, soaManner } from '../../lib/transport/soa-query.js'

export interface ConfirmParts {
  soa: SoaQuerier
  paths: NodePaths
  board: Board
}

/** A large zone needs minutes for its first transfer. */
const ADDED_WITHIN_MS = 300_000
const REMOVED_WITHIN_MS = 15_000
const FIRST_WAIT_MS = 50
const MAX_WAIT_MS = 2_000

/** Returns the reason when the node does not show the change in time. */
export async function confirmChange(
  zone: FleetZone | ZoneName,
  node: FleetNode,
  action: ProvisionChange['action'],
  parts: ConfirmParts,
): Promise<string | undefined> {
  const until = performance.now() + (action === 'add' ? ADDED_WITHIN_MS : REMOVED_WITHIN_MS)
  const name = typeof zone === 'string' ? zone : zone.name
  const apex = nameToWire(name)
  // Knot answers for a catalog over TCP alone.
  const isCatalog = typeof zone !== 'string' && zone.catalog !== undefined
  const manner = isCatalog ? overTcp(soaManner('fresh')) : soaManner('fresh')
  for (let waitMs = FIRST_WAIT_MS; ; waitMs = Math.min(2 * waitMs, MAX_WAIT_MS)) {
    const cell = parts.board.get('zones', name)
    const staged = cell?.staged.findLast(({ nodes }) => nodes.includes(node.id))
    const released = (staged ?? cell?.released)?.serial
    // There is no version that the node could show.
    if (action === 'add' && released === undefined) return undefined
    const path = parts.paths.current(node)
    // Without a zone, a server may not sign its refusal.
    const remote = action === 'add' ? path : asResolver(path)
    const answer = await parts.soa.ask(remote, apex, manner).then(
      ({ soa }) => soa.serial,
      (error: unknown) => describeError(error),
    )
    if (action === 'add' ? answer === released : typeof answer === 'string' && !isSilence(answer)) return undefined
    if (performance.now() > until) return reasonOf(action, answer, released)
    await sleep(waitMs)
  }
}

/** An answer with another code than NOERROR, or without authority. */
const isSilence = (error: string): boolean => !/ answers | is not authoritative /.test(error)

function reasonOf(action: ProvisionChange['action'], answer: number | string, released: number | undefined): string {
  if (typeof answer === 'string') return action === 'add' ? `is added, but ${answer}` : `is removed, but ${answer}`
  return action === 'add'
    ? `is added, but the node serves serial ${answer} instead of ${released}`
    : `is removed, but the node still answers with serial ${answer}`
}
