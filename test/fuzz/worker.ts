/**
 * The thread that fuzzes: takes a recorded conversation, makes one or more of its messages wrong, and puts it to every target. Which
 * round it is in stands in shared memory, so that the main thread sees when it no longer comes back.
 */
import { parentPort, workerData } from 'node:worker_threads'
import { readHeader, readQuestion } from '../../lib/dns/message.js'
import { lowerWire } from '../../lib/dns/name.js'
import { answersIn, conversationNames, readConversation, requestIn } from '../support/conversation.js'
import { megabytesInUse } from '../support/memory.js'
import { Dice, mutate } from './mutate.js'
import { type Subject, TARGETS } from './targets.js'

export interface WorkerData {
  seed: number
  /** The first round; a finding is had again by beginning at its round. */
  from: number
  milliseconds: number
  rounds: SharedArrayBuffer
}

export interface Finding {
  round: number
  target: string
  what: string
  /** Messages that did it, the question first, in hexadecimal. */
  messages: string[]
}

export interface FuzzResult {
  rounds: number
  finding: Finding | undefined
}

const SLOW_MS = 100
const TRIES = 10
const LEAK_MEGABYTES = 48
const ROUNDS_PER_LOOK = 20_000

const RECORDED: readonly Omit<Subject, 'choice'>[] = conversationNames().map((name) => {
  const conversation = readConversation(name)
  const request = requestIn(conversation)
  const { key, time } = conversation
  return {
    apex: lowerWire(readQuestion(request).name),
    key,
    time,
    id: readHeader(request).id,
    request,
    answers: answersIn(conversation),
  }
})
const ALL = RECORDED.flatMap(({ request, answers }) => [request, ...answers])

function subjectOf(seed: number, round: number): Subject {
  const dice = new Dice(Math.imul(seed, 0x9e3779b1) ^ round)
  const recorded = dice.pick(RECORDED)
  const answers = recorded.answers.map((answer) =>
    dice.roll(recorded.answers.length) === 0 ? mutate(answer, dice, ALL) : answer,
  )
  const request = dice.roll(2) === 0 ? mutate(recorded.request, dice, ALL) : recorded.request
  return { ...recorded, request, answers, choice: dice.next() }
}

const timed = (act: () => void): number => {
  const startedAt = performance.now()
  act()
  return performance.now() - startedAt
}

/** What is wrong with this round, if anything is. */
function play(seed: number, round: number): Finding | undefined {
  const subject = subjectOf(seed, round)
  const finding = (target: string, what: string): Finding => ({
    round,
    target,
    what,
    messages: [subject.request, ...subject.answers].map((message) => message.toString('hex')),
  })
  for (const [name, target] of Object.entries(TARGETS)) {
    try {
      // Now and then it is the machine; every time it is the target.
      let least = Number.POSITIVE_INFINITY
      for (let tries = 0; tries < TRIES && least > SLOW_MS; tries++)
        least = Math.min(
          least,
          timed(() => target(subject)),
        )
      if (least > SLOW_MS) return finding(name, `it takes ${Math.round(least)} ms`)
    } catch (error) {
      return finding(name, String((error as Error).stack ?? error))
    }
  }
  return undefined
}

function run({ seed, from, milliseconds, rounds }: WorkerData): FuzzResult {
  const shown = new Int32Array(rounds)
  const end = performance.now() + milliseconds
  let round = from
  let before: number | undefined
  for (; performance.now() < end; round++) {
    Atomics.store(shown, 0, round)
    const finding = play(seed, round)
    if (finding) return { rounds: round - from, finding }
    if ((round - from) % ROUNDS_PER_LOOK !== ROUNDS_PER_LOOK - 1) continue
    const now = megabytesInUse()
    before ??= now
    if (now - before > LEAK_MEGABYTES)
      return {
        rounds: round - from,
        finding: { round, target: 'memory', what: `it grew from ${before} to ${now} MiB`, messages: [] },
      }
  }
  return { rounds: round - from, finding: undefined }
}

parentPort?.postMessage(run(workerData as WorkerData))
