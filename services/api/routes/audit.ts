/** The audit log: its entries, newest first, and the check of its chains. */
import { Router } from 'express'
import type { AuditAnchorsAnswer, AuditAnswer, AuditEntryAnswer, AuditVerifyAnswer } from '../../../lib/answers/audit-answers.js'
import { checkAudit, type NamedReport } from '../../../lib/audit/check-folder.js'
import { auditFolder, isChainName } from '../../../lib/audit/folders.js'
import { type AuditCursor, type AuditEntry, readEntries } from '../../../lib/audit/query.js'
import { parseZoneName } from '../../../lib/dns/name.js'
import { atLeast } from '../auth.js'
import type { ApiContext } from '../context.js'
import { answerShort } from '../heavy-answers.js'
import { isTargetInScope } from '../job-scope.js'
import { time } from '../json.js'
import { ApiProblem } from '../problem.js'
import { auditQuery } from '../schemas.js'
import { scopeOf } from '../scope.js'

/** A check of many lines sends a blank so often, so that the caller knows that it goes on. JSON may begin with blanks. */
const BLANK_MS = 2_000

export function auditRoutes(context: ApiContext): Router {
  const router = Router()
  const folder = auditFolder(context.matrix.config.dataDir)
  /** All callers share one check. */
  let running: Promise<NamedReport[]> | undefined

  router.get('/audit', async (req, res) => {
    const scope = scopeOf(context, res)
    const { zone, node, by, since, limit, after } = auditQuery.parse(req.query)
    const page = await readEntries(folder, {
      zone: zone === undefined ? undefined : zoneOf(zone),
      node,
      by,
      since: since === undefined ? undefined : Date.parse(since),
      after: after === undefined ? undefined : cursorOf(after),
      limit,
      now: context.matrix.now(),
      sees: scope.isAll ? undefined : (target) => isTargetInScope(context, scope, target),
    })
    const { next, damaged } = page
    const answer: AuditAnswer = {
      entries: page.entries.map(entryJson),
      next: next === undefined ? null : `${next.at}~${next.chain}~${next.n}`,
      damaged,
    }
    res.json(answer)
  })

  router.get('/audit/anchors', async (_req, res) => {
    scopeOf(context, res).expectAll('the proof of the audit log')
    const anchors = await context.auditAnchors()
    res.json({ anchors } satisfies AuditAnchorsAnswer)
  })

  router.get('/audit/verify', atLeast('operator'), async (_req, res) => {
    scopeOf(context, res).expectAll('the proof of the audit log')
    running ??= context
      .auditAnchors()
      .then((anchors) => checkAudit(folder, anchors))
      .finally(() => {
        running = undefined
      })
    const check = running
    await answerShort(res, async (out) => {
      res.type('json')
      let reports: NamedReport[] | undefined
      while (reports === undefined) {
        reports = await Promise.race([check, new Promise<undefined>((resolve) => setTimeout(resolve, BLANK_MS, undefined))])
        if (reports === undefined) await out.write(' ')
      }
      await out.write(JSON.stringify(verifyJson(reports)))
    })
  })

  return router
}

/** A zone that has left the config still has entries. */
function zoneOf(text: string): string {
  try {
    return parseZoneName(text)
  } catch (error) {
    const { message } = error as Error
    throw new ApiProblem(400, 'bad-name', message, { errors: [{ field: 'zone', message }] })
  }
}

function cursorOf(after: string): AuditCursor {
  const [at, chain, n] = after.split('~')
  if (!/^\d{1,15}$/.test(at ?? '') || !isChainName(chain ?? '') || !/^\d{1,12}$/.test(n ?? '')) {
    const message = 'is not the `next` of an earlier page'
    throw new ApiProblem(400, 'does-not-fit', `after: ${message}`, { errors: [{ field: 'after', message }] })
  }
  return { at: Number(at), chain: chain!, n: Number(n) }
}

const entryJson = (entry: AuditEntry): AuditEntryAnswer => ({
  at: time(entry.at),
  by: entry.by,
  from: entry.from,
  action: entry.action,
  target: entry.target,
  before: entry.before ?? null,
  after: entry.after ?? null,
  reason: entry.reason ?? null,
  outcome: entry.result,
  error: entry.error ?? null,
  hub: entry.hub,
  chain: entry.chain,
  line: entry.n,
  hash: entry.hash,
  actedAt: time(entry.actedAt),
  lost: entry.lost ?? 0,
})

const verifyJson = (reports: readonly NamedReport[]): AuditVerifyAnswer => ({
  ok: reports.every(({ findings }) => findings.length === 0),
  chains: reports.map(({ chain, hub, kind, lines, first, last, hash, at, anchors, findings, more, notes }) => ({
    ...{ chain, hub, kind, lines, first, last, hash, at: time(at), anchors, findings, more, notes },
  })),
})
