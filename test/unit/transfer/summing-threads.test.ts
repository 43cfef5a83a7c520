/** The thread that computes the sums of a transfer: when it is used, several zones at once, and its failure. */
import { expect } from 'chai'
import { SummingThreads } from '../../../lib/transfer/summing-threads.js'
import { ZoneContents } from '../../../lib/zone/zone-contents.js'
import { pause } from '../../support/check-scene.js'
import { eventually } from '../../support/eventually.js'
import { record } from '../../support/record-lines.js'

const APEX = Buffer.from('\x07example\0', 'latin1')
const SOA = record('example. 300 SOA ns1.example. host.example. 7 7200 900 1209600 60')
const MODEL = record('n0000000.example. 300 A 192.0.2.1')

/** Records of about 37 octets each, in order. */
function recordsFrom(first: number, count: number): Buffer {
  const run = Buffer.alloc(MODEL.length * count)
  for (let i = 0; i < count; i++) {
    MODEL.copy(run, i * MODEL.length)
    run.write(String(first + i).padStart(7, '0'), i * MODEL.length + 4, 'latin1')
  }
  return run
}

/** Uses the thread as soon as it is worthwhile, like a transfer. */
function receive(threads: SummingThreads, count: number, meanwhile: (done: number) => void = () => undefined) {
  const contents = new ZoneContents(APEX)
  contents.addRun(SOA, 0, SOA.length)
  let counter: ReturnType<SummingThreads['counterFor']>
  for (let i = 0; i < count; i += 2_000) {
    const run = recordsFrom(i, Math.min(2_000, count - i))
    contents.addRun(run, 0, run.length)
    meanwhile(i)
    if (counter !== undefined) continue
    counter = threads.counterFor(contents)
    if (counter !== undefined) contents.countElsewhere(counter)
  }
  return { contents, counter }
}

function expected(count: number): string {
  const contents = new ZoneContents(APEX)
  contents.addRun(SOA, 0, SOA.length)
  const run = recordsFrom(0, count)
  contents.addRun(run, 0, run.length)
  return contents.digest
}

describe('the summing thread', () => {
  const threads = new SummingThreads(2)
  after(() => threads.close())

  it('sums a large zone, over several chunks of memory', async () => {
    const { contents, counter } = receive(threads, 600_000)
    await contents.settle(pause)
    expect(contents.records).to.equal(600_001)
    expect(contents.digest).to.equal(expected(600_000))
    expect(counter?.seen?.counts).to.deep.equal({ names: 600_001, delegations: 0, rrsets: 600_001, owned: 600_001 })
  })

  it('sums several zones at once', async () => {
    const zones = [receive(threads, 130_000), receive(threads, 140_000)]
    await Promise.all(zones.map(({ contents }) => contents.settle(pause)))
    expect(zones.map(({ contents }) => contents.records)).to.deep.equal([130_001, 140_001])
    expect(zones.map(({ contents }) => contents.digest)).to.deep.equal([expected(130_000), expected(140_000)])
  })

  it('is not used for a small zone, nor with one core', () => {
    expect(receive(threads, 2_000).counter).to.equal(undefined)
    expect(receive(new SummingThreads(1), 130_000).counter).to.equal(undefined)
  })

  it('may end in the middle: then the receiver computes the sums, and the next zone gets another thread', async () => {
    const { contents, counter } = receive(threads, 130_000)
    void counter!.thread.terminate()
    await contents.settle(pause)
    expect(contents.digest).to.equal(expected(130_000))
    expect(counter!.seen).to.equal(undefined)
    const next = receive(threads, 130_000)
    expect(next.counter!.thread).to.not.equal(counter!.thread)
    await next.contents.settle(pause)
    expect(next.contents.digest).to.equal(expected(130_000))
    expect(next.counter!.seen?.counts.names).to.equal(130_001)
  })

  it('ends when it is idle, and accepts no more zones after its share of reads', async () => {
    const worn = new SummingThreads(2, 1)
    const [first, second] = [receive(worn, 130_000), receive(worn, 130_000)]
    expect(second.counter!.thread, 'one thread for both').to.equal(first.counter!.thread)
    await first.contents.settle(pause)
    const third = receive(worn, 130_000)
    expect(third.counter!.thread, 'it has had a zone').to.not.equal(second.counter!.thread)
    await Promise.all([second.contents.settle(pause), third.contents.settle(pause)])
    for (const { contents, counter } of [second, third]) {
      expect(contents.digest).to.equal(expected(130_000))
      await eventually(() => expect(counter!.thread.threadId).to.equal(-1))
    }
  })

  it('is not replaced after it is closed', () => {
    const closed = new SummingThreads(2)
    closed.close()
    expect(receive(closed, 130_000).counter).to.equal(undefined)
  })

  it('does not increase the memory of a zone', async () => {
    const { contents } = receive(threads, 130_000)
    const alone = receive(new SummingThreads(1), 130_000).contents
    expect(contents.memory).to.be.within(alone.memory * 0.8, alone.memory * 1.1)
    await contents.settle(pause)
    expect(contents.memory).to.be.within(alone.memory * 0.8, alone.memory * 1.1)
  })

  it('forgets a zone that is no longer needed', async () => {
    const { contents, counter } = receive(threads, 130_000)
    counter!.drop()
    await contents.settle(pause)
    expect(contents.digest).to.equal(expected(130_000))
  })
})
