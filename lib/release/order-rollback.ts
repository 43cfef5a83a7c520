/** The rules of a rollback: the content to release again, its new serial, and the cases in which that is not possible. */
import { storedType } from '../dns/record.js'
import { TYPE } from '../dns/rrtype.js'
import type { Serial } from '../dns/serial.js'
import type { FleetZone } from '../fleet/fleet.js'
import { rollbackFrom, type Said, type ZoneOrders } from '../rollout/record.js'
import { planRollback } from '../rollout/rollback.js'
import { pause } from '../runtime/turns.js'
import { type NodeCell, pairKey } from '../state/tables.js'
import type { StoredZone } from '../store/stored-zone.js'
import type { Version } from '../store/version.js'
import { OrderError } from './errors.js'
import { decide, meant, named, nodeCellOf, type Ordered, type OrderParts, ordersNow } from './write-orders.js'

const RECORDS_PER_SLICE = 2_000

/** `serial`: the version to go back to, or the one to leave; then the version before it is restored. */
export async function orderRollback(parts: OrderParts, zone: FleetZone, serial: number, said: Said): Promise<Ordered> {
  const stored = parts.store.zone(zone.name)
  const named_ = meant(stored, serial, undefined)
  const going = stored.versions.findLast(
    (version) => version.releasedAt !== undefined || Object.keys(version.releasedTo).length > 0,
  )
  if (!going) throw new OrderError('nothing-released', `${zone.name} has no released version: there is nothing to roll back`)
  const orders = ordersNow(parts, zone)
  const to = named_ === going ? before(stored, going, orders) : named_
  const undone = to && rollbackFrom(orders, to)
  if (undone)
    throw new OrderError(
      'was-left',
      `${undone.by} went back from serial ${to.serial} of ${zone.name} to ${undone.to?.serial}, as serial ${undone.newSerial}; name a version that was good`,
    )
  const isOlder = to !== undefined && stored.versions.indexOf(to) < stored.versions.indexOf(going)
  if (to && (!isOlder || to.releasedAt === undefined))
    throw new OrderError(
      'never-released',
      `serial ${to.serial} of ${zone.name} was never released to every node, so a rollback to it is not possible; reject it if it must not be released`,
    )
  if (!to) throw new OrderError('no-version', `${zone.name} has no released version before serial ${going.serial} to go back to`)
  const cellOf = (node: string) => nodeCellOf(parts, zone, node)
  const reached = zone.nodes.filter(({ id }) => hasTransferred(cellOf(id), going.serial)).map(({ id }) => id)
  const isPartly = going.releasedAt === undefined
  if (isPartly && reached.length === 0) {
    await decide(parts, zone, { kind: 'reject', serial: going.serial, digest: going.digest, ...said })
    return {
      ...named(zone, going),
      state: 'rejected',
      notes: [`no node has transferred serial ${going.serial}; all keep ${to.serial}`],
    }
  }
  const what = await whatSpeaksAgainst(stored, to)
  if (what !== undefined) {
    const byHand =
      reached.length > 0 ? `; until then ${reached.join(', ')} can get the old zone by hand (a forced transfer on the node)` : ''
    const why = `${zone.name} has ${what}, so its content cannot go out under another serial: publish the old content with a new serial, signed, from the primary${byHand}`
    if (!isPartly) throw new OrderError('signed', why)
    await decide(parts, zone, { kind: 'reject', serial: going.serial, digest: going.digest, ...said })
    return { ...named(zone, going), state: 'rejected', notes: [`serial ${going.serial} goes to no further node`, why] }
  }
  const primaries = zone.primaries.flatMap(({ id }) => {
    const at = parts.board.get('primaries', pairKey(zone.name, id))?.serial
    return at === undefined ? [] : [{ id, serial: at }]
  })
  const served = [
    ...stored.versions.map((version) => version.serial),
    ...zone.nodes.flatMap(({ id }) => cellOf(id)?.serial ?? []),
    ...primaries.map((primary) => primary.serial),
  ]
  const { newSerial, notes } = planRollback(served as Serial[], primaries, parts.clock.now())
  await decide(parts, zone, {
    kind: 'rollback',
    serial: going.serial,
    digest: going.digest,
    newSerial,
    to: { serial: to.serial, digest: to.digest },
    ...said,
  })
  const taken = reached.length === 0 ? [] : [`${reached.join(', ')} had transferred serial ${going.serial}`]
  return {
    zone: zone.name,
    serial: newSerial,
    rollout: null,
    state: 'rolling-back',
    notes: [`the content of serial ${to.serial} is released again as serial ${newSerial}`, ...taken, ...notes],
  }
}

/** The node shows the version, or all of it was sent to the node. */
const hasTransferred = (cell: NodeCell | undefined, serial: number): boolean =>
  cell?.serial === serial || (cell?.push?.target === serial && cell.push.takenAt !== undefined)

/** The last version that every node had, and that no operator rolled back. */
const before = (stored: StoredZone, version: Version, orders: ZoneOrders): Version | undefined =>
  stored.versions
    .slice(0, stored.versions.indexOf(version))
    .findLast((each) => each.releasedAt !== undefined && !rollbackFrom(orders, each))

/** Records of the zone that depend on its serial; undefined when there are none. */
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
