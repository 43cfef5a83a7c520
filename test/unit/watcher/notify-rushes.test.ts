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

  it('are followed by polls of the zones of that primary that it did not announce', () => {
    const announced = slotsOf('hm1').slice(0, 300)
    notify(announced, 500)
    now += 1_000
    expect(takeAll()).to.deep.equal(slotsOf('hm1').filter((slot) => !announced.includes(slot)))
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
    for (let second = 0; second < 58; second++) notify(some, 1_000)
    expect(takeAll()).to.deep.equal([])
    notify(some, 1_000)
    notify(some, 1_000)
    notify(some, 1_000)
    expect(takeAll()).to.have.length(200)
  })

  it('cause no polls when they come one by one', () => {
    notify(slotsOf('hm1'), 10_000)
    now += 60_000
    expect(takeAll()).to.deep.equal([])
  })

  it('are remembered no longer than they matter', () => {
    notify(slotsOf('hm1').slice(0, 150))
    now += 1_500
    notify(slotsOf('hm1').slice(150, 360))
    now += 1_000
    const polled = takeAll()
    expect(polled).to.include(slotsOf('hm1')[0])
    expect(polled).to.not.include(slotsOf('hm1')[150])
  })
})
