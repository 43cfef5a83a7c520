/** The steady clock: timers do not notice when the machine's clock is set. */
import { expect } from 'chai'
import fc from 'fast-check'
import { SteadyClock, seconds } from '../../../lib/runtime/clock.js'

const START = Date.parse('2026-03-01T12:00:00Z')

function scene() {
  const at = { wall: START, steady: 5_000 }
  const clock = new SteadyClock(
    () => at.wall,
    () => at.steady,
  )
  const pass = (ms: number): void => {
    at.wall += ms
    at.steady += ms
  }
  return { at, clock, pass }
}

describe('the steady clock', () => {
  it('starts at the wall clock, and advances like it', () => {
    const { clock, pass } = scene()
    expect(clock.now()).to.equal(START)
    pass(1_500)
    expect(clock.now()).to.equal(START + 1_500)
  })

  for (const [jump, name] of [
    [86_400_000, 'a day ahead'],
    [-86_400_000, 'a day back'],
  ] as const)
    it(`does not jump with the wall clock ${name}, and returns to it in time`, () => {
      const { at, clock, pass } = scene()
      at.wall += jump
      expect(clock.now()).to.equal(START)
      pass(60_000)
      expect(clock.now() - START).to.be.within(57_000, 63_000)
      for (let i = 0; i < 25 * 24; i++) {
        pass(3_600_000)
        clock.now()
      }
      expect(clock.now()).to.equal(at.wall)
    })

  it('leaves signatures to the wall clock', () => {
    const { at, clock } = scene()
    at.wall += 3_600_000
    expect(seconds(clock)).to.equal(START / 1000 + 3_600)
    expect(seconds({ now: () => 7_999 })).to.equal(7)
  })

  it('never goes back, and never runs more than a twentieth too fast or too slow', () => {
    const arbitraryStep = fc.record({ pass: fc.nat(100_000), jump: fc.integer({ min: -1e9, max: 1e9 }) })
    fc.assert(
      fc.property(fc.array(arbitraryStep, { maxLength: 50 }), (steps) => {
        const { at, clock, pass } = scene()
        let before = clock.now()
        for (const step of steps) {
          at.wall += step.jump
          pass(step.pass)
          const now = clock.now()
          expect(now - before).to.be.within(Math.floor(step.pass * 0.95) - 1, Math.ceil(step.pass * 1.05) + 1)
          before = now
        }
      }),
    )
  })
})
