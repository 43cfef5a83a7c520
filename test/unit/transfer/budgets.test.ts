/** Limits for one peer on the transfer server: slots for transfers, their duration, and repeated signatures. */
import { expect } from 'chai'
import type { TsigRecord } from '../../../lib/dns/tsig-record.js'
import { NotifyReplays } from '../../../services/transfer/notify-replays.js'
import { Pace, type Paced } from '../../../services/transfer/pace.js'
import { AnswerBudget } from '../../../services/transfer/answer-budget.js'
import { TransferPlaces } from '../../../services/transfer/places.js'

describe('slots for transfers to nodes', () => {
  it('are four for a node and zone; the fifth waits for the first to leave, in order', async () => {
    const places = new TransferPlaces()
    for (let i = 0; i < 4; i++) expect(places.enter('n1 z')).to.equal(undefined)
    const order: number[] = []
    const waiting = [5, 6].map((n) => places.enter('n1 z')!.then(() => order.push(n)))
    expect(places.enter('n2 z')).to.equal(undefined)
    places.leave('n1 z')
    await waiting[0]
    places.leave('n1 z')
    await waiting[1]
    expect(order).to.deep.equal([5, 6])
    for (let i = 0; i < 4; i++) places.leave('n1 z')
    expect(places.enter('n1 z')).to.equal(undefined)
  })
})

describe('memory for answers', () => {
  const wish = (answer: string, owner: string, octets = 40) => ({ answer, owner, octets })

  it('is counted once for an answer to many nodes', () => {
    const budget = new AnswerBudget(100)
    for (let i = 0; i < 50; i++) expect(budget.enter(wish('a', `n${i}`))).to.equal(undefined)
    expect(budget.enter(wish('b', 'n1'))).to.not.equal(undefined)
    expect(budget.enter(wish('b', 'm'))).to.equal(undefined)
  })

  it('is half for one node, however many zones it requests; the others are served', async () => {
    const budget = new AnswerBudget(100)
    expect(budget.enter(wish('a', 'hog'))).to.equal(undefined)
    let begun = 0
    const waiting = Array.from({ length: 100 }, (_, i) => budget.enter(wish(`z${i}`, 'hog'))!.then(() => (begun += 1)))
    expect(budget.enter(wish('b', 'good'))).to.equal(undefined)
    budget.leave(wish('b', 'good'))
    await new Promise(setImmediate)
    expect(begun).to.equal(0)
    budget.leave(wish('a', 'hog'))
    await waiting[0]
    expect(begun).to.equal(1)
  })

  it('is granted to one answer that is larger than the limit', () => {
    const budget = new AnswerBudget(100)
    expect(budget.enter(wish('large', 'n1', 500))).to.equal(undefined)
    expect(budget.enter(wish('large', 'n2', 500))).to.equal(undefined)
    expect(budget.enter(wish('b', 'n3'))).to.not.equal(undefined)
  })
})

describe('the pace of a transfer', () => {
  const transfer = (): Paced & { ended: string[] } => {
    const ended: string[] = []
    return { octets: 0, ended, end: (why) => ended.push(why) }
  }

  it('is measured over windows: a fast transfer continues, a slow one is ended', () => {
    const pace = new Pace({ minOctetsPerSecond: 500_000, maxMs: 1e6 }, 1000)
    const [fast, slow] = [transfer(), transfer()]
    for (const each of [fast, slow]) pace.begin(each, 0)
    fast.octets = 300_000
    slow.octets = 200_000
    pace.judge(999)
    expect([fast.ended, slow.ended]).to.deep.equal([[], []])
    pace.judge(1000)
    expect(fast.ended).to.deep.equal([])
    expect(slow.ended).to.deep.equal(['slower than 500000 octets per second'])
    // Octets of the first window do not count in the second.
    fast.octets = 400_000
    pace.judge(2000)
    expect(fast.ended.length).to.equal(1)
    for (const each of [fast, slow]) pace.end(each)
  })

  it('does not end a transfer that reads a block at a time, at the minimum rate', () => {
    const pace = new Pace({ minOctetsPerSecond: 10_240, maxMs: 1e9 }, 30_000)
    const steady = transfer()
    pace.begin(steady, 0)
    // 11,000 octets a second, counted when a block of 256 KiB is sent.
    for (let now = 1_000; now <= 600_000; now += 1_000) {
      steady.octets = Math.floor((now * 11) / (1 << 18)) * (1 << 18)
      pace.judge(now)
    }
    expect(steady.ended).to.deep.equal([])
    pace.end(steady)
  })

  it('has a maximum duration, however fast the transfer is', () => {
    const pace = new Pace({ minOctetsPerSecond: 0, maxMs: 5000 }, 1000)
    const long = transfer()
    pace.begin(long, 0)
    long.octets = 1e9
    pace.judge(5000)
    expect(long.ended).to.deep.equal([])
    pace.judge(5001)
    expect(long.ended).to.deep.equal(['longer than 5000 ms'])
    pace.end(long)
  })
})

describe('a signed NOTIFY', () => {
  const tsig = (mac: number, time: number): TsigRecord =>
    ({ mac: Buffer.alloc(32, mac), time }) as Partial<TsigRecord> as TsigRecord

  it('is accepted once', () => {
    const replays = new NotifyReplays()
    expect([1, 1, 2, 1].map((mac) => replays.isNew('k', tsig(mac, 1000), 1000))).to.deep.equal([true, false, true, false])
  })

  it('counts as a copy when it may have been forgotten', () => {
    const replays = new NotifyReplays(3)
    for (const mac of [1, 2, 3, 4]) expect(replays.isNew('k', tsig(mac, 1000), 1000)).to.equal(true)
    expect(replays.isNew('k', tsig(1, 1000), 1001)).to.equal(false)
    expect(replays.isNew('k', tsig(5, 1001), 1001)).to.equal(true)
  })

  it('of one key does not affect those of another', () => {
    const replays = new NotifyReplays(3)
    for (const mac of [1, 2, 3, 4, 5]) replays.isNew('taken-over', tsig(mac, 1300), 1000)
    expect(replays.isNew('k', tsig(9, 1000), 1000)).to.equal(true)
  })

  it('is forgotten when its time is out of range, without effect on the others', () => {
    const replays = new NotifyReplays(3)
    for (const mac of [1, 2, 3]) replays.isNew('k', tsig(mac, 1000), 1000)
    expect(replays.isNew('k', tsig(4, 1301), 1301)).to.equal(true)
    expect(replays.isNew('k', tsig(5, 1300), 1301)).to.equal(true)
  })
})
