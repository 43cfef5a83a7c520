/** Nodes in doubt are queried until their answers prove their content. */
import { setTimeout as sleep } from 'node:timers/promises'
import { expect } from 'chai'
import { parseZoneName } from '../../../lib/dns/name.js'
import type { Fleet } from '../../../lib/fleet/fleet.js'
import { contentIn, nodeCell, noteAnswer, noteLost, noteDelivered } from '../../../lib/observe/node-cells.js'
import { createLogger } from '../../../lib/runtime/logger.js'
import { Board } from '../../../lib/state/board.js'
import type { Version } from '../../../lib/store/version.js'
import type { ZoneStore } from '../../../lib/store/zone-store.js'
import { NodeProofs } from '../../../lib/observe/node-proofs.js'
import { eventually } from '../../support/eventually.js'

const ZONE = parseZoneName('example.')
const VERSION = { serial: 5, digest: 'd5', isTorn: false } as Version

describe('a node with doubtful content', () => {
  let board: Board
  let proofs: NodeProofs
  let now: number
  let faults: string[] | Error
  let asked: number

  const content = (): string => contentIn(nodeCell(board, ZONE, 'n1'), VERSION)
  const shows = (serial: number): unknown => noteAnswer(board, ZONE, 'n1', serial, ++now)
  /** Due queries are made once a second; the clock here does not wait. */
  const tries = async (count: number): Promise<void> => {
    await eventually(() => {
      now += 60_000
      shows(5)
      expect(asked).to.be.at.least(count)
    })
    await sleep(20)
  }

  beforeEach(async () => {
    board = new Board()
    now = 1_000_000
    faults = []
    asked = 0
    const node = { id: 'n1' }
    const zone = { name: ZONE, nodes: [node] }
    const fleet = { zones: new Map([[ZONE, zone]]), nodes: new Map([['n1', node]]) } as unknown as Fleet
    const store = { releasedTo: () => VERSION, zone: () => ({ find: () => VERSION }) } as unknown as ZoneStore
    const prove = async (): Promise<string[]> => {
      asked += 1
      if (faults instanceof Error) throw faults
      return faults
    }
    const log = createLogger({ level: 'silent', isTerminal: false })
    proofs = new NodeProofs(fleet, { board, store, prober: { prove }, clock: { now: () => now }, log })
    shows(4)
    noteDelivered(board, ZONE, 'n1', VERSION, ++now)
    shows(5)
    await proofs.start()
  })
  afterEach(() => proofs.stop())

  it('is not queried while there is no doubt', async () => {
    expect(content()).to.equal('released')
    await sleep(30)
    expect(asked).to.equal(0)
  })

  it('that had lost the zone is in sync again when its answers are correct', async () => {
    noteLost(board, ZONE, 'n1', 'REFUSED', true, ++now)
    shows(5)
    expect(content()).to.equal('unproved')
    await eventually(() => expect(content()).to.equal('released'))
    expect(asked).to.equal(1)
  })

  it('is in conflict while its answers stay bad, and no longer when they are correct', async () => {
    faults = ['answers a.example. A with 192.0.2.9, which is not in the version']
    noteLost(board, ZONE, 'n1', 'REFUSED', true, ++now)
    shows(5)
    await tries(1)
    expect(content(), 'it may be loading').to.equal('unproved')
    await tries(3)
    await eventually(() => expect(content()).to.equal('other'))
    faults = []
    await eventually(() => {
      now += 60_000
      shows(5)
      expect(content()).to.equal('released')
    })
  }).timeout(10_000)

  it('after a new delivery of its serial is queried only after its next answer', async () => {
    noteLost(board, ZONE, 'n1', 'REFUSED', true, ++now)
    faults = new Error('not now')
    shows(5)
    await sleep(30)
    faults = []
    now += 5_000
    noteDelivered(board, ZONE, 'n1', { serial: 4, digest: 'd4' }, now)
    noteDelivered(board, ZONE, 'n1', VERSION, ++now)
    expect(content()).to.equal('unproved')
    const before = asked
    await sleep(30)
    expect(asked).to.equal(before)
    await tries(before + 1)
    expect(content()).to.equal('released')
  })

  it('after a delivery of other content is in conflict until its answers are correct', async () => {
    faults = ['answers a.example. A with 192.0.2.9, which is not in the version']
    now += 5_000
    noteDelivered(board, ZONE, 'n1', { serial: 5, digest: 'other' }, now)
    expect(content()).to.equal('other')
    await tries(3)
    expect(content()).to.equal('other')
    faults = []
    await eventually(() => {
      now += 60_000
      shows(5)
      expect(content()).to.equal('released')
    })
  }).timeout(10_000)

  it('is queried again when the version could not be read', async () => {
    faults = new Error('cannot be read')
    noteLost(board, ZONE, 'n1', 'REFUSED', true, ++now)
    shows(5)
    await tries(2)
    expect(content()).to.equal('unproved')
  }).timeout(10_000)
})
