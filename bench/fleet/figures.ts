/** The figures of each size, as a table in Markdown and as rows for bench/results.json. */
import { median, type Measured, measured } from '../statistics.js'

/** Figures that every distributor has. */
export const FIRST = 'first load: last node has it'
export const HAS = 'all changed: last node has it'
export const DELIVERY_CPU = 'its CPU per delivery'
export const MEMORY_AFTER = 'memory after each round'
export const PEAK = 'peak memory of the rounds'

export class Figures {
  readonly column: string
  readonly who: string
  readonly #texts = new Map<string, string>()
  readonly #measured: Measured[] = []

  constructor(column: string, who: string) {
    this.column = column
    this.who = who
  }

  /** `text`: how the table shows the values; default the median with the unit. */
  add(name: string, unit: string, values: readonly number[], text = `${rounded(median(values))} ${unit}`): void {
    this.#measured.push(measured(`fleet ${this.column}: ${name}`, this.who, unit, [...values]))
    this.fail(name, text)
  }

  /** A figure that was not reached, in words. */
  fail(name: string, why: string): void {
    this.#texts.set(name, why)
    console.log(`${new Date().toISOString().slice(11, 19)} ${this.column} ${this.who} · ${name}: ${why}`)
  }

  text(name: string): string | undefined {
    return this.#texts.get(name)
  }

  get names(): string[] {
    return [...this.#texts.keys()]
  }

  get rows(): readonly Measured[] {
    return this.#measured
  }
}

export const rounded = (value: number): string =>
  value >= 100 ? Math.round(value).toLocaleString('en') : String(Number(value.toPrecision(2)))
export const spread = (values: readonly number[], unit: string): string => `${values.map(rounded).join(' · ')} ${unit}`
export const middleAndMax = (values: readonly number[], unit: string): string =>
  `${rounded(median(values))}, max ${rounded(Math.max(...values))} ${unit}`

/** Sizes in columns, figures in rows. */
export function tableOf(all: readonly Figures[]): string {
  const names = [...new Set(all.flatMap((figures) => figures.names))]
  const lines = [
    `| | ${all.map(({ column, who }) => (who === 'zonecast' ? column : `${column}, ${who}`)).join(' | ')} |`,
    `| --- |${' ---: |'.repeat(all.length)}`,
    ...names.map((name) => `| ${name} | ${all.map((figures) => figures.text(name) ?? '').join(' | ')} |`),
  ]
  return lines.join('\n')
}
