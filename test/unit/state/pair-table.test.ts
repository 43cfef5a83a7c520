/** The board's node cells: packed pairs answer as complete cells do, whatever happens to them. */
import { expect } from 'chai'
import fc from 'fast-check'
import type { ZoneName } from '../../../lib/dns/name.js'
import { contentOf } from '../../../lib/fleet/node-content.js'
import { nodeCell, noteAnswer, noteDelivered, noteLost, notePush, noteSilence } from '../../../lib/observe/node-cells.js'
import { Board } from '../../../lib/state/board.js'
import { decodePairs, encodePage } from '../../../lib/state/pair-pages.js'
import { secondOf } from '../../../lib/state/node-column.js'
import { pairKey } from '../../../lib/state/tables.js'

const ZONES = ['a.example.', 'b.example.', 'c.example.', 'd.example.'] as ZoneName[]
const NODES = ['n1', 'n2']
const T0 = Date.UTC(2026, 10, 1)
const digestOf = (zone: string, serial: number, variant = 0): string =>
  `${(serial * 16 + variant).toString(16).padStart(8, '0')}${zone.length}`

interface Step {
  kind: 'answer' | 'delivered' | 'lost' | 'silence' | 'push'
  zone: ZoneName
  node: string
  serial: number
  variant: number
  afterMs: number
}

const step: fc.Arbitrary<Step> = fc.record({
  kind: fc.constantFrom('answer', 'answer', 'answer', 'delivered', 'delivered', 'lost', 'silence', 'push'),
  zone: fc.constantFrom(...ZONES),
  node: fc.constantFrom(...NODES),
  serial: fc.integer({ min: 1, max: 6 }),
  variant: fc.integer({ min: 0, max: 9 }).map((roll) => (roll === 0 ? 1 : 0)),
  // Reports of deliveries come within a second of the answer, while a pair is complete.
  afterMs: fc.constantFrom(2_000, 5_000, 700_000),
})

function take(board: Board, { kind, zone, node, serial, variant }: Step, now: number): void {
  if (kind === 'answer') noteAnswer(board, zone, node, serial, now, { since: T0, hasHeardAll: () => true })
  if (kind === 'delivered') noteDelivered(board, zone, node, { serial, digest: digestOf(zone, serial, variant) }, now)
  if (kind === 'lost') noteLost(board, zone, node, 'the node answers REFUSED', true, now)
  if (kind === 'silence') noteSilence(board, zone, node, 'no answer', true, now)
  if (kind === 'push') {
    const none = { notifySentAt: now, notifyAnsweredAt: now, notifyError: undefined, takenAt: now, takenBy: 'ixfr' as const }
    notePush(board, zone, node, { target: serial, startedAt: now, notifiesSent: 1, confirmedAt: undefined, ...none }, now)
  }
}

describe('packed pairs', () => {
  it('answer as complete cells: serial, silence, doubts and content', () => {
    fc.assert(
      fc.property(fc.array(step, { maxLength: 60 }), fc.integer({ min: 0, max: 3 }), (steps, recent) => {
        const [packed, complete] = [new Board({ recent }), new Board()]
        let now = T0
        for (const each of steps) {
          now += each.afterMs
          take(packed, each, now)
          take(complete, each, now)
          for (const zone of ZONES)
            for (const node of NODES) {
              const [is, should] = [nodeCell(packed, zone, node), nodeCell(complete, zone, node)]
              const facts = ({ serial, missed, error, lostAt, strayAt, unprovedAt, elsewhereAt, observedAt }: typeof is) => ({
                ...{ serial, missed, error, lostAt, strayAt, unprovedAt, elsewhereAt },
                observed: observedAt === undefined ? undefined : Math.floor(observedAt / 1000),
              })
              expect(facts(is)).to.deep.equal(facts(should))
              for (let serial = 1; serial <= 6; serial++)
                for (const torn of [false, true]) {
                  const version = { serial, digest: digestOf(zone, serial), torn }
                  if (is.serial === serial) expect(contentOf(is, version)).to.equal(contentOf(should, version))
                }
            }
        }
      }),
      { numRuns: 300 },
    )
  })

  it('are no news to others when a node answers the same again', () => {
    for (const recent of [0, 10]) {
      const board = new Board({ recent })
      noteAnswer(board, ZONES[0]!, 'n1', 5, T0)
      const heard: boolean[] = []
      board.onChange((change) => heard.push('isQuiet' in change && change.isQuiet))
      noteAnswer(board, ZONES[0]!, 'n1', 5, T0 + 60_000)
      noteAnswer(board, ZONES[0]!, 'n1', 6, T0 + 120_000)
      expect(heard).to.deep.equal([true, false])
      expect(nodeCell(board, ZONES[0]!, 'n1').observedAt).to.equal(T0 + 120_000)
    }
  })

  it('keep the complete cells of the last changes only', () => {
    const board = new Board({ recent: 3 })
    for (let i = 0; i < 10; i++) noteAnswer(board, `z${i}.` as ZoneName, 'n1', i + 1, T0)
    expect([...board.entries('nodes')].map(([key]) => key)).to.deep.equal(['z7. n1', 'z8. n1', 'z9. n1'])
    expect(nodeCell(board, 'z0.' as ZoneName, 'n1').serial).to.equal(1)
    expect(board.pairs.column('n1')!.size).to.equal(7)
  })

  it('keep a pair complete while it has other content than the other nodes under its serial', () => {
    const board = new Board({ recent: 0 })
    const zone = ZONES[0]!
    for (const [node, digest] of [
      ['n1', 'aa'.repeat(16)],
      ['n2', 'bb'.repeat(16)],
    ] as const) {
      noteAnswer(board, zone, node, 1, T0)
      noteDelivered(board, zone, node, { serial: 2, digest }, T0 + 1_000)
      noteAnswer(board, zone, node, 2, T0 + 2_000)
    }
    expect(nodeCell(board, zone, 'n1').taken?.digest).to.equal('aa'.repeat(16))
    expect(nodeCell(board, zone, 'n2').taken?.digest).to.equal('bb'.repeat(16))
  })

  it('claim no content under a serial that another process used for other content', () => {
    const board = new Board({ recent: 0 })
    const zone = ZONES[0]!
    noteAnswer(board, zone, 'n1', 1, T0)
    noteDelivered(board, zone, 'n1', { serial: 2, digest: 'bb'.repeat(16) }, T0 + 1_000)
    noteAnswer(board, zone, 'n1', 2, T0 + 2_000)
    board.merge('contents', zone, { at: 99, known: [{ serial: 2, digest: 'aa'.repeat(16) }] })
    const version = { serial: 2, digest: 'bb'.repeat(16), torn: true }
    expect(contentOf(nodeCell(board, zone, 'n1'), version)).to.equal('unknown')
  })

  it('get the silence and the answers of their node from its contact', () => {
    for (const recent of [0, 10]) {
      const board = new Board({ recent })
      const zone = ZONES[0]!
      noteAnswer(board, zone, 'n1', 5, T0)
      board.set('contacts', 'n1', { at: T0 + 60_000, silentSince: T0 + 30_000, missed: 4, error: 'no answer' })
      expect(board.get('nodes', pairKey(zone, 'n1'))).to.include({ serial: 5, missed: 4, error: 'no answer', observedAt: T0 })
      expect(board.get('nodes', pairKey(ZONES[1]!, 'n1')), 'never observed').to.include({ serial: undefined, missed: 4 })
      noteAnswer(board, zone, 'n1', 5, T0 + 90_000)
      expect(nodeCell(board, zone, 'n1')).to.include({ missed: 0, error: undefined })
      board.set('contacts', 'n1', { at: T0 + 200_000, missed: 0, sweptAt: T0 + 190_000 })
      expect(nodeCell(board, zone, 'n1').observedAt).to.equal(T0 + 190_000)
    }
  })

  it('are gone with their zone and with their node, also when a new zone gets the number', () => {
    const board = new Board({ recent: 1 })
    for (const node of NODES) for (const zone of ZONES) noteAnswer(board, zone, node, 7, T0)
    board.forget([{ name: ZONES[0]! }], { nodes: new Set(['n1']) })
    for (const node of NODES) expect(board.get('nodes', pairKey(ZONES[0]!, node))).to.equal(undefined)
    for (const zone of ZONES) expect(board.get('nodes', pairKey(zone, 'n2'))).to.equal(undefined)
    expect(board.pairs.rows.of('new.example.' as ZoneName)).to.be.lessThan(ZONES.length)
    expect(board.get('nodes', 'new.example. n1')).to.equal(undefined)
  })

  it('travel in pages to a process that knows the zones under other numbers', () => {
    const [from, to] = [new Board({ recent: 0 }), new Board({ recent: 0 })]
    for (const zone of [...ZONES].reverse()) to.pairs.rows.of(zone)
    for (const [i, zone] of ZONES.entries()) {
      noteAnswer(from, zone, 'n1', 1, T0)
      noteDelivered(from, zone, 'n1', { serial: i + 2, digest: digestOf(zone, i + 2) }, T0 + 1_000)
      noteAnswer(from, zone, 'n1', i + 2, T0 + 2_000)
      to.merge('contents', zone, from.get('contents', zone)!)
    }
    for (let page = 0; page < 64; page++)
      for (const { zone, ...seen } of decodePairs(to.pairs, encodePage(from.pairs, 'n1', page), secondOf(T0) + 86_400)!)
        to.pairs.adopt('n1', zone, seen)
    for (const zone of ZONES) expect(nodeCell(to, zone, 'n1')).to.deep.equal(nodeCell(from, zone, 'n1'))
  })

  it('of another process replace an older serial of the same second, and no newer one', () => {
    const board = new Board({ recent: 0 })
    noteAnswer(board, ZONES[0]!, 'n1', 5, T0 + 100)
    const number = board.pairs.rows.of(ZONES[0]!)
    const adopt = (serial: number, second: number): boolean =>
      board.pairs.adopt('n1', number, { serial, second, isDelivered: false })
    expect(adopt(4, secondOf(T0))).to.equal(false)
    expect(adopt(6, secondOf(T0))).to.equal(true)
    expect(adopt(7, secondOf(T0) - 1)).to.equal(false)
    expect(nodeCell(board, ZONES[0]!, 'n1').serial).to.equal(6)
  })

  it('read no page that is cut, from the future, or of unknown zones', () => {
    const board = new Board({ recent: 0 })
    noteAnswer(board, ZONES[0]!, 'n1', 5, T0)
    const page = encodePage(board.pairs, 'n1', board.pairs.rows.page(0))
    expect(decodePairs(board.pairs, page.subarray(1), secondOf(T0))).to.equal(undefined)
    expect(decodePairs(board.pairs, page, secondOf(T0) - 1)).to.equal(undefined)
    expect(decodePairs(new Board().pairs, page, secondOf(T0))).to.deep.equal([])
  })

  it('need no complete cell, however many there are', () => {
    const board = new Board({ recent: 0 })
    for (let node = 0; node < 20; node++)
      for (let zone = 0; zone < 5_000; zone++) noteAnswer(board, `z${zone}.example.` as ZoneName, `n${node}`, 1, T0)
    expect([...board.entries('nodes')]).to.deep.equal([])
    expect(board.pairs.column('n19')!.size).to.equal(5_000)
  })
})
