/** Rollouts: the list, details of one with the reason of a hold; and the orders of operators that steer them. */
import { Router } from 'express'
import type { z } from 'zod'
import type { OrderedAnswer, RolloutsAnswer } from '../../../lib/answers/rollout-answers.js'
import type { FleetZone } from '../../../lib/fleet/fleet.js'
import { rolloutId, rolloutPrefix } from '../../../lib/rollout/record.js'
import type { RolloutState } from '../../../lib/rollout/rollout-states.js'
import { pause } from '../../../lib/runtime/turns.js'
import { ZoneTurns } from '../../../lib/runtime/zone-turns.js'
import type { Version } from '../../../lib/store/version.js'
import { atLeast, callerOf } from '../auth.js'
import { type ApiContext, mutate, nodesSeenBy, requireRedis, zoneNamed } from '../context.js'
import { type Approver, orderDecision, orderHold } from '../../../lib/release/order-decision.js'
import { orderRollback } from '../../../lib/release/order-rollback.js'
import { type OrderParts, ordersNow, versionMeant } from '../../../lib/release/write-orders.js'
import { ApiProblem } from '../problem.js'
import { approvalsFor, rolloutJson, rolloutRowJson, rolloutStateOf } from '../rollout-json.js'
import { approveBody, holdBody, rejectBody, releaseBody, rollbackBody } from '../order-schemas.js'
import { rolloutsQuery } from '../schemas.js'
import { scopeOf } from '../scope.js'
import type { NumberedTime } from '../time-pages.js'
import { orderPartsOf } from '../withdrawn-approvals.js'

export function rolloutRoutes(context: ApiContext): Router {
  const router = Router()

  router.get('/rollouts', async (req, res) => {
    const { zone, state, limit, after } = rolloutsQuery.parse(req.query)
    const cursor = after === undefined ? undefined : cursorOf(after)
    const scope = scopeOf(context, res)
    const fits = (row: Row): boolean =>
      (state === undefined || rolloutStateOf(row.version) === state) &&
      (cursor === undefined || isBefore(cursor, row)) &&
      scope.hasZone(row.zone)
    const rows =
      zone === undefined
        ? await newestRows(context, { most: limit + 1, state, fits })
        : rowsOf(context, zoneNamed(context, res, zone), true).filter(fits)
    rows.sort(inOrder)
    const page = rows.slice(0, limit)
    const last = page.at(-1)
    const next = last && limit < rows.length ? `${last.at}~${last.id}` : null
    res.json({
      rollouts: page.map((row) => rolloutRowJson(row.zone, row.version, approvalsFor(context, row.zone, row.version))),
      next,
    } satisfies RolloutsAnswer)
  })

  router.get('/rollouts/:id', async (req, res) => {
    const found = await find(context, req.params.id)
    if (!found) throw new ApiProblem(404, 'unknown-rollout', `there is no rollout ${req.params.id.slice(0, 200)}`)
    const { zone, version } = found
    const scope = scopeOf(context, res)
    // The id may show less of the name than a refusal of the zone.
    if (!scope.hasZone(zone)) scope.expectAll(`rollout ${req.params.id.slice(0, 200)}`)
    const cells = new Map(zone.nodes.map(({ id }) => [id, context.matrix.nodeCell(zone, id)]))
    res.json(
      rolloutJson(zone, version, context.store.zone(zone.name).released, cells, {
        sees: nodesSeenBy(context, res),
        approvals: approvalsFor(context, zone, version),
      }),
    )
  })

  const parts = orderPartsOf(context)
  // Each order reads the orders before it.
  const turns = new ZoneTurns()
  const order = <S extends OrderSchema>(
    path: string,
    role: 'operator' | 'publisher',
    schema: S,
    work: (zone: FleetZone, body: z.infer<S>, said: Approver) => Promise<OrderedAnswer>,
  ) =>
    router.post(`/zones/:zone/${path}`, atLeast(role), async (req, res) => {
      const zone = zoneNamed(context, res, String(req.params.zone))
      // A version goes to every node of its zone.
      scopeOf(context, res).expectWholeZone(zone)
      // Before the audit entry, which copies fields of it.
      const given: z.infer<S> = schema.parse(req.body ?? {})
      const { name: by, person } = callerOf(res)
      await mutate(
        context,
        req,
        res,
        async () => {
          // If the worker is another process, it gets orders only through Redis.
          if (!context.worksOn(zone.name)) requireRedis(context)
          const body = await turns.run(zone.name, () =>
            work(zone, given, { at: context.matrix.now(), by, person, reason: given.reason ?? '' }),
          )
          context.log.info(
            { zone: zone.name, op: 'order', order: path, by, serial: body.serial, state: body.state },
            'order accepted',
          )
          return { status: 200, body }
        },
        { before: () => stateBefore(parts, zone, given), ...(JUDGES.has(path) ? { person } : {}) },
      )
    })

  order('hold', 'operator', holdBody, (zone, _, said) => orderHold(parts, zone, saidIn(said), true))
  order('release', 'publisher', releaseBody, (zone, _, said) => orderHold(parts, zone, saidIn(said), false))
  order('approve', 'publisher', approveBody, (zone, { serial, digest, primary, fast }, said) =>
    orderDecision(parts, zone, 'approve', { serial, digest, primary, fast }, said),
  )
  order('reject', 'publisher', rejectBody, (zone, { serial, digest }, said) =>
    orderDecision(parts, zone, 'reject', { serial, digest, primary: undefined, fast: false }, said),
  )
  order('rollback', 'publisher', rollbackBody, (zone, { serial }, said) => orderRollback(parts, zone, serial, saidIn(said)))

  return router
}

/** Orders in which people count. */
const JUDGES: ReadonlySet<string> = new Set(['approve', 'reject'])

const saidIn = ({ at, by, reason }: Approver) => ({ at, by, reason })

/** The hold of the zone, and the state of the version that the order is about, or of the newest one. */
function stateBefore(parts: OrderParts, zone: FleetZone, { serial, digest }: z.infer<OrderSchema>) {
  const stored = parts.store.zone(zone.name)
  const version = versionMeant(stored, serial, digest) ?? (serial === undefined ? stored.latest : undefined)
  const { hold } = ordersNow(parts, zone)
  return {
    onHold: hold !== undefined,
    ...(hold === undefined ? {} : { heldBy: hold.by }),
    released: stored.released?.serial ?? null,
    ...(version === undefined ? {} : { serial: version.serial, state: rolloutStateOf(version) }),
  }
}

/** Any order that has a reason. */
type OrderSchema = z.ZodType<{ reason?: string | undefined; serial?: number | undefined; digest?: string | undefined }>

interface Row {
  zone: FleetZone
  version: Version
  id: string
  at: number
}

type Cursor = Pick<Row, 'id' | 'at'>

/** Newest first. */
const inOrder = (a: Cursor, b: Cursor): number => b.at - a.at || (a.id < b.id ? -1 : Number(a.id > b.id))

export const isBefore = (a: Cursor, b: Cursor): boolean => inOrder(a, b) < 0

/** A cursor has a time and an id: by the next page its row may have moved or be gone. Throws ApiProblem 400. */
export function cursorOf(after: string): Cursor {
  const [, at, id] = /^(\d+)~(.+)$/s.exec(after) ?? []
  if (at === undefined || id === undefined) {
    const message = 'is not the `next` of an earlier page'
    throw new ApiProblem(400, 'does-not-fit', `after: ${message}`, { errors: [{ field: 'after', message }] })
  }
  return { at: Number(at), id }
}

/** The newest rows that fit, and some older ones, in no order. Reads the versions of the zones with the newest rollouts. */
async function newestRows(
  context: ApiContext,
  { most, state, fits }: { most: number; state: RolloutState | undefined; fits: (row: Row) => boolean },
): Promise<Row[]> {
  const { sums } = context.matrix
  await sums.settle()
  const rows: Row[] = []
  for (let last: NumberedTime | undefined; ; ) {
    const zones = sums.rolledZones(most, state, last)
    for (const { n } of zones) {
      const zone = sums.zoneOf(n)
      if (zone !== undefined) rows.push(...rowsOf(context, zone, false).filter(fits))
      await pause()
    }
    last = zones.at(-1)
    // No zone that was not read has a newer row.
    const readTo = last === undefined ? 0 : -last.time
    if (zones.length < most || rows.filter(({ at }) => at > readTo).length >= most) return rows
  }
}

/** All versions of one zone; of several zones only those with a rollout, and the newest. */
function rowsOf(context: ApiContext, zone: FleetZone, all: boolean): Row[] {
  const versions = context.store.readable(zone.name)?.versions ?? []
  return versions
    .filter((version, i) => all || version.rollout !== undefined || i === versions.length - 1)
    .map((version) => ({
      zone,
      version,
      id: rolloutId(zone.name, version.serial, version.digest),
      at: version.rollout?.since ?? version.committedAt,
    }))
}

async function find(context: ApiContext, id: string): Promise<{ zone: FleetZone; version: Version } | undefined> {
  for await (const zone of zonesOfId(context, id)) {
    const version = context.store
      .readable(zone.name)
      ?.versions.find((each) => rolloutId(zone.name, each.serial, each.digest) === id)
    if (version) return { zone, version }
  }
  return undefined
}

/** The zone that has the name in the id; else zones with names that ids cannot show in full. */
async function* zonesOfId({ matrix }: ApiContext, id: string): AsyncGenerator<FleetZone> {
  const prefix = /^.+-(?=\d+-[^-]*$)/s.exec(id)?.[0]
  if (prefix === undefined) return
  const named = matrix.fleet.zones.get(`${prefix.slice(0, -1)}.` as FleetZone['name'])
  if (named) yield named
  if (!prefix.includes('_') && prefix !== rolloutPrefix('.')) return
  for (const zone of matrix.fleet.zones.values()) {
    if (zone !== named && rolloutPrefix(zone.name) === prefix) yield zone
    await pause()
  }
}
