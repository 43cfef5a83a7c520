/** Handshakes have limits by address, and unknown addresses have one together. */
import { expect } from 'chai'
import type { Socket } from 'node:net'
import { Handshakes } from '../../../lib/transport/handshakes.js'

const LIMITS = {
  known: 2,
  stranger: 1,
  strangers: 2,
  waiting: 3,
  total: 7,
  keepMs: { known: 0, stranger: 0 },
  waitMs: 10_000,
}

interface Fake {
  destroyed: boolean
  destroy: () => void
}

describe('TLS handshakes', () => {
  let handshakes: Handshakes
  let running: (() => void)[]
  beforeEach(() => {
    handshakes = new Handshakes(LIMITS)
    running = []
  })
  const socket = (): Socket => {
    const fake: Fake = {
      destroyed: false,
      destroy: () => {
        fake.destroyed = true
      },
    }
    return fake as unknown as Socket
  }
  const enter = (ip: string, isStranger = false, from = socket()): boolean =>
    handshakes.enter(from, ip, isStranger, (ended) => running.push(ended))
  const settle = (): Promise<void> => new Promise((resolve) => setTimeout(resolve, 5))

  it('of one address begin in turn, and those of another at once', async () => {
    expect([enter('a'), enter('a'), enter('a'), enter('b')]).to.deep.equal([true, true, true, true])
    expect(running.length).to.equal(3)
    running[0]!()
    running[0]!()
    await settle()
    expect(running.length).to.equal(4)
  })

  it('of an address with too many waiting are refused', () => {
    const taken = Array.from({ length: 6 }, () => enter('a'))
    expect(taken).to.deep.equal([true, true, true, true, true, false])
  })

  it('of many addresses together keep no other out: the one with most loses one', async () => {
    const sockets = Array.from({ length: 4 }, socket)
    for (const each of sockets) expect(enter('a', false, each)).to.equal(true)
    for (const ip of ['b', 'b', 'c']) expect(enter(ip)).to.equal(true)
    expect(enter('good')).to.equal(true)
    // The last one that waits, then the oldest under way.
    expect(sockets.map(({ destroyed }) => destroyed)).to.deep.equal([false, false, false, true])
    expect(enter('fine')).to.equal(true)
    expect(sockets.map(({ destroyed }) => destroyed)).to.deep.equal([false, false, true, true])
    // An address that has most itself gets no more.
    expect(enter('b')).to.equal(false)
  })

  it('of unknown addresses never wait, and leave room for known ones', async () => {
    expect([enter('x', true), enter('x', true), enter('y', true), enter('z', true)]).to.deep.equal([true, false, true, false])
    expect(enter('a')).to.equal(true)
    for (const end of running.splice(0)) end()
    await settle()
    expect(handshakes.size).to.equal(0)
    expect(enter('z', true)).to.equal(true)
  })

  it('have one limit in all', () => {
    for (const ip of ['a', 'b', 'c']) for (let i = 0; i < 3; i++) enter(ip)
    expect(handshakes.size).to.equal(LIMITS.total)
  })

  it('of peers that left while they waited do not begin', async () => {
    const gone = socket()
    enter('a')
    enter('a')
    enter('a', false, gone)
    gone.destroy()
    for (const end of running.splice(0)) end()
    await settle()
    expect([running.length, handshakes.size]).to.deep.equal([0, 0])
  })

  it('that wait are closed with the server', () => {
    const waiting = socket()
    enter('a')
    enter('a')
    enter('a', false, waiting)
    handshakes.close()
    expect(waiting.destroyed).to.equal(true)
  })
})
