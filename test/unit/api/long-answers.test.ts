/** Long answers: a limited number at a time, at the speed of the reader, and in order without a list of all texts. */
import { EventEmitter } from 'node:events'
import type { ServerResponse } from 'node:http'
import type { Response } from 'express'
import { expect } from 'chai'
import { recordText } from '../../../lib/dns/record-text.js'
import { recordsIn, RunBuilder } from '../../../lib/zone/record-run.js'
import { ReaderGone, SHORT, SlicedAnswer } from '../../../services/api/answer-writer.js'
import { HeavyAnswers } from '../../../services/api/heavy-answers.js'
import type { ApiProblem } from '../../../services/api/problem.js'
import { sortedTexts } from '../../../services/api/sorted-texts.js'
import { record } from '../../support/record-lines.js'

class FakeResponse extends EventEmitter {
  locals: { bucket: string }
  text = ''
  destroyed = false
  headersSent = false
  writableEnded = false
  socket = { destroyed: false }
  /** The result of `write`. */
  takes = true
  constructor(bucket = 'a') {
    super()
    this.locals = { bucket }
  }
  write(text: string): boolean {
    this.text += text
    return this.takes
  }
  end(): void {
    this.writableEnded = true
  }
  destroy(): void {
    this.destroyed = true
    this.emit('close')
  }
}
const statusOf = async (work: Promise<unknown>): Promise<number | string> =>
  await work.then(
    () => 'done',
    (error: unknown) => (error as ApiProblem).status,
  )

describe('a long answer', () => {
  const limits = { perCaller: 2, total: 3, waitingPerCaller: 1, waiting: 2, waitMs: 10_000, holdMs: 1 }

  it('is one of two for a caller; some wait in order, others are refused', async () => {
    const heavy = new HeavyAnswers(limits)
    const ends: (() => void)[] = []
    const begun: string[] = []
    const ask = (bucket: string): Promise<number | string> =>
      statusOf(
        heavy.answer(new FakeResponse(bucket) as unknown as Response, async () => {
          begun.push(bucket)
          await new Promise<void>((resolve) => ends.push(resolve))
        }),
      )
    const asked = ['a', 'a', 'a', 'a', 'b', 'b', 'c'].map(ask)
    await Promise.resolve()
    expect(begun).to.deep.equal(['a', 'a', 'b'])
    expect(await asked[3]).to.equal(429)
    expect(await asked[6]).to.equal(429)
    ends[0]!()
    await asked[0]
    while (begun.length < 4) await new Promise(setImmediate)
    expect(begun[3]).to.equal('a')
    for (let i = 1; i < 4; i++) ends[i]!()
    while (begun.length < 5) await new Promise(setImmediate)
    ends[4]!()
    expect(await Promise.all([1, 2, 4, 5].map((i) => asked[i]))).to.deep.equal(['done', 'done', 'done', 'done'])
  })

  it('is refused after too long a wait, and leaves the queue when its reader disconnects', async () => {
    const heavy = new HeavyAnswers({ ...limits, perCaller: 1, waitMs: 20 })
    let end: () => void = () => undefined
    const first = heavy.answer(new FakeResponse() as unknown as Response, () => new Promise<void>((resolve) => (end = resolve)))
    expect(await statusOf(heavy.answer(new FakeResponse() as unknown as Response, async () => undefined))).to.equal(429)
    const gone = new FakeResponse()
    const waiting = heavy.answer(gone as unknown as Response, async () => expect.fail('it begins'))
    gone.destroy()
    expect(await statusOf(waiting)).to.equal(429)
    end()
    await first
    expect(await statusOf(heavy.answer(new FakeResponse() as unknown as Response, async () => undefined))).to.equal('done')
  })

  it('ends when its reader does not read', async () => {
    const res = new FakeResponse()
    res.takes = false
    const out = new SlicedAnswer(res as unknown as ServerResponse, SHORT, 20)
    const error = await out.write('x'.repeat(100_000)).catch((caught: unknown) => caught)
    expect(error).to.be.instanceOf(ReaderGone)
    expect(res.destroyed).to.equal(true)
  })

  it('is complete for a reader that reads', async () => {
    const res = new FakeResponse()
    res.takes = false
    const out = new SlicedAnswer(res as unknown as ServerResponse, SHORT, 10_000)
    const written = out.write('x'.repeat(100_000))
    setImmediate(() => res.emit('drain'))
    await written
    res.takes = true
    await out.write('end')
    await out.end()
    expect(res.text).to.have.length(100_003)
    expect(res.writableEnded).to.equal(true)
  })

  for (const count of [0, 1, 2_000, 2_001, 7_000])
    it(`has ${count} records in the order of their texts`, async () => {
      const run = new RunBuilder()
      for (let i = 0; i < count; i++) run.add(record(`h${(i * 7919) % 5000}.test. ${i} A 192.0.2.1`), 0)
      const records = run.finish()
      const texts: string[] = []
      for await (const text of sortedTexts(records, SHORT.rest)) texts.push(text)
      expect(texts).to.deep.equal(Array.from(recordsIn(records), (at) => recordText(records.data, at)).sort())
    })
})
