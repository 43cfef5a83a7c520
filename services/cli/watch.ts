/** Draws an answer again and again. On a terminal each drawing replaces the last; else a text is printed when it changes. */
import { setTimeout as sleep } from 'node:timers/promises'
import { describeError } from '../../lib/errors.js'
import { printableLines } from '../../lib/runtime/printable.js'
import { CliError } from './errors.js'
import { moment, span } from './render.js'
import type { Terminal } from './terminal.js'

/** Redrawing moves up by at most two digits of lines. */
const MOST_ROWS = 99

/**
 * Runs until the process ends, or until `isOver`. A hub that is away is waited for: the last answer stays on the screen, marked with
 * its age. Throws every other error of `ask`.
 */
export async function watch(
  ask: () => Promise<string>,
  { everyMs, terminal, isOver = () => false }: { everyMs: number; terminal: Terminal; isOver?: () => boolean },
): Promise<void> {
  let text = ''
  let answeredAt: number | undefined
  let trouble: string | undefined
  const screen = new Drawing(terminal)
  while (!isOver()) {
    try {
      text = await ask()
      answeredAt = Date.now()
      trouble = undefined
    } catch (error) {
      if (!(error instanceof CliError) || error.code !== 'CLI_NO_ANSWER') throw error
      trouble = describeError(error)
    }
    screen.show(headOf(answeredAt, trouble), text)
    await sleep(everyMs)
  }
}

function headOf(answeredAt: number | undefined, trouble: string | undefined): string {
  if (trouble === undefined) return `${moment(new Date(answeredAt ?? Date.now()).toISOString())} UTC`
  const age = answeredAt === undefined ? 'no answer so far' : `as of ${span((Date.now() - answeredAt) / 1000)} ago`
  return `${age}; ${printableLines(trouble)}`
}

class Drawing {
  readonly #terminal: Terminal
  #rows = 0
  #last = ''

  constructor(terminal: Terminal) {
    this.#terminal = terminal
  }

  show(head: string, text: string): void {
    const { isLive, rows } = this.#terminal
    if (!isLive) {
      if (text !== this.#last) this.#terminal.write(`${head}\n${text}\n`)
      this.#last = text
      return
    }
    const lines = [head, ...text.trimEnd().split('\n')]
    // A drawing that scrolls could not be replaced.
    const most = Math.max(2, Math.min(MOST_ROWS, rows - 1))
    const left = lines.length - most
    const shown = left > 0 ? [...lines.slice(0, most - 1), `… ${left + 1} more lines; name a ZONE, --node or --state`] : lines
    const back = this.#rows > 0 ? `\u001b[${this.#rows}A\u001b[J` : ''
    this.#terminal.write(`${back}${shown.join('\n')}\n`)
    this.#rows = shown.length
  }
}
