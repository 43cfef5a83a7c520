/**
 * The rules of hold, release, approve and reject: checks that an order fits the state of the zone, and computes the new orders.
 */
import type { FleetZone } from '../fleet/fleet.js'
import { isGoing, isOver } from '../rollout/machine.js'
import { decisionOn, hurryOn, rolloutId, type Said } from '../rollout/record.js'
import { heldByPeer } from '../rollout/shared.js'
import type { StoredZone } from '../store/stored-zone.js'
import type { Version } from '../store/version.js'
import { approvalsNeeded, approvalsOf, approvalsText, personOf } from './approvals.js'
import { OrderError } from './errors.js'
import { notesOnChoice } from './order-notes.js'
import { decide, meant, named, nodeCellOf, type Ordered, type OrderParts, ordersNow, write } from './write-orders.js'

export async function orderHold(parts: OrderParts, zone: FleetZone, said: Said, isHeld: boolean): Promise<Ordered> {
  const held = ordersNow(parts, zone)
  // The later one of hold and release counts, even when clocks differ.
  const at = Math.max(said.at, (held.hold?.at ?? 0) + 1, (held.released?.at ?? 0) + 1)
  const { hold: _, ...rest } = held
  const next = isHeld
    ? { ...rest, hold: held.hold ?? { ...said, at } }
    : { ...rest, ...(held.hold ? { released: { ...said, at } } : {}) }
  if ((held.hold !== undefined) !== isHeld) await write(parts, zone, next)
  return { zone: zone.name, serial: null, rollout: null, state: isHeld ? 'held' : 'released', notes: [] }
}

/** The version that an order is about, and the kind of order. */
interface Wish {
  serial: number | undefined
  digest: string | undefined
  primary: string | undefined
  fast: boolean
}

export async function orderDecision(
  parts: OrderParts,
  zone: FleetZone,
  kind: 'approve' | 'reject',
  wish: Wish,
  approver: Approver,
): Promise<Ordered> {
  const { person: _, ...said } = approver
  const stored = parts.store.zone(zone.name)
  if (wish.primary !== undefined) return await orderChoice(parts, zone, stored, { ...wish, primary: wish.primary }, approver)
  const version = meant(stored, wish.serial, wish.digest)
  const state = version.rollout?.state ?? 'done'
  const isOpen =
    kind === 'approve'
      ? state === 'held' || state === 'halted' || (wish.fast && isGoing(state))
      : !isOver(state) || state === 'superseded'
  const pending = decisionOn(ordersNow(parts, zone), version)
  if (pending && pending.kind !== kind && pending.at !== version.rollout?.decided && isOpen)
    throw new OrderError(
      'contradicts',
      `${pending.by} has just ordered to ${pending.kind} serial ${version.serial} of ${zone.name}; wait for the outcome`,
    )
  if (!isOpen)
    throw new OrderError('not-open', `serial ${version.serial} of ${zone.name} is ${state}: there is nothing to ${kind}`)
  const { serial, digest } = version
  const isSaid = pending?.kind === kind && pending.at !== version.rollout?.decided && (pending.fast ?? false) === wish.fast
  if (kind === 'approve') {
    // A hub that holds the version by a check may report it only now: the order is to hurry, not to approve what its caller did not see.
    if (isGoing(state) && !isHeldElsewhere(parts, zone, version)) {
      if (hurryOn(ordersNow(parts, zone), version) === undefined)
        await decide(parts, zone, { kind: 'hurry', serial, digest, ...said })
      return { ...named(zone, version), state: 'approved', notes: [] }
    }
    const isHeldByCheck = (state === 'held' && version.rollout?.heldBy === 'check') || isHeldElsewhere(parts, zone, version)
    const needed = approvalsNeeded(parts.approvals(), { isHeldByCheck, reports: version.checks?.reports ?? [] })
    const others = await agreed(parts, zone, { serial, digest, fast: wish.fast }, needed, approver)
    if (others !== undefined) return { ...named(zone, version), ...others }
  }
  if (!isSaid) await decide(parts, zone, { kind, serial, digest, ...said, ...(wish.fast ? { fast: true } : {}) })
  return { ...named(zone, version), state: kind === 'approve' ? 'approved' : 'rejected', notes: [] }
}

/** A check of another hub holds the version, whatever its state here. */
function isHeldElsewhere({ board, hub }: OrderParts, zone: FleetZone, { serial, digest, rollout }: Version): boolean {
  const id = rolloutId(zone.name, serial, digest)
  return heldByPeer(board.get('stages', zone.name), id, rollout?.decided ?? 0, hub) !== undefined
}

/** The operator of an order, and the person behind the name. */
export type Approver = Said & { person: string }

/**
 * Writes the approval where several are needed. Undefined when this one is the last of them, which makes the decision; else the answer
 * to the order. Throws OrderError when the person has approved it already.
 */
async function agreed(
  parts: OrderParts,
  zone: FleetZone,
  { serial, digest, fast = false, primary }: Pick<Version, 'serial' | 'digest'> & { fast?: boolean; primary?: string },
  needed: number,
  approver: Approver,
): Promise<Pick<Ordered, 'state' | 'notes'> | undefined> {
  // Where one is enough here, another hub may hold the version by a check that needs several.
  if (parts.approvals().required <= 1) return undefined
  const before = approvalsOf(ordersNow(parts, zone), { serial, digest })
  const isNew = before.every((each) => personOf(each) !== approver.person)
  if (!isNew && before.length < needed)
    throw new OrderError(
      'approved-already',
      `${approver.person} has approved serial ${serial} of ${zone.name} already (${approvalsText(before, needed)}); another person must approve it`,
    )
  if (isNew)
    await decide(parts, zone, {
      ...{ kind: 'agree', serial, digest, hub: parts.hub, ...approver },
      ...(fast ? { fast } : {}),
      ...(primary === undefined ? {} : { primary }),
    })
  const given = approvalsOf(ordersNow(parts, zone), { serial, digest })
  if (given.length >= needed) return undefined
  return { state: approvalsText(given, needed), notes: ['the version stays held until another person approves it'] }
}

/** Primaries disagree under one serial: the content of one of them is chosen. */
async function orderChoice(
  parts: OrderParts,
  zone: FleetZone,
  stored: StoredZone,
  { primary, serial, digest }: Wish & { primary: string },
  approver: Approver,
): Promise<Ordered> {
  const { person: _, ...said } = approver
  if (!zone.primaries.some(({ id }) => id === primary))
    throw new OrderError('unknown-primary', `${zone.name} has no primary ${primary.slice(0, 100)}`)
  const { latest } = stored
  const conflicts = stored.conflicting.list
  if (!latest || conflicts.length === 0)
    throw new OrderError('no-conflict', `the primaries of ${zone.name} do not disagree: there is nothing to choose`)
  const other = conflicts.find(({ from }) => from === primary)
  const chosen = other ?? (latest.from === primary ? latest : undefined)
  if (!chosen)
    throw new OrderError(
      'not-kept',
      `the content of ${zone.name} from ${primary} is not kept; choose ${[latest.from, ...conflicts.map(({ from }) => from)].join(' or ')}`,
    )
  if ((serial ?? chosen.serial) !== chosen.serial || !chosen.digest.startsWith(digest ?? ''))
    throw new OrderError(
      'other-serial',
      `the content of ${zone.name} from ${primary} is serial ${chosen.serial} with digest ${chosen.digest.slice(0, 12)}, not the version named`,
    )
  // A choice releases its content whatever the checks find.
  const others = await agreed(
    parts,
    zone,
    { serial: chosen.serial, digest: chosen.digest, primary },
    parts.approvals().required,
    approver,
  )
  if (others !== undefined) return { ...named(zone, chosen), ...others }
  await decide(parts, zone, { kind: 'approve', serial: chosen.serial, digest: chosen.digest, primary, ...said })
  const holding = zone.nodes.filter(({ id }) => nodeCellOf(parts, zone, id)?.serial === chosen.serial).map(({ id }) => id)
  const notes = other === undefined ? [] : notesOnChoice(holding, chosen.serial, primary)
  return {
    zone: zone.name,
    serial: chosen.serial,
    rollout: rolloutId(zone.name, chosen.serial, chosen.digest),
    state: 'approved',
    notes,
  }
}
