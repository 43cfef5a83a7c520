/** Prints the chain from announcement to confirmation as sentences, with the time of each step and the gap before it. */
import type { ChainAnswer } from './answers.js'
import { printable } from '../../lib/runtime/printable.js'

/** The words for each step of the chain in a sentence; its detail follows. */
const STEP_WORDS: Readonly<Record<ChainAnswer['chain'][number]['step'], string>> = {
  seen: 'The new serial was announced',
  transferred: 'The hub transferred it',
  committed: 'The hub committed it',
  waiting: 'A newer version waits',
  released: 'The hub released it to the node',
  notified: 'The hub notified the node',
  answered: 'The node answered',
  taken: 'The node transferred it',
  confirmed: 'The node confirmed it',
}

export function whySentences(zone: string, node: string, answer: ChainAnswer): string {
  const { chain, waitingFor } = answer
  const behind = answer.lagSeconds > 0 ? `, ${answer.lagSeconds} s behind` : ''
  const serves = answer.serial === null ? 'has not reported a serial' : `serves serial ${answer.serial}`
  const lines = [`${node} ${serves} of ${zone} and is ${answer.state}${behind}.`]
  if (answer.error !== null) lines.push(`Error: ${answer.error}.`)
  lines.push(...verifiedLines(answer))
  let before: number | undefined
  let first: number | undefined
  for (const { step, at, detail } of chain) {
    const now = at === null ? undefined : Date.parse(at)
    first ??= now
    const gap = now === undefined || before === undefined ? '' : gapText(now - before)
    const time = at === null ? 'time unknown' : at.slice(11, 23)
    lines.push(`  ${time.padEnd(12)} ${gap.padStart(11)}  ${STEP_WORDS[step] ?? step}: ${detail}.`)
    before = now ?? before
  }
  const { forced } = answer
  if (forced) lines.push(forcedText(forced))
  const day = chain.find(({ at }) => at !== null)?.at?.slice(0, 10)
  if (day !== undefined) lines.push(`Times are UTC, ${day}.`)
  lines.push(ending(answer, first, before, waitingFor))
  return `${lines.map(printable).join('\n')}\n`
}

function forcedText({ at, by, serial, outcome, error, needsOperator }: NonNullable<ChainAnswer['forced']>): string {
  const who = by === 'unstick' ? 'The hub itself' : by
  const end = needsOperator ? ' The hub does no more by itself: an operator must act.' : ''
  return `${who} forced serial ${serial}, ${at ?? 'time unknown'}: ${outcome}${error === null ? '' : `: ${error}`}.${end}`
}

/** The last verify, with the first differences. */
function verifiedLines({ verified }: ChainAnswer): string[] {
  if (verified == null) return []
  const { at, serial, how, verdict, why, differences } = verified
  const way = how === 'axfr' ? 'by AXFR' : 'by sample'
  const when = at === null ? '' : ` ${at.slice(0, 19)}Z`
  if (verdict === 'same') return [`Verified${when} ${way}: its content is that of serial ${serial}.`]
  const word = verdict === 'differs' ? `its content is not that of serial ${serial}` : 'it cannot be compared'
  return [`Verified${when} ${way}: ${word} (${why ?? 'no reason given'}).`, ...differences.examples.map((text) => `  ${text}`)]
}

/**
 * Clocks of two hubs differ a little, and an SOA query may confirm a step before its log entry: a step can precede its
 * forerunner.
 */
const gapText = (ms: number): string => `${ms < 0 ? '-' : '+'}${Math.abs(Math.round(ms))} ms`

function ending(answer: ChainAnswer, first: number | undefined, last: number | undefined, waitingFor: string | null): string {
  if (waitingFor !== null) return `It waits for ${waitingFor}.`
  const steps = answer.chain.map(({ step }) => step)
  const isWhole = steps[0] === 'seen' && steps.at(-1) === 'confirmed'
  const total =
    isWhole && first !== undefined && last !== undefined
      ? `: ${Math.round(last - first)} ms from announcement to confirmation`
      : ''
  return `It waits for nothing${total}.`
}
