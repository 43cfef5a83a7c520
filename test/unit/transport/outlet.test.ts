/** Messages over TLS begin a record each: one write at a time, in order. Over TCP the answers of one turn leave together. */
import { expect } from 'chai'
import { Writable } from 'node:stream'
import type { Socket } from 'node:net'
import { frame } from '../../../lib/dns/framing.js'
import { TcpOutlet, TlsOutlet } from '../../../lib/transport/outlet.js'

describe('messages over TLS', () => {
  let writes: Buffer[]
  let finish: (() => void)[]
  let outlet: TlsOutlet
  let rooms: number
  let socket: Writable

  beforeEach(() => {
    writes = []
    finish = []
    rooms = 0
    socket = new Writable({
      write: (chunk: Buffer, _encoding, done) => {
        writes.push(Buffer.from(chunk))
        finish.push(() => done())
      },
      writev: () => expect.fail('two messages would share a record'),
    })
    socket.on('error', () => undefined)
    outlet = new TlsOutlet(socket as unknown as Socket, () => {
      rooms += 1
    })
  })
  const message = (id: number, octets = 20): Buffer => {
    const out = Buffer.alloc(octets, id)
    out.writeUInt16BE(id, 0)
    return out
  }
  const finishAll = async (): Promise<void> => {
    for (let next = finish.shift(); next !== undefined; next = finish.shift()) {
      next()
      await new Promise((resolve) => setImmediate(resolve))
    }
  }

  it('are written one by one, also those of one block', async () => {
    let isDone = false
    const block = Buffer.concat([frame(message(1)), frame(message(2, 300)), frame(message(3))])
    outlet.write(block, () => {
      isDone = true
    })
    outlet.write(frame(message(4)))
    expect([writes.length, isDone]).to.deep.equal([1, false])
    expect(outlet.length).to.equal(block.length + 22)
    await finishAll()
    expect(writes.map((octets) => octets.readUInt16BE(0) + 2)).to.deep.equal(writes.map(({ length }) => length))
    expect(Buffer.concat(writes).equals(Buffer.concat([block, frame(message(4))]))).to.equal(true)
    expect([writes.length, isDone, outlet.length, rooms]).to.deep.equal([4, true, 0, 1])
  })

  it('of a shared block get their id, and the block stays as it is', async () => {
    const block = Buffer.concat([frame(message(1)), frame(message(2))])
    const before = Buffer.from(block)
    outlet.writeShared(block, 4711, () => undefined)
    await finishAll()
    expect(writes.map((octets) => octets.readUInt16BE(2))).to.deep.equal([4711, 4711])
    expect(block.equals(before)).to.equal(true)
  })

  it('that wait are given up when the connection closes', async () => {
    const errors: (string | undefined)[] = []
    for (const id of [1, 2]) outlet.write(frame(message(id)), (error) => errors.push(error?.message))
    socket.destroy()
    await new Promise((resolve) => setImmediate(resolve))
    outlet.write(frame(message(3)), (error) => errors.push(error?.message))
    await new Promise((resolve) => setImmediate(resolve))
    expect(errors).to.deep.equal(['closed', 'closed', 'closed'])
    expect(outlet.length).to.equal(0)
  })
})

describe('messages over TCP', () => {
  let writes: string[][]
  let outlet: TcpOutlet

  beforeEach(() => {
    writes = []
    const socket = new Writable({
      write: (chunk: Buffer, _encoding, done) => {
        writes.push([chunk.toString()])
        done()
      },
      writev: (chunks, done) => {
        writes.push(chunks.map(({ chunk }) => String(chunk)))
        done()
      },
    })
    outlet = new TcpOutlet(socket as unknown as Socket, () => undefined)
  })
  const turn = () => new Promise((resolve) => setImmediate(resolve))
  const answerSoon = async (text: string, waits: number): Promise<void> => {
    for (let i = 0; i < waits; i++) await undefined
    outlet.write(Buffer.from(text))
  }

  it('leave together when questions of one segment are answered in microtasks', async () => {
    outlet.together(() => {
      outlet.write(Buffer.from('a'))
      void answerSoon('b', 9)
      outlet.together(() => void answerSoon('c', 20))
    })
    await turn()
    expect(writes).to.deep.equal([['a', 'b', 'c']])
  })

  it('leave at once in later turns', async () => {
    outlet.together(() => outlet.write(Buffer.from('a')))
    await turn()
    outlet.write(Buffer.from('b'))
    expect(writes).to.deep.equal([['a'], ['b']])
  })
})
