/**
 * Calls a hub's API and turns each failure into one sentence. The hub comes from --url, ZONECAST_URL or the config; the config
 * also names the folder of the hub's token for this machine.
 */
import { X509Certificate } from 'node:crypto'
import { existsSync } from 'node:fs'
import type { z } from 'zod'
import { readEnvironment } from '../../config/env.js'
import { findConfigFile, loadConfig } from '../../config/load.js'
import { readLocalToken } from '../../lib/state/local-token.js'
import { type HubTls, requestOverTls } from '../../lib/transport/https-request.js'
import { pinOf } from '../../lib/transport/tls-remote.js'
import { printableLines } from '../../lib/runtime/printable.js'
import { CliError, usage } from './errors.js'
import { readAnswer } from './read-answer.js'
import { readPem, tlsReason } from './tls-request.js'
import { wordsOf } from './terminal.js'

/** Longest wait for the head of an answer; the body of a large zone may stream for longer. */
const ANSWER_MS = 30_000
const DEFAULT_URL = 'http://127.0.0.1:8053/'

export interface HubChoice {
  config?: string
  url?: string
  /** Files. */
  ca?: string
  cert?: string
  key?: string
}

const NO_TLS: HubTls = { ca: undefined, cert: undefined, key: undefined, pin: undefined }

export class ApiClient {
  readonly base: URL
  readonly #token: string | undefined
  readonly #tls: HubTls

  constructor(base: URL, token: string | undefined, tls = NO_TLS) {
    this.base = base
    this.#token = token
    this.#tls = tls
  }

  /** Throws CliError CLI_USAGE, or ConfigError when the config that names the hub is unusable. */
  static find(choice: HubChoice): ApiClient {
    const { url, token, configFile, ca, cert, key } = readEnvironment()
    const given = choice.url ?? url
    const tls: HubTls = {
      ca: readPem(choice.ca ?? ca, '--ca'),
      cert: readPem(choice.cert ?? cert, '--cert'),
      key: readPem(choice.key ?? key, '--key'),
      pin: undefined,
    }
    if ((tls.cert === undefined) !== (tls.key === undefined))
      throw usage('a client certificate needs its key, and a key its certificate: give both --cert and --key')
    if (given !== undefined) return new ApiClient(parseBase(given), token, tls)
    const file = findConfigFile(choice.config)
    const isNamed = choice.config !== undefined || configFile !== undefined
    if (!isNamed && !existsSync(file)) return new ApiClient(new URL(DEFAULT_URL), token, tls)
    const { dataDir, api } = loadConfig(file)
    const { ip, port } = api.listen
    const own = token ?? (api.tokens.length + api.clients.length === 0 ? readLocalToken(dataDir) : undefined)
    // The config proves the hub on this machine, whatever name its certificate has.
    const pin = api.tls === undefined || tls.ca !== undefined ? undefined : pinOf(new X509Certificate(api.tls.cert))
    const scheme = api.tls === undefined ? 'http' : 'https'
    return new ApiClient(new URL(`${scheme}://${reachable(ip)}:${port}/`), own, { ...tls, pin })
  }

  /** Throws CliError. */
  async get<S extends z.ZodType>(
    schema: S,
    path: string,
    query: Readonly<Record<string, string | undefined>> = {},
  ): Promise<z.output<S>> {
    return await this.#read(schema, path, await this.#ask('GET', path, { query }))
  }

  /** As `get`, and reads the answer with this status too: it is one, not a refusal. Throws CliError. */
  async getOr<S extends z.ZodType>(schema: S, path: string, status: number): Promise<z.output<S>> {
    return await this.#read(schema, path, await this.#ask('GET', path, { also: status }))
  }

  /** Throws CliError. */
  async post<S extends z.ZodType>(schema: S, path: string, body: unknown): Promise<z.output<S>> {
    return await this.#read(schema, path, await this.#ask('POST', path, { body }))
  }

  /** The unparsed body, for answers that may be large. */
  async stream(path: string, query: Readonly<Record<string, string | undefined>> = {}): Promise<ReadableStream<Uint8Array>> {
    const response = await this.#ask('GET', path, { query })
    return response.body ?? new Blob([]).stream()
  }

  async #ask(
    method: string,
    path: string,
    { query = {}, body, also }: { query?: Readonly<Record<string, string | undefined>>; body?: unknown; also?: number },
  ): Promise<Response> {
    const url = new URL(path, this.base)
    for (const [name, value] of Object.entries(query)) if (value !== undefined) url.searchParams.set(name, value)
    const headers: Record<string, string> = { accept: 'application/json, text/dns, text/plain' }
    if (this.#token !== undefined) headers.authorization = `Bearer ${this.#token}`
    if (body !== undefined) headers['content-type'] = 'application/json'
    const late = new AbortController()
    const timer = setTimeout(() => late.abort(), ANSWER_MS)
    let response: Response
    try {
      const sent = { method, headers, signal: late.signal, ...(body === undefined ? {} : { body: JSON.stringify(body) }) }
      response =
        url.protocol === 'https:' ? await requestOverTls(url, sent, this.#tls) : await fetch(url, { ...sent, redirect: 'error' })
    } catch (cause) {
      throw noAnswer(this.base, cause, late.signal.aborted)
    } finally {
      clearTimeout(timer)
    }
    if (!response.ok && response.status !== also) throw await refusal(this.base, response)
    return response
  }

  async #read<S extends z.ZodType>(schema: S, path: string, response: Response): Promise<z.output<S>> {
    let answer: unknown
    try {
      answer = wordsOf(await response.json())
    } catch (cause) {
      throw new CliError({ code: 'CLI_NOT_ZONECAST', url: this.base.href }, `the server at ${this.base.href} is not zonecast`, {
        cause,
      })
    }
    return readAnswer(schema, answer, new URL(path, this.base).href)
  }
}

/** One segment of a path, for an identifier. */
export const segment = (name: string): string => encodeURIComponent(name)

/**
 * One segment of a path, for a zone name. Clients and proxies read `.` and `%2e` as a step in the path, and `%2F` as a slash. So
 * the root, and any name with more than letters, digits, `-`, `_`, `*` and dots, is sent as `hex..` and its UTF-8 octets in hex.
 * No legal name looks like that: it would have an empty label.
 */
export const zoneSegment = (name: string): string =>
  /^[\w*.-]+$/.test(name) && name !== '.' && !name.includes('..') ? name : `hex..${Buffer.from(name).toString('hex')}`

function parseBase(text: string): URL {
  const url = URL.canParse(text) ? new URL(text) : undefined
  if (url === undefined || !/^https?:$/.test(url.protocol))
    throw usage(`"${text}" is not the URL of a hub: write one such as ${DEFAULT_URL}`)
  // A hub behind a proxy may be below a path; relative paths stay below it only after a final slash.
  if (!url.pathname.endsWith('/')) url.pathname += '/'
  return url
}

/** A hub that listens on a wildcard address is reached on loopback. */
function reachable(ip: string): string {
  if (ip === '0.0.0.0') return '127.0.0.1'
  if (ip === '::') return '[::1]'
  return ip.includes(':') ? `[${ip}]` : ip
}

function noAnswer(base: URL, cause: unknown, isLate: boolean): CliError {
  const tls = tlsReason(cause)
  if (tls !== undefined)
    return new CliError({ code: 'CLI_NO_ANSWER', url: base.href }, `the hub at ${base.href} cannot be trusted: ${tls}`, { cause })
  const { code, cause: inner } = cause as { code?: string; cause?: { code?: string } }
  const errno = inner?.code ?? (base.protocol === 'https:' ? code : undefined)
  const why = isLate ? `within ${ANSWER_MS / 1000} s ` : errno === undefined || errno === 'ECONNREFUSED' ? '' : `(${errno}) `
  const isClosed = base.protocol === 'http:' && (errno === 'UND_ERR_SOCKET' || errno === 'ECONNRESET')
  return new CliError(
    { code: 'CLI_NO_ANSWER', url: base.href },
    `no hub answers ${why}at ${base.href}: ${isClosed ? 'if it has api.tls, write https:// in the URL' : 'start it or name another with --url'}`,
    { cause },
  )
}

async function refusal(base: URL, response: Response): Promise<CliError> {
  const { status } = response
  const problem = (await response.json().catch(() => undefined)) as { detail?: unknown } | undefined
  const detail = typeof problem?.detail === 'string' ? printableLines(problem.detail) : `${base.href} answered ${status}`
  const wait = Number(response.headers.get('retry-after'))
  const advice =
    status === 429 && wait > 0
      ? `; try again in ${wait} s`
      : status === 401
        ? '; set ZONECAST_TOKEN to a token of this hub'
        : status === 403
          ? '; set ZONECAST_TOKEN to a token that may do so'
          : ''
  return new CliError({ code: 'CLI_REFUSED', status, ...(wait > 0 ? { retryAfter: wait } : {}) }, `${detail}${advice}`)
}
