/** The numbers of pairs: each its own, for pairs of the fleet alone, and free again after their zone or node. */
import { expect } from 'chai'
import type { Redis } from 'ioredis'
import type { ZoneName } from '../../../lib/dns/name.js'
import { silentLogger } from '../../../lib/runtime/logger.js'
import { Board, type Change, changeOf } from '../../../lib/state/board.js'
import { BoardWriter } from '../../../lib/state/board-writer.js'
import { cellAtRest } from '../../../lib/state/pair-cells.js'
import { readTables } from '../../../lib/state/read-tables.js'
import { nodeCell, noteAnswer } from '../../../lib/observe/node-cells.js'

const [Z1, Z2] = ['z1.example.', 'z2.example.'] as [ZoneName, ZoneName]
const AT = 1_700_000_000_000
const cell = cellAtRest(5, AT, undefined)

/** A Redis that refuses writes until `accept`. */
function writerOf(board: Board) {
  const sent: string[] = []
  let refuses = true
  const pipeline = () => {
    const fields: string[] = []
    const chain = {
      hset: (_key: string, ...added: string[]) => fields.push(...added.filter((_, i) => i % 2 === 0)),
      publish: () => chain,
      pubsub: () => chain,
      exec: async () => {
        if (refuses) return [[new Error('OOM'), null]]
        sent.push(...fields)
        return [[null, 1]]
      },
    }
    return chain
  }
  const removed: string[] = []
  const writer = new BoardWriter({
    redis: { pipeline, hdel: async (_key: string, ...keys: string[]) => removed.push(...keys) } as unknown as Redis,
    log: silentLogger,
    door: { written: (_table: string, _key: string, value: unknown) => value } as never,
    hash: (table) => table,
    message: () => '',
    mayWrite: () => true,
    isAlone: () => true,
    board,
    isOurs: () => true,
  })
  return { writer, sent, removed, accept: () => (refuses = false) }
}

describe('numbers of pairs', () => {
  it('differ for more nodes than a bank has, and lead back to the pair', () => {
    const board = new Board()
    const nodes = Array.from({ length: 8_200 }, (_, i) => `n${i}`)
    const numbers = new Set<number>()
    for (const zone of [Z1, Z2]) for (const node of nodes) numbers.add(board.pairs.numberOf(zone, node))
    expect(numbers.size).to.equal(2 * nodes.length)
    const last = nodes.at(-1)!
    noteAnswer(board, Z1, last, 7, AT)
    expect(nodeCell(board, Z2, 'n7').serial).to.equal(undefined)
    expect([...board.entries('nodes')].map(([key]) => key)).to.deep.equal([`${Z1} ${last}`])
    board.forget([], { nodes: new Set(nodes.slice(0, -1)) })
    expect([...board.entries('nodes')]).to.deep.equal([])
  })

  it('are not for keys in Redis without a zone and node of the fleet', async () => {
    const board = new Board()
    const { writer } = writerOf(board)
    const fields = [`${Z1} ams1`, ...Array.from({ length: 100 }, (_, i) => `junk${i}.example. junk${i}`)]
    await readTables({
      redis: {
        hscan: async (hash: string) => ['0', hash === 'nodes' ? fields.flatMap((key) => [key, '{}']) : []],
      } as unknown as Redis,
      board,
      door: {
        read: (_table: string, key: string) => (key.startsWith('junk') ? undefined : cell),
        keepsUntil: () => AT,
      } as never,
      writer,
      isOlder: false,
      hash: (table) => table,
    })
    expect([...board.pairs.nodes]).to.deep.equal(['ams1'])
    expect(board.pairs.rows.numbers.end).to.equal(1)
    expect(board.pairs.stored.size).to.equal(1)
  })

  it('of removed zones and nodes stay free while their writes are tried again', async () => {
    const board = new Board()
    const { writer, sent, accept } = writerOf(board)
    const none = { nodes: new Set(['lhr1']) }
    board.setPair(Z1, 'ams1', cell)
    board.setPair(Z2, 'lhr1', cell)
    const changes: Change[] = [...board.entries('nodes')].map(([key, value]) => changeOf('nodes', key, value))
    for (const change of changes) writer.add(change)
    const flushing = writer.flush()
    board.forget([{ name: Z1 }], none)
    await flushing
    expect([...board.pairs.nodes]).to.deep.equal(['lhr1'])
    expect(board.pairs.rows.numbers.find(Z1)).to.equal(undefined)
    accept()
    await writer.flush()
    expect(sent).to.deep.equal([`${Z2} lhr1`])
    await writer.stop()
  })

  it('are not noted as in Redis for the next pair with the number', async () => {
    const board = new Board()
    const { writer, removed } = writerOf(board)
    for (const zone of [Z1, Z2]) {
      board.setPair(zone, 'ams1', cell)
      writer.noteStored(`${zone} ams1`)
    }
    board.forget([{ name: Z1 }], { nodes: new Set(['ams1']) })
    expect(board.pairs.stored.size).to.equal(1)
    board.setPair('z3.example.' as ZoneName, 'ams1', cell)
    writer.dropPacked('z3.example.' as ZoneName, 'ams1')
    await writer.flush()
    expect(removed).to.deep.equal([])
    board.forget([], { nodes: new Set() })
    expect(board.pairs.stored.size).to.equal(0)
    await writer.stop()
  })
})
