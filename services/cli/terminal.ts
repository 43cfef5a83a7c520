/**
 * Where the commands write: the one place that knows whether a person watches, how wide the screen is, and if it has colours. All output
 * goes through here, and nothing in it steers the terminal but our own colours and redrawing.
 */
import { readEnvironment } from '../../config/env.js'
import { printable, printableLines } from '../../lib/runtime/printable.js'

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
  const hasColour = isLive && !readEnvironment().noColor
  return {
    write: (text) => void stdout.write(outputOf(text, { isLive, hasColour })),
    complain: (sentence) => void stderr.write(`zonecast: ${printableLines(sentence)}\n`),
    isLive,
    hasColour,
    columns: isLive ? (stdout.columns ?? 80) : COLUMNS_UNWATCHED,
  }
}

const ESC = String.fromCharCode(27)
/** Colours as `paint` writes them. */
const COLOUR = new RegExp(`${ESC}\\[(?:0|1|2|31|32|33)m`, 'g')
/** How a job that is followed redraws itself, at the beginning of what is written. */
const REDRAW = new RegExp(`^${ESC}\\[\\d{1,2}A${ESC}\\[J`)

/** The text without what steers a terminal, but for our own colours and redrawing where they are wanted. */
export function outputOf(text: string, { isLive, hasColour }: Pick<Terminal, 'isLive' | 'hasColour'>): string {
  const redraw = isLive ? (REDRAW.exec(text)?.[0] ?? '') : ''
  const rest = text.slice(redraw.length)
  if (!hasColour) return redraw + printableLines(rest)
  const colours = rest.match(COLOUR) ?? []
  return redraw + rest.split(COLOUR).reduce((out, part, i) => out + printableLines(part) + (colours[i] ?? ''), '')
}

/** Words of a hub, or of a person in an argument: nothing in them may look like a colour of ours. */
export function wordsOf(value: unknown): unknown {
  if (typeof value === 'string') return printableLines(value)
  if (Array.isArray(value)) return value.map(wordsOf)
  if (typeof value !== 'object' || value === null) return value
  return Object.fromEntries(Object.entries(value).map(([name, each]) => [printable(name), wordsOf(each)]))
}

/** Zone text from a hub, which is ASCII: any other octet, and any that steers a terminal, becomes a question mark. */
export function asciiOf(octets: Uint8Array): Uint8Array {
  return octets.map((octet) => ((octet >= 0x20 && octet < 0x7f) || octet === 0x0a || octet === 0x09 ? octet : 0x3f))
}

/** Whoever read our output has gone, as `head` does: that is no error. */
export function forgiveClosedOutput(): void {
  process.stdout.on('error', (error: NodeJS.ErrnoException) => {
    if (error.code !== 'EPIPE') throw error
  })
}
