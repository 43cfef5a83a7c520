/** The plan for the zones of a node: from a list of its zones, or by a question for each; and its limit on removals. */
import { expect } from 'chai'
import { type ControlResult, ok, type ZoneStatus } from '../../../lib/control/control.js'
import type { ZoneList } from '../../../lib/control/zone-list.js'
import { parseZoneName, type ZoneName } from '../../../lib/dns/name.js'
import type { FleetZone } from '../../../lib/fleet/fleet.js'
import { makePlan, type PlanParts, type ProvisionPlan } from '../../../services/worker/provision-plan.js'
import { expectError } from '../../support/expect-error.js'

const SHRINK = { mode: 'hold', percent: 10, atLeast: 20, smallBelow: 100, smallPercent: 50 }
const name = parseZoneName
const zone = (text: string, catalog?: FleetZone['catalog']): FleetZone =>
  ({ name: name(text), catalog, checks: { shrink: SHRINK } }) as FleetZone
const zones = (n: number, prefix = 'z'): string[] => Array.from({ length: n }, (_, i) => `${prefix}${i}.test`)
const status = (isConfigured: boolean, more: Partial<ZoneStatus> = {}): ControlResult<ZoneStatus> =>
  ok({ isConfigured, serial: undefined, state: undefined, details: {}, ...more })

function plan(carried: readonly FleetZone[], more: Partial<PlanParts>): Promise<ProvisionPlan> {
  return makePlan({
    node: 'n1',
    carried,
    catalog: undefined,
    control: { zoneStatus: async () => status(false) },
    list: async () => ok(new Map()),
    once: async () => [],
    ...more,
  })
}
const listed = (ours: readonly string[], others: readonly string[] = []): PlanParts['list'] => {
  const list: ZoneList = new Map([
    ...ours.map((text): [ZoneName, boolean] => [name(text), true]),
    ...others.map((text): [ZoneName, boolean] => [name(text), false]),
  ])
  return async () => ok(list)
}

describe('the plan for the zones of a node', () => {
  it('has missing zones, and those for this hub that the node no longer carries', async () => {
    const { add, remove, excess } = await plan([zone('a.test'), zone('b.test'), zone('c.test')], {
      list: listed(['a.test', 'old.test'], ['b.test', 'localhost']),
    })
    expect({ add, remove, excess }).to.deep.equal({ add: ['c.test.'], remove: ['old.test.'], excess: undefined })
  })

  it('never removes a zone that was not added for this hub', async () => {
    const { remove } = await plan([zone('a.test')], { list: listed([], ['a.test', 'mine.test', 'localhost']) })
    expect(remove).to.deep.equal([])
  })

  it('adds catalog zones only where a catalog brings the others', async () => {
    const { add, remove, notes } = await plan([zone('a.test'), zone('cat.test', 'published')], {
      catalog: name('cat.test'),
      list: listed(['a.test', 'gone.test']),
    })
    expect({ add, remove }).to.deep.equal({ add: ['cat.test.'], remove: ['gone.test.'] })
    expect(notes).to.deep.equal(['the zones come to n1 by the catalog cat.test.'])
  })

  it('asks for each zone where there is no list, and removes secondaries only', async () => {
    const answers: Record<string, ControlResult<ZoneStatus>> = {
      'a.test.': status(true, { details: { type: 'secondary' } }),
      'old.test.': status(true, { details: { type: 'slave' } }),
      'empty.test.': status(true, { state: 'not loaded' }),
      'mine.test.': status(true, { details: { type: 'primary' } }),
      'odd.test.': { kind: 'unsupported', error: 'no', words: 'no' },
    }
    const carried = [zone('a.test'), zone('b.test'), zone('c.test'), zone('d.test'), zone('e.test'), zone('f.test')]
    const { add, remove, notes } = await plan(carried, {
      list: async () => ok(undefined),
      control: {
        zoneStatus: async (each) => answers[each] ?? status(carried.indexOf(carried.find((z) => z.name === each)!) > 1),
      },
      once: async () => [...carried.map((each) => each.name), ...Object.keys(answers), 'never.test.'].map(name),
    })
    expect({ add, remove }).to.deep.equal({ add: ['b.test.'], remove: ['old.test.'] })
    expect(notes).to.deep.equal(['n1 cannot list its zones: only zones that this hub knows are compared'])
  })

  it('is over its limit from half of a few zones on, and from a tenth of many', async () => {
    const excess = async (stay: number, go: number): Promise<boolean> => {
      const carried = zones(stay).map((text) => zone(text))
      const known = [...zones(stay), ...zones(go, 'old')]
      return (await plan(carried, { list: listed(known) })).excess !== undefined
    }
    expect(await excess(6, 5)).to.equal(false)
    expect(await excess(5, 5)).to.equal(true)
    expect(await excess(300, 30)).to.equal(false)
    expect(await excess(300, 34)).to.equal(true)
    expect(await excess(0, 1)).to.equal(true)
    expect(await excess(5, 0)).to.equal(false)
  })

  it('counts zones and the threshold in the reason', async () => {
    const { excess } = await plan([zone('a.test')], { list: listed(['a.test', 'b.test', 'c.test']) })
    expect(excess).to.equal('2 of 3 zones of n1 would be removed; checks.shrink allows fewer than 50 %')
  })

  it('ends with the words of the channel when the server does not answer', async () => {
    const failure = { kind: 'unreachable', error: 'n1: nsd-control at 192.0.2.1:8952: no answer', words: 'no answer' } as const
    await expectError('WORKER_PROVISION_FAILED', () => plan([zone('a.test')], { list: async () => failure }))
    const control = { zoneStatus: async () => failure }
    await expectError('WORKER_PROVISION_FAILED', () => plan([zone('a.test')], { list: async () => ok(undefined), control }))
  })
})
