/**
 * Notifies receivers of events about versions: the steps of a rollout, results of checks, conflicts, holds, and nodes that a forced
 * transfer did not repair. Each event is one
 * signed POST; the queue tries again for two days.
 *
 *   zonecast-event: rollout   zonecast-delivery: ID   zonecast-timestamp: SECONDS
 *   zonecast-signature: sha256=HMAC-SHA256(secret, TIMESTAMP "." BODY) in hex
 */
import { WorkerError } from './errors.js'
import { createHmac, randomUUID } from 'node:crypto'
import { describeError } from '../../lib/errors.js'
import { ForeignJobError } from '../../lib/queue/job-schemas.js'
import type { WebhookJob } from '../../lib/queue/jobs.js'
import type { JobQueues } from '../../lib/queue/queues.js'
import { type Clock, seconds } from '../../lib/runtime/clock.js'
import type { Logger } from '../../lib/runtime/logger.js'
import { postEvent } from './post-event.js'
import type { Board, Change } from '../../lib/state/board.js'
import type { Seals } from '../../lib/state/seals.js'
import { splitPair, type ZoneCell } from '../../lib/state/tables.js'

export interface Webhook {
  id: string
  url: string
  secret: Buffer
  events: readonly string[]
  /** The receiver may be on this machine or its link. */
  allowLocal: boolean
}

export interface WebhookParts {
  hub: string
  board: Board
  clock: Clock
  log: Logger
  queues: JobQueues
  canQueue: () => boolean
  /** Read again for each event: a reload changes them. */
  webhooks: { list: readonly Webhook[] }
  seals: Pick<Seals, 'sealText' | 'isSealOf'>
  /** This process reports the events of the zone; other workers report those of theirs. */
  owns: (zone: string) => boolean
}

interface Reported {
  rollouts: Map<string, string>
  conflict: string | undefined
  isHeld: boolean
}

export class Webhooks {
  readonly #parts: WebhookParts
  /** The last reported state by zone: of each rollout, a conflict, a hold. Kept only while there is a receiver. */
  readonly #reported = new Map<string, Reported>()
  #isWatching = false
  #unlisten: () => void = () => undefined

  constructor(parts: WebhookParts) {
    this.#parts = parts
  }

  start(): void {
    this.#watch()
    const tables = ['zones', 'orders', 'forces'] as const
    this.#unlisten = this.#parts.board.onChange((change, origin) => this.#onChange(change, origin), { tables })
  }

  /** The state before the first receiver is no event. */
  #watch(): void {
    const isWanted = this.#parts.webhooks.list.length > 0
    if (isWanted === this.#isWatching) return
    this.#isWatching = isWanted
    this.#reported.clear()
    if (!isWanted) return
    for (const [zone, cell] of this.#parts.board.entries('zones')) this.#compare(zone, cell, () => undefined)
    for (const [zone, { hold }] of this.#parts.board.entries('orders')) this.#reportedOf(zone).isHeld = hold !== undefined
  }

  #onChange(change: Change, origin: 'here' | 'there'): void {
    this.#watch()
    if (!this.#isWatching) return
    if (change.table === 'zones')
      this.#compare(change.key, change.value, (event, facts) => this.#parts.owns(change.key) && this.#notify(event, facts))
    else if (change.table === 'forces') {
      // Hubs share the table: the one that forced the node reports it.
      if (origin !== 'here' || change.value.needsOperator !== true) return
      const [zone, node] = splitPair(change.key)
      const { serial, error } = change.value
      this.#notify('force', { zone, node, serial, error })
    } else if (change.table === 'orders') {
      const { hold, released } = change.value
      const reported = this.#reportedOf(change.key)
      if (reported.isHeld === (hold !== undefined)) return
      reported.isHeld = hold !== undefined
      if (this.#parts.owns(change.key)) this.#notify('hold', { zone: change.key, held: reported.isHeld, ...(hold ?? released) })
    }
  }

  #reportedOf(zone: string): Reported {
    let reported = this.#reported.get(zone)
    if (reported === undefined) {
      reported = { rollouts: new Map(), conflict: undefined, isHeld: false }
      this.#reported.set(zone, reported)
    }
    return reported
  }

  #compare(zone: string, cell: ZoneCell, notify: (event: string, facts: object) => unknown): void {
    const reported = this.#reportedOf(zone)
    const before = reported.rollouts
    reported.rollouts = new Map()
    for (const { findings, verdict, ...mark } of cell.rollouts) {
      const what = `${mark.state} ${mark.stage}`
      const last = before.get(mark.id)
      reported.rollouts.set(mark.id, what)
      if (last === what) continue
      notify('rollout', { zone, ...mark })
      if (last === undefined && verdict !== undefined && verdict !== 'pass')
        notify('check', { zone, id: mark.id, serial: mark.serial, verdict, findings })
    }
    if (reported.conflict !== cell.conflict && cell.conflict !== undefined) notify('conflict', { zone, conflict: cell.conflict })
    reported.conflict = cell.conflict
  }

  #notify(event: string, facts: object): void {
    const { clock, hub, log, queues, webhooks, canQueue } = this.#parts
    const at = new Date(clock.now()).toISOString()
    const body = JSON.stringify({ event, hub, at, ...facts })
    const jobs = webhooks.list
      .filter(({ events }) => events.includes(event))
      .map(({ id }) => this.#seal({ webhook: id, id: randomUUID(), event, body }))
    if (jobs.length === 0) return
    const onFailure = (error: unknown): void =>
      log.warn({ op: 'webhook', event, err: describeError(error) }, 'webhook not delivered')
    // Without Redis one try is better than none.
    if (canQueue()) queues.enqueueWebhooks(jobs).catch(onFailure)
    else for (const job of jobs) this.deliver(job).catch(onFailure)
  }

  #seal(job: Omit<WebhookJob, 'seal'>): WebhookJob {
    return { ...job, seal: this.#parts.seals.sealText(sealedText(job)) }
  }

  /** Throws when the receiver did not accept the event. */
  async deliver(job: WebhookJob): Promise<void> {
    const { webhook: name, id, event, body } = job
    const { clock, webhooks, seals } = this.#parts
    const webhook = webhooks.list.find((each) => each.id === name)
    // A removed webhook gets no events.
    if (!webhook) return
    if (!seals.isSealOf(sealedText(job), job.seal))
      throw new ForeignJobError({ code: 'QUEUE_FOREIGN_JOB', kind: 'webhook' }, 'webhook job is not from this hub')
    const timestamp = seconds(clock)
    const status = await postEvent({
      url: webhook.url,
      headers: {
        'content-type': 'application/json',
        'zonecast-event': event,
        'zonecast-delivery': id,
        'zonecast-timestamp': String(timestamp),
        'zonecast-signature': `sha256=${signatureOf(webhook.secret, timestamp, body)}`,
      },
      body,
      allowLocal: webhook.allowLocal,
    }).catch((error: { code?: string; name?: string }) => {
      // The message of the error may quote the URL, which may hold a secret.
      throw new WorkerError(
        { code: 'WORKER_WEBHOOK_FAILED', webhook: name, status: undefined },
        `webhook ${name} is unreachable: ${error.code ?? error.name}`,
      )
    })
    if (status < 200 || status > 299)
      throw new WorkerError({ code: 'WORKER_WEBHOOK_FAILED', webhook: name, status }, `webhook ${name} answered ${status}`)
  }

  stop(): void {
    this.#unlisten()
  }
}

const sealedText = ({ webhook, id, event, body }: Omit<WebhookJob, 'seal'>): string =>
  `webhook\n${webhook}\n${id}\n${event}\n${body}`

export const signatureOf = (secret: Buffer, timestamp: number, body: string): string =>
  createHmac('sha256', secret).update(`${timestamp}.${body}`).digest('hex')
