/**
 * The chain of the version that one node should have: its steps with times, and what it waits for (docs/contract.md). It follows the
 * version that was released to this node; a newer one that waits for a stage or an operator is a step of its own.
 */
import type { ChainAnswer, ChainStepAnswer } from '../../lib/answers/zone-answers.js'
import { doubtOf } from '../../lib/fleet/node-content.js'
import type { FleetNode, FleetZone } from '../../lib/fleet/fleet.js'
import type { NodeZoneView } from '../../lib/fleet/zone-view.js'
import { holdReason } from '../../lib/rollout/machine.js'
import type { Said } from '../../lib/rollout/record.js'
import type { NodeCell, ZoneCell } from '../../lib/state/tables.js'
import type { ReleaseMark, RolloutMark } from '../../lib/state/version-marks.js'
import { time } from './json.js'

export type Chain = Pick<ChainAnswer, 'chain' | 'waitingFor'>

/** Facts about the zone besides its cell. */
export interface ChainFacts {
  zone: FleetZone
  node: FleetNode
  cell: ZoneCell | undefined
  at: NodeCell | undefined
  view: NodeZoneView
  /** The version or hold that waits for an operator. */
  held: string | undefined
  /** The hold of the zone. */
  hold?: Said | undefined
  /** Why no newer version can be transferred. */
  trouble?: string | undefined
  /** A recent request of this node that was refused. */
  refused?: string | undefined
}

export function chainOf(facts: ChainFacts): Chain {
  const { cell, at, node, view } = facts
  const wanted = wantedBy(cell, node.id)
  const newer = newerFor(cell, wanted)
  if (!cell || !wanted) {
    const steps = newer === undefined ? [] : [stageStep(newer)]
    return { chain: steps, waitingFor: firstVersion(facts, newer) }
  }
  const steps = [...storyOf(cell, wanted, at), ...deliveryOf(at, wanted)]
  const isShown = view.serial === wanted.serial && doubtOf(at ?? { serial: undefined }, node.id, wanted) === undefined
  if (isShown && at?.observedAt !== undefined) {
    const confirmedAt = at.push?.target === wanted.serial ? at.push.confirmedAt : undefined
    steps.push({
      step: 'confirmed',
      at: time(confirmedAt ?? at.since),
      detail: `the node's own answer shows serial ${wanted.serial}`,
    })
  }
  steps.sort(byTime)
  if (newer !== undefined) steps.push(stageStep(newer))
  return { chain: steps, waitingFor: isShown && isWell(view) ? waitForNewer(facts, newer) : waitingFor(facts, wanted) }
}

/** The newest version that the node may have. */
function wantedBy(cell: ZoneCell | undefined, node: string): ReleaseMark | undefined {
  if (cell === undefined) return undefined
  for (const { nodes, times, ...mark } of cell.staged.toReversed()) {
    const i = nodes.indexOf(node)
    if (i >= 0) return { ...mark, releasedAt: times?.[i] ?? mark.releasedAt }
  }
  return cell.released && { ...cell.released, torn: cell.releases.at(-1)?.torn }
}

/** The newest rollout, if it is about a version that the node may not have yet. */
function newerFor(cell: ZoneCell | undefined, wanted: ReleaseMark | undefined): RolloutMark | undefined {
  const newest = cell?.rollouts.at(-1)
  const isWanted = newest?.serial === wanted?.serial && newest?.digest === wanted?.digest
  return newest === undefined || isWanted || newest.state === 'done' || newest.state === 'superseded' ? undefined : newest
}

const stageStep = ({ serial, state, stage, since, reason }: RolloutMark): ChainStepAnswer => ({
  step: 'waiting',
  at: time(since),
  detail: `serial ${serial} is ${state}${stage === undefined ? '' : ` in stage ${stage}`}${reason === undefined ? '' : `: ${firstLine(reason)}`}`,
})

/** The steps from the primary to the release. */
function storyOf({ trail }: ZoneCell, wanted: ReleaseMark, at: NodeCell | undefined): ChainStepAnswer[] {
  const steps: ChainStepAnswer[] = []
  if (trail?.serial === wanted.serial) {
    steps.push({ step: 'seen', at: time(trail.seenAt), detail: `serial ${trail.serial} at ${trail.seenAtPrimary}` })
    const took = trail.transferTookMs < 10 ? trail.transferTookMs.toFixed(1) : Math.round(trail.transferTookMs)
    steps.push({
      step: 'transferred',
      at: time(trail.transferStartedAt + trail.transferTookMs),
      detail: `${trail.kind.toUpperCase()} in ${took} ms, the zone has ${trail.records} records`,
    })
    steps.push({ step: 'committed', at: time(trail.committedAt), detail: 'durable on disk' })
  }
  // A node of an early stage had the version before every node had it.
  const begunAt = at?.push?.target === wanted.serial ? at.push.startedAt : wanted.releasedAt
  const releasedAt = Math.min(wanted.releasedAt, begunAt)
  steps.push({ step: 'released', at: time(releasedAt), detail: `serial ${wanted.serial}, digest ${wanted.digest}` })
  return steps
}

/** The steps from the release to the node. */
function deliveryOf(at: NodeCell | undefined, { serial }: ReleaseMark): ChainStepAnswer[] {
  const push = at?.push?.target === serial ? at.push : undefined
  if (push === undefined) return []
  const steps: ChainStepAnswer[] = []
  const times = push.notifiesSent === 1 ? '' : ` ${push.notifiesSent} times`
  if (push.notifySentAt !== undefined)
    steps.push({ step: 'notified', at: time(push.notifySentAt), detail: `NOTIFY sent${times}` })
  if (push.notifyAnsweredAt !== undefined)
    steps.push({ step: 'answered', at: time(push.notifyAnsweredAt), detail: 'the node answered the NOTIFY' })
  if (push.takenAt !== undefined)
    steps.push({
      step: 'taken',
      at: time(push.takenAt),
      detail: `the node transferred the version by ${(push.takenBy ?? 'axfr').toUpperCase()}`,
    })
  return steps
}

/** An SOA query may confirm a version before the log of its transfer arrives: steps are in the order of their times. */
const byTime = (a: ChainStepAnswer, b: ChainStepAnswer): number =>
  a.at === null || b.at === null ? 0 : Date.parse(a.at) - Date.parse(b.at)

const isWell = ({ state }: NodeZoneView): boolean => state === 'in-sync' || state === 'syncing'

function firstVersion(facts: ChainFacts, newer: RolloutMark | undefined): string {
  const { zone, cell, held, refused, node } = facts
  if (newer !== undefined) return rolloutWait(facts, newer)
  if (held !== undefined) return operatorWait(facts, held)
  if (refused !== undefined) return `the config to name the address of ${node.id}: ${refused}`
  if (cell?.error) return `a first version: the last refresh failed (${cell.error}); zonecast refresh ${zone.name} --wait`
  return `a first version from a primary; zonecast primaries`
}

/** For a node that has the newest version that it may have. */
function waitForNewer(facts: ChainFacts, newer: RolloutMark | undefined): string | null {
  const { held, trouble } = facts
  if (newer !== undefined) return rolloutWait(facts, newer)
  if (held !== undefined) return operatorWait(facts, held)
  return trouble === undefined ? null : `a newer version from a primary: ${trouble}; zonecast primaries`
}

/** A hold of the zone, or a stopped rollout: that of the node's version, or of an older one. */
function operatorWait(facts: ChainFacts, held: string): string {
  const stopped = facts.cell?.rollouts.findLast(({ state }) => state === 'held' || state === 'halted')
  if (stopped !== undefined && held.startsWith(`serial ${stopped.serial} is `)) return rolloutWait(facts, stopped)
  return `an operator: ${firstLine(held)}${isHold(facts, held) ? `; zonecast unhold ${facts.zone.name}` : ''}`
}

const isHold = ({ hold }: ChainFacts, reason: string | undefined): boolean => hold !== undefined && reason === holdReason(hold)

function rolloutWait(facts: ChainFacts, { serial, state, stage, reason }: RolloutMark): string {
  const { name } = facts.zone
  const why = reason === undefined ? '' : `: ${firstLine(reason)}`
  switch (state) {
    case 'held':
    case 'halted': {
      const step = isHold(facts, reason)
        ? `zonecast unhold ${name}`
        : `zonecast approve ${name} ${serial}, or zonecast reject ${name} ${serial}`
      return `an operator: serial ${serial} is ${state}${why}; ${step}`
    }
    case 'rejected':
      return `a newer version from a primary: serial ${serial} is rejected${why}`
    case 'waiting':
      return `its turn: serial ${serial} begins when the rollout before it has ended; zonecast rollouts`
    default:
      return `its stage for serial ${serial}, which is ${state}${stage === undefined ? '' : ` in stage ${stage}`}; zonecast rollouts`
  }
}

const firstLine = (text: string): string => text.split('\n', 1)[0]!

function waitingFor({ zone, node, at, view, refused, cell }: ChainFacts, wanted: ReleaseMark): string {
  const push = at?.push?.target === wanted.serial ? at.push : undefined
  const status = `zonecast status ${zone.name} --node ${node.id}`
  if (view.state === 'drained') return `an operator: ${node.id} is drained; zonecast undrain ${node.id}`
  if (cell?.conflict !== undefined)
    return `an operator: ${cell.conflict}; zonecast approve ${zone.name} ${cell.newest ?? wanted.serial} --primary PRIMARY`
  const doubt = doubtOf(at ?? { serial: undefined }, node.id, wanted)
  if (doubt !== undefined) return `content that is known: ${doubt}`
  if (view.state === 'ahead')
    return `a serial above ${view.serial}: ${node.id} serves serial ${view.serial}, newer than anything released here, so another server feeds it; remove that server from its configuration`
  if (view.state === 'conflict')
    return `an operator: serial ${view.serial} on ${node.id} has no order to the released ${wanted.serial} (RFC 1982 §3.2); ${status}`
  if (view.state === 'expired') return `a primary: none has confirmed ${zone.name} for its EXPIRE; zonecast primaries`
  if (refused !== undefined) return `the config to name the address of ${node.id}: ${refused}`
  if (at?.error !== undefined) return `an answer of ${node.id}: ${at.error}; ${status}`
  if (push?.notifyError !== undefined && push.takenAt === undefined) return `${node.id} to accept NOTIFY: ${push.notifyError}`
  if (view.state === 'unknown') return `an answer of ${node.id}: it has not answered lately; ${status}`
  if (push?.takenAt !== undefined)
    return `${node.id} to serve the version that it has transferred${view.serial === undefined ? '' : `: it still answers with serial ${view.serial}`}; check its log and its disk`
  if (push?.notifyAnsweredAt !== undefined)
    return `${node.id} to ask the transfer server for ${zone.name} (does it list this hub as a primary, with the same key?)`
  if (push?.notifySentAt !== undefined) return `${node.id} to answer the NOTIFY (does it allow NOTIFY from this hub?)`
  return `the next delivery to ${node.id}; zonecast resync ${zone.name} --node ${node.id} --wait`
}
