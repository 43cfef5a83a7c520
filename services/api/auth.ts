/**
 * Identifies callers and checks their roles: by a bearer token, by the session that the live page got for one, or by a client
 * certificate. Tokens are kept as hashes and compared in constant time, roles have one order. While no caller is configured the API
 * listens on loopback only; a caller with the token under dataDir is admin, and any other caller a viewer. A browser that a foreign
 * page led here is refused.
 */
import { createHash, timingSafeEqual } from 'node:crypto'
import type { IncomingMessage } from 'node:http'
import type { NextFunction, Request, RequestHandler, Response } from 'express'
import type { ApiClientConfig, ApiToken, CallerScope, Role } from '../../config/caller-types.js'
import type { ClientCertificate } from '../../lib/transport/client-certificate.js'
import { plainIp } from '../../lib/transport/channel.js'
import { isWithin } from '../../lib/transport/ip.js'
import { ApiProblem } from './problem.js'
import { sessionIdIn } from './session-cookie.js'
import { hasCsrf, type Session, type Sessions } from './sessions.js'

const ORDER: readonly Role[] = ['viewer', 'operator', 'publisher', 'admin']

export interface Caller {
  name: string
  role: Role
  /** Whose approval an approval of the caller is. */
  person: string
  /** Undefined: everything. */
  scope: CallerScope | undefined
  /** Milliseconds since 1970. */
  expires: number | undefined
}

/** Hash of the token of a caller; undefined for a client certificate, and for a caller without a token. */
interface Known {
  caller: Caller
  token: Buffer | undefined
}

/** A caller with the name that counts its requests; or the problem that refuses it. */
export type Identity = (Known & { bucket: string; session: Session | undefined }) | { problem: ApiProblem }

const localCaller = (name: string, role: Role): Caller => ({ name, role, person: name, scope: undefined, expires: undefined })
const LOCAL_ADMIN = localCaller('local', 'admin')
/** A caller on this machine without a token. */
export const ANONYMOUS = 'anonymous'
const LOCAL_VIEWER = localCaller(ANONYMOUS, 'viewer')

export function callerOf(res: Response): Caller {
  return res.locals.caller as Caller
}

/** The caller, with the token or session that proves it. */
export const identityIn = (res: Response): Exclude<Identity, { problem: ApiProblem }> => res.locals.identity

/** The name that counts the requests of this caller. */
export const bucketOf = (res: Response): string => (res.locals as { bucket?: string }).bucket ?? 'none'

/** Admits callers with an identity, for every route behind it. */
export function authenticate(identify: (req: IncomingMessage) => Identity): RequestHandler {
  return (req: Request, res: Response, next: NextFunction) => {
    const identity = identify(req)
    if ('problem' in identity) throw identity.problem
    res.locals.caller = identity.caller
    res.locals.bucket = identity.bucket
    res.locals.identity = identity
    next()
  }
}

export const ranksAtLeast = (role: Role, least: Role): boolean => ORDER.indexOf(role) >= ORDER.indexOf(least)

/** Admits callers with at least this role. */
export const atLeast =
  (role: Role): RequestHandler =>
  (_req, res, next) => {
    const caller = callerOf(res)
    if (!ranksAtLeast(caller.role, role))
      throw new ApiProblem(403, 'role', `${caller.name} is ${caller.role}; this needs ${role}`)
    next()
  }

export interface AccessRules {
  /** Callers of the config. */
  tokens: readonly ApiToken[]
  clients: readonly ApiClientConfig[]
  /** Hash of the token under dataDir, which is valid while the config has no callers. */
  local: Buffer | undefined
  sessions: Pick<Sessions, 'find' | 'touch'>
  /** The certificate of a connection over TLS. */
  certificateOf: (req: IncomingMessage) => ClientCertificate | undefined
}

const LOOPBACK_HOST = /^(localhost|127(\.\d{1,3}){3}|\[::1\])(:\d+)?$/i

const refused = (status: number, slug: string, detail: string): { problem: ApiProblem } => ({
  problem: new ApiProblem(status, slug, detail),
})

export const hashOfToken = (token: string): Buffer => createHash('sha256').update(token).digest()

export const addressOf = (req: IncomingMessage): string => plainIp(req.socket.remoteAddress ?? '')

export function identityOf(req: IncomingMessage, rules: AccessRules, now: number): Identity {
  const isLocal = rules.tokens.length + rules.clients.length === 0
  const foreign = isLocal ? foreignToLoopback(req) : undefined
  if (foreign !== undefined) return foreign
  const known = knownCaller(req, rules, now, isLocal)
  if ('problem' in known) return known
  const { caller } = known
  const bucket = caller === LOCAL_VIEWER ? 'local' : `token ${caller.name}`
  return { session: undefined, ...known, bucket }
}

function knownCaller(
  req: IncomingMessage,
  rules: AccessRules,
  now: number,
  isLocal: boolean,
): (Known & { session?: Session }) | { problem: ApiProblem } {
  const given = bearerOf(req)
  if (given !== undefined) return callerOfToken(req, hashOfToken(given), rules, now)
  const id = sessionIdIn(req)
  const session = id === undefined ? undefined : rules.sessions.find(id, now)
  if (session !== undefined) return callerOfSession(req, session, rules, now)
  const certificate = rules.certificateOf(req)
  if (certificate !== undefined && rules.clients.length > 0) return callerOfCertificate(req, certificate, rules.clients, now)
  if (isLocal) return { caller: LOCAL_VIEWER, token: undefined }
  if (id !== undefined) return refused(401, 'no-session', 'the session is over; sign in again')
  return refused(401, 'no-token', 'send Authorization: Bearer <token>')
}

/**
 * No token protects a loopback API from pages in a browser on this machine; the check of Host and Origin does (DNS rebinding,
 * CSRF).
 */
function foreignToLoopback(req: IncomingMessage): Identity | undefined {
  const { host, origin } = req.headers
  if (host === undefined || !LOOPBACK_HOST.test(host))
    return refused(
      403,
      'foreign-host',
      'without api.tokens the API answers only at a loopback address; configure api.tokens for any other',
    )
  if (origin !== undefined && origin !== `http://${host}` && origin !== `https://${host}`) return foreignOrigin()
  return hasForeignSite(req) ? foreignOrigin() : undefined
}

const foreignOrigin = (): { problem: ApiProblem } =>
  refused(403, 'foreign-origin', 'a page of another origin may not use this API')

/** Browsers send no Origin with images, scripts and links, but report the site of the calling page (Fetch Metadata). */
function hasForeignSite(req: IncomingMessage): boolean {
  const site = req.headers['sec-fetch-site']
  return site !== undefined && site !== 'same-origin' && site !== 'none'
}

/** For what a browser sends by itself, cookies and client certificates: the page must be one of this hub. */
function isForeignPage(req: IncomingMessage): boolean {
  const { host, origin } = req.headers
  if (req.headers['sec-fetch-site'] !== undefined) return hasForeignSite(req)
  return origin !== undefined && origin.replace(/^https?:\/\//, '') !== host
}

function callerOfToken(
  req: IncomingMessage,
  hash: Buffer,
  { tokens, clients, local }: AccessRules,
  now: number,
): Known | { problem: ApiProblem } {
  if (tokens.length + clients.length === 0) {
    if (local === undefined || !timingSafeEqual(hash, local))
      return refused(401, 'unknown-token', 'the token differs from that in the file api.token under dataDir')
    return { caller: LOCAL_ADMIN, token: hash }
  }
  // Compares every token, so that the time reveals nothing about a near match.
  let found: ApiToken | undefined
  for (const token of tokens) if (token.sha256.length === hash.length && timingSafeEqual(token.sha256, hash)) found = token
  if (!found) return refused(401, 'unknown-token', 'the token is unknown')
  const problem = objectionTo(req, `the token of ${found.name}`, found, now)
  return problem === undefined ? { caller: callerFrom(found), token: hash } : { problem }
}

function callerOfSession(
  req: IncomingMessage,
  session: Session,
  rules: AccessRules,
  now: number,
): (Known & { session: Session }) | { problem: ApiProblem } {
  if (isForeignPage(req)) return foreignOrigin()
  const isRead = req.method === 'GET' || req.method === 'HEAD'
  const given = req.headers['x-zonecast-csrf']
  if (!isRead && !hasCsrf(session, typeof given === 'string' ? given : undefined))
    return refused(403, 'csrf', 'an order of a session needs the header X-Zonecast-CSRF, with the text from GET /v1/session')
  const known = callerOfToken(req, session.token, rules, now)
  return 'problem' in known ? known : { ...known, session }
}

function callerOfCertificate(
  req: IncomingMessage,
  certificate: ClientCertificate,
  clients: readonly ApiClientConfig[],
  now: number,
): Known | { problem: ApiProblem } {
  if (isForeignPage(req)) return foreignOrigin()
  let refusal: ApiProblem | undefined
  let why = 'with a certificate that no entry of api.clients names'
  for (const client of clients) {
    const objection = certificate.objectionTo({ name: client.certificate, pins: client.pins })
    if (objection !== undefined) {
      if (clients.length === 1) why = objection
      continue
    }
    const problem = objectionTo(req, `the certificate of ${client.name}`, client, now)
    if (problem === undefined) return { caller: callerFrom(client), token: undefined }
    // A later entry may be its successor.
    refusal ??= problem
  }
  if (refusal !== undefined) return { problem: refusal }
  return refused(401, 'unknown-certificate', `the caller came ${why}; use another certificate, or a token`)
}

function objectionTo(
  req: IncomingMessage,
  what: string,
  { expires, subnets }: ApiToken | ApiClientConfig,
  now: number,
): ApiProblem | undefined {
  if (expires !== undefined && expires.getTime() <= now)
    return new ApiProblem(401, 'expired-token', `${what} expired on ${expires.toISOString().slice(0, 10)}`)
  if (subnets.length > 0 && !isWithin(addressOf(req), subnets))
    return new ApiProblem(403, 'subnet', `${what} may not be used from this address`)
  return undefined
}

const callerFrom = ({ name, role, person, scope, expires }: ApiToken | ApiClientConfig): Caller => ({
  ...{ name, role, person, scope },
  expires: expires?.getTime(),
})

function bearerOf(req: IncomingMessage): string | undefined {
  const match = /^Bearer ([\x21-\x7e]{1,512})$/i.exec(req.headers.authorization ?? '')
  return match?.[1]
}
