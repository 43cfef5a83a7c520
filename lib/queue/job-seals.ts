/**
 * Seals of orders that take something from nodes: to force them, and to change their zones. Any writer to Redis could give such
 * orders otherwise. A seal is for one job; used-orders.ts refuses the second use.
 */
import { createHash, randomUUID } from 'node:crypto'
import { listOfSelections } from '../fleet/pair-selection.js'
import { pause } from '../runtime/turns.js'
import { ForeignJobError } from './job-schemas.js'
import type { ProvisionJob, ResyncJob } from './jobs.js'
import type { TextSeals } from './text-seals.js'
import type { SealedOrder } from './used-orders.js'

/** An order is not carried out long after it was given; one for a million pairs takes more than a day. */
const ORDER_VALID_MS = 7 * 86_400_000
const PROVISION_VALID_MS = 86_400_000
/** Targets and names that are hashed in one turn: some milliseconds. */
const WORDS_PER_TURN = 5_000

/** The job with a seal over all that it orders, for one job. Other strengths have none: they take nothing from a node. */
export async function sealedResync(job: ResyncJob, seals: Pick<TextSeals, 'sealText'>, now: number): Promise<ResyncJob> {
  if (job.strength !== 'force') return job
  const order = { ...job, id: randomUUID(), sealedAt: now }
  return { ...order, seal: seals.sealText(await textOf(order)) }
}

/**
 * The order that UsedOrders runs once; undefined for one without a seal. `jobId`: the id in the queue, without the kind. Throws
 * ForeignJobError for an order to force nodes that no process of this hub gave for this job, or that is old.
 */
export async function ownResync(
  job: ResyncJob,
  jobId: string,
  seals: Pick<TextSeals, 'isSealOf'>,
  now: number,
): Promise<SealedOrder | undefined> {
  if (job.strength !== 'force') return undefined
  const { at = 0, seal = '', id = '', sealedAt = 0 } = job
  if (id !== jobId || now - at > ORDER_VALID_MS || !seals.isSealOf(await textOf(job), seal))
    throw new ForeignJobError({ code: 'QUEUE_FOREIGN_JOB', kind: 'resync' }, 'resync job is not from this hub, or a week old')
  return { kind: 'resync', id, sealedAt }
}

export function sealedProvision(order: Omit<ProvisionJob, 'id' | 'seal'>, seals: Pick<TextSeals, 'sealText'>): ProvisionJob {
  const job = { ...order, id: randomUUID() }
  return { ...job, seal: seals.sealText(provisionText(job)) }
}

/** As ownResync. */
export function ownProvision(job: ProvisionJob, jobId: string, seals: Pick<TextSeals, 'isSealOf'>, now: number): SealedOrder {
  if (job.id !== jobId || now - job.at > PROVISION_VALID_MS || !seals.isSealOf(provisionText(job), job.seal))
    throw new ForeignJobError(
      { code: 'QUEUE_FOREIGN_JOB', kind: 'provision' },
      'provision job is not from this hub, or a day old',
    )
  return { kind: 'provision', id: job.id, sealedAt: job.at }
}

const provisionText = ({ node, apply, yes, by, reason = '', at, id }: Omit<ProvisionJob, 'seal'>): string =>
  ['provision', id, node, apply, yes, by, at, reason].join('\n')

async function textOf({
  targets,
  select,
  strength,
  by,
  at,
  id,
  sealedAt,
  allAtOnce = false,
  named = false,
  reason = '',
}: ResyncJob): Promise<string> {
  const hash = createHash('sha256')
  let hashed = 0
  const add = async (text: string): Promise<void> => {
    hash.update(text)
    hashed += 1
    if (hashed % WORDS_PER_TURN === 0) await pause()
  }
  for (const { zone, node } of targets) await add(`${zone} ${node}\n`)
  for (const selection of listOfSelections(select ?? {}))
    for (const list of ['zones', 'groups', 'nodes', 'clouds'] as const) {
      const words = selection[list]
      await add(words === undefined ? '-\n' : `${list} ${words.length}\n`)
      for (const word of words ?? []) await add(`${word}\n`)
    }
  const words = hash.digest('hex')
  return ['resync', id, sealedAt, strength, by, at, allAtOnce, named, select !== undefined, words, reason].join('\n')
}
