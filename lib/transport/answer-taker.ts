/** Hands the answer to a question, or the error that ended the wait, to its caller. */
import { reportFault } from '../runtime/guard.js'
import type { TransportError } from './errors.js'

export type AnswerTaker = (answer: Buffer | undefined, error?: TransportError) => void

/** Calls back; an error there is that of one question, and the other ones get their answers. `what`: the place, for the log. */
export function handOver(what: string, done: AnswerTaker, answer: Buffer | undefined, error?: TransportError): void {
  try {
    done(answer, error)
  } catch (fault) {
    reportFault(what, fault)
  }
}
