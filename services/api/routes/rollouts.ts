/** Rollouts: what goes out where, what is held and why; and the words of people that steer them. */
import { Router } from 'express'
import type { FleetZone } from '../../../lib/fleet/fleet.js'
import { rolloutId, rolloutPrefix, type Said } from '../../../lib/rollout/record.js'
import type { Version } from '../../../lib/store/version.js'
import { atLeast, callerOf } from '../auth.js'
import { type ApiContext, mutate, requireRedis, zoneNamed } from '../context.js'
import { orderDecision, type Ordered, orderHold, orderRollback } from '../orders.js'
import { ApiProblem } from '../problem.js'
import { rolloutJson, rolloutRowJson } from '../rollout-json.js'
import { decisionBody, holdBody, rolloutsQuery, rollbackBody } from '../schemas.js'

export function rolloutRoutes(context: ApiContext): Router {
  const router = Router()

  router.get('/rollouts', (req, res) => {
    const { zone, state, limit, after } = rolloutsQuery.parse(req.query)
    const zones = zone === undefined ? [...context.matrix.fleet.zones.values()] : [zoneNamed(context, zone)]
    const rows = zones
      .flatMap((each) => listed(context, each, zone !== undefined))
      .filter(({ row }) => state === undefined || row.state === state)
      .sort((a, b) => b.at - a.at || (a.row.id < b.row.id ? -1 : 1))
    const from = after === undefined ? 0 : rows.findIndex(({ row }) => row.id === after) + 1
    const page = rows.slice(from, from + limit)
    res.json({ rollouts: page.map(({ row }) => row), next: from + limit < rows.length ? page.at(-1)!.row.id : null })
  })

  router.get('/rollouts/:id', (req, res) => {
    const found = find(context, req.params.id)
    if (!found) throw new ApiProblem(404, 'unknown-rollout', `no rollout ${req.params.id.slice(0, 200)}`)
    const { zone, version } = found
    const cells = new Map(zone.nodes.map(({ id }) => [id, context.matrix.nodeCell(zone, id)]))
    res.json(rolloutJson(zone, version, context.store.zone(zone.name).released, cells))
  })

  const order = (
    path: string,
    role: 'operator' | 'publisher',
    work: (zone: FleetZone, body: unknown, said: (reason?: string) => Said) => Ordered | Promise<Ordered>,
  ) =>
    router.post(`/zones/:zone/${path}`, atLeast(role), async (req, res) => {
      const zone = zoneNamed(context, String(req.params.zone))
      const by = callerOf(res).name
      await mutate(context, req, res, async () => {
        // Where the worker is another process, it learns of orders through Redis alone.
        if (!context.roles.includes('worker')) requireRedis(context)
        const body = await work(zone, req.body ?? {}, (reason = '') => ({ at: context.matrix.now(), by, reason }))
        context.log.info(
          { zone: zone.name, op: 'order', order: path, by, serial: body.serial, state: body.state },
          'an order was given',
        )
        return { status: 200, body }
      })
    })

  order('hold', 'operator', (zone, body, said) => orderHold(context, zone, said(holdBody.parse(body).reason), true))
  order('release', 'publisher', (zone, body, said) => orderHold(context, zone, said(holdBody.parse(body).reason), false))
  for (const kind of ['approve', 'reject'] as const)
    order(kind, 'publisher', (zone, body, said) => {
      const { serial, digest, primary, fast, reason } = decisionBody.parse(body)
      return orderDecision(context, zone, kind, { serial, digest, primary, fast }, said(reason))
    })
  order('rollback', 'publisher', (zone, body, said) => {
    const { serial, reason } = rollbackBody.parse(body)
    return orderRollback(context, zone, serial, said(reason))
  })

  return router
}

/** All versions of one zone; of many zones those with a story and the newest. */
function listed(context: ApiContext, zone: FleetZone, all: boolean): { row: ReturnType<typeof rolloutRowJson>; at: number }[] {
  const { versions } = context.store.zone(zone.name)
  return versions
    .filter((version, i) => all || version.rollout !== undefined || i === versions.length - 1)
    .map((version) => ({ row: rolloutRowJson(zone, version), at: version.rollout?.since ?? version.committedAt }))
}

function find(context: ApiContext, id: string): { zone: FleetZone; version: Version } | undefined {
  for (const zone of context.matrix.fleet.zones.values()) {
    if (!id.startsWith(rolloutPrefix(zone.name))) continue
    const version = context.store.zone(zone.name).versions.find((each) => rolloutId(zone.name, each.serial, each.digest) === id)
    if (version) return { zone, version }
  }
  return undefined
}
