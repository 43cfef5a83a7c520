/** Tables and colours. Pure: rows in, text out. */
import type { NodeState } from '../../lib/fleet/node-state.js'
import { printable } from '../../lib/runtime/printable.js'

export type Colour = 'green' | 'yellow' | 'red' | 'dim' | 'bold'

const SGR: Record<Colour, number> = { green: 32, yellow: 33, red: 31, dim: 2, bold: 1 }

export interface Cell {
  text: string
  colour?: Colour | undefined
  /** Numbers line up at their last digit. */
  align?: 'right'
}

export type CellInput = Cell | string | number | null

const asCell = (input: CellInput | undefined): Cell => {
  // A hub of another version may leave a field out.
  if (input === null || input === undefined) return { text: '-' }
  if (typeof input === 'number') return { text: String(input), align: 'right' }
  return typeof input === 'string' ? { text: input } : input
}

export function paint(text: string, colour: Colour | undefined, hasColour: boolean): string {
  return hasColour && colour !== undefined ? `\u001b[${SGR[colour]}m${text}\u001b[0m` : text
}

/** The place where a table is printed. On a live terminal it is cut to the width; a program that reads it gets whole cells. */
export interface Screen {
  readonly hasColour: boolean
  readonly isLive: boolean
  readonly columns: number
}

const GAP = 2
/** A cell is not cut below this. */
const LEAST_WIDTH = 10

/** Columns two blanks apart, each as wide as its widest cell; the last is not padded. */
export function table(header: readonly string[], rows: readonly (readonly CellInput[])[], screen: Screen): string {
  const { hasColour } = screen
  const lines: Cell[][] = [
    header.map((text) => ({ text, colour: 'dim' as const })),
    ...rows.map((row) => row.map((cell) => ({ ...asCell(cell), text: printable(asCell(cell).text) }))),
  ]
  const natural = header.map((_, i) => lines.reduce((most, line) => Math.max(most, line[i]?.text.length ?? 0), 0))
  const widths = screen.isLive ? fitted(natural, screen.columns) : natural
  const aligned = lines.map((line) =>
    line
      .map(({ text: whole, colour, align }, i) => {
        const text = whole.length > widths[i]! ? `${whole.slice(0, widths[i]! - 1)}…` : whole
        const gap = ' '.repeat(widths[i]! - text.length)
        const isLast = i === line.length - 1
        const painted = paint(text, colour, hasColour)
        return align === 'right' ? gap + painted : isLast ? painted : painted + gap
      })
      .join('  '),
  )
  return `${aligned.join('\n')}\n`
}

/** Widths that fit the screen together: the widest columns give way. The first one, which names the row, gives way last. */
function fitted(natural: readonly number[], columns: number): number[] {
  const widths = [...natural]
  let excess = widths.reduce((sum, width) => sum + width + GAP, -GAP) - columns
  const narrow = (candidates: readonly number[]): void => {
    while (excess > 0) {
      const widest = candidates.reduce((best, i) => (widths[i]! > widths[best]! ? i : best), candidates[0] ?? 0)
      if (widths[widest]! <= LEAST_WIDTH) return
      widths[widest]! -= 1
      excess -= 1
    }
  }
  narrow(widths.map((_, i) => i).slice(1))
  narrow([0])
  return widths
}

export function colourOf(state: NodeState): Colour {
  if (state === 'in-sync') return 'green'
  return state === 'syncing' || state === 'lagging' || state === 'held' || state === 'drained' ? 'yellow' : 'red'
}

/** `3 s`, `12 min`, `5 h`, `4 d`: one unit is precise enough for an operator. */
export function span(seconds: number): string {
  if (seconds < 120) return `${Math.round(seconds)} s`
  if (seconds < 7200) return `${Math.round(seconds / 60)} min`
  if (seconds < 172_800) return `${Math.round(seconds / 3600)} h`
  return `${Math.round(seconds / 86_400)} d`
}

/** `2026-11-24 05:02:06`, in UTC. */
export const moment = (iso: string | null): string => (iso === null ? '-' : iso.slice(0, 19).replace('T', ' '))
