/** The zones that are open. */
import { expect } from 'chai'
import { parseZoneName } from '../../../lib/dns/name.js'
import { OpenZones } from '../../../lib/store/open-zones.js'
import type { StoredZone } from '../../../lib/store/stored-zone.js'

describe('open zones', () => {
  const zone = (n: number): StoredZone => ({ name: parseZoneName(`z${n}.example.`) }) as StoredZone

  it('may rest after a minute without use, and sooner the more of them are open', () => {
    const zones = new OpenZones()
    const times = [1, 2_500, 2_501, 5_000, 5_001].map((count) => {
      for (let n = zones.size; n < count; n++) zones.add(zone(n))
      return [zones.restAfterMs, zones.areTooMany]
    })
    expect(times).to.deep.equal([
      [60_000, false],
      [60_000, false],
      [10_000, false],
      [10_000, false],
      [2_000, true],
    ])
  })

  it('are in the order of their last uses, where uses close together count as one', () => {
    const zones = new OpenZones()
    for (const n of [1, 2]) zones.add(zone(n))
    const names = () => zones.oldestFirst().map(({ zone: { name } }) => name)
    zones.use(zone(1).name)
    expect(names(), 'used at once').to.deep.equal(['z1.example.', 'z2.example.'])
    for (const entry of zones.oldestFirst()) entry.usedAt -= 1_000
    zones.use(zone(1).name)
    expect(names(), 'used a second later').to.deep.equal(['z2.example.', 'z1.example.'])
  })

  it('may rest from the one that was used longest ago to the first that was used lately', () => {
    const zones = new OpenZones()
    for (const n of [1, 2, 3, 4]) zones.add(zone(n))
    const [first, second, third] = zones.oldestFirst()
    const now = first!.usedAt
    for (const entry of [first!, second!]) entry.usedAt -= 61_000
    third!.usedAt -= 59_000
    expect(zones.unused(now).map(({ zone: { name } }) => name)).to.deep.equal(['z1.example.', 'z2.example.'])
  })

  it('are looked up by peek without counting as used', () => {
    const zones = new OpenZones()
    zones.add(zone(1))
    const before = zones.oldestFirst()[0]!.usedAt
    zones.oldestFirst()[0]!.usedAt = before - 1_000
    expect(zones.peek(zone(1).name)?.name).to.equal('z1.example.')
    expect(zones.peek(zone(2).name)).to.equal(undefined)
    expect(zones.oldestFirst()[0]!.usedAt).to.equal(before - 1_000)
  })
})
