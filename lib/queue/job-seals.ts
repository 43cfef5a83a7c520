/** Seals of orders to force nodes, which anyone who can write to Redis could order otherwise. */
import { createHash } from 'node:crypto'
import { pause } from '../runtime/turns.js'
import { ForeignJobError } from './job-schemas.js'
import type { ResyncJob } from './jobs.js'

/** Made and checked with a secret that the processes of a hub share. */
export interface TextSeals {
  sealText: (text: string) => string
  isSealOf: (text: string, seal: string) => boolean
}

/** An order is not carried out long after it was given; one for a million pairs takes more than a day. */
const ORDER_VALID_MS = 7 * 86_400_000
/** Targets and names that are hashed in one turn: some milliseconds. */
const WORDS_PER_TURN = 5_000

/** The job with a seal over all that it orders. Other strengths have none: they take nothing from a node. */
export async function sealedResync(job: ResyncJob, seals: Pick<TextSeals, 'sealText'>): Promise<ResyncJob> {
  return job.strength === 'force' ? { ...job, seal: seals.sealText(await textOf(job)) } : job
}

/** Throws ForeignJobError for an order to force nodes that no process of this hub gave, or that is old. */
export async function expectOwnResync(job: ResyncJob, seals: Pick<TextSeals, 'isSealOf'>, now: number): Promise<void> {
  if (job.strength !== 'force') return
  const { at = 0, seal = '' } = job
  if (now - at > ORDER_VALID_MS || !seals.isSealOf(await textOf(job), seal))
    throw new ForeignJobError({ code: 'QUEUE_FOREIGN_JOB', kind: 'resync' }, 'resync job is not from this hub, or a week old')
}

async function textOf({
  targets,
  select,
  strength,
  by,
  at,
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
  for (const list of ['zones', 'groups', 'nodes', 'clouds'] as const) {
    const words = select?.[list]
    await add(words === undefined ? '-\n' : `${list} ${words.length}\n`)
    for (const word of words ?? []) await add(`${word}\n`)
  }
  return ['resync', strength, by, at, allAtOnce, named, select !== undefined, hash.digest('hex'), reason].join('\n')
}
