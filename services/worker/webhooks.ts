/**
 * Tells receivers elsewhere what happens to versions: a rollout's steps, what checks found, conflicts and holds. Each event is one
 * POST, signed; the queue tries again for two days.
 *
 *   zonecast-event: rollout   zonecast-delivery: ID   zonecast-timestamp: SECONDS
 *   zonecast-signature: sha256=HMAC-SHA256(secret, TIMESTAMP "." BODY) in hex
 */
import { createHmac, randomUUID } from 'node:crypto'
import { describeError } from '../../lib/errors.js'
import type { WebhookJob } from '../../lib/queue/jobs.js'
import type { JobQueues } from '../../lib/queue/queues.js'
import { type Clock, seconds } from '../../lib/runtime/clock.js'
import type { Logger } from '../../lib/runtime/logger.js'
import type { Board, Change } from '../../lib/state/board.js'
import type { ZoneCell } from '../../lib/state/tables.js'

export interface Webhook {
  id: string
  url: string
  secret: Buffer
  events: readonly string[]
}

export interface WebhookParts {
  hub: string
  board: Board
  clock: Clock
  log: Logger
  queues: JobQueues
  canQueue: () => boolean
  /** Read anew for each event: a reload changes them. */
  webhooks: { list: readonly Webhook[] }
}

const ANSWER_MS = 10_000

export class Webhooks {
  readonly #parts: WebhookParts
  /** What was told last, by zone and subject. */
  readonly #told = new Map<string, string>()
  #unlisten: () => void = () => undefined

  constructor(parts: WebhookParts) {
    this.#parts = parts
  }

  start(): void {
    // What was so before we started is no event.
    for (const [zone, cell] of this.#parts.board.entries('zones')) this.#look(zone, cell, () => undefined)
    for (const [zone, { hold }] of this.#parts.board.entries('orders')) this.#isNews(`${zone} hold`, hold ? 'on' : 'off')
    this.#unlisten = this.#parts.board.onChange((change) => this.#onChange(change))
  }

  #onChange(change: Change): void {
    if (this.#parts.webhooks.list.length === 0) return
    if (change.table === 'zones') this.#look(change.key, change.value, (event, facts) => this.#tell(event, facts))
    else if (change.table === 'orders') {
      const { hold, released } = change.value
      if (this.#isNews(`${change.key} hold`, hold ? 'on' : 'off'))
        this.#tell('hold', { zone: change.key, held: hold !== undefined, ...(hold ?? released) })
    }
  }

  #look(zone: string, cell: ZoneCell, tell: (event: string, facts: object) => void): void {
    for (const { findings, verdict, ...mark } of cell.rollouts) {
      const isFirst = !this.#told.has(`${zone} ${mark.id}`)
      if (!this.#isNews(`${zone} ${mark.id}`, `${mark.state} ${mark.stage}`)) continue
      tell('rollout', { zone, ...mark })
      if (isFirst && verdict !== undefined && verdict !== 'pass')
        tell('check', { zone, id: mark.id, serial: mark.serial, verdict, findings })
    }
    const known = new Set(cell.rollouts.map(({ id }) => `${zone} ${id}`))
    for (const key of this.#told.keys())
      if (key.startsWith(`${zone} `) && !known.has(key) && !/ (conflict|hold)$/.test(key)) this.#told.delete(key)
    if (this.#isNews(`${zone} conflict`, cell.conflict ?? '') && cell.conflict !== undefined)
      tell('conflict', { zone, conflict: cell.conflict })
  }

  #isNews(key: string, what: string): boolean {
    if ((this.#told.get(key) ?? (/ (conflict|hold)$/.test(key) ? '' : undefined)) === what) return false
    this.#told.set(key, what)
    return true
  }

  #tell(event: string, facts: object): void {
    const { clock, hub, log, queues, webhooks, canQueue } = this.#parts
    const at = new Date(clock.now()).toISOString()
    const body = JSON.stringify({ event, hub, at, ...facts })
    const jobs = webhooks.list
      .filter(({ events }) => events.includes(event))
      .map(({ id }): WebhookJob => ({ webhook: id, id: randomUUID(), event, body }))
    if (jobs.length === 0) return
    const onFailure = (error: unknown): void =>
      log.warn({ op: 'webhook', event, err: describeError(error) }, 'a webhook was not told')
    // Without Redis one try is better than none.
    if (canQueue()) queues.enqueueWebhooks(jobs).catch(onFailure)
    else for (const job of jobs) this.deliver(job).catch(onFailure)
  }

  /** Throws when the receiver did not take it. */
  async deliver({ webhook: name, id, event, body }: WebhookJob): Promise<void> {
    const { clock, webhooks } = this.#parts
    const webhook = webhooks.list.find((each) => each.id === name)
    // The config no longer has it: nobody waits for this.
    if (!webhook) return
    const timestamp = seconds(clock)
    const response = await fetch(webhook.url, {
      method: 'POST',
      headers: {
        'content-type': 'application/json',
        'zonecast-event': event,
        'zonecast-delivery': id,
        'zonecast-timestamp': String(timestamp),
        'zonecast-signature': `sha256=${signatureOf(webhook.secret, timestamp, body)}`,
      },
      body,
      redirect: 'error',
      signal: AbortSignal.timeout(ANSWER_MS),
    })
    await response.body?.cancel()
    if (!response.ok) throw new Error(`webhook ${name} answered ${response.status}`)
  }

  stop(): void {
    this.#unlisten()
  }
}

export const signatureOf = (secret: Buffer, timestamp: number, body: string): string =>
  createHmac('sha256', secret).update(`${timestamp}.${body}`).digest('hex')
