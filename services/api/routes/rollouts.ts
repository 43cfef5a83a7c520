/** Rollouts: the list, details of one with the reason of a hold; and the orders of operators that steer them. */
import { Router } from 'express'
import type { OrderedAnswer, RolloutsAnswer } from '../../../lib/answers/rollout-answers.js'
import type { FleetZone } from '../../../lib/fleet/fleet.js'
import { rolloutId, rolloutPrefix, type Said } from '../../../lib/rollout/record.js'
import { pause } from '../../../lib/runtime/turns.js'
import type { Version } from '../../../lib/store/version.js'
import { atLeast, callerOf } from '../auth.js'
import { type ApiContext, mutate, requireRedis, zoneNamed } from '../context.js'
import { orderDecision, orderHold } from '../../../lib/release/order-decision.js'
import { orderRollback } from '../../../lib/release/order-rollback.js'
import type { OrderParts } from '../../../lib/release/write-orders.js'
import { ApiProblem } from '../problem.js'
import { rolloutJson, rolloutRowJson, rolloutStateOf } from '../rollout-json.js'
import { approveBody, holdBody, rejectBody, releaseBody, rollbackBody } from '../order-schemas.js'
import { rolloutsQuery } from '../schemas.js'

/** Zones whose versions are listed before other work runs. */
const ZONES_PER_SLICE = 100

export function rolloutRoutes(context: ApiContext): Router {
  const router = Router()

  router.get('/rollouts', async (req, res) => {
    const { zone, state, limit, after } = rolloutsQuery.parse(req.query)
    const zones = zone === undefined ? [...context.matrix.fleet.zones.values()] : [zoneNamed(context, zone)]
    const rows: Row[] = []
    for (const [i, each] of zones.entries()) {
      for (const row of rowsOf(context, each, zone !== undefined))
        if (state === undefined || rolloutStateOf(row.version) === state) rows.push(row)
      if (i % ZONES_PER_SLICE === 0) await pause()
    }
    rows.sort((a, b) => b.at - a.at || (a.id < b.id ? -1 : 1))
    const from = after === undefined ? 0 : startAfter(rows, after)
    const page = rows.slice(from, from + limit)
    const last = page.at(-1)
    const next = last && from + limit < rows.length ? `${last.at}~${last.id}` : null
    res.json({ rollouts: page.map((row) => rolloutRowJson(row.zone, row.version)), next } satisfies RolloutsAnswer)
  })

  router.get('/rollouts/:id', (req, res) => {
    const found = find(context, req.params.id)
    if (!found) throw new ApiProblem(404, 'unknown-rollout', `there is no rollout ${req.params.id.slice(0, 200)}`)
    const { zone, version } = found
    const cells = new Map(zone.nodes.map(({ id }) => [id, context.matrix.nodeCell(zone, id)]))
    res.json(rolloutJson(zone, version, context.store.zone(zone.name).released, cells))
  })

  const parts: OrderParts = {
    store: context.store,
    board: context.board,
    clock: context.matrix,
    worksHere: context.roles.includes('worker'),
    share: context.share,
  }
  const order = (
    path: string,
    role: 'operator' | 'publisher',
    work: (zone: FleetZone, body: unknown, said: (reason?: string) => Said) => OrderedAnswer | Promise<OrderedAnswer>,
  ) =>
    router.post(`/zones/:zone/${path}`, atLeast(role), async (req, res) => {
      const zone = zoneNamed(context, String(req.params.zone))
      const by = callerOf(res).name
      await mutate(context, req, res, async () => {
        // If the worker is another process, it gets orders only through Redis.
        if (!context.roles.includes('worker')) requireRedis(context)
        const body = await work(zone, req.body ?? {}, (reason = '') => ({ at: context.matrix.now(), by, reason }))
        context.log.info(
          { zone: zone.name, op: 'order', order: path, by, serial: body.serial, state: body.state },
          'order accepted',
        )
        return { status: 200, body }
      })
    })

  order('hold', 'operator', (zone, body, said) => orderHold(parts, zone, said(holdBody.parse(body).reason), true))
  order('release', 'publisher', (zone, body, said) => orderHold(parts, zone, said(releaseBody.parse(body).reason), false))
  order('approve', 'publisher', (zone, body, said) => {
    const { serial, digest, primary, fast, reason } = approveBody.parse(body)
    return orderDecision(parts, zone, 'approve', { serial, digest, primary, fast }, said(reason))
  })
  order('reject', 'publisher', (zone, body, said) => {
    const { serial, digest, reason } = rejectBody.parse(body)
    return orderDecision(parts, zone, 'reject', { serial, digest, primary: undefined, fast: false }, said(reason))
  })
  order('rollback', 'publisher', (zone, body, said) => {
    const { serial, reason } = rollbackBody.parse(body)
    return orderRollback(parts, zone, serial, said(reason))
  })

  return router
}

interface Row {
  zone: FleetZone
  version: Version
  id: string
  at: number
}

/** A cursor has a time and an id: by the next page its row may have moved or be gone. Throws ApiProblem 400. */
export function startAfter(rows: readonly Pick<Row, 'id' | 'at'>[], after: string): number {
  const [, at, id] = /^(\d+)~(.+)$/s.exec(after) ?? []
  if (at === undefined || id === undefined) {
    const message = 'is not the `next` of an earlier page'
    throw new ApiProblem(400, 'does-not-fit', `after: ${message}`, { errors: [{ field: 'after', message }] })
  }
  const from = rows.findIndex((row) => row.at < Number(at) || (row.at === Number(at) && row.id > id))
  return from < 0 ? rows.length : from
}

/** All versions of one zone; of several zones only those with a rollout, and the newest. */
function rowsOf(context: ApiContext, zone: FleetZone, all: boolean): Row[] {
  const { versions } = context.store.zone(zone.name)
  return versions
    .filter((version, i) => all || version.rollout !== undefined || i === versions.length - 1)
    .map((version) => ({
      zone,
      version,
      id: rolloutId(zone.name, version.serial, version.digest),
      at: version.rollout?.since ?? version.committedAt,
    }))
}

function find(context: ApiContext, id: string): { zone: FleetZone; version: Version } | undefined {
  for (const zone of context.matrix.fleet.zones.values()) {
    if (!id.startsWith(rolloutPrefix(zone.name))) continue
    const version = context.store.zone(zone.name).versions.find((each) => rolloutId(zone.name, each.serial, each.digest) === id)
    if (version) return { zone, version }
  }
  return undefined
}
