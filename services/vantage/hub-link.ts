/** One hub of a vantage point: its tasks, and the reports to it. Its answers are bounded and checked. */
import type { z } from 'zod'
import { type VantageReport, VantageTakenAnswer, VantageTasksAnswer } from '../../lib/answers/vantage-answers.js'
import { describeError } from '../../lib/errors.js'
import type { Logger } from '../../lib/runtime/logger.js'
import { printable } from '../../lib/runtime/printable.js'
import { askHttp } from '../../lib/transport/http-client.js'

const LIMITS = { connectMs: 5_000, answerMs: 15_000, octets: 1 << 20 }
/** Characters of a refusal that are logged. */
const MOST_DETAIL = 200

export interface HubLinkParts {
  /** URL of the hub; it may have a path. */
  url: string
  name: string
  token: string
  ca: string | undefined
  log: Logger
}

export class HubLink {
  readonly #parts: HubLinkParts
  readonly #base: URL
  /** Undefined before the first answer. */
  #isUp: boolean | undefined

  constructor(parts: HubLinkParts) {
    this.#parts = parts
    this.#base = new URL(parts.url.endsWith('/') ? parts.url : `${parts.url}/`)
  }

  /** Without the answer of the hub undefined. Never throws. */
  async tasks(): Promise<VantageTasksAnswer | undefined> {
    return await this.#ask('GET', 'tasks', VantageTasksAnswer)
  }

  /** True when the hub took the report. Never throws. */
  async report(report: VantageReport): Promise<boolean> {
    return (await this.#ask('POST', 'results', VantageTakenAnswer, report)) !== undefined
  }

  async #ask<S extends z.ZodType>(
    method: 'GET' | 'POST',
    what: string,
    schema: S,
    body?: VantageReport,
  ): Promise<z.output<S> | undefined> {
    const { name, token, ca } = this.#parts
    const url = new URL(`v1/vantages/${encodeURIComponent(name)}/${what}`, this.#base).href
    const headers = { authorization: `Bearer ${token}`, accept: 'application/json', 'content-type': 'application/json' }
    try {
      const sent = { method, url, headers, ca, ...(body === undefined ? {} : { body: JSON.stringify(body) }) }
      const answer = await askHttp(sent, [], LIMITS)
      if (answer.status !== 200) return this.#fail(refusal(answer.status, answer.body))
      const read = schema.safeParse(JSON.parse(answer.body))
      if (!read.success) return this.#fail('its answer is not that of a hub')
      if (this.#isUp === false) this.#parts.log.info({ op: 'vantage', hub: this.#base.host }, 'hub answers again')
      this.#isUp = true
      return read.data
    } catch (error) {
      return this.#fail(error instanceof SyntaxError ? 'its answer is not JSON' : describeError(error))
    }
  }

  /** Logs the first failure of several. */
  #fail(reason: string): undefined {
    if (this.#isUp !== false) this.#parts.log.warn({ op: 'vantage', hub: this.#base.host, reason }, 'hub does not answer')
    this.#isUp = false
  }
}

function refusal(status: number, body: string): string {
  let detail: unknown
  try {
    detail = (JSON.parse(body) as { detail?: unknown } | null)?.detail
  } catch {
    // No problem document: a proxy may have answered.
  }
  return `status ${status}${typeof detail === 'string' ? `, ${printable(detail.slice(0, MOST_DETAIL))}` : ''}`
}
