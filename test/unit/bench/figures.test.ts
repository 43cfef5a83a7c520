/** Tables of the fleet. */
import { expect } from 'chai'
import { Figures, slopeTableOf, tableOf } from '../../../bench/fleet/figures.js'

const silently = <T>(work: () => T): T => {
  const { log } = console
  console.log = () => undefined
  try {
    return work()
  } finally {
    console.log = log
  }
}

const figuresOf = (zones: number, nodes: number, who: string, megabytes?: number): Figures => {
  const figures = new Figures({ zones, nodes }, who)
  silently(() =>
    megabytes === undefined
      ? figures.fail('memory at rest', 'not reached: 30 % of pairs after 300 s')
      : figures.add('memory at rest', 'MB', [megabytes]),
  )
  return figures
}

describe('the table of a fleet', () => {
  it('has a column for each size and distributor, and names what was not reached', () => {
    const other = figuresOf(1000, 2, 'Knot')
    silently(() => other.add('stop', 's', [1.234]))
    expect(tableOf([figuresOf(10_000, 20, 'zonecast', 123.4), other]).split('\n')).to.deep.equal([
      '| | 10,000 × 20 | 1,000 × 2, Knot |',
      '| --- | ---: | ---: |',
      '| memory at rest | 123 MB | not reached: 30 % of pairs after 300 s |',
      '| stop |  | 1.2 s |',
    ])
  })

  it('has slopes in kilobytes of the sizes that reached the figure', () => {
    const mb = (zones: number, nodes: number) => 70 + (zones * 10 + zones * nodes) / 1024
    const sizes = [
      [1000, 2],
      [1000, 20],
      [10_000, 2],
      [10_000, 20],
    ] as const
    const reached = sizes.map(([zones, nodes]) => figuresOf(zones, nodes, 'zonecast', mb(zones, nodes)))
    expect(slopeTableOf([...reached, figuresOf(10_000, 100, 'zonecast')])).to.match(
      /^\| memory at rest \(kB\) \| 71,680 \| 10 \| 1 \|$/m,
    )
  })

  it('has no slopes of a single size', () => {
    expect(slopeTableOf([figuresOf(1000, 2, 'zonecast', 100)])).to.equal('')
  })
})
