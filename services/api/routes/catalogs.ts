/** Catalog zones (RFC 9432): the list, and the members of each. */
import { Router } from 'express'
import type {
  CatalogAnswer,
  CatalogMemberAnswer,
  CatalogSummaryAnswer,
  CatalogsAnswer,
} from '../../../lib/answers/catalog-answers.js'
import type { CatalogEntry } from '../../../lib/catalog/read-catalog.js'
import type { ZoneName } from '../../../lib/dns/name.js'
import type { FleetZone } from '../../../lib/fleet/fleet.js'
import { pageOf, PublishedLists, strangersIn } from '../catalog-members.js'
import { type ApiContext, zoneNamed } from '../context.js'
import { time } from '../json.js'
import { ApiProblem } from '../problem.js'
import { pageQuery } from '../schemas.js'
import { type Scope, scopeOf } from '../scope.js'

export function catalogRoutes(context: ApiContext): Router {
  const router = Router()
  const { board, matrix, members } = context
  const lists = new PublishedLists(context.store)

  const summary = (zone: FleetZone, scope: Scope): CatalogSummaryAnswer => {
    const cell = board.get('catalogs', zone.name)
    const isConsumed = zone.catalog === 'consumed'
    const published = matrix.config.catalogs.published.get(zone.name)
    return {
      name: zone.name,
      direction: isConsumed ? 'consumed' : 'published',
      serial: (isConsumed ? cell?.serial : context.store.readable(zone.name)?.released?.serial) ?? null,
      members: cell?.members ?? 0,
      leaving: cell?.leaving ?? 0,
      for: published?.cloud ?? published?.node ?? null,
      error: cell?.error ?? matrix.summary(zone).error ?? null,
      // They name members.
      findings: scope.isAll ? (cell?.findings ?? []) : [],
    }
  }

  const catalogs = (): FleetZone[] => {
    const { consumed, published } = matrix.config.catalogs
    return [...consumed.keys(), ...published.keys()].flatMap((name) => matrix.fleet.zones.get(name) ?? [])
  }

  const memberJson = (name: ZoneName, listed: CatalogEntry | undefined): CatalogMemberAnswer => {
    const member = members.get(name)
    const grace = member && matrix.config.catalogs.consumed.get(member.catalog)?.graceMs
    const { leftAt } = member ?? {}
    return {
      zone: name,
      id: (listed ?? member)!.id,
      group: (listed ?? member)?.group ?? null,
      since: time(member?.since),
      from: matrix.fleet.zones.get(name)?.primaries.map(({ id }) => id) ?? [],
      catalog: member?.catalog ?? null,
      leavingSince: time(leftAt),
      leavesAt: time(leftAt === undefined ? undefined : leftAt + (grace ?? 0)),
    }
  }

  router.get('/catalogs', async (_req, res) => {
    await matrix.sums.settle()
    const scope = scopeOf(context, res)
    const seen = catalogs().filter((zone) => scope.hasZone(zone))
    res.json({ catalogs: seen.map((zone) => summary(zone, scope)) } satisfies CatalogsAnswer)
  })

  router.get('/catalogs/:catalog', async (req, res) => {
    const page = pageQuery.parse(req.query)
    const zone = zoneNamed(context, res, req.params.catalog)
    if (zone.catalog === undefined) throw new ApiProblem(404, 'no-catalog', `${zone.name} is a zone, not a catalog`)
    const list = zone.catalog === 'published' ? await lists.of(zone) : undefined
    const scope = scopeOf(context, res)
    const sees = (name: ZoneName): boolean => {
      const member = matrix.fleet.zones.get(name)
      return member === undefined ? scope.hasName(name) : scope.hasZone(member)
    }
    const is = (name: ZoneName): boolean => (list?.has(name) ?? members.get(name)?.catalog === zone.name) && sees(name)
    const others = list === undefined ? [] : await strangersIn(list, (name) => matrix.fleet.zones.has(name))
    const { names, next } = await pageOf(await matrix.names(), others.filter(sees), is, page)
    const { members: count, ...rest } = summary(zone, scope)
    const answer: CatalogAnswer = { ...rest, count, members: names.map((name) => memberJson(name, list?.get(name))), next }
    res.json(answer)
  })

  return router
}
