/** Zones: summaries, one zone with its nodes, primaries and versions, zone text and differences. */
import { Router } from 'express'
import type {
  ChainAnswer,
  DifferenceAnswer,
  ZoneAnswer,
  ZonesAnswer,
  ZoneSummaryAnswer,
} from '../../../lib/answers/zone-answers.js'
import { recordText } from '../../../lib/dns/record-text.js'
import { pause } from '../../../lib/runtime/turns.js'
import { condense, type Difference } from '../../../lib/zone/difference.js'
import { compareContents } from '../../../lib/zone/compare.js'
import type { ZoneContents } from '../../../lib/zone/zone-contents.js'
import { zoneText } from '../../../lib/zone/zone-text.js'
import type { FleetZone } from '../../../lib/fleet/fleet.js'
import { pairKey } from '../../../lib/state/tables.js'
import type { StoredZone } from '../../../lib/store/stored-zone.js'
import type { Version } from '../../../lib/store/version.js'
import type { AnswerWriter } from '../answer-writer.js'
import { type ApiContext, nodeNamed, nodesSeenBy, zoneNamed } from '../context.js'
import { chainOf } from '../chain.js'
import { forcedJson, holdJson, nodeZoneJson, primaryJson, conflictingJson, versionJson, zoneSummaryJson } from '../json.js'
import { ApiProblem } from '../problem.js'
import { placeAfter } from '../sorted-names.js'
import { sortedTexts } from '../sorted-texts.js'
import { diffQuery, pageQuery, serialParam } from '../schemas.js'
import { scopeOf } from '../scope.js'

/** Zones summed up before other work runs, and lines of zone text written at a time; about 1 ms. */
const ZONES_PER_SLICE = 100
const LINES_PER_PART = 500

export function zoneRoutes(context: ApiContext): Router {
  const router = Router()

  router.get('/zones', async (req, res) => {
    const { limit, after } = pageQuery.parse(req.query)
    const { matrix } = context
    await matrix.sums.settle()
    const names = await matrix.names()
    const scope = scopeOf(context, res)
    const zones: ZoneSummaryAnswer[] = []
    let next: string | null = null
    for (let i = after === undefined ? 0 : placeAfter(names, after); i < names.length; i++) {
      const zone = matrix.fleet.zones.get(names[i]!)
      if (i % ZONES_PER_SLICE === 0) await pause()
      if (zone === undefined || !scope.hasZone(zone)) continue
      if (zones.length === limit) {
        next = zones.at(-1)!.name
        break
      }
      zones.push(zoneSummaryJson(matrix.summary(zone)))
    }
    res.json({ zones, next } satisfies ZonesAnswer)
  })

  router.get('/zones/:zone', (req, res) => {
    const zone = zoneNamed(context, res, req.params.zone)
    const { summary, nodes } = context.matrix.row(zone)
    const stored = context.store.readable(zone.name)
    const sees = nodesSeenBy(context, res)
    res.json({
      ...zoneSummaryJson(summary),
      onHold: holdJson(context.board.get('orders', zone.name)?.hold),
      nodes: Object.fromEntries([...nodes].flatMap(([id, view]) => (sees(id) ? [[id, nodeZoneJson(view)]] : []))),
      primaries: Object.fromEntries(
        zone.primaries.map(({ id }) => {
          const isConflicting = stored?.conflicting.list.some(({ from }) => from === id) ?? false
          return [id, primaryJson(context.matrix.primaryCell(zone, id), stored?.latest?.serial, isConflicting)]
        }),
      ),
      rivals: (stored?.conflicting.list ?? []).map(conflictingJson),
      versions: (stored?.versions ?? []).map((version) => versionJson(version, stored?.released, sees)).reverse(),
    } satisfies ZoneAnswer)
  })

  router.get('/zones/:zone/nodes/:node', (req, res) => {
    const zone = zoneNamed(context, res, req.params.zone)
    const node = nodeNamed(context, res, req.params.node)
    if (!zone.nodes.some(({ id }) => id === node.id))
      throw new ApiProblem(404, 'not-carried', `${node.id} does not serve ${zone.name}`)
    const view = context.matrix.nodeZone(zone, node)
    const { held, error } = context.matrix.summary(zone)
    const forced = context.board.get('forces', pairKey(zone.name, node.id))
    res.json({
      forced: forced === undefined ? null : forcedJson(forced, view.state),
      ...nodeZoneJson(view),
      ...chainOf({
        zone,
        node,
        cell: context.matrix.zoneCell(zone),
        at: context.matrix.nodeCell(zone, node.id),
        view,
        held,
        hold: context.board.get('orders', zone.name)?.hold,
        trouble: error,
        refused: refusedLately(context, zone, node.id),
      }),
    } satisfies ChainAnswer)
  })

  router.get('/zones/:zone/versions/:serial', async (req, res) => {
    const zone = zoneNamed(context, res, req.params.zone)
    const stored = context.store.zone(zone.name)
    const version = versionOf(stored, serialOf(req.params.serial))
    await context.heavy.answer(res, async (out) => {
      res.type('text/dns')
      await out.write(`; ${zone.name} serial ${version.serial}, digest ${version.digest}, ${version.records} records\n`)
      const contents = await stored.contentsOf(version, out.rest)
      const view = contents.view()
      try {
        out.begin()
        for (const part of zoneText(contents.soa.stored, view, LINES_PER_PART)) await out.write(part)
      } finally {
        view.release()
      }
    })
  })

  router.get('/zones/:zone/diff', async (req, res) => {
    const zone = zoneNamed(context, res, req.params.zone)
    const { from, to, limit } = diffQuery.parse(req.query)
    const stored = context.store.zone(zone.name)
    const [old, now] = [keptOf(stored, from), keptOf(stored, to)]
    await context.heavy.answer(res, async (out) => {
      res.type('json')
      await out.write(JSON.stringify({ from: from.serial, to: to.serial } satisfies Partial<DifferenceAnswer>).slice(0, -1))
      await writeDifference(await differenceOf(stored, old, now, out), out, limit)
    })
  })

  return router
}

/** An older refusal was about another configuration. Milliseconds. */
const REFUSED_MS = 300_000

function refusedLately({ matrix }: ApiContext, zone: FleetZone, node: string): string | undefined {
  const refused = matrix.nodeCell(zone, node)?.refused
  return refused !== undefined && matrix.now() - refused.at < REFUSED_MS ? refused.why : undefined
}

const serialOf = (text: string): number => {
  const parsed = serialParam.safeParse(text)
  if (!parsed.success)
    throw new ApiProblem(400, 'bad-serial', `"${text.slice(0, 20)}" is not a serial (0 to 4294967295)`, {
      errors: [{ field: 'serial', message: 'is not a serial (0 to 4294967295)' }],
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
  const conflicting =
    digest === undefined
      ? undefined
      : stored.conflicting.list.find((known) => known.serial === serial && known.digest.startsWith(digest))
  if (conflicting) {
    const copy = (rest: () => Promise<void>) => stored.conflicting.contentsOf(conflicting, rest)
    return { version: undefined, digest: conflicting.digest, contents: copy, copy }
  }
  const version = stored.versions.findLast(
    (known) => known.serial === serial && (digest === undefined || known.digest.startsWith(digest)),
  )
  if (!version)
    throw new ApiProblem(
      404,
      'unknown-version',
      `${stored.name} has no kept version with serial ${serial}${digest === undefined ? '' : ` and digest ${digest}`}`,
    )
  return {
    version,
    digest: version.digest,
    contents: (rest) => stored.contentsOf(version, rest),
    copy: (rest) => stored.copyOf(version, rest),
  }
}

interface Kept {
  version: Version | undefined
  digest: string
  /** May be shared with code that changes it. */
  contents: (rest: () => Promise<void>) => Promise<ZoneContents>
  copy: (rest: () => Promise<void>) => Promise<ZoneContents>
}

/** The difference from one version to another, in either direction; undefined from a version to itself. */
async function differenceOf(
  stored: StoredZone,
  from: Kept,
  to: Kept,
  out: Pick<AnswerWriter, 'begin' | 'rest'>,
): Promise<Difference | undefined> {
  const [old, now] = [from.version, to.version]
  if (old && old === now) return undefined
  const chain = old && now && old.serial !== now.serial ? await stored.chain(old.serial, now) : undefined
  out.begin()
  const { rest } = out
  if (chain) return await condense(chain, rest)
  const [older, newer] = [await from.contents(rest), await to.contents(rest)]
  const difference = await compareContents(older, newer, Number.POSITIVE_INFINITY, rest)
  // The newest contents are shared: a commit in between has changed them.
  if (older.digest === from.digest && newer.digest === to.digest) return difference
  return await compareContents(await from.copy(rest), await to.copy(rest), Number.POSITIVE_INFINITY, rest)
}

/** Writes the removed and added records, the SOA first and the others by their texts, at most `limit` of each; closes the object. */
async function writeDifference(
  difference: Difference | undefined,
  out: AnswerWriter,
  limit = Number.POSITIVE_INFINITY,
): Promise<void> {
  const counts: DifferenceAnswer['counts'] = { removed: 0, added: 0 }
  for (const side of ['removed', 'added'] as const) {
    await out.write(`,"${side}":[`)
    if (difference) {
      const run = difference[side]
      counts[side] = run.count + 1
      await out.write(JSON.stringify(recordText(side === 'removed' ? difference.fromSoa : difference.toSoa, 0)))
      let written = 1
      if (written < limit)
        for await (const text of sortedTexts(run, out.rest)) {
          await out.write(`,${JSON.stringify(text)}`)
          if (++written >= limit) break
        }
    }
    await out.write(']')
  }
  await out.write(`,"counts":${JSON.stringify(counts)}}`)
}
