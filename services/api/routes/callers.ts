/** The tokens and client certificates that may call the API, with their rights and last use. Never a secret, nor its hash. */
import { Router } from 'express'
import type { ApiClientConfig, ApiToken } from '../../../config/caller-types.js'
import type { CallerRowAnswer, CallersAnswer } from '../../../lib/answers/caller-answers.js'
import { atLeast } from '../auth.js'
import type { ApiContext } from '../context.js'
import { time } from '../json.js'
import { Scope, scopeOf } from '../scope.js'

export function callerRoutes(context: ApiContext): Router {
  const router = Router()
  const { matrix, members, board } = context

  const rowOf = (kind: CallerRowAnswer['kind'], { name, role, person, scope, subnets, expires }: ApiToken | ApiClientConfig) => {
    const used = board.get('callers', name)
    const isOver = expires !== undefined && expires.getTime() <= matrix.now()
    return {
      ...{ name, kind, role, person, subnets },
      scope: scope === undefined ? null : new Scope(name, scope, members).text,
      expires: time(expires?.getTime()),
      state: isOver ? ('expired' as const) : ('valid' as const),
      usedAt: time(used?.usedAt),
      usedFrom: used?.from ?? null,
    } satisfies CallerRowAnswer
  }

  router.get('/tokens', atLeast('admin'), (_req, res) => {
    scopeOf(context, res).expectAll('the list of callers')
    const { tokens, clients } = matrix.config.api
    const callers = [...tokens.map((token) => rowOf('token', token)), ...clients.map((client) => rowOf('certificate', client))]
    res.json({ callers } satisfies CallersAnswer)
  })

  return router
}
