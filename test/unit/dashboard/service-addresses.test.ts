/** Service addresses on the page: the results of vantage points are read where they are bad, and become faults. */
import { expect } from 'chai'
import type { ProbeAnswer } from '../../../lib/answers/probe-answers.js'
import type { VantageRowAnswer } from '../../../lib/answers/vantage-answers.js'
import { NODE_STATES } from '../../../lib/fleet/node-state.js'
import { isWell, PROBE_STATES } from '../../../lib/probe/judge-visits.js'
import { BAD_PROBES, readServices, serviceProblems } from '../../../services/api/dashboard/service-addresses.js'

const NOW = Date.parse('2026-11-03T03:00:00.000Z')
const AT = '2026-11-03T02:55:00.000Z'

const probe = (vantage: string | null, state: ProbeAnswer['state'], zone = 'a.'): ProbeAnswer => ({
  vantage,
  cloud: 'A',
  address: '198.51.100.1',
  zone,
  instance: null,
  node: null,
  serial: null,
  state,
  rttMs: null,
  at: AT,
  error: null,
})
const vantage = (name: string, state: VantageRowAnswer['state'], probes: VantageRowAnswer['probes'] = {}): VantageRowAnswer => ({
  name,
  state,
  since: AT,
  reportedAt: AT,
  probes,
})

/** An API with these vantage points; each has one stranger when it is asked for its results. */
const apiOf = (vantages: VantageRowAnswer[]) => {
  const asked: string[] = []
  return {
    asked,
    get: async <T>(path: string): Promise<T> => {
      asked.push(path)
      if (path === '/v1/probes') return { probes: [probe(null, 'in-sync')] } as T
      if (path === '/v1/vantages') return { vantages } as T
      return { results: [probe(path.split('/').at(-1)!, 'stranger')] } as T
    },
  }
}

describe('the service addresses of the page', () => {
  it('have the results of a vantage point that sees a stranger, and the hub does not', async () => {
    const api = apiOf([vantage('tokyo', 'up', { stranger: 1 }), vantage('lima', 'up', { 'in-sync': 3, lagging: 1 })])
    const services = await readServices(api)
    expect(api.asked).to.deep.equal(['/v1/probes', '/v1/vantages', '/v1/vantages/tokyo'])
    expect(services.probes.map(({ vantage: from, state }) => [from, state])).to.deep.equal([
      [null, 'in-sync'],
      ['tokyo', 'stranger'],
    ])
    expect(serviceProblems(services, NOW).map(({ what, tone }) => [what, tone])).to.deep.equal([
      ['Service address 198.51.100.1 of cloud A: stranger for 1 zone, such as a., seen from tokyo', 'bad'],
    ])
  })

  it('have a lost vantage point as a fault with its next step', () => {
    const [problem, ...others] = serviceProblems({ probes: [], vantages: [vantage('tokyo', 'lost')], unread: 0 }, NOW)
    expect(others).to.deep.equal([])
    expect(problem).to.include({
      what: 'Vantage point tokyo is lost',
      detail: 'last report 5m ago; its results do not count any more',
      doc: 'vantage-points.md',
      command: 'zonecast vantages',
    })
    expect(problem!.next).to.match(/process/)
    expect(serviceProblems({ probes: [], vantages: [vantage('tokyo', 'waiting')], unread: 0 }, NOW)).to.deep.equal([])
  })

  it('are one fault when many vantage points see the same, and none is dropped in silence', async () => {
    const services = await readServices(apiOf(Array.from({ length: 13 }, (_, i) => vantage(`v${i}`, 'up', { stranger: 1 }))))
    expect(serviceProblems(services, NOW).map(({ what }) => what)).to.deep.equal([
      'Service address 198.51.100.1 of cloud A: stranger for 1 zone, such as a., seen from v0, v1, v2, v3 and 6 more',
      '3 more vantage points with bad results',
    ])
  })

  it('are bad in each state that is not one of a node', () => {
    const own = PROBE_STATES.filter((state) => !(NODE_STATES as readonly string[]).includes(state))
    expect(BAD_PROBES).to.have.members(own)
    expect(own.filter(isWell)).to.deep.equal([])
  })
})
