/**
 * The output of commands. Knows whether the output is a terminal, its width and its colours. All output goes through here, and
 * only Zonecast's own colours and redrawing control the terminal.
 */
import { readEnvironment } from '../../config/env.js'
import { printable, printableLines } from '../../lib/runtime/printable.js'

export interface Terminal {
  /** Lines go to standard output. */
  write(text: string): void
  /** One sentence to standard error. */
  complain(sentence: string): void
  /** The output is a terminal: progress may be redrawn. */
  isLive: boolean
  hasColour: boolean
  columns: number
  rows: number
}

/** Width of output that a program reads; above it a list is easier to read than a matrix. */
const COLUMNS_UNWATCHED = 160
const ROWS = 24

export function processTerminal(): Terminal {
  const { stdout, stderr } = process
  const isLive = stdout.isTTY === true
  const hasColour = isLive && !readEnvironment().noColor
  return {
    write: (text) => void stdout.write(outputOf(text, { isLive, hasColour })),
    complain: (sentence) => void stderr.write(`zonecast: ${printableLines(sentence)}\n`),
    isLive,
    hasColour,
    // Read anew each time: a window is resized while it is watched.
    get columns() {
      return isLive ? (stdout.columns ?? 80) : COLUMNS_UNWATCHED
    },
    get rows() {
      return stdout.rows ?? ROWS
    },
  }
}

const ESC = String.fromCharCode(27)
/** Colours as `paint` writes them. */
const COLOUR = new RegExp(`${ESC}\\[(?:0|1|2|31|32|33)m`, 'g')
/** The redraw sequence of a followed job, at the beginning of its output. */
const REDRAW = new RegExp(`^${ESC}\\[\\d{1,2}A${ESC}\\[J`)

/** Removes control sequences from the text, except Zonecast's own colours and redrawing if the output has them. */
export function outputOf(text: string, { isLive, hasColour }: Pick<Terminal, 'isLive' | 'hasColour'>): string {
  const redraw = isLive ? (REDRAW.exec(text)?.[0] ?? '') : ''
  const rest = text.slice(redraw.length)
  if (!hasColour) return redraw + printableLines(rest)
  const colours = rest.match(COLOUR) ?? []
  return redraw + rest.split(COLOUR).reduce((out, part, i) => out + printableLines(part) + (colours[i] ?? ''), '')
}

/** Text from a hub or an argument: removes all that could look like Zonecast's own colours. */
export function wordsOf(value: unknown): unknown {
  if (typeof value === 'string') return printableLines(value)
  if (Array.isArray(value)) return value.map(wordsOf)
  if (typeof value !== 'object' || value === null) return value
  return Object.fromEntries(Object.entries(value).map(([name, each]) => [printable(name), wordsOf(each)]))
}

/** Zone text from a hub, which is ASCII: replaces any other octet, and any control character, by a question mark. */
export function asciiOf(octets: Uint8Array): Uint8Array {
  return octets.map((octet) => ((octet >= 0x20 && octet < 0x7f) || octet === 0x0a || octet === 0x09 ? octet : 0x3f))
}

/** Ends quietly when the reader of the output has closed it, as `head` does. */
export function forgiveClosedOutput(): void {
  process.stdout.on('error', (error: NodeJS.ErrnoException) => {
    if (error.code !== 'EPIPE') throw error
  })
}
