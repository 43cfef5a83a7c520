/** A timetable in typed arrays: the earliest slot is due first, whatever was set, moved and deleted. */
import { expect } from 'chai'
import fc from 'fast-check'
import { SlotSchedule } from '../../../lib/runtime/slot-schedule.js'

describe('a timetable of slots', () => {
  it('gives the due slots in the order of their last times', () => {
    const step = fc.record({
      slot: fc.nat({ max: 300 }),
      at: fc.nat({ max: 50 }),
      what: fc.constantFrom('set', 'no later', 'delete', 'take'),
    })
    fc.assert(
      fc.property(fc.array(step, { maxLength: 300 }), (steps) => {
        const [schedule, times] = [new SlotSchedule(), new Map<number, number>()]
        for (const { slot, at, what } of steps) {
          if (what === 'set') {
            schedule.set(slot, at)
            times.set(slot, at)
          } else if (what === 'no later') {
            schedule.setNoLater(slot, at)
            times.set(slot, Math.min(at, times.get(slot) ?? at))
          } else if (what === 'delete') {
            schedule.delete(slot)
            times.delete(slot)
          } else {
            const due = schedule.takeDue(at)
            const earliest = Math.min(...times.values())
            if (due === undefined) expect(earliest).to.be.greaterThan(at)
            else expect(times.get(due)).to.equal(earliest)
            if (due !== undefined) times.delete(due)
          }
          expect([schedule.size, schedule.timeOf(slot)]).to.deep.equal([times.size, times.get(slot)])
        }
      }),
    )
  })
})
