/** The figures of each size, as tables in Markdown and as rows for bench/results.json. */
import type { Size } from './knobs.js'
import { slopeOf } from './slopes.js'
import { median, type Measured, measured } from '../statistics.js'

/** Figures that every distributor has. */
export const FIRST = 'first load: last node has it'
export const HAS = 'all changed: last node has it'
export const DELIVERY_CPU = 'all changed: CPU per delivery'
export const MEMORY_AFTER = 'all changed: memory after each round'
export const PEAK = 'all changed: peak memory'

export class Figures {
  readonly size: Size
  readonly column: string
  readonly who: string
  readonly #texts = new Map<string, string>()
  readonly #measured: Measured[] = []
  readonly #medians = new Map<string, number>()

  constructor(size: Size, who: string) {
    this.size = size
    this.column = `${size.zones.toLocaleString('en')} × ${size.nodes}${size.isSigned ? ' with TSIG' : ''}`
    this.who = who
  }

  /** `text`: how the table shows the values; default the median with the unit. NaN is a value that the hub did not give. */
  add(name: string, unit: string, values: readonly number[], text = `${rounded(median(values))} ${unit}`): void {
    if (values.some(Number.isNaN)) {
      this.fail(name, 'no answer')
      return
    }
    this.#measured.push(measured(`fleet ${this.column}: ${name}`, this.who, unit, [...values]))
    this.#medians.set(name, median(values))
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

  median(name: string): number | undefined {
    return this.#medians.get(name)
  }

  get names(): string[] {
    return [...this.#texts.keys()]
  }

  get rows(): readonly Measured[] {
    return this.#measured
  }
}

export const rounded = (value: number): string =>
  Math.abs(value) >= 100 ? Math.round(value).toLocaleString('en') : String(Number(value.toPrecision(2)))
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

/** Figures that grow with the fleet, with the unit and the factor of their slopes. */
const GROWING: readonly [name: string, unit: string, factor: number][] = [
  ['check', 'ms', 1000],
  ['first start → ready', 'ms', 1000],
  ['first load: all confirmed', 'ms', 1000],
  ['first load: peak memory', 'kB', 1024],
  ['memory at rest', 'kB', 1024],
  ['Redis memory', 'kB', 1024],
  ['all changed: all confirmed', 'ms', 1000],
  ['restart → ready', 'ms', 1000],
  ['restart: memory', 'kB', 1024],
]

/** Slopes of one distributor over its sizes; empty when the sizes do not determine any. */
export function slopeTableOf(all: readonly Figures[]): string {
  const lines = GROWING.flatMap(([name, unit, factor]) => {
    const points = all.flatMap((figures) => {
      const value = figures.median(name)
      return value === undefined ? [] : [{ ...figures.size, value: value * factor }]
    })
    const slope = slopeOf(points)
    return slope
      ? [`| ${name} (${unit}) | ${rounded(slope.fixed)} | ${rounded(slope.perZone)} | ${rounded(slope.perPair)} |`]
      : []
  })
  return lines.length === 0 ? '' : ['| | fixed | per zone | per pair |', '| --- | ---: | ---: | ---: |', ...lines].join('\n')
}
