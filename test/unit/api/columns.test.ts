/** The columns of the sums: each equals a plain set, map or list of the same values after any changes. */
import fc from 'fast-check'
import { expect } from 'chai'
import { DuePairs } from '../../../services/api/due-pairs.js'
import { NumberSet } from '../../../lib/runtime/number-set.js'
import { TimePages } from '../../../services/api/time-pages.js'

const number = fc.oneof(fc.nat(40), fc.constantFrom(255, 256, 257, 1023, 1024, 5000))
const time = fc.constantFrom(1, 2, 3, 50, 51, 1_000, 30_000, Infinity)

describe('a set of numbers', () => {
  it('has what was added and not deleted, in order', () => {
    fc.assert(
      fc.property(fc.array(fc.tuple(number, fc.boolean())), (acts) => {
        const [numbers, model] = [new NumberSet(), new Set<number>()]
        for (const [n, isIn] of acts) {
          expect(isIn ? numbers.add(n) : numbers.delete(n)).to.equal(isIn ? !model.has(n) : model.delete(n))
          if (isIn) model.add(n)
          expect(numbers.has(n)).to.equal(isIn)
        }
        expect([...numbers]).to.deep.equal([...model].sort((a, b) => a - b))
        expect(numbers.size).to.equal(model.size)
      }),
    )
  })
})

describe('times in pages', () => {
  it('have the least of the times that change one by one', () => {
    fc.assert(
      fc.property(fc.array(fc.tuple(number, time)), (acts) => {
        const [times, model] = [new TimePages(), new Map<number, number>()]
        for (const [n, at] of acts) {
          times.set(n, at)
          model.set(n, at)
          expect(times.get(n)).to.equal(at)
          expect(times.least).to.equal(Math.min(...model.values()))
        }
      }),
    )
  })

  it('yield the due ones once', () => {
    fc.assert(
      fc.property(fc.array(fc.tuple(number, time)), time, (acts, now) => {
        const [times, model] = [new TimePages(), new Map<number, number>()]
        for (const [n, at] of acts) {
          times.set(n, at)
          model.set(n, at)
        }
        const due = [...model].filter(([, at]) => at <= now && at !== Infinity).map(([n]) => n)
        if (now !== Infinity) {
          expect([...times.takeDue(now)].sort((a, b) => a - b)).to.deep.equal(due.sort((a, b) => a - b))
          expect([...times.takeDue(now)]).to.deep.equal([])
          for (const n of due) expect(times.get(n)).to.equal(Infinity)
        }
      }),
    )
  })
})

describe('the first times', () => {
  it('are the least ones in order, page after page', () => {
    const entries = fc.array(fc.tuple(number, time))
    fc.assert(
      fc.property(entries, fc.integer({ min: 1, max: 5 }), fc.constantFrom(1, 2), (acts, most, step) => {
        const [times, model] = [new TimePages(), new Map<number, number>()]
        for (const [n, at] of acts) {
          times.set(n, at)
          model.set(n, at)
        }
        const fits = (n: number): boolean => n % step === 0
        const found: { n: number; time: number }[] = []
        for (let page = times.first(most, fits); page.length > 0; page = times.first(most, fits, found.at(-1)))
          found.push(...page)
        const wanted = Array.from(model, ([n, at]) => ({ n, time: at })).filter((each) => fits(each.n) && each.time !== Infinity)
        expect(found).to.deep.equal(wanted.sort((a, b) => a.time - b.time || a.n - b.n))
      }),
    )
  })
})

describe('due pairs', () => {
  it('are yielded when they are due, and at once when their time is beyond the ring', () => {
    const steps = fc.array(fc.tuple(fc.array(fc.tuple(number, time)), fc.constantFrom(0, 1, 3, 700, 40_000)))
    fc.assert(
      fc.property(steps, fc.constantFrom(1, 10_000, 100_000), (acts, staleMs) => {
        const [due, model] = [new DuePairs(), new Map<number, number>()]
        due.reset(staleMs)
        let now = 1_000_000
        for (const [changes, step] of acts) {
          for (const [n, after] of changes) {
            due.set(n, now + after, now)
            model.set(n, now + after)
          }
          now += step
          const expected = due.count(now)
          const taken = due.take(now)
          expect(taken.length).to.equal(expected)
          expect(new Set(taken).size).to.equal(taken.length)
          for (const n of taken) {
            expect(model.has(n)).to.equal(true)
            // It came early, with the rest of its bucket: it is judged, and set again.
            if (model.get(n)! > now) due.set(n, model.get(n)!, now)
            else model.delete(n)
          }
          for (const at of model.values()) expect(at).to.be.greaterThan(now)
          expect(due.next).to.be.at.most(Math.min(...model.values()))
        }
      }),
    )
  })
})
