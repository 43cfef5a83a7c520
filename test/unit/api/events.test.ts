/** The changes that cause events; a fleet without changes causes none. */
import { EventEmitter } from 'node:events'
import type { Request, Response } from 'express'
import { expect } from 'chai'
import { EVENTS, type EventName } from '../../../lib/answers/event-answers.js'
import type { ApiContext } from '../../../services/api/context.js'
import type { RolloutMark } from '../../../lib/state/version-marks.js'
import type { CallerScope } from '../../../config/caller-types.js'
import { parseZoneName } from '../../../lib/dns/name.js'
import type { Caller } from '../../../services/api/auth.js'
import { ApiProblem } from '../../../services/api/problem.js'
import { EventStreams } from '../../../services/api/events.js'
import { strictly } from '../../support/strictly.js'
import { scratchDirs } from '../../support/scratch-dir.js'
import { NOW, type SmallFleet, smallFleet } from './small-fleet.js'

class Reader extends EventEmitter {
  text = ''
  locals: { bucket?: string; caller?: Caller } = {}
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

describe('the event stream', () => {
  const scratch = scratchDirs()
  let fleet: SmallFleet
  let streams: EventStreams
  let isAllowed: boolean

  const open = (bucket = 'a', scope?: CallerScope): Reader => {
    const reader = new Reader()
    reader.locals.bucket = bucket
    reader.locals.caller = { name: bucket, role: 'viewer', person: bucket, scope, expires: undefined } satisfies Caller
    streams.open({} as Request, reader as unknown as Response)
    return reader
  }

  beforeEach(() => {
    fleet = smallFleet(scratch(), { 'a.example': undefined })
    isAllowed = true
    streams = new EventStreams({ matrix: fleet.matrix, board: fleet.board, members: new Map() } as unknown as ApiContext, {
      isStillAllowed: () => isAllowed,
    })
  })
  afterEach(() => streams.close())

  it('has the release and each node that changes', () => {
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

  it('has no event for an observation without a change', () => {
    const reader = open()
    fleet.release('a.example.', 5)
    fleet.serve('a.example.', 'ams1', 5)
    reader.take()
    fleet.serve('a.example.', 'ams1', 5, { observedAt: NOW })
    expect(reader.take()).to.deep.equal([])
    fleet.serve('a.example.', 'ams1', 5, { missed: 1, error: 'no answer' })
    expect(reader.take()).to.deep.equal(['node a.example. ams1 in-sync 5'])
  })

  it('sends a reader every change after its connection', () => {
    const first = open()
    fleet.release('a.example.', 5)
    fleet.serve('a.example.', 'ams1', 5)
    first.end()
    fleet.serve('a.example.', 'ams1', 4)
    const second = open()
    fleet.serve('a.example.', 'ams1', 5)
    expect(second.take()).to.deep.equal(['node a.example. ams1 in-sync 5'])
  })

  it('has a drained node in each of its zones', () => {
    const reader = open()
    fleet.release('a.example.', 5)
    fleet.serve('a.example.', 'fra1', 5)
    reader.take()
    fleet.board.set('drains', 'fra1', { at: NOW, drained: true, by: 'noc', reason: undefined })
    expect(reader.take()).to.deep.equal(['node a.example. fra1 drained 5'])
  })

  it('has no event for a node or zone that is removed from the config', () => {
    const reader = open()
    fleet.serve('gone.example.', 'ams1', 5)
    fleet.serve('a.example.', 'gone1', 5)
    expect(reader.take()).to.deep.equal([])
  })

  it('has a silent node in each of its zones, once', () => {
    const reader = open()
    fleet.release('a.example.', 5)
    fleet.serve('a.example.', 'fra1', 5)
    reader.take()
    const contact = { silentSince: NOW, error: 'no answer' }
    for (let missed = 1; missed < 6; missed++) fleet.board.set('contacts', 'fra1', { ...contact, at: NOW + missed, missed })
    expect(reader.take()).to.deep.equal(['node a.example. fra1 unknown 5'])
    fleet.board.set('contacts', 'fra1', { at: NOW + 9, missed: 0, sweptAt: NOW })
    expect(reader.take()).to.deep.equal(['node a.example. fra1 in-sync 5'])
  })

  it('has the last state of each pair after a burst, at the pace of its reader', async () => {
    const reader = open()
    fleet.release('a.example.', 1)
    reader.take()
    reader.writableLength = 2 ** 17
    for (let serial = 2; serial < 500; serial++) fleet.serve('a.example.', 'ams1', serial)
    fleet.serve('a.example.', 'lhr1', 1)
    await new Promise((resolve) => setTimeout(resolve, 50))
    const events = reader.take()
    expect(events.length).to.be.below(150)
    expect(events).not.to.include('node a.example. ams1 ahead 499')
    reader.writableLength = 0
    while (events.length === 0 || !events.includes('node a.example. lhr1 in-sync 1')) {
      await new Promise((resolve) => setTimeout(resolve, 5))
      events.push(...reader.take())
    }
    expect(events.slice(-2)).to.deep.equal(['node a.example. ams1 ahead 499', 'node a.example. lhr1 in-sync 1'])
  })

  it('has each step of a rollout, and the findings of its checks, once', () => {
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

  it('disconnects a reader that does not read', () => {
    const reader = open()
    reader.writableLength = 2 ** 21
    fleet.release('a.example.', 5)
    expect(reader.isDestroyed).to.equal(true)
  })

  it('is open eight times for one caller, and two hundred times for all', async () => {
    for (let i = 0; i < 8; i++) open('greedy')
    await expectProblem(429, () => open('greedy'))
    for (let i = 0; i < 192; i++) open(`caller ${i}`)
    await expectProblem(429, () => open('late'))
  })

  it('ends for a caller whose token is revoked', () => {
    const reader = open()
    isAllowed = false
    streams.revoke()
    fleet.release('a.example.', 5)
    expect(reader.take()).to.deep.equal([])
  })

  it('has only the zones and nodes of the scope of its reader', () => {
    const [all, otherZone, otherNode, one] = [
      open('all'),
      open('zone', { zones: [{ kind: 'below', name: parseZoneName('other.example') }], clouds: undefined, nodes: undefined }),
      open('node', { zones: undefined, clouds: undefined, nodes: ['nowhere'] }),
      open('one', { zones: [{ kind: 'below', name: parseZoneName('example') }], clouds: undefined, nodes: ['ams1'] }),
    ]
    fleet.release('a.example.', 5)
    fleet.serve('a.example.', 'ams1', 5)
    fleet.serve('a.example.', 'lhr1', 5)
    const nodesIn = (reader: Reader) => reader.take().flatMap((event) => /^node \S+ (\w+)/.exec(event)?.[1] ?? [])
    expect(nodesIn(all!)).to.include.members(['ams1', 'lhr1'])
    expect([otherZone!.take(), otherNode!.take()]).to.deep.equal([[], []])
    expect(new Set(nodesIn(one!))).to.deep.equal(new Set(['ams1']))
  })

  it('has one memory limit for all slow readers, a small multiple of that for one', () => {
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
