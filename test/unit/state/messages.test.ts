/** A process learns that others listen, also where the answer of Redis and their messages cross. */
import { EventEmitter } from 'node:events'
import { expect } from 'chai'
import type { Redis } from 'ioredis'
import { systemClock } from '../../../lib/runtime/clock.js'
import { Board } from '../../../lib/state/board.js'
import type { CellDoor } from '../../../lib/state/cell-door.js'
import { COMMON_CHANNEL } from '../../../lib/state/channels.js'
import { Messages } from '../../../lib/state/messages.js'
import { SignalBus } from '../../../lib/state/signals.js'

describe('messages between processes', () => {
  let subscriber: EventEmitter
  let messages: Messages
  /** Answers the count that is under way. */
  let answer: (count: number) => void
  let greetings: number

  beforeEach(() => {
    subscriber = new EventEmitter()
    greetings = 0
    messages = new Messages({
      redis: {
        status: 'ready',
        pubsub: () =>
          new Promise((resolve) => {
            answer = (count) => resolve([COMMON_CHANNEL, count])
          }),
      } as unknown as Redis,
      subscriber: subscriber as unknown as Redis,
      board: new Board(),
      bus: new SignalBus(),
      clock: systemClock,
      door: { refuse: () => undefined } as unknown as CellDoor,
      hub: 'east',
      isForeign: () => false,
      others: [],
      onHello: () => {
        greetings += 1
      },
    })
    messages.start()
  })
  afterEach(() => messages.stop())

  const count = async (listeners: number, meanwhile: () => void = () => undefined): Promise<boolean> => {
    const counting = messages.countListeners()
    meanwhile()
    answer(listeners)
    await counting
    return messages.isAlone
  }
  const greet = (from = 'another'): void => {
    subscriber.emit('message', COMMON_CHANNEL, JSON.stringify({ from, hub: 'east', hello: true }))
  }

  it('show that the process is alone, until another one listens', async () => {
    expect(await count(1)).to.equal(true)
    expect(await count(2)).to.equal(false)
    expect(await count(1)).to.equal(true)
  })

  it('of a process that begins to listen count more than an older answer of Redis', async () => {
    await count(1)
    expect(await count(1, greet)).to.equal(false)
    expect(greetings).to.equal(1)
    expect(await count(1), 'that process has ended').to.equal(true)
  })

  it('of the process itself show nothing', async () => {
    expect(await count(1, () => greet(messages.me))).to.equal(true)
  })
})
