/** Alarms under one timer: their order, and which ones ring. */
import { expect } from 'chai'
import fc from 'fast-check'
import { type Alarm, Alarms } from '../../../lib/runtime/alarms.js'
import { eventually } from '../../support/eventually.js'

class Bell implements Alarm {
  slot = -1
  dueAt = 0
  readonly #rung: Bell[]

  constructor(rung: Bell[]) {
    this.#rung = rung
  }

  ring(): void {
    this.#rung.push(this)
  }
}

describe('alarms', () => {
  it('ring in the order of their times, once each, and not when they were cleared', async () => {
    await fc.assert(
      fc.asyncProperty(
        fc.array(fc.record({ at: fc.nat(20), moved: fc.option(fc.nat(20)), isCleared: fc.boolean() })),
        async (rows) => {
          const alarms = new Alarms('test')
          const rung: Bell[] = []
          const bells = rows.map(() => new Bell(rung))
          // In the past: the order alone is tested.
          const from = performance.now() - 1_000
          for (const [i, { at }] of rows.entries()) alarms.set(bells[i]!, from + at)
          for (const [i, { moved }] of rows.entries()) if (moved !== null) alarms.set(bells[i]!, from + moved)
          for (const [i, { isCleared }] of rows.entries()) if (isCleared) alarms.clear(bells[i]!)
          const left = bells.filter((_, i) => !rows[i]!.isCleared)
          await eventually(() => expect(rung).to.have.length(left.length), { everyMs: 1 })
          expect(rung).to.have.members(left)
          expect(rung.map(({ dueAt }) => dueAt)).to.deep.equal(left.map(({ dueAt }) => dueAt).sort((a, b) => a - b))
          expect(alarms.size).to.equal(0)
        },
      ),
      { numRuns: 100 },
    )
  })

  it('are set again from their own ring', async () => {
    const alarms = new Alarms('test')
    let rings = 0
    const alarm: Alarm = {
      slot: -1,
      dueAt: 0,
      ring: (now) => {
        rings += 1
        if (rings < 3) alarms.set(alarm, now + 1)
      },
    }
    alarms.set(alarm, performance.now() + 1)
    await eventually(() => expect(rings).to.equal(3), { everyMs: 1 })
  })
})
