/**
 * Identifies callers and checks their roles: bearer tokens are kept as hashes and compared in constant time, roles have one
 * order. While no token is configured the API listens on loopback only; a caller with the token under dataDir is admin, and any
 * other caller a viewer; a browser that a foreign page led here is refused.
 */
import { createHash, timingSafeEqual } from 'node:crypto'
import type { IncomingMessage } from 'node:http'
import type { NextFunction, Request, RequestHandler, Response } from 'express'
import type { ApiToken, Role } from '../../config/config.js'
import { plainIp } from '../../lib/transport/channel.js'
import { isWithin } from '../../lib/transport/ip.js'
import { ApiProblem } from './problem.js'

const ORDER: readonly Role[] = ['viewer', 'operator', 'publisher', 'admin']

export interface Caller {
  name: string
  role: Role
}

/** A caller with the name that counts its requests; or the problem that refuses it. */
export type Identity = { caller: Caller; bucket: string } | { problem: ApiProblem }

const LOCAL_ADMIN: Caller = { name: 'local', role: 'admin' }
/** A caller on this machine without a token. */
export const ANONYMOUS = 'anonymous'
const LOCAL_VIEWER: Caller = { name: ANONYMOUS, role: 'viewer' }

export function callerOf(res: Response): Caller {
  return res.locals.caller as Caller
}

/** The name that counts the requests of this caller. */
export const bucketOf = (res: Response): string => (res.locals as { bucket?: string }).bucket ?? 'none'

/** Admits callers with an identity, for every route behind it. */
export function authenticate(identify: (req: IncomingMessage) => Identity): RequestHandler {
  return (req: Request, res: Response, next: NextFunction) => {
    const identity = identify(req)
    if ('problem' in identity) throw identity.problem
    res.locals.caller = identity.caller
    res.locals.bucket = identity.bucket
    next()
  }
}

/** Admits callers with at least this role. */
export const atLeast =
  (role: Role): RequestHandler =>
  (_req, res, next) => {
    const caller = callerOf(res)
    if (ORDER.indexOf(caller.role) < ORDER.indexOf(role))
      throw new ApiProblem(403, 'role', `${caller.name} is ${caller.role}; this needs ${role}`)
    next()
  }

export interface AccessRules {
  /** The tokens of the config. */
  tokens: readonly ApiToken[]
  /** Hash of the token under dataDir, which is valid while the config has none. */
  local: Buffer | undefined
}

export function identityOf(req: IncomingMessage, { tokens, local }: AccessRules, now: number): Identity {
  return tokens.length === 0 ? localIdentity(req, local) : tokenIdentity(req, tokens, now)
}

export const hashOfToken = (token: string): Buffer => createHash('sha256').update(token).digest()

export const addressOf = (req: IncomingMessage): string => plainIp(req.socket.remoteAddress ?? '')

const LOOPBACK_HOST = /^(localhost|127(\.\d{1,3}){3}|\[::1\])(:\d+)?$/i

const refused = (status: number, slug: string, detail: string): Identity => ({ problem: new ApiProblem(status, slug, detail) })

/**
 * No token protects a loopback API from pages in a browser on this machine; the check of Host and Origin does (DNS rebinding,
 * CSRF).
 */
function localIdentity(req: IncomingMessage, local: Buffer | undefined): Identity {
  const { host, origin } = req.headers
  if (host === undefined || !LOOPBACK_HOST.test(host))
    return refused(
      403,
      'foreign-host',
      'without api.tokens the API answers only at a loopback address; configure api.tokens for any other',
    )
  if (origin !== undefined && origin !== `http://${host}`)
    return refused(403, 'foreign-origin', 'a page of another origin may not use this API')
  // Browsers send no Origin with images, scripts and links, but report the site of the calling page (Fetch Metadata).
  const site = req.headers['sec-fetch-site']
  if (site !== undefined && site !== 'same-origin' && site !== 'none')
    return refused(403, 'foreign-origin', 'a page of another origin may not use this API')
  const given = bearerOf(req)
  if (given === undefined) return { caller: LOCAL_VIEWER, bucket: 'local' }
  if (local === undefined || !timingSafeEqual(hashOfToken(given), local))
    return refused(401, 'unknown-token', 'the token differs from that in the file api.token under dataDir')
  return { caller: LOCAL_ADMIN, bucket: 'token local' }
}

function tokenIdentity(req: IncomingMessage, tokens: readonly ApiToken[], now: number): Identity {
  const given = bearerOf(req)
  if (given === undefined) return refused(401, 'no-token', 'send Authorization: Bearer <token>')
  const hash = hashOfToken(given)
  // Compares every token, so that the time reveals nothing about a near match.
  let found: ApiToken | undefined
  for (const token of tokens) if (token.sha256.length === hash.length && timingSafeEqual(token.sha256, hash)) found = token
  if (!found) return refused(401, 'unknown-token', 'the token is unknown')
  if (found.expires !== undefined && found.expires.getTime() <= now)
    return refused(401, 'expired-token', `the token of ${found.name} expired on ${found.expires.toISOString().slice(0, 10)}`)
  if (found.subnets.length > 0 && !isWithin(addressOf(req), found.subnets))
    return refused(403, 'subnet', `the token of ${found.name} may not be used from this address`)
  return { caller: { name: found.name, role: found.role }, bucket: `token ${found.name}` }
}

/** The live page reads its events with fetch, so that no token is ever in a URL or a cookie. */
function bearerOf(req: IncomingMessage): string | undefined {
  const match = /^Bearer ([\x21-\x7e]{1,512})$/i.exec(req.headers.authorization ?? '')
  return match?.[1]
}
