/** Recorded conversations of real programs with one or more messages mutated, passed to every target of targets.ts. */
import { readHeader, readQuestion } from '../../lib/dns/message.js'
import { lowerWire } from '../../lib/dns/name.js'
import { answersIn, conversationNames, readConversation, requestIn } from '../support/conversation.js'
import { type Family, type Note, timed } from './family.js'
import { type Dice, mutate } from './mutate.js'
import { type Subject, TARGETS } from './targets.js'

const SLOW_MS = 100
const TRIES = 10

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

function subjectOf(dice: Dice): Subject {
  const recorded = dice.pick(RECORDED)
  const answers = recorded.answers.map((answer) =>
    dice.roll(recorded.answers.length) === 0 ? mutate(answer, dice, ALL) : answer,
  )
  const request = dice.roll(2) === 0 ? mutate(recorded.request, dice, ALL) : recorded.request
  return { ...recorded, request, answers, choice: dice.next() }
}

function play(dice: Dice, note: Note): void {
  const subject = subjectOf(dice)
  for (const message of [subject.request, ...subject.answers]) note(() => message.toString('hex'))
  for (const [name, target] of Object.entries(TARGETS)) {
    note(() => name)
    // One slow try may be caused by the machine, ten are caused by the target.
    let least = Number.POSITIVE_INFINITY
    for (let tries = 0; tries < TRIES && least > SLOW_MS; tries++)
      least = Math.min(
        least,
        timed(() => target(subject)),
      )
    if (least > SLOW_MS) throw new Error(`${name} takes ${Math.round(least)} ms`)
  }
}

export const openMessages = async (): Promise<Family> => ({ play })
