/** After a rush of NOTIFYs: which zones are polled, and when. */
import { expect } from 'chai'
import { NotifyRushes } from '../../../services/watcher/notify-rushes.js'

/** Slots 0 to 999 in turn: one primary of each zone, then the other. */
const ALL = { slots: 1_000, primaryAt: (slot: number) => ({ id: slot % 2 === 0 ? 'hm1' : 'hm2' }) }
const slotsOf = (primary: string): number[] =>
  Array.from({ length: ALL.slots }, (_, slot) => slot).filter((slot) => ALL.primaryAt(slot).id === primary)

describe('NOTIFYs of many zones at once', () => {
  let rushes: NotifyRushes
  let now: number

  /** NOTIFYs of hm1 within `ms`. */
  const notify = (slots: readonly number[], ms = 0): void => {
    for (const slot of slots) {
      now += ms / slots.length
      rushes.note('hm1', slot, now)
    }
  }
  const takeAll = (most = 10): number[] => {
    const all: number[] = []
    for (let calls = 0; calls < 500; calls++) all.push(...rushes.take(now, most, ALL))
    return all
  }

  beforeEach(() => {
    rushes = new NotifyRushes()
    now = 1_000_000
  })

  it('are followed by polls of the zones of that primary that it did not announce at the end', () => {
    const all = slotsOf('hm1')
    notify(all.slice(0, 300), 900)
    now += 3_000
    notify(all.slice(300, 320), 900)
    expect(takeAll()).to.deep.equal([])
    now += 1_000
    expect(takeAll()).to.deep.equal([...all.slice(0, 300), ...all.slice(320)])
  })

  it('leave out what was announced in the last second', () => {
    const announced = slotsOf('hm1').slice(0, 300)
    notify(announced, 500)
    now += 1_000
    expect(takeAll()).to.deep.equal(slotsOf('hm1').slice(300))
  })

  it('are followed by a few polls at a time', () => {
    notify(slotsOf('hm1').slice(0, 300))
    now += 1_000
    expect(rushes.take(now, 7, ALL)).to.have.length(7)
  })

  it('are followed by no polls while they come', () => {
    notify(slotsOf('hm1').slice(0, 300), 900)
    now += 900
    expect(takeAll()).to.deep.equal([])
  })

  it('are followed by polls after ten seconds even if they do not end, and again a minute later', () => {
    const some = slotsOf('hm1').slice(0, 300)
    for (let second = 0; second < 11; second++) notify(some, 1_000)
    expect(takeAll()).to.have.length(200)
    for (let second = 0; second < 59; second++) notify(some, 1_000)
    expect(takeAll()).to.deep.equal([])
    for (let second = 0; second < 3; second++) notify(some, 1_000)
    expect(takeAll()).to.have.length(200)
  })

  it('cause polls in a fifth of the time at most', () => {
    const some = slotsOf('hm1').slice(0, 300)
    notify(some, 1_000)
    now += 1_000
    expect(rushes.take(now, 10, ALL)).to.have.length(10)
    // The polls take so long.
    notify(some, 100_000)
    expect(takeAll()).to.have.length(190)
    for (let second = 0; second < 390; second++) notify(some, 1_000)
    expect(takeAll()).to.deep.equal([])
    for (let second = 0; second < 20; second++) notify(some, 1_000)
    expect(takeAll()).to.have.length(200)
  })

  it('cause no polls when they come one by one', () => {
    notify(slotsOf('hm1'), 10_000)
    now += 60_000
    expect(takeAll()).to.deep.equal([])
  })

  it('of one zone, again and again, cause no polls', () => {
    notify(
      Array.from({ length: 1_000 }, () => 0),
      1_000,
    )
    now += 1_000
    expect(takeAll()).to.deep.equal([])
  })
})
