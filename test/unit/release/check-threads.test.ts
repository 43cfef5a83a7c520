/** The threads that verify and hash: their results, the budget of a version, and threads that are stuck or die. */
import { Worker } from 'node:worker_threads'
import { expect } from 'chai'
import { ClosedError, computeHere, type NameBatch, StoppedError } from '../../../lib/checks/dnssec/compute.js'
import { runChecks } from '../../../lib/checks/run-checks.js'
import { CheckThreads } from '../../../lib/release/check-threads.js'
import { inputOf, reportOf } from '../../support/check-scene.js'
import { DENIALS, KEY, signed, zone } from '../../support/signed-example.js'
import { makeKey } from '../../support/signer.js'

const AMPLE = { cpuMs: 60_000, wallMs: 60_000, octets: 1 << 30 }

/** Names that need some microseconds each, with any number of iterations. */
function names(count: number, iterations: number): NameBatch {
  const octets = Buffer.concat(Array.from({ length: count }, (_, i) => Buffer.from(`\x06\x04${String(i).padStart(4, '0')}\0`)))
  return { octets: new Uint8Array(octets), count, iterations, salt: new Uint8Array([1, 2]) }
}

const failureOf = (promise: Promise<unknown>): Promise<Error> =>
  promise.then(
    () => new Error('it did not reject'),
    (error: Error) => error,
  )

describe('the threads of the checks', () => {
  let threads = new CheckThreads(2)
  afterEach(() => {
    threads.close()
    threads = new CheckThreads(2)
  })
  after(() => threads.close())

  for (const [name, denial] of Object.entries(DENIALS))
    it(`return the same as without threads, with ${name}`, async () => {
      const keys = [KEY, makeKey(13), makeKey(15)]
      const make = (serial: number, more = '') => zone(signed(serial, more, { denial, keys }))
      const input = await inputOf(make(1), make(2, 'new.example. 300 A 192.0.2.9\nx.y.new.example. 300 A 192.0.2.9'))
      for (const whole of [false, true]) {
        const session = threads.begin(AMPLE)
        const outcome = await runChecks({ ...input, whole, compute: session })
        session.end()
        expect(outcome).to.deep.equal(await runChecks({ ...input, whole, compute: computeHere }))
        expect(reportOf(outcome, 'dnssec').verdict).to.equal('pass')
      }
    })

  it('stop a check when its CPU time is used up, and end its stuck thread', async () => {
    const stuck = threads.begin({ ...AMPLE, cpuMs: 300 })
    const good = threads.begin(AMPLE)
    // One computation of more than ten minutes for each thread, and others in the queue.
    const endless = [1, 2, 3, 4, 5].map(() => failureOf(stuck.hash(names(9_000, 65_535))))
    const answer = good.hash(names(3, 1))
    for (const failure of await Promise.all(endless)) {
      expect(failure).to.be.instanceOf(StoppedError)
      expect(failure.message).to.match(/more than 0\.3 s of CPU time, which is checks\.dnssec\.budget\.cpu; .*approve it/)
    }
    expect(await answer).to.deep.equal(await computeHere.hash(names(3, 1)))
    expect(await failureOf(stuck.hash(names(1, 0)))).to.be.instanceOf(StoppedError)
  })

  it('count the CPU time of many small batches', async () => {
    const session = threads.begin({ ...AMPLE, cpuMs: 200 })
    let done = 0
    const failure = await failureOf(
      (async () => {
        for (;;) {
          await session.hash(names(10, 1_000))
          done += 1
        }
      })(),
    )
    expect(failure.message).to.include('checks.dnssec.budget.cpu')
    expect(done).to.be.greaterThan(3)
  })

  it('stop a check when its wall time is used up', async () => {
    const session = threads.begin({ ...AMPLE, wallMs: 300 })
    expect((await failureOf(session.hash(names(9_000, 65_535)))).message).to.match(/more than 0\.3 s, which is .*budget\.wall/)
  })

  it('do not count the time in which a check waits for other zones', async () => {
    threads.close()
    threads = new CheckThreads(1)
    const other = threads.begin({ ...AMPLE, cpuMs: 3_000 })
    const blocked = [failureOf(other.hash(names(9_000, 65_535))), failureOf(other.hash(names(9_000, 65_535)))]
    const session = threads.begin({ ...AMPLE, wallMs: 2_500 })
    expect(await session.hash(names(2, 0))).to.have.length(40)
    await Promise.all(blocked)
  })

  it('stop a check that sends too many octets', async () => {
    const session = threads.begin({ ...AMPLE, octets: 100 })
    await session.hash(names(14, 0))
    expect((await failureOf(session.hash(names(1, 0)))).message).to.include('checks.dnssec.budget.octets')
  })

  it('report a thread that dies as a crash, and continue with another one', async () => {
    let started = 0
    threads.close()
    threads = new CheckThreads(1, () => {
      started += 1
      return new Worker("require('node:worker_threads').parentPort.on('message', () => { throw new Error('out of luck') })", {
        eval: true,
      })
    })
    for (const time of [1, 2]) {
      const failure = await failureOf(threads.begin(AMPLE).hash(names(1, 0)))
      expect(failure.message).to.equal('a thread that verifies signatures ended: out of luck')
      expect(started).to.equal(time)
    }
  })

  it('reject with ClosedError when the hub stops', async () => {
    const session = threads.begin(AMPLE)
    const failure = failureOf(session.hash(names(9_000, 65_535)))
    threads.close()
    expect(await failure).to.be.instanceOf(ClosedError)
    expect(await failureOf(threads.begin(AMPLE).hash(names(1, 0)))).to.be.instanceOf(ClosedError)
  })
})
