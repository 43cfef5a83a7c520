/** Zones: summaries, one zone with its nodes, primaries and versions, zone text and differences. */
import { once } from 'node:events'
import { Router } from 'express'
import { recordText } from '../../../lib/dns/record-text.js'
import { pause } from '../../../lib/runtime/turns.js'
import { recordsIn, type RecordRun } from '../../../lib/zone/record-run.js'
import { condense, type Difference } from '../../../lib/zone/difference.js'
import { compareContents } from '../../../lib/zone/compare.js'
import type { ZoneContents } from '../../../lib/zone/zone-contents.js'
import { zoneText } from '../../../lib/zone/zone-text.js'
import type { StoredZone } from '../../../lib/store/stored-zone.js'
import type { Version } from '../../../lib/store/version.js'
import { type ApiContext, nodeNamed, zoneNamed } from '../context.js'
import { chainOf } from '../chain.js'
import { nodeZoneJson, primaryJson, time, versionJson, zoneSummaryJson } from '../json.js'
import { ApiProblem } from '../problem.js'
import { diffQuery, pageQuery, serialParam } from '../schemas.js'

export function zoneRoutes(context: ApiContext): Router {
  const router = Router()

  router.get('/zones', (req, res) => {
    const { limit, after } = pageQuery.parse(req.query)
    const names = [...context.matrix.fleet.zones.keys()].sort()
    const from = after === undefined ? 0 : names.findIndex((name) => name > after)
    const page = from < 0 ? [] : names.slice(from, from + limit)
    const next = from >= 0 && from + limit < names.length ? page.at(-1) : null
    res.json({
      zones: page.map((name) => zoneSummaryJson(context.matrix.row(context.matrix.fleet.zones.get(name)!).summary)),
      next,
    })
  })

  router.get('/zones/:zone', (req, res) => {
    const zone = zoneNamed(context, req.params.zone)
    const { summary, nodes } = context.matrix.row(zone)
    const stored = context.store.zone(zone.name)
    res.json({
      ...zoneSummaryJson(summary),
      nodes: Object.fromEntries([...nodes].map(([id, view]) => [id, nodeZoneJson(view)])),
      primaries: Object.fromEntries(
        zone.primaries.map(({ id }) => {
          const isRival = stored.rivals.list.some(({ from }) => from === id)
          return [id, primaryJson(context.matrix.primaryCell(zone, id), stored.latest?.serial, isRival)]
        }),
      ),
      rivals: stored.rivals.list.map(({ seenAt, ...rival }) => ({ ...rival, seenAt: time(seenAt) })),
      versions: stored.versions.map((version) => versionJson(version, stored.released)).reverse(),
    })
  })

  router.get('/zones/:zone/nodes/:node', (req, res) => {
    const zone = zoneNamed(context, req.params.zone)
    const node = nodeNamed(context, req.params.node)
    if (!zone.nodes.some(({ id }) => id === node.id))
      throw new ApiProblem(404, 'not-carried', `${node.id} does not carry ${zone.name}`)
    const view = context.matrix.nodeZone(zone, node)
    res.json({
      ...nodeZoneJson(view),
      ...chainOf(zone, node, context.matrix.zoneCell(zone), context.matrix.nodeCell(zone, node.id), view),
    })
  })

  router.get('/zones/:zone/versions/:serial', async (req, res) => {
    const zone = zoneNamed(context, req.params.zone)
    const stored = context.store.zone(zone.name)
    const version = versionOf(stored, serialOf(req.params.serial))
    const contents = await stored.contentsOf(version)
    const view = contents.view()
    try {
      res.type('text/dns')
      res.write(`; ${zone.name} serial ${version.serial}, digest ${version.digest}, ${version.records} records\n`)
      for (const part of zoneText(contents.soa.stored, view)) {
        if (!res.write(part)) await Promise.race([once(res, 'drain'), once(res, 'close')])
        if (res.destroyed) return
        await pause()
      }
      res.end()
    } finally {
      view.release()
    }
  })

  router.get('/zones/:zone/diff', async (req, res) => {
    const zone = zoneNamed(context, req.params.zone)
    const { from, to } = diffQuery.parse(req.query)
    const stored = context.store.zone(zone.name)
    const { removed, added } = await differenceOf(stored, keptOf(stored, from), keptOf(stored, to))
    res.json({ from: from.serial, to: to.serial, removed, added, counts: { removed: removed.length, added: added.length } })
  })

  return router
}

const serialOf = (text: string): number => {
  const parsed = serialParam.safeParse(text)
  if (!parsed.success)
    throw new ApiProblem(400, 'bad-serial', `"${text.slice(0, 20)}" is no serial`, {
      errors: [{ field: 'serial', message: 'is no serial' }],
    })
  return parsed.data
}

function versionOf(stored: StoredZone, serial: number): Version {
  const version = stored.find(serial)
  if (!version) throw new ApiProblem(404, 'unknown-version', `${stored.name} has no kept version with serial ${serial}`)
  return version
}

/** A version, or the content of another primary under the newest serial. */
function keptOf(stored: StoredZone, { serial, digest }: { serial: number; digest?: string | undefined }): Kept {
  const rival =
    digest === undefined
      ? undefined
      : stored.rivals.list.find((known) => known.serial === serial && known.digest.startsWith(digest))
  if (rival) return { version: undefined, contents: () => stored.rivals.contentsOf(rival) }
  const version = stored.versions.findLast(
    (known) => known.serial === serial && (digest === undefined || known.digest.startsWith(digest)),
  )
  if (!version)
    throw new ApiProblem(
      404,
      'unknown-version',
      `${stored.name} has no kept version with serial ${serial}${digest === undefined ? '' : ` and digest ${digest}`}`,
    )
  return { version, contents: () => stored.contentsOf(version) }
}

interface Kept {
  version: Version | undefined
  contents: () => Promise<ZoneContents>
}

const textOf = (run: RecordRun): string[] => Array.from(recordsIn(run), (at) => recordText(run.data, at)).sort()

/** Records removed and added on the way from one version to another, in either direction, SOA included. */
async function differenceOf(stored: StoredZone, from: Kept, to: Kept): Promise<{ removed: string[]; added: string[] }> {
  const [old, now] = [from.version, to.version]
  if (old && old === now) return { removed: [], added: [] }
  const chain = old && now && old.serial !== now.serial ? await stored.chain(old.serial, now) : undefined
  const difference: Difference | undefined = chain
    ? condense(chain)
    : await compareContents(await from.contents(), await to.contents(), Number.POSITIVE_INFINITY, pause)
  const { removed, added, fromSoa, toSoa } = difference!
  return { removed: [recordText(fromSoa, 0), ...textOf(removed)], added: [recordText(toSoa, 0), ...textOf(added)] }
}
