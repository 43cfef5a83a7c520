/** The pairs of zones and primaries in slots: those that stay keep their slot's time and their facts. */
import { expect } from 'chai'
import { parseZoneName } from '../../../lib/dns/name.js'
import type { FleetZone } from '../../../lib/fleet/fleet.js'
import { Pairs } from '../../../services/watcher/pairs.js'
import { fleetPrimary, fleetZone } from '../fleet/facts.js'

const ZONE = parseZoneName('example.')

describe('the pairs of the watcher', () => {
  const of = (...ids: string[]): FleetZone => fleetZone(ZONE, { primaries: ids.map((id) => fleetPrimary(id)) })
  const moved: [number, number | undefined][] = []
  const note = (slot: number, to?: number): void => {
    moved.push([slot, to])
  }
  let pairs: Pairs

  beforeEach(() => {
    pairs = new Pairs()
    moved.length = 0
    pairs.place(of('hm1', 'hm2'), note)
  })

  it('have a slot for each primary of a zone, and none for others', () => {
    expect([pairs.slotOf(ZONE, 'hm1'), pairs.slotOf(ZONE, 'hm2'), pairs.slotOf(ZONE, 'hm3')]).to.deep.equal([0, 1, undefined])
    expect(pairs.slotOf(parseZoneName('other.'), 'hm1')).to.equal(undefined)
  })

  it('keep their facts when other primaries come and go', () => {
    const pair = pairs.at(pairs.slotOf(ZONE, 'hm2')!)!
    pair.warned = 7
    const placed = pairs.place(of('hm3', 'hm2'), note)
    expect(placed.map(({ isNew }) => isNew)).to.deep.equal([true, false])
    expect(moved).to.deep.equal([
      [1, placed[1]!.slot],
      [0, undefined],
    ])
    expect([pairs.at(placed[1]!.slot), pairs.has(pair), pair.slot]).to.deep.equal([pair, true, placed[1]!.slot])
    expect(pairs.at(placed[0]!.slot)!.warned).to.equal(undefined)
    expect(pairs.slotOf(ZONE, 'hm1')).to.equal(undefined)
  })

  it('use the slots of removed zones again', () => {
    pairs.drop(ZONE, note)
    expect([moved, pairs.at(0), pairs.size]).to.deep.equal([
      [
        [0, undefined],
        [1, undefined],
      ],
      undefined,
      0,
    ])
    expect(pairs.place(of('hm4', 'hm5'), note).map(({ slot }) => slot)).to.deep.equal([0, 1])
  })

  it('are forgotten at rest, but not while a poll, a limit or a warning has to be remembered', () => {
    const [polled, warned, idle] = [pairs.at(0)!, pairs.at(1)!, pairs.at(pairs.place(fleetZone('idle.'), note)[0]!.slot)!]
    polled.pace.notePoll(1_000)
    warned.warned = 3
    pairs.rest(1_500)
    expect([pairs.has(polled), pairs.has(warned), pairs.has(idle)]).to.deep.equal([true, true, false])
    polled.state = 'polling'
    pairs.rest(10_000)
    expect(pairs.has(polled), 'under way').to.equal(true)
    polled.state = 'resting'
    pairs.rest(10_000)
    expect([pairs.has(polled), pairs.has(warned)]).to.deep.equal([false, true])
  })
})
