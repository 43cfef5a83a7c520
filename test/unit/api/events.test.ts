/** Which changes become events, and that a fleet at rest is silent. */
import { EventEmitter } from 'node:events'
import type { Request, Response } from 'express'
import { expect } from 'chai'
import { EVENTS, type EventName } from '../../../lib/answers/event-answers.js'
import type { ApiContext } from '../../../services/api/context.js'
import type { RolloutMark } from '../../../lib/state/tables.js'
import { ApiProblem } from '../../../services/api/problem.js'
import { EventStreams } from '../../../services/api/events.js'
import { strictly } from '../../support/strictly.js'
import { scratchDirs } from '../../support/scratch-dir.js'
import { NOW, type SmallFleet, smallFleet } from './small-fleet.js'

class Reader extends EventEmitter {
  text = ''
  locals: { bucket?: string } = {}
  writableLength = 0
  isDestroyed = false
  writeHead(): void {}
  write(text: string): void {
    this.text += text
  }
  end(): void {
    this.emit('close')
  }
  destroy(): void {
    this.isDestroyed = true
    this.emit('close')
  }
  /** Events as `name zone node state serial`, read once. */
  take(): string[] {
    const events = [...this.text.matchAll(/event: (\w+)\ndata: (.*)\n/g)].map(([, name, data]) => {
      expect(strictly(EVENTS[name as EventName]).safeParse(JSON.parse(data!)).error?.issues, data).to.equal(undefined)
      const { zone, name: zoneName, node, state, serial } = JSON.parse(data!)
      return [name, zone ?? zoneName, node, state, serial].filter((part) => part !== undefined).join(' ')
    })
    this.text = ''
    return events
  }
}

describe('events', () => {
  const scratch = scratchDirs()
  let fleet: SmallFleet
  let streams: EventStreams
  let isAllowed: boolean

  const open = (bucket = 'a'): Reader => {
    const reader = new Reader()
    reader.locals.bucket = bucket
    streams.open({} as Request, reader as unknown as Response)
    return reader
  }

  beforeEach(() => {
    fleet = smallFleet(scratch(), { 'a.example': undefined })
    isAllowed = true
    streams = new EventStreams({ matrix: fleet.matrix, board: fleet.board } as unknown as ApiContext, {
      isStillAllowed: () => isAllowed,
    })
  })
  afterEach(() => streams.close())

  it('a release and each node that changes', () => {
    const reader = open()
    fleet.release('a.example.', 5)
    fleet.serve('a.example.', 'ams1', 4)
    fleet.serve('a.example.', 'ams1', 5)
    expect(reader.take()).to.deep.equal([
      'zone a.example. syncing 5',
      'node a.example. ams1 syncing 4',
      'node a.example. ams1 in-sync 5',
    ])
  })

  it('a look that finds what was there before is none', () => {
    const reader = open()
    fleet.release('a.example.', 5)
    fleet.serve('a.example.', 'ams1', 5)
    reader.take()
    fleet.serve('a.example.', 'ams1', 5, { observedAt: NOW })
    expect(reader.take()).to.deep.equal([])
    fleet.serve('a.example.', 'ams1', 5, { missed: 1, error: 'no answer' })
    expect(reader.take()).to.deep.equal(['node a.example. ams1 in-sync 5'])
  })

  it('whoever comes first is told of everything that is heard from then on', () => {
    const first = open()
    fleet.release('a.example.', 5)
    fleet.serve('a.example.', 'ams1', 5)
    first.end()
    const second = open()
    fleet.serve('a.example.', 'ams1', 5)
    expect(second.take()).to.deep.equal(['node a.example. ams1 in-sync 5'])
  })

  it('a drained node is told of in each of its zones', () => {
    const reader = open()
    fleet.release('a.example.', 5)
    fleet.serve('a.example.', 'fra1', 5)
    reader.take()
    fleet.board.set('drains', 'fra1', { at: NOW, drained: true, by: 'noc', reason: undefined })
    expect(reader.take()).to.deep.equal(['node a.example. fra1 drained 5'])
  })

  it('what is not in the config any more is none', () => {
    const reader = open()
    fleet.serve('gone.example.', 'ams1', 5)
    fleet.serve('a.example.', 'gone1', 5)
    expect(reader.take()).to.deep.equal([])
  })

  it('each step of a rollout, and what its checks found, once', () => {
    const reader = open()
    const mark = {
      id: 'a.example-5-d5',
      serial: 5 as RolloutMark['serial'],
      digest: 'd5',
      stage: undefined,
      since: NOW,
      verdict: 'hold' as const,
      findings: [{ check: 'shrink' as const, verdict: 'hold' as const, report: 'half is gone' }],
    }
    const tell = (state: RolloutMark['state'], reason?: string): void => {
      const cell = fleet.board.get('zones', 'a.example.')!
      fleet.board.set('zones', 'a.example.', { ...cell, at: cell.at + 1, rollouts: [{ ...mark, state, reason }] })
    }
    fleet.release('a.example.', 4)
    reader.take()
    tell('held', 'shrink: half is gone')
    tell('held', 'shrink: half is gone')
    tell('done')
    expect(reader.take().filter((event) => /^(rollout|check)/.test(event))).to.deep.equal([
      'rollout a.example. held 5',
      'check a.example. 5',
      'rollout a.example. done 5',
    ])
  })

  it('a reader who does not read is let go', () => {
    const reader = open()
    reader.writableLength = 2 ** 21
    fleet.release('a.example.', 5)
    expect(reader.isDestroyed).to.equal(true)
  })

  it('one caller has eight streams, and all callers two hundred', async () => {
    for (let i = 0; i < 8; i++) open('greedy')
    await expectProblem(429, () => open('greedy'))
    for (let i = 0; i < 192; i++) open(`caller ${i}`)
    await expectProblem(429, () => open('late'))
  })

  it('a caller whose token is revoked is told nothing more', () => {
    const reader = open()
    isAllowed = false
    streams.revoke()
    fleet.release('a.example.', 5)
    expect(reader.take()).to.deep.equal([])
  })

  it('readers who fall behind do not take more memory together than one of them may alone, many times', () => {
    const readers = Array.from({ length: 200 }, (_, i) => open(`caller ${i}`))
    for (const reader of readers) reader.writableLength = 500_000
    fleet.release('a.example.', 5)
    expect(readers.some(({ isDestroyed }) => isDestroyed)).to.equal(true)
  })
})

async function expectProblem(status: number, act: () => unknown): Promise<void> {
  try {
    act()
  } catch (error) {
    return void expect(error).to.be.instanceOf(ApiProblem).with.property('status', status)
  }
  expect.fail('nothing was thrown')
}
