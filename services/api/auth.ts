/**
 * Who calls, and may they: bearer tokens kept as hashes and compared in constant time, roles in one order. While no token is
 * configured the API listens on loopback only and every caller is admin; a browser led here by a foreign page is none.
 */
import { createHash, timingSafeEqual } from 'node:crypto'
import type { NextFunction, Request, RequestHandler, Response } from 'express'
import type { ApiToken, Role } from '../../config/config.js'
import { plainIp } from '../../lib/transport/dns-listener.js'
import { isWithin } from '../../lib/transport/ip.js'
import { ApiProblem } from './problem.js'

const ORDER: readonly Role[] = ['viewer', 'operator', 'publisher', 'admin']

export interface Caller {
  name: string
  role: Role
}

const LOCAL_ADMIN: Caller = { name: 'local', role: 'admin' }

export function callerOf(res: Response): Caller {
  return res.locals.caller as Caller
}

/** Finds out who calls, for every route behind it. */
export function authenticate(tokens: () => readonly ApiToken[], now: () => number): RequestHandler {
  return (req: Request, res: Response, next: NextFunction) => {
    const configured = tokens()
    res.locals.caller = configured.length === 0 ? localCaller(req) : tokenCaller(req, configured, now())
    next()
  }
}

/** Lets pass who has at least this role. */
export const atLeast =
  (role: Role): RequestHandler =>
  (_req, res, next) => {
    const caller = callerOf(res)
    if (ORDER.indexOf(caller.role) < ORDER.indexOf(role))
      throw new ApiProblem(403, 'role', `${caller.name} is ${caller.role}; this needs ${role}`)
    next()
  }

const LOOPBACK_HOST = /^(localhost|127(\.\d{1,3}){3}|\[::1\])(:\d+)?$/i

/** No token protects a loopback API from pages in a browser on this machine: a foreign Host or Origin does (DNS rebinding, CSRF). */
function localCaller(req: Request): Caller {
  const { host, origin } = req.headers
  if (host === undefined || !LOOPBACK_HOST.test(host))
    throw new ApiProblem(
      403,
      'foreign-host',
      'without tokens the API answers only under a loopback address; configure api.tokens for any other',
    )
  if (origin !== undefined && origin !== `http://${host}`)
    throw new ApiProblem(403, 'foreign-origin', 'a page of another origin may not use this API')
  return LOCAL_ADMIN
}

function tokenCaller(req: Request, tokens: readonly ApiToken[], now: number): Caller {
  const given = bearerOf(req)
  if (given === undefined) throw new ApiProblem(401, 'no-token', 'send Authorization: Bearer <token>')
  const hash = createHash('sha256').update(given).digest()
  // Every token is compared, so that the time taken tells nothing about which one was near.
  let found: ApiToken | undefined
  for (const token of tokens) if (token.sha256.length === hash.length && timingSafeEqual(token.sha256, hash)) found = token
  if (!found) throw new ApiProblem(401, 'unknown-token', 'the token is not known')
  if (found.expires !== undefined && found.expires.getTime() <= now)
    throw new ApiProblem(
      401,
      'expired-token',
      `the token of ${found.name} expired on ${found.expires.toISOString().slice(0, 10)}`,
    )
  if (found.subnets.length > 0 && !isWithin(plainIp(req.socket.remoteAddress ?? ''), found.subnets))
    throw new ApiProblem(403, 'subnet', `the token of ${found.name} may not be used from here`)
  return { name: found.name, role: found.role }
}

/** The live page reads its events with fetch, so that no token ever stands in a URL or a cookie. */
function bearerOf(req: Request): string | undefined {
  const match = /^Bearer ([\x21-\x7e]{1,512})$/i.exec(req.headers.authorization ?? '')
  return match?.[1]
}
