/** A job's progress as a sentence and, node by node, as lines; unconfirmed targets come first. Pure. */
import { count, plural } from './words.js'

/** @typedef {import('./answers.js').JobAnswer} JobAnswer */
/** @typedef {import('./answers.js').JobTargetAnswer} JobTarget */

/** @type {Readonly<Record<JobTarget['step'], number>>} */
const STEP_ORDER = {
  failed: 0,
  differs: 0,
  cannot: 0,
  notified: 1,
  forced: 1,
  comparing: 1,
  refreshing: 2,
  waiting: 3,
  confirmed: 4,
  same: 4,
}

/** @type {Readonly<Record<JobTarget['step'], string>>} */
const STEP_WORDS = {
  waiting: 'waits for its turn',
  refreshing: 'the hub polls the primaries',
  notified: 'notified, waits for its answer',
  forced: 'ordered to transfer, waits for its answers',
  confirmed: 'confirmed',
  failed: 'failed',
  comparing: 'its content is being compared',
  same: 'same content',
  differs: 'other content',
  cannot: 'cannot be compared',
}

/** @param {JobAnswer} job @returns {JobTarget[]} */
export const targetsOf = ({ progress }) =>
  typeof progress === 'object' && progress !== null && 'targets' in progress && Array.isArray(progress.targets)
    ? progress.targets
    : []

/**
 * Targets that are confirmed or the same, those that have ended, and all: a long job lists some of them only.
 * @param {JobAnswer} job
 */
export function jobSums(job) {
  const targets = targetsOf(job)
  const well = targets.filter(({ step }) => step === 'confirmed' || step === 'same').length
  const failed = targets.filter(({ step }) => STEP_ORDER[step] === STEP_ORDER.failed).length
  const { progress } = job
  if (typeof progress === 'object' && progress !== null && 'total' in progress && progress.total > targets.length)
    return { well: progress.confirmed, ended: progress.confirmed + progress.failed, total: progress.total }
  return { well, ended: well + failed, total: targets.length }
}

/** @param {JobAnswer} job */
export function jobSentence(job) {
  const { well, total } = jobSums(job)
  const word = job.kind === 'verify' ? 'the same' : 'confirmed'
  const of = `${count(well)} of ${count(total)} ${word}`
  switch (job.state) {
    case 'waiting':
      return 'Waiting for a worker.'
    case 'active':
      return total === 0 ? 'Starting.' : `In progress: ${of}.`
    case 'done':
      return total === 0 ? 'Done.' : `Done: ${of}.`
    case 'failed':
      return total === 0 ? `Failed: ${job.error ?? 'no reason given'}` : `Failed: ${of}.`
  }
}

/**
 * The first lines, and the number of further ones.
 * @param {JobAnswer} job @param {number} limit
 */
export function jobLines(job, limit) {
  const targets = targetsOf(job).toSorted((a, b) => STEP_ORDER[a.step] - STEP_ORDER[b.step])
  const lines = targets.slice(0, limit).map(({ zone, node, step, serial, error }) => ({
    key: `${zone} ${node}`,
    who: `${zone} on ${node}`,
    step,
    words: `${STEP_WORDS[step]}${step === 'confirmed' && serial != null ? ` at serial ${serial}` : ''}${error ? `: ${error}` : ''}`,
  }))
  const more = jobSums(job).total - lines.length
  return { lines, more: more > 0 ? `and ${plural(more, 'more target')}` : undefined }
}

/** @param {JobAnswer} job */
export const hasEnded = ({ state }) => state === 'done' || state === 'failed'
