/** Medians and percentiles: these machines are noisy, so means are not reported. */
export function quantile(values: readonly number[], q: number): number {
  const sorted = [...values].sort((a, b) => a - b)
  return sorted[Math.min(sorted.length - 1, Math.floor(q * sorted.length))] ?? Number.NaN
}

export const median = (values: readonly number[]): number => quantile(values, 0.5)

export interface Measured {
  row: string
  who: string
  unit: string
  /** Tenth percentile. */
  p10: number
  median: number
  p95: number
  values: number[]
}

export const measured = (row: string, who: string, unit: string, values: number[]): Measured => ({
  row,
  who,
  unit,
  p10: quantile(values, 0.1),
  median: median(values),
  p95: quantile(values, 0.95),
  values,
})

const round = (value: number): string => (value >= 100 ? value.toFixed(0) : value >= 1 ? value.toFixed(1) : value.toFixed(3))

/** A table per row, with each peer's median divided by zonecast's. */
export function printTable(all: readonly Measured[]): string {
  const lines: string[] = []
  for (const row of new Set(all.map((m) => m.row))) {
    const rows = all.filter((m) => m.row === row)
    const ours = rows.find((m) => m.who === 'zonecast')
    lines.push('', `${row} (${rows[0]!.unit})`, '| who | p10 | median | p95 | × ours |', '|---|---:|---:|---:|---:|')
    for (const m of rows)
      lines.push(
        `| ${m.who} | ${round(m.p10)} | ${round(m.median)} | ${round(m.p95)} | ${ours ? (m.median / ours.median).toFixed(2) : '–'} |`,
      )
  }
  return lines.join('\n')
}
