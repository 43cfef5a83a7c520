/** A zone that moves between catalogs waits until the nodes of the old one no longer serve it. */
import { expect } from 'chai'
import { TsigError } from '../../../lib/dns/errors.js'
import { nameToWire, parseZoneName } from '../../../lib/dns/name.js'
import type { FleetNode, FleetZone } from '../../../lib/fleet/fleet.js'
import { Departures } from '../../../lib/release/departures.js'
import type { NodePaths } from '../../../lib/observe/node-paths.js'
import { Board } from '../../../lib/state/board.js'
import { TsigKey } from '../../../lib/dns/tsig-record.js'
import type { SoaAnswer, SoaManner } from '../../../lib/transport/soa-query.js'

const KEY = new TsigKey('k.', 'hmac-sha256', Buffer.alloc(32), 'k')
const [A, B] = [parseZoneName('a.cat'), parseZoneName('b.cat')]
const node = (id: string): FleetNode => ({ id, cloud: 'A', site: undefined, paths: [], key: undefined })
const [A1, A2, B1] = [node('a1'), node('a2'), node('b1')]
const zoneOn = (...nodes: FleetNode[]) =>
  ({ name: parseZoneName('z.example'), apex: nameToWire('z.example'), nodes }) as unknown as FleetZone

describe('a zone that moves between published catalogs', () => {
  let answers: Record<string, 'serves' | number | 'silent' | 'unsigned'>
  /** The answer to a question over TCP without a key. */
  let unkeyed: 'serves' | number
  let listed: boolean
  let board: Board
  let departures: Departures
  const ask = () => departures.ask(() => listed)

  beforeEach(() => {
    answers = { a1: 'serves', a2: 'serves' }
    unkeyed = 5
    listed = false
    board = new Board()
    departures = new Departures({
      board,
      paths: { current: ({ id }: FleetNode) => ({ id, key: KEY }) } as unknown as NodePaths,
      soa: {
        ask: async ({ id, key }, _apex, manner?: SoaManner) => {
          const isPlain = key === undefined && manner?.overTcp === true
          const answer = isPlain ? unkeyed : answers[id]!
          if (answer === 'unsigned') throw new TsigError({ code: 'TSIG_MISSING' }, 'the answer is not signed')
          if (answer === 'serves') return { soa: { serial: 7 } } as unknown as SoaAnswer
          if (answer === 'silent') throw new Error(`${id} does not answer`)
          throw Object.assign(new Error(`RCODE ${answer}`), { fault: { code: 'SOA_RCODE', rcode: answer } })
        },
      },
    })
    departures.note(zoneOn(B1), A, [A1, A2])
  })

  it('waits for every node of the old catalog', async () => {
    expect(departures.isPending(zoneOn(B1).name, B)).to.equal(true)
    answers.a1 = 5
    expect(await ask()).to.deep.equal([])
    expect(departures.finding).to.match(/1 zones wait .*z\.example\. \(a\.cat\.: a2: it serves serial 7\)/)
    answers.a2 = 9
    expect(await ask()).to.deep.equal(['z.example.'])
    expect([departures.isPending(zoneOn(B1).name, B), departures.finding]).to.deep.equal([false, undefined])
  })

  it('waits for a node that does not answer, or that cannot serve the zone at the moment', async () => {
    Object.assign(answers, { a1: 'silent', a2: 2 })
    expect(await ask()).to.deep.equal([])
    expect(departures.size).to.equal(1)
  })

  it('believes an answer without a signature only when it comes over TCP to a question without a key', async () => {
    Object.assign(answers, { a1: 'unsigned', a2: 5 })
    unkeyed = 'serves'
    expect(await ask()).to.deep.equal([])
    unkeyed = 2
    expect(await ask()).to.deep.equal([])
    unkeyed = 5
    expect(await ask()).to.deep.equal(['z.example.'])
  })

  it('does not wait for a drained node', async () => {
    Object.assign(answers, { a1: 'silent', a2: 5 })
    board.set('drains', 'a1', { at: 1, drained: true, by: 'ann', reason: undefined })
    expect(await ask()).to.deep.equal(['z.example.'])
  })

  it('asks no node while the old catalog lists the zone', async () => {
    Object.assign(answers, { a1: 5, a2: 5 })
    listed = true
    expect(await ask()).to.deep.equal([])
    listed = false
    expect(await ask()).to.deep.equal(['z.example.'])
  })

  it('may come back to the old catalog at once', () => {
    expect(departures.isPending(zoneOn(B1).name, A)).to.equal(false)
    departures.forget(zoneOn(B1).name, A)
    expect(departures.size).to.equal(0)
  })

  it('does not wait for nodes that serve it by the new catalog too', async () => {
    departures.note(zoneOn(A1, B1), A, [A1, A2])
    answers.a2 = 5
    expect(await ask()).to.deep.equal(['z.example.'])
  })
})
