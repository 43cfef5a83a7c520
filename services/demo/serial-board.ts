/** Every server's serial of every zone, as a live table: redrawn on a terminal, else a line for every change. */
import { ZONES } from './cast.js'

export interface BoardRow {
  id: string
  /** Such as `cloud A, NSD`. */
  what: string
  serials: Record<string, number>
  /** Time since the change was first served, for the zone that changes. */
  tookMs?: number | undefined
  isGone?: boolean
}

export interface Screen {
  write(text: string): void
  isLive: boolean
  hasColour: boolean
}

export class SerialBoard {
  readonly rows: BoardRow[]
  readonly #screen: Screen
  #turning: { zone: string; before: number } | undefined
  #drawn = 0

  constructor(rows: BoardRow[], screen: Screen) {
    this.rows = rows
    this.#screen = screen
  }

  /** A change of this zone begins; the next drawing is below the last one. */
  begin(zone: string, before: number): void {
    this.#turning = { zone, before }
    this.#drawn = 0
    for (const row of this.rows) row.tookMs = undefined
    if (this.#screen.isLive) this.#draw()
  }

  turned(id: string, zone: string, serial: number, tookMs: number | undefined): void {
    const row = this.rows.find((candidate) => candidate.id === id)
    if (row === undefined) return
    row.serials[zone] = serial
    row.tookMs = tookMs
    if (this.#screen.isLive) this.#draw()
    else this.#writeTurn(row, zone)
  }

  #writeTurn({ id, what, serials, tookMs }: BoardRow, zone: string): void {
    const after = tookMs === undefined ? '' : ` after ${Math.round(tookMs)} ms`
    this.#screen.write(`  ${id.padEnd(6)}${what.padEnd(16)} serves serial ${serials[zone]} of ${zone}${after}\n`)
  }

  /** Draws the current state below the last drawing. */
  show(): void {
    this.#turning = undefined
    this.#drawn = 0
    this.#draw()
  }

  #draw(): void {
    const text = boardText(this.rows, this.#turning, this.#screen.hasColour)
    const back = this.#drawn > 0 ? `\u001b[${this.#drawn}A\u001b[J` : ''
    this.#screen.write(back + text)
    this.#drawn = text.split('\n').length - 1
  }
}

const GREEN = 32
const YELLOW = 33
const DIM = 2

function boardText(rows: readonly BoardRow[], turning: { zone: string; before: number } | undefined, hasColour: boolean): string {
  const paint = (text: string, sgr: number) => (hasColour ? `\u001b[${sgr}m${text}\u001b[0m` : text)
  const width = Math.max(...ZONES.map(({ name }) => name.length))
  const header = `  ${''.padEnd(22)}${ZONES.map(({ name }) => name.padStart(width + 2)).join('')}`
  const lines = rows.map((row) => {
    const cells = ZONES.map(({ name }) => {
      const serial = row.serials[name]
      const text = (row.isGone ? 'gone' : (serial ?? '-').toString()).padStart(width + 2)
      if (row.isGone) return paint(text, DIM)
      if (turning?.zone !== name) return text
      return paint(text, serial === turning.before ? YELLOW : GREEN)
    })
    const took = row.tookMs === undefined ? '' : `  ${`${Math.round(row.tookMs)} ms`.padStart(8)}`
    return `  ${row.id.padEnd(6)}${row.what.padEnd(16)}${cells.join('')}${took}`
  })
  return `${[paint(header, DIM), ...lines].join('\n')}\n`
}
