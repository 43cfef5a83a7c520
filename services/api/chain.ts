/** The chain of the newest release for one node, step by step with times, and what it waits for (contract §3). */
import type { FleetNode, FleetZone } from '../../lib/fleet/fleet.js'
import type { NodeZoneView } from '../../lib/fleet/zone-view.js'
import type { NodeCell, ZoneCell } from '../../lib/state/tables.js'
import { time } from './json.js'

export interface ChainStep {
  step: 'seen' | 'transferred' | 'committed' | 'released' | 'notified' | 'answered' | 'taken' | 'confirmed'
  at: string | null
  detail: string
}

export interface Chain {
  chain: ChainStep[]
  waitingFor: string | null
}

export function chainOf(
  zone: FleetZone,
  node: FleetNode,
  cell: ZoneCell | undefined,
  at: NodeCell | undefined,
  view: NodeZoneView,
): Chain {
  const released = cell?.released
  if (!cell || !released)
    return {
      chain: [],
      waitingFor: cell?.error ? `a first version: the last refresh failed (${cell.error})` : 'a first version from a primary',
    }
  const steps: ChainStep[] = []
  const { trail } = cell
  if (trail && trail.serial === released.serial) {
    steps.push({ step: 'seen', at: time(trail.seenAt), detail: `serial ${trail.serial} seen at ${trail.seenAtPrimary}` })
    const took = trail.transferTookMs < 10 ? trail.transferTookMs.toFixed(1) : Math.round(trail.transferTookMs)
    steps.push({
      step: 'transferred',
      at: time(trail.transferStartedAt + trail.transferTookMs),
      detail: `${trail.kind.toUpperCase()} in ${took} ms, the zone has ${trail.records} records`,
    })
    steps.push({ step: 'committed', at: time(trail.committedAt), detail: 'durable on disk' })
  }
  steps.push({ step: 'released', at: time(released.releasedAt), detail: `serial ${released.serial}, digest ${released.digest}` })
  const push = at?.push?.target === released.serial ? at.push : undefined
  if (push?.notifySentAt !== undefined)
    steps.push({
      step: 'notified',
      at: time(push.notifySentAt),
      detail: push.notifiesSent === 1 ? 'NOTIFY sent' : `NOTIFY sent ${push.notifiesSent} times`,
    })
  if (push?.notifyAnsweredAt !== undefined)
    steps.push({ step: 'answered', at: time(push.notifyAnsweredAt), detail: 'the node answered the NOTIFY' })
  if (push?.takenAt !== undefined)
    steps.push({
      step: 'taken',
      at: time(push.takenAt),
      detail: `the node took the version by ${(push.takenBy ?? 'axfr').toUpperCase()}`,
    })
  const confirmed = view.serial === released.serial
  if (confirmed)
    steps.push({
      step: 'confirmed',
      at: time(push?.confirmedAt ?? at?.since),
      detail: `the node's own answer shows serial ${released.serial}`,
    })
  return { chain: steps, waitingFor: confirmed ? null : waitingFor(node, at, view, zone, push) }
}

function waitingFor(
  node: FleetNode,
  at: NodeCell | undefined,
  view: NodeZoneView,
  zone: FleetZone,
  push: NodeCell['push'],
): string {
  if (view.state === 'drained') return `${node.id} is drained: undrain it to deliver again`
  if (view.state === 'ahead')
    return `nothing: ${node.id} serves serial ${view.serial}, newer than anything released here; find out where it got it`
  if (view.state === 'conflict')
    return `a person: serial ${view.serial} on ${node.id} has no order to the released one, or primaries disagree`
  if (at?.error !== undefined) return `an answer of ${node.id}: ${at.error}`
  if (push?.notifyError !== undefined && push.takenAt === undefined) return `${node.id} to take NOTIFY: ${push.notifyError}`
  if (push?.takenAt !== undefined) return `${node.id} to serve what it has taken`
  if (push?.notifyAnsweredAt !== undefined)
    return `${node.id} to ask the transfer server for ${zone.name} (does it list this hub as a primary, with the right key?)`
  if (push?.notifySentAt !== undefined) return `${node.id} to answer the NOTIFY (does it allow NOTIFY from this hub?)`
  return `the next delivery to ${node.id}`
}
