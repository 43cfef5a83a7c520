/**
 * Sessions of the live page: a token is traded for a cookie, and the cookie given back. Both are in the audit log. Not through mutate: an
 * answer that is repeated for an Idempotency-Key would keep the session's secret.
 */
import { type Request, type Response, Router } from 'express'
import type { SessionAnswer, SignOutAnswer } from '../../../lib/answers/caller-answers.js'
import { hashAddress, RateLimiter } from '../../../lib/transport/rate-limiter.js'
import { actOf } from '../audit-act.js'
import { type Caller, callerOf, identityIn } from '../auth.js'
import type { ApiContext } from '../context.js'
import { time } from '../json.js'
import { signInBody, signOutBody } from '../order-schemas.js'
import { ApiProblem } from '../problem.js'
import { scopeOf } from '../scope.js'
import { cookieFor, cookiesRemoved, sessionIdIn } from '../session-cookie.js'
import type { Session } from '../sessions.js'

/** Limit for one caller: each sign-in is a line of the audit log. */
const SIGN_INS = { perSecond: 1 / 60, burst: 30 }

export function sessionRoutes(context: ApiContext): Router {
  const router = Router()
  const { sessions, matrix } = context
  const signIns = new RateLimiter(SIGN_INS)

  const answerFor = (res: Response, session: Session | undefined): SessionAnswer => ({
    caller: callerJson(context, res),
    csrf: session?.csrf ?? null,
    endsAt: time(session?.endsAt),
  })

  // Not an order: a session must begin and end while the audit log cannot be written.
  const note = (req: Request, res: Response): void => context.audit.note(actOf(req, { by: callerOf(res).name, nodes: [] }, {}))

  router.get('/session', (_req, res) => {
    res.set('cache-control', 'no-store').json(answerFor(res, identityIn(res).session))
  })

  router.post('/sign-in', (req, res) => {
    signInBody.parse(req.body ?? {})
    const { token, caller, session: current } = identityIn(res)
    if (token === undefined || current !== undefined)
      throw new ApiProblem(403, 'no-token', 'a session is opened with a token: send Authorization: Bearer <token>')
    if (!signIns.take(hashAddress(caller.name)))
      throw new ApiProblem(429, 'rate', `${caller.name} has opened too many sessions; use the last one`, { retryAfter: 60 })
    const last = sessionIdIn(req)
    const before = last === undefined ? undefined : sessions.find(last, matrix.now())
    if (before !== undefined) sessions.end(before)
    const { id, session } = sessions.open(token, caller.name, matrix.now(), caller.expires)
    note(req, res)
    res.set({ 'set-cookie': cookieFor(req, id), 'cache-control': 'no-store' }).json(answerFor(res, session))
  })

  router.post('/sign-out', (req, res) => {
    signOutBody.parse(req.body ?? {})
    const { session } = identityIn(res)
    if (session !== undefined) {
      sessions.end(session)
      note(req, res)
    }
    res.set('set-cookie', cookiesRemoved(req)).json({ signedOut: session !== undefined } satisfies SignOutAnswer)
  })

  return router
}

export function callerJson(context: ApiContext, res: Response): SessionAnswer['caller'] {
  const { name, role, expires }: Caller = callerOf(res)
  const scope = scopeOf(context, res)
  return { name, role, scope: scope.isAll ? null : scope.text, expires: time(expires) }
}
