/** Errors as RFC 9457 problem documents: thrown anywhere below a route, written in one place. */
import type { ErrorRequestHandler, Request, Response } from 'express'
import { ZodError } from 'zod'
import type { ProblemAnswer } from '../../lib/answers/problem-answers.js'
import { describeError, ZonecastError } from '../../lib/errors.js'
import { OrderError, type OrderRefusal } from '../../lib/release/errors.js'
import { printable } from '../../lib/runtime/printable.js'
import type { Logger } from '../../lib/runtime/logger.js'

export interface ProblemExtra {
  /** For the log. */
  cause?: unknown
  errors?: NonNullable<ProblemAnswer['errors']>
  /** Seconds; sent in the header of that name. */
  retryAfter?: number
}

export class ApiProblem extends Error {
  override readonly name = 'ApiProblem'
  readonly status: number
  /** Last part of the problem's type. */
  readonly slug: string
  readonly extra: ProblemExtra

  constructor(status: number, slug: string, detail: string, extra: ProblemExtra = {}) {
    super(detail, extra.cause === undefined ? {} : { cause: extra.cause })
    this.status = status
    this.slug = slug
    this.extra = extra
  }
}

const TITLES: Record<number, string> = {
  400: 'bad request',
  401: 'no valid token',
  403: 'not allowed',
  404: 'not found',
  409: 'conflict',
  413: 'body too large',
  415: 'unsupported media type',
  422: 'cannot be done',
  429: 'too many requests',
  500: 'internal error',
  503: 'not available now',
}

/** 409 for refusals that are not listed here. */
const STATUS_OF_REFUSAL: Partial<Record<OrderRefusal, number>> = {
  'unknown-primary': 404,
  'unknown-version': 404,
  signed: 422,
  'redis-slow': 503,
}

export const noSuchZone = (name: string): ApiProblem =>
  new ApiProblem(404, 'unknown-zone', `there is no zone ${name.slice(0, 300)} in the config`)
/** `members`: those of the cluster with this name. */
export const noSuchNode = (name: string, members: readonly string[] = []): ApiProblem =>
  new ApiProblem(
    404,
    'unknown-node',
    members.length === 0
      ? `there is no node ${name.slice(0, 100)} in the config`
      : `${name} is a cluster; name one of its members: ${members.slice(0, 8).join(', ')}`,
  )

/** Most unknown fields of a body that a message names. */
const MAX_UNKNOWN = 10

function toProblem(error: unknown): ApiProblem {
  if (error instanceof ApiProblem) return error
  if (error instanceof ZodError) {
    const errors = error.issues.flatMap((issue) => {
      const path = issue.path.map(String)
      const fields = issue.code === 'unrecognized_keys' ? issue.keys.slice(0, MAX_UNKNOWN).map((key) => [...path, key]) : [path]
      return fields.map((field) => ({ field: field.join('.') || 'body', message: issue.message }))
    })
    return new ApiProblem(400, 'does-not-fit', errors.map(({ field, message }) => `${field}: ${message}`).join('; '), { errors })
  }
  const http = error as { status?: number; type?: string }
  if (http.type === 'entity.too.large') return new ApiProblem(413, 'too-large', 'the body is larger than 64 KiB')
  if (http.type === 'entity.parse.failed')
    return new ApiProblem(400, 'no-json', 'the body is not JSON', { errors: [{ field: 'body', message: 'is not JSON' }] })
  if (error instanceof URIError) return new ApiProblem(400, 'bad-path', 'the path has a bad percent escape')
  if (typeof http.status === 'number' && http.status >= 400 && http.status < 500)
    return new ApiProblem(http.status, 'bad-request', describeError(error))
  if (error instanceof OrderError) {
    const { refusal } = error.fault
    return new ApiProblem(STATUS_OF_REFUSAL[refusal] ?? 409, refusal, error.message)
  }
  if (error instanceof ZonecastError)
    return new ApiProblem(
      error.code === 'STORE_UNKNOWN_VERSION' ? 404 : 503,
      error.code.toLowerCase().replaceAll('_', '-'),
      error.message,
    )
  return new ApiProblem(500, 'internal', 'internal error; the log of the hub has the cause')
}

function sendProblem(res: Response, problem: ApiProblem): void {
  const { retryAfter, errors } = problem.extra
  if (retryAfter !== undefined) res.setHeader('retry-after', String(retryAfter))
  if (problem.status === 401) res.setHeader('www-authenticate', 'Bearer realm="zonecast"')
  res.status(problem.status).type('application/problem+json')
  res.send(
    JSON.stringify({
      type: `urn:zonecast:problem:${problem.slug}`,
      title: TITLES[problem.status] ?? 'error',
      status: problem.status,
      detail: problem.message,
      ...(errors === undefined ? {} : { errors }),
    } satisfies ProblemAnswer),
  )
}

export const problemHandler =
  (log: Logger): ErrorRequestHandler =>
  (error: unknown, req: Request, res: Response, _next) => {
    const problem = toProblem(error)
    if (problem.status >= 500)
      log.error({ op: 'api', method: req.method, path: printable(req.path), err: error }, 'request failed')
    // The head of a long answer is already sent: the connection ends in the middle of it, which the reader notices.
    if (res.headersSent) res.destroy()
    else sendProblem(res, problem)
  }
