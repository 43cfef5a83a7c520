/** Slots for transfers: limited for each server and in total, granted in the order of the requests. */
import { once } from 'node:events'
import { createServer, type Server, type Socket } from 'node:net'
import { expect } from 'chai'
import { frame, MessageFramer } from '../../../lib/dns/framing.js'
import type { Endpoint } from '../../../lib/dns/endpoint.js'
import { TcpPool } from '../../../lib/transport/tcp-pool.js'
import { eventually } from '../../support/eventually.js'
import { expectError } from '../../support/expect-error.js'

const PATIENCE = { connectMs: 5_000, firstOctetMs: 60_000, idleMs: () => 60_000, minOctetsPerSecond: 0, totalMs: 60_000 }

/** Accepts requests, and answers each on command with the same octets. */
class HeldServer {
  readonly #server: Server
  readonly #sockets = new Set<Socket>()
  readonly asked: { name: string; answer: () => void; hangUp: () => void }[] = []

  constructor() {
    this.#server = createServer((socket) => {
      this.#sockets.add(socket)
      socket.on('error', () => undefined)
      const framer = new MessageFramer()
      socket.on('data', (octets) =>
        framer.push(octets, (message) => {
          const request = Buffer.from(message)
          this.asked.push({
            name: request.toString('latin1', 12),
            answer: () => socket.write(frame(request)),
            hangUp: () => socket.destroy(),
          })
        }),
      )
    })
  }

  async open(): Promise<Endpoint> {
    this.#server.listen(0, '127.0.0.1')
    await once(this.#server, 'listening')
    return { ip: '127.0.0.1', port: (this.#server.address() as { port: number }).port }
  }

  get names(): string[] {
    return this.asked.map(({ name }) => name)
  }

  close(): void {
    for (const socket of this.#sockets) socket.destroy()
    this.#server.close()
  }
}

describe('slots for transfers from servers', () => {
  const servers = [new HeldServer(), new HeldServer()]
  const [first, second] = servers as [HeldServer, HeldServer]
  const places: Endpoint[] = []
  let pool: TcpPool

  before(async () => {
    for (const server of servers) places.push(await server.open())
  })
  after(() => {
    for (const server of servers) server.close()
  })
  beforeEach(() => {
    for (const server of servers) server.asked.length = 0
  })
  afterEach(() => pool.close())

  const ask = (server: number, name: string): Promise<void> =>
    pool.exchange({ id: 'hm', address: places[server]!, key: undefined }, PATIENCE, () => ({
      request: Buffer.concat([Buffer.alloc(12), Buffer.from(name, 'latin1')]),
      take: () => 'done',
      isReusable: () => true,
    }))
  const see = (server: HeldServer, names: string[]): Promise<unknown> =>
    eventually(() => expect(server.names).to.deep.equal(names), { everyMs: 5 })

  it('are limited for a server, and then granted in order', async () => {
    pool = new TcpPool(['127.0.0.1'], { perServer: 2, total: 10 })
    const all = ['a', 'b', 'c', 'd', 'e'].map((name) => ask(0, name))
    await see(first, ['a', 'b'])
    for (const [i, names] of [
      [0, ['a', 'b', 'c']],
      [2, ['a', 'b', 'c', 'd']],
      [1, ['a', 'b', 'c', 'd', 'e']],
    ] as const) {
      first.asked[i]!.answer()
      await see(first, [...names])
    }
    first.asked[3]!.answer()
    first.asked[4]!.answer()
    await Promise.all(all)
  })

  it('of one server do not block another', async () => {
    pool = new TcpPool(['127.0.0.1'], { perServer: 1, total: 10 })
    const held = ['a', 'b'].map((name) => ask(0, name))
    const other = ask(1, 'x')
    await see(second, ['x'])
    second.asked[0]!.answer()
    await other
    expect(first.names).to.deep.equal(['a'])
    first.asked[0]!.answer()
    await see(first, ['a', 'b'])
    first.asked[1]!.answer()
    await Promise.all(held)
  })

  it('are limited in total: the longest waiter comes first, for any server', async () => {
    pool = new TcpPool(['127.0.0.1'], { perServer: 2, total: 2 })
    const all = [ask(0, 'a'), ask(0, 'b'), ask(1, 'x'), ask(0, 'c'), ask(1, 'y')]
    await see(first, ['a', 'b'])
    expect(second.names).to.deep.equal([])
    first.asked[0]!.answer()
    await see(second, ['x'])
    first.asked[1]!.answer()
    await see(first, ['a', 'b', 'c'])
    expect(second.names).to.deep.equal(['x'])
    second.asked[0]!.answer()
    await see(second, ['x', 'y'])
    first.asked[2]!.answer()
    second.asked[1]!.answer()
    await Promise.all(all)
  })

  it('are free again after a failed exchange', async () => {
    pool = new TcpPool(['127.0.0.1'], { perServer: 1, total: 1 })
    const failing = expectError('TRANSPORT_CLOSED_EARLY', () => ask(0, 'a'))
    const next = ask(0, 'b')
    await see(first, ['a'])
    first.asked[0]!.hangUp()
    await failing
    await see(first, ['a', 'b'])
    first.asked[1]!.answer()
    await next
  })

  it('that can no longer be granted are an error for all waiters', async () => {
    pool = new TcpPool(['127.0.0.1'], { perServer: 1, total: 10 })
    const ends = [ask(0, 'a'), ask(0, 'b'), ask(0, 'c'), ask(1, 'x'), ask(1, 'y')].map((exchange) =>
      expectError('TRANSPORT_CLOSED_EARLY', () => exchange),
    )
    await see(first, ['a'])
    pool.close()
    await Promise.all(ends)
    await expectError('TRANSPORT_CLOSED_EARLY', () => ask(0, 'd'))
  })

  it('are granted to ten thousand waiters for one server, one after the other', async () => {
    pool = new TcpPool(['127.0.0.1'], { perServer: 1, total: 10 })
    const names = Array.from({ length: 10_000 }, (_, i) => String(i))
    const all = names.map((name) => ask(0, name))
    let answered = 0
    while (answered < names.length) {
      for (; answered < first.asked.length; answered++) first.asked[answered]!.answer()
      await new Promise((resolve) => setImmediate(resolve))
    }
    await Promise.all(all)
    expect(first.names).to.deep.equal(names)
  }).timeout(30_000)
})
