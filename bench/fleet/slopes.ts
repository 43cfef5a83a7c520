/** How a figure grows with the number of zones and of pairs: a plane through the figures of several sizes, by least squares. */
import type { Size } from './knobs.js'

export interface Slope {
  fixed: number
  perZone: number
  perPair: number
}

export interface Point extends Size {
  value: number
}

/** Undefined when the sizes do not determine it: fewer than three, or all with as many nodes. */
export function slopeOf(points: readonly Point[]): Slope | undefined {
  const rows = points.map(({ zones, nodes, value }) => ({ terms: [1, zones, zones * nodes], value }))
  const matrix = [0, 1, 2].map((i) => [
    ...[0, 1, 2].map((j) => rows.reduce((sum, { terms }) => sum + terms[i]! * terms[j]!, 0)),
    rows.reduce((sum, { terms, value }) => sum + terms[i]! * value, 0),
  ])
  const solution = solve(matrix)
  return solution && { fixed: solution[0]!, perZone: solution[1]!, perPair: solution[2]! }
}

/** Gaussian elimination with pivots; undefined for a singular matrix. The last column is the right side. */
function solve(matrix: number[][]): number[] | undefined {
  const n = matrix.length
  for (let i = 0; i < n; i++) {
    const largest = Math.max(...matrix.map((row) => Math.abs(row[i]!)))
    const pivot = matrix.reduce((best, row, at) => (at >= i && Math.abs(row[i]!) > Math.abs(matrix[best]![i]!) ? at : best), i)
    const [row] = matrix.splice(pivot, 1)
    matrix.splice(i, 0, row!)
    if (Math.abs(row![i]!) <= largest * 1e-9) return undefined
    for (let j = 0; j < n; j++) {
      if (j === i) continue
      const factor = matrix[j]![i]! / row![i]!
      for (let k = i; k <= n; k++) matrix[j]![k]! -= factor * row![k]!
    }
  }
  return matrix.map((row, i) => row[n]! / row[i]!)
}
