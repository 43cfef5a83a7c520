/** The state of a service address from its answers. */
import { expect } from 'chai'
import { judgeVisits, type ProbeFacts, type VisitNode } from '../../../lib/probe/judge-visits.js'
import type { Visit } from '../../../lib/probe/visit.js'

const NOW = 10_000_000
const answer = (transport: 'udp' | 'tcp', serial: number, instance: string | undefined = 'ams1'): Visit => ({
  transport,
  instance,
  serial,
  rttMs: 1,
  error: undefined,
})
const silence = (transport: 'udp' | 'tcp'): Visit => ({
  transport,
  instance: undefined,
  serial: undefined,
  rttMs: undefined,
  error: 'timed out',
})
const both = (serial: number, instance?: string) => [answer('udp', serial, instance), answer('tcp', serial, instance)]
const node = (state: 'in-sync' | 'stuck' | 'drained' | 'unknown', serial: number | undefined, sinceMs = 60_000) => ({
  state,
  serial,
  serialSince: NOW - sinceMs,
})
const released = (serial: number, agoMs = 600_000) => ({ serial, releasedAt: NOW - agoMs })

/** State and error for each case. */
type Case = Pick<ProbeFacts, 'visits' | 'released'> & { node: VisitNode; tcpNode?: VisitNode }
const CASES: [name: string, facts: Case, state: string, error?: RegExp][] = [
  ['the node as it is', { visits: both(7), node: node('in-sync', 7), released: released(7) }, 'in-sync'],
  ['a node that is stuck', { visits: both(6), node: node('stuck', 6), released: released(7) }, 'stuck', /stuck/],
  ['a drained node', { visits: both(6), node: node('drained', 6), released: released(7) }, 'drained'],
  [
    'an older serial than at the control address',
    { visits: both(6), node: node('in-sync', 7), released: released(7) },
    'stale',
    /serial 6 here, 7/,
  ],
  ['the same just after a change', { visits: both(6), node: node('in-sync', 7, 2_000), released: released(7, 2_000) }, 'syncing'],
  ['a newer serial than the last observation', { visits: both(7), node: node('in-sync', 6), released: released(7) }, 'in-sync'],
  ['a serial that was never released', { visits: both(9), node: node('in-sync', 7), released: released(7) }, 'ahead', /newer/],
  [
    'a silent control address, and users who are served',
    { visits: both(7), node: node('unknown', 7), released: released(7) },
    'in-sync',
  ],
  ['a stranger', { visits: both(7, 'evil'), node: 'none', released: released(7) }, 'stranger', /"evil"/],
  ['no answer', { visits: [silence('udp'), silence('tcp')], node: undefined, released: released(7) }, 'silent', /UDP: .*TCP: /],
  [
    'an answer over UDP alone',
    { visits: [answer('udp', 7), silence('tcp')], node: node('in-sync', 7), released: released(7) },
    'mixed',
    /TCP: timed out/,
  ],
  [
    'two serials of one instance',
    { visits: [answer('udp', 7), answer('tcp', 6)], node: node('in-sync', 7), released: released(7) },
    'mixed',
    /serial 7 over UDP and 6 over TCP/,
  ],
  [
    'two instances with two serials, of which the worse counts',
    { visits: [answer('udp', 7), answer('tcp', 6, 'ams2')], node: node('in-sync', 7), released: released(7) },
    'stale',
    /serial 6 here, 7/,
  ],
  [
    'two instances that are each as their own node',
    {
      visits: [answer('udp', 7), answer('tcp', 6, 'ams2')],
      node: node('in-sync', 7),
      tcpNode: node('stuck', 6),
      released: released(7),
    },
    'stuck',
    /stuck/,
  ],
  [
    'a node of another cloud',
    { visits: both(7, 'fra1'), node: { foreign: 'fra1', cloud: 'B' }, released: released(7) },
    'stranger',
    /fra1 of cloud B/,
  ],
  [
    'a stranger over TCP alone, which refuses',
    {
      visits: [answer('udp', 7), { ...silence('tcp'), instance: 'evil', error: 'it answers REFUSED' }],
      node: node('in-sync', 7),
      tcpNode: 'none',
      released: released(7),
    },
    'stranger',
    /"evil"/,
  ],
  ['an instance without a name', { visits: both(7, ''), node: undefined, released: released(7) }, 'in-sync'],
  ['the same with an old serial', { visits: both(6, ''), node: undefined, released: released(7) }, 'lagging', /older/],
  ['the same soon after a release', { visits: both(6, ''), node: undefined, released: released(7, 1_000) }, 'syncing'],
  // RFC 1982 §3.2: neither is newer.
  ['a serial apart from the released one', { visits: both(7 + 2 ** 31), node: undefined, released: released(7) }, 'lagging', /./],
  ['a zone without a release', { visits: both(7), node: undefined, released: undefined }, 'unknown', /no version/],
]

describe('a probe of a service address', () => {
  for (const [name, { node: udp, tcpNode = udp, ...facts }, state, error] of CASES)
    it(`of ${name} is ${state}`, () => {
      const verdict = judgeVisits({ ...facts, nodes: [udp, tcpNode], now: NOW })
      expect(verdict.state).to.equal(state)
      if (error === undefined) expect(verdict.error).to.equal(undefined)
      else expect(verdict.error).to.match(error)
    })

  it('names the visit that counts', () => {
    const visits = [answer('udp', 7), answer('tcp', 6, 'ams2')]
    const verdict = judgeVisits({ visits, nodes: [node('in-sync', 7), node('in-sync', 7)], released: released(7), now: NOW })
    expect(verdict).to.include({ state: 'stale', visit: 1 })
  })
})
