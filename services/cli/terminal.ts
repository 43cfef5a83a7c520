/** Where the commands write: the one place that knows whether somebody watches, how wide the screen is, and if it has colours. */
import { readEnvironment } from '../../config/env.js'

export interface Terminal {
  /** Lines go to standard output. */
  write(text: string): void
  /** One sentence to standard error. */
  complain(sentence: string): void
  /** A person watches: progress may be redrawn. */
  isLive: boolean
  hasColour: boolean
  columns: number
}

/** What is read by a program has no width; past this a list is easier to read than a matrix. */
const COLUMNS_UNWATCHED = 160

export function processTerminal(): Terminal {
  const { stdout, stderr } = process
  const isLive = stdout.isTTY === true
  return {
    write: (text) => void stdout.write(text),
    complain: (sentence) => void stderr.write(`zonecast: ${sentence}\n`),
    isLive,
    hasColour: isLive && !readEnvironment().noColor,
    columns: isLive ? (stdout.columns ?? 80) : COLUMNS_UNWATCHED,
  }
}

/** Whoever read our output has gone, as `head` does: that is no error. */
export function forgiveClosedOutput(): void {
  process.stdout.on('error', (error: NodeJS.ErrnoException) => {
    if (error.code !== 'EPIPE') throw error
  })
}
