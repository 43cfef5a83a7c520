/** Waits for a job to end and shows its progress: redrawn on a terminal, else a line for every change. */
import { setTimeout as sleep } from 'node:timers/promises'
import { JobAnswer, type JobTarget } from './answers.js'
import { type ApiClient, segment } from './api-client.js'
import { CliError } from './errors.js'
import { printable } from '../../lib/runtime/printable.js'
import { type Colour, paint, table } from './render.js'
import type { Terminal } from './terminal.js'

const POLL_MS = 150
/** A hub that restarts resumes its jobs: the wait outlasts that. */
const ABSENT_MS = 30_000
/** Most rows to redraw; a screen has no more. */
const LIVE_ROWS = 20

const STEP_COLOUR: Record<JobTarget['step'], Colour> = {
  waiting: 'dim',
  refreshing: 'dim',
  notified: 'yellow',
  forced: 'yellow',
  confirmed: 'green',
  failed: 'red',
  comparing: 'yellow',
  same: 'green',
  differs: 'red',
  cannot: 'red',
}

/** Returns the job when it is done. Throws CliError CLI_JOB_FAILED with its reason. */
export async function followJob(client: ApiClient, id: string, terminal: Terminal): Promise<JobAnswer> {
  const display = terminal.isLive ? new LiveDisplay(terminal) : new LineDisplay(terminal)
  const job = await jobEnd(client, id, (now) => display.show(now))
  if (job.state === 'failed')
    throw new CliError({ code: 'CLI_JOB_FAILED', job: id }, `${id} failed: ${job.error ?? 'no reason given'}`)
  return job
}

export const queuedWords = (ids: readonly string[]): string =>
  ids.map((id) => `${id} is queued; zonecast jobs shows its result\n`).join('')

/** Follows the jobs of one order, and returns their sum. Throws as `followJob`, for the first that failed, when all have ended. */
export async function followJobs(
  client: ApiClient,
  ids: readonly string[],
  terminal: Terminal,
): Promise<{ well: number; total: number }> {
  const sum = { well: 0, total: 0 }
  let failure: unknown
  for (const id of ids)
    try {
      const { well, total } = sumOf(await followJob(client, id, terminal))
      sum.well += well
      sum.total += total
    } catch (error) {
      if (!(error instanceof CliError) || error.code !== 'CLI_JOB_FAILED') throw error
      failure ??= error
    }
  if (failure !== undefined) throw failure
  return sum
}

/** Waits until the job is done or failed, and calls `show` with each answer about it. */
export async function jobEnd(client: ApiClient, id: string, show: (job: JobAnswer) => void): Promise<JobAnswer> {
  let answeredAt = performance.now()
  for (;;) {
    const job = await client.get(JobAnswer, `v1/jobs/${segment(id)}`).catch((error: unknown) => {
      const isAway = error instanceof CliError && error.code === 'CLI_NO_ANSWER'
      if (!isAway || performance.now() - answeredAt > ABSENT_MS) throw error
      return undefined
    })
    if (job !== undefined) {
      answeredAt = performance.now()
      show(job)
      if (job.state === 'done' || job.state === 'failed') return job
    }
    await sleep(POLL_MS)
  }
}

export const targetsOf = ({ progress }: JobAnswer): readonly JobTarget[] =>
  typeof progress === 'object' && progress !== null && 'targets' in progress && Array.isArray(progress.targets)
    ? progress.targets
    : []

/** Targets that are confirmed or the same, and all: a long job lists some of them only. */
export function sumOf(job: JobAnswer): { well: number; total: number } {
  const { progress } = job
  const targets = targetsOf(job)
  if (typeof progress === 'object' && progress !== null && 'total' in progress && progress.total > targets.length)
    return { well: progress.confirmed, total: progress.total }
  return { well: targets.filter(({ step }) => isWell(step)).length, total: targets.length }
}

const isWell = (step: JobTarget['step']): boolean => step === 'confirmed' || step === 'same'

/** `example.com. on ams1: confirmed at serial 8` */
export function targetLine({ zone, node, step, serial, error }: JobTarget): string {
  const at = isWell(step) && serial != null ? ` at serial ${serial}` : ''
  return printable(`${zone} on ${node}: ${step}${at}${error ? `: ${error}` : ''}`)
}

class LineDisplay {
  readonly #terminal: Terminal
  readonly #shown = new Map<string, string>()

  constructor(terminal: Terminal) {
    this.#terminal = terminal
  }

  show(job: JobAnswer): void {
    for (const target of targetsOf(job)) {
      const line = targetLine(target)
      const key = `${target.zone} ${target.node}`
      if (target.step === 'waiting' || this.#shown.get(key) === line) continue
      this.#shown.set(key, line)
      this.#terminal.write(`${line}\n`)
    }
  }
}

class LiveDisplay {
  readonly #terminal: Terminal
  #rows = 0

  constructor(terminal: Terminal) {
    this.#terminal = terminal
  }

  show(job: JobAnswer): void {
    const targets = targetsOf(job)
    if (targets.length === 0) return
    // Targets that are not confirmed come first: they deserve the rows.
    const open = ({ step }: JobTarget) => (isWell(step) ? 1 : 0)
    const rows = targets.toSorted((a, b) => open(a) - open(b)).slice(0, LIVE_ROWS)
    const { hasColour } = this.#terminal
    const text = table(
      ['ZONE', 'NODE', 'STEP', 'SERIAL', 'ERROR'],
      rows.map(({ zone, node, step, serial, error }) => [
        zone,
        node,
        { text: step, colour: STEP_COLOUR[step] },
        serial ?? null,
        error ?? '',
      ]),
      this.#terminal,
    )
    const { well, total } = sumOf(job)
    const word = job.kind === 'verify' ? 'the same' : 'confirmed'
    const sum = paint(`${well} of ${total} ${word}`, 'bold', hasColour)
    // Moves up to the first row of the last drawing, and clears all below it.
    const back = this.#rows > 0 ? `\u001b[${this.#rows}A\u001b[J` : ''
    this.#terminal.write(`${back}${text}${sum}\n`)
    this.#rows = text.split('\n').length
  }
}
