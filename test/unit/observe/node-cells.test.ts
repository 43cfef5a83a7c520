/** Detection of a node that got its serial from another server. */
import { expect } from 'chai'
import { parseZoneName } from '../../../lib/dns/name.js'
import { nodeCell, noteAnswer, noteLost, noteDelivered } from '../../../lib/observe/node-cells.js'
import { Board } from '../../../lib/state/board.js'

const ZONE = parseZoneName('example.')

describe('a node that serves a new serial', () => {
  const scene = () => {
    const board = new Board()
    return {
      shows: (serial: number, at: number, since = Number.NEGATIVE_INFINITY, heardUntil = Number.POSITIVE_INFINITY) =>
        noteAnswer(board, ZONE, 'n1', serial, at, { since, hasHeardAll: (then) => then <= heardUntil }),
      sent: (serial: number, at: number) => noteDelivered(board, ZONE, 'n1', { serial, digest: `d${serial}` }, at),
      lost: (at: number) => noteLost(board, ZONE, 'n1', 'REFUSED', true, at),
      isElsewhere: () => nodeCell(board, ZONE, 'n1').elsewhereAt !== undefined,
    }
  }

  it('without a delivery got it from another server', () => {
    const { shows, isElsewhere } = scene()
    shows(1, 10)
    expect(isElsewhere()).to.equal(false)
    shows(2, 20)
    expect(isElsewhere()).to.equal(true)
  })

  it('got it from a hub that sent it, also when that report is late', () => {
    const { shows, sent, isElsewhere } = scene()
    shows(1, 10)
    sent(2, 15)
    shows(2, 20)
    expect(isElsewhere()).to.equal(false)
    shows(3, 30)
    sent(3, 31)
    expect(isElsewhere()).to.equal(false)
  })

  it('may have got it from a hub after a restart, whose last deliveries may be lost', () => {
    const { shows, isElsewhere } = scene()
    shows(1, 10)
    shows(2, 120, 100)
    expect(isElsewhere()).to.equal(false)
    // It may take minutes to load an earlier delivery.
    shows(3, 600_100, 100)
    expect(isElsewhere()).to.equal(false)
    shows(4, 600_101, 100)
    expect(isElsewhere()).to.equal(true)
  })

  it('counts as supplied by another server only after all hubs that may have sent it have reported', () => {
    const { shows, sent, isElsewhere } = scene()
    shows(1, 10)
    shows(2, 20, undefined, 15)
    expect(isElsewhere()).to.equal(false)
    shows(2, 30, undefined, 25)
    expect(isElsewhere()).to.equal(true)
    shows(2, 40, undefined, 15)
    expect(isElsewhere(), 'what is sure stays so').to.equal(true)
    sent(2, 18)
    expect(isElsewhere()).to.equal(false)
  })

  it('got it from another server after it had lost the zone, unless it is the serial that it had', () => {
    const { shows, lost, isElsewhere } = scene()
    shows(1, 10)
    lost(20)
    shows(1, 30)
    expect(isElsewhere()).to.equal(false)
    lost(40)
    shows(2, 50)
    expect(isElsewhere()).to.equal(true)
  })

  it('got its first one from another server when it was observed without the zone', () => {
    const { shows, lost, isElsewhere } = scene()
    lost(10)
    shows(1, 20)
    expect(isElsewhere()).to.equal(true)
  })
})
