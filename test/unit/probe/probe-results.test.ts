/** The kept results of probes, and the counts that a scrape reads. */
import { expect } from 'chai'
import type { ProbeAnswer } from '../../../lib/answers/probe-answers.js'
import type { ProbeState } from '../../../lib/probe/judge-visits.js'
import { ProbeResults } from '../../../services/api/probes/probe-results.js'

const T = 1_800_000_000_000
const result = (address: string, zone: string, state: ProbeState, atMs = T): ProbeAnswer => ({
  vantage: null,
  cloud: 'A',
  address,
  zone,
  instance: null,
  node: null,
  serial: null,
  state,
  rttMs: null,
  at: new Date(atMs).toISOString(),
  error: null,
})
const placesOf = (results: Iterable<ProbeAnswer>) => Array.from(results, ({ address, zone }) => `${address} ${zone}`)

describe('results of probes', () => {
  it('are counted by cloud and state, and by address', () => {
    const results = new ProbeResults()
    for (const state of ['stranger', 'in-sync', 'stranger'] as const) results.keep(result('1', 'a.', state), T)
    results.keep(result('1', 'b.', 'stuck'), T)
    expect([results.countOf('A', 'stranger'), results.countOf('A', 'in-sync'), results.countOf('A', 'stuck')]).to.deep.equal([
      1, 0, 1,
    ])
    expect(Array.from(results.byAddress(), ({ strangers }) => strangers)).to.deep.equal([1])
    results.dropUnless(() => false)
    expect([results.size, results.countOf('A', 'stranger'), [...results.byAddress()].length]).to.deep.equal([0, 0, 0])
  })

  it('of silence end with a later answer of the address, for any zone', () => {
    const results = new ProbeResults()
    results.keep(result('1', 'a.', 'silent', T), T)
    results.keep(result('2', 'a.', 'silent', T), T)
    results.keep(result('1', 'b.', 'silent', T + 5_000), T)
    results.keep(result('1', 'c.', 'in-sync', T + 6_000), T + 4_000)
    expect(placesOf(results.sorted())).to.deep.equal(['1 b.', '1 c.', '2 a.'])
    expect(results.countOf('A', 'silent')).to.equal(2)
  })

  it('have a limit, at which the oldest goes', () => {
    const results = new ProbeResults(2)
    for (const zone of ['b.', 'c.', 'b.', 'a.']) results.keep(result('1', zone, 'in-sync'), T)
    expect(placesOf(results.sorted())).to.deep.equal(['1 a.', '1 b.'])
    expect(results.countOf('A', 'in-sync')).to.equal(2)
  })

  it('have the same first ones at each scrape', () => {
    const results = new ProbeResults()
    for (const zone of ['c.', 'b.', 'c.', 'a.', 'c.']) results.keep(result('1', zone, 'in-sync'), T)
    expect(placesOf(results.first(2))).to.deep.equal(['1 c.', '1 b.'])
  })
})
