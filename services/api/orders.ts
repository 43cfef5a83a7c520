/**
 * What people say of a zone: hold, release, approve, reject, rollback. Written on the board as facts for all hubs; the workers act on
 * them and keep them on disk. Each is one zone, and where it is about content one version, with a name and a reason.
 */
import type { FleetZone } from '../../lib/fleet/fleet.js'
import { isGoing, isOver } from '../../lib/rollout/machine.js'
import {
  type Decision,
  decisionOn,
  mergeOrders,
  ordersOf,
  rollbackFrom,
  rolloutId,
  type Said,
  type ZoneOrders,
} from '../../lib/rollout/record.js'
import { planRollback } from '../../lib/rollout/rollback.js'
import { TYPE } from '../../lib/dns/rrtype.js'
import { storedType } from '../../lib/dns/record.js'
import type { Serial } from '../../lib/dns/serial.js'
import { pause } from '../../lib/runtime/turns.js'
import type { NodeCell } from '../../lib/state/tables.js'
import type { StoredZone } from '../../lib/store/stored-zone.js'
import type { Version } from '../../lib/store/version.js'
import type { ApiContext } from './context.js'
import { notesOnChoice } from './order-notes.js'
import { ApiProblem } from './problem.js'

const RECORDS_PER_SLICE = 2_000
/** Longest an order waits to be durable. */
const KEEP_MS = 5_000

export interface Ordered {
  zone: string
  serial: number | null
  rollout: string | null
  state: string
  notes: string[]
}

export async function orderHold(context: ApiContext, zone: FleetZone, said: Said, isHeld: boolean): Promise<Ordered> {
  const held = ordersNow(context, zone)
  // Of hold and release the later one counts, whatever the clocks say.
  const at = Math.max(said.at, (held.hold?.at ?? 0) + 1, (held.released?.at ?? 0) + 1)
  const { hold: _, ...rest } = held
  const next = isHeld
    ? { ...rest, hold: held.hold ?? { ...said, at } }
    : { ...rest, ...(held.hold ? { released: { ...said, at } } : {}) }
  if ((held.hold !== undefined) !== isHeld) await write(context, zone, next)
  return { zone: zone.name, serial: null, rollout: null, state: isHeld ? 'held' : 'released', notes: [] }
}

/** Which version an order means, and how. */
interface Wish {
  serial: number | undefined
  digest: string | undefined
  primary: string | undefined
  fast: boolean
}

export async function orderDecision(
  context: ApiContext,
  zone: FleetZone,
  kind: 'approve' | 'reject',
  wish: Wish,
  said: Said,
): Promise<Ordered> {
  const stored = context.store.zone(zone.name)
  if (wish.primary !== undefined) return await chooseContent(context, zone, stored, { ...wish, primary: wish.primary }, said)
  const version = meant(stored, wish.serial, wish.digest)
  const state = version.rollout?.state ?? 'done'
  const isOpen =
    kind === 'approve'
      ? state === 'held' || state === 'halted' || (wish.fast && isGoing(state))
      : !isOver(state) || state === 'superseded'
  const pending = decisionOn(ordersNow(context, zone), version)
  if (pending && pending.kind !== kind && pending.at !== version.rollout?.decided && isOpen)
    throw new ApiProblem(
      409,
      'contradicts',
      `${pending.by} has just given the order to ${pending.kind} serial ${version.serial} of ${zone.name}; see what comes of it first`,
    )
  if (!isOpen)
    throw new ApiProblem(409, 'not-open', `serial ${version.serial} of ${zone.name} is ${state}: there is nothing to ${kind}`)
  const { serial, digest } = version
  const isSaid = pending?.kind === kind && pending.at !== version.rollout?.decided && (pending.fast ?? false) === wish.fast
  if (!isSaid) await decide(context, zone, { kind, serial, digest, ...said, ...(wish.fast ? { fast: true } : {}) })
  return { ...named(zone, version), state: kind === 'approve' ? 'approved' : 'rejected', notes: [] }
}

/** Primaries disagree under one serial: the content of one of them is the right one. */
async function chooseContent(
  context: ApiContext,
  zone: FleetZone,
  stored: StoredZone,
  { primary, serial, digest }: Wish & { primary: string },
  said: Said,
): Promise<Ordered> {
  if (!zone.primaries.some(({ id }) => id === primary))
    throw new ApiProblem(404, 'unknown-primary', `${zone.name} has no primary ${primary.slice(0, 100)}`)
  const { latest } = stored
  const rivals = stored.rivals.list
  if (!latest || rivals.length === 0)
    throw new ApiProblem(409, 'no-conflict', `the primaries of ${zone.name} do not disagree: there is nothing to choose`)
  const rival = rivals.find(({ from }) => from === primary)
  const chosen = rival ?? (latest.from === primary ? latest : undefined)
  if (!chosen)
    throw new ApiProblem(
      409,
      'not-kept',
      `what ${primary} serves of ${zone.name} is not kept; choose ${[latest.from, ...rivals.map(({ from }) => from)].join(' or ')}`,
    )
  if ((serial ?? chosen.serial) !== chosen.serial || !chosen.digest.startsWith(digest ?? ''))
    throw new ApiProblem(
      409,
      'other-serial',
      `what ${primary} serves of ${zone.name} is serial ${chosen.serial} with digest ${chosen.digest.slice(0, 12)}, not the version named`,
    )
  await decide(context, zone, { kind: 'approve', serial: chosen.serial, digest: chosen.digest, primary, ...said })
  const holding = zone.nodes.filter(({ id }) => context.matrix.nodeCell(zone, id)?.serial === chosen.serial).map(({ id }) => id)
  const notes = rival === undefined ? [] : notesOnChoice(holding, chosen.serial, primary)
  return {
    zone: zone.name,
    serial: chosen.serial,
    rollout: rolloutId(zone.name, chosen.serial, chosen.digest),
    state: 'approved',
    notes,
  }
}

/** `serial`: the version to go back to, or the one to leave; the one before it is gone back to then. */
export async function orderRollback(context: ApiContext, zone: FleetZone, serial: number, said: Said): Promise<Ordered> {
  const stored = context.store.zone(zone.name)
  const named_ = meant(stored, serial, undefined)
  const going = stored.versions.findLast(
    (version) => version.releasedAt !== undefined || Object.keys(version.releasedTo).length > 0,
  )
  if (!going) throw new ApiProblem(409, 'nothing-released', `nothing of ${zone.name} was released: there is nothing to take back`)
  const orders = ordersNow(context, zone)
  const to = named_ === going ? before(stored, going, orders) : named_
  const undone = to && rollbackFrom(orders, to)
  if (undone)
    throw new ApiProblem(
      409,
      'was-left',
      `${undone.by} went back from serial ${to.serial} of ${zone.name} to ${undone.to?.serial}, as serial ${undone.newSerial}; name a version that was good`,
    )
  const isOlder = to !== undefined && stored.versions.indexOf(to) < stored.versions.indexOf(going)
  if (to && (!isOlder || to.releasedAt === undefined))
    throw new ApiProblem(
      409,
      'never-released',
      `serial ${to.serial} of ${zone.name} was never released to every node, so there is no way back to it; reject it if it must not go out`,
    )
  if (!to)
    throw new ApiProblem(409, 'no-version', `${zone.name} has no released version before serial ${going.serial} to go back to`)
  const cellOf = (node: string) => context.matrix.nodeCell(zone, node)
  const reached = zone.nodes.filter(({ id }) => hasTaken(cellOf(id), going.serial)).map(({ id }) => id)
  const isPartly = going.releasedAt === undefined
  if (isPartly && reached.length === 0) {
    await decide(context, zone, { kind: 'reject', serial: going.serial, digest: going.digest, ...said })
    return {
      ...named(zone, going),
      state: 'rejected',
      notes: [`no node had taken serial ${going.serial}; all keep ${to.serial}`],
    }
  }
  const what = await whatSpeaksAgainst(stored, to)
  if (what !== undefined) {
    const byHand =
      reached.length > 0
        ? `; until then ${reached.join(', ')} can be given the old zone by hand (a forced transfer on the node)`
        : ''
    const why = `${zone.name} has ${what}, so its content cannot go out under another serial: publish the old content with a new serial, signed, from the primary${byHand}`
    if (!isPartly) throw new ApiProblem(422, 'signed', why)
    await decide(context, zone, { kind: 'reject', serial: going.serial, digest: going.digest, ...said })
    return { ...named(zone, going), state: 'rejected', notes: [`serial ${going.serial} goes to no further node`, why] }
  }
  const primaries = zone.primaries.flatMap(({ id }) => {
    const at = context.matrix.primaryCell(zone, id)?.serial
    return at === undefined ? [] : [{ id, serial: at }]
  })
  const served = [
    ...stored.versions.map((version) => version.serial),
    ...zone.nodes.flatMap(({ id }) => cellOf(id)?.serial ?? []),
    ...primaries.map((primary) => primary.serial),
  ]
  const { newSerial, notes } = planRollback(served as Serial[], primaries, context.matrix.now())
  await decide(context, zone, {
    kind: 'rollback',
    serial: going.serial,
    digest: going.digest,
    newSerial,
    to: { serial: to.serial, digest: to.digest },
    ...said,
  })
  const taken = reached.length === 0 ? [] : [`${reached.join(', ')} had taken serial ${going.serial}`]
  return {
    zone: zone.name,
    serial: newSerial,
    rollout: null,
    state: 'rolling-back',
    notes: [`the content of serial ${to.serial} goes out again as serial ${newSerial}`, ...taken, ...notes],
  }
}

/** It shows the version, or has been sent all of it. */
const hasTaken = (cell: NodeCell | undefined, serial: number): boolean =>
  cell?.serial === serial || (cell?.push?.target === serial && cell.push.takenAt !== undefined)

const named = (zone: FleetZone, { serial, digest }: Version) => ({
  zone: zone.name,
  serial,
  rollout: rolloutId(zone.name, serial, digest),
})

/** The version that a serial, and a digest or its beginning, name; without a serial the newest that waits for a word. */
function meant(stored: StoredZone, serial: number | undefined, digest: string | undefined): Version {
  const version =
    serial === undefined
      ? stored.versions.findLast(({ rollout }) => rollout?.state === 'held' || rollout?.state === 'halted')
      : stored.versions.findLast((known) => known.serial === serial && (digest === undefined || known.digest.startsWith(digest)))
  if (version) return version
  if (serial === undefined) throw new ApiProblem(409, 'nothing-open', `no version of ${stored.name} waits for a decision`)
  const which = digest === undefined ? '' : ` and digest ${digest.slice(0, 64)}`
  throw new ApiProblem(404, 'unknown-version', `${stored.name} has no kept version with serial ${serial}${which}`)
}

/** The last one that every node had, and that nobody went back from. */
const before = (stored: StoredZone, version: Version, orders: ZoneOrders): Version | undefined =>
  stored.versions
    .slice(0, stored.versions.indexOf(version))
    .findLast((each) => each.releasedAt !== undefined && !rollbackFrom(orders, each))

/** What in the zone is made for its serial; undefined when nothing is. */
async function whatSpeaksAgainst(stored: StoredZone, version: Version): Promise<string | undefined> {
  const view = (await stored.contentsOf(version)).view()
  try {
    let found: string | undefined
    for (let at: number | undefined = 0; at !== undefined && found === undefined; ) {
      at = view.walk(at, RECORDS_PER_SLICE, (data, start) => {
        const type = storedType(data, start)
        if (type === TYPE.RRSIG) found ??= 'signatures, that of the SOA among them'
        else if (type === TYPE.ZONEMD) found ??= 'a ZONEMD record'
      })
      await pause()
    }
    return found
  } finally {
    view.release()
  }
}

const ordersNow = ({ board, store }: ApiContext, zone: FleetZone): ZoneOrders =>
  ordersOf(board.get('orders', zone.name), store.zone(zone.name).orders) ?? { at: 0, decisions: [] }

async function decide(context: ApiContext, zone: FleetZone, decision: Decision): Promise<void> {
  // Of two decisions the later one counts, also where the clock of the other hub is ahead.
  const before = ordersNow(context, zone)
  const at = Math.max(decision.at, ...before.decisions.map((other) => other.at + 1))
  await write(context, zone, mergeOrders(before, { at: 0, decisions: [{ ...decision, at }] }))
}

/**
 * On disk before it is in force, where the worker is in this process; a zone that is busy is not waited for, and what it is told is
 * kept in its turn. Elsewhere it must have reached Redis: no worker would hear of it otherwise.
 */
async function write(context: ApiContext, zone: FleetZone, orders: ZoneOrders): Promise<void> {
  // Later than what it replaces, whatever the clock says.
  const next = { ...orders, at: Math.max(context.matrix.now(), ordersNow(context, zone).at + 1) }
  const isOurs = context.roles.includes('worker')
  if (isOurs) await within(KEEP_MS, context.store.zone(zone.name).order(next))
  context.board.set('orders', zone.name, next)
  if (!isOurs && !(await within(KEEP_MS, context.share())))
    throw new ApiProblem(
      503,
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
