/** Catalog zones as this program publishes them. */
import { expect } from 'chai'
import { catalogChange, catalogContents, catalogSoa, memberId, type PublishedList } from '../../../lib/catalog/build-catalog.js'
import { readCatalog } from '../../../lib/catalog/read-catalog.js'
import { nameToWire, parseZoneName } from '../../../lib/dns/name.js'
import type { Serial } from '../../../lib/dns/serial.js'
import { pause } from '../../../lib/runtime/turns.js'

const CATALOG = parseZoneName('nodes-a.example.')
const APEX = nameToWire(CATALOG)
const list = (members: Record<string, string | undefined>): PublishedList =>
  new Map(Object.entries(members).map(([zone, group]) => [parseZoneName(zone), group]))
const contents = (serial: number, members: PublishedList) => catalogContents(APEX, serial as Serial, members, pause)

describe('a published catalog', () => {
  it('has the members and groups that it was made of', async () => {
    const long = 'g'.repeat(300)
    const { list: read, warnings } = await readCatalog(
      CATALOG,
      await contents(1, list({ 'a.example.': undefined, 'b\\032c.example.': 'gold', '.': long })),
      10,
      pause,
    )
    expect(Array.from(read, ([zone, { id, group }]) => [zone, id === memberId(zone), group])).to.have.deep.members([
      ['a.example.', true, undefined],
      ['b\\032c.example.', true, 'gold'],
      ['.', true, long],
    ])
    expect(warnings).to.deep.equal([])
  })

  it('gives a member the same id for ever', () => {
    expect(memberId(parseZoneName('Example.COM'))).to.equal('i0n9ohifkgvslc89q6jbinevgc')
  })

  it('gives ten thousand members as many ids', () => {
    const ids = new Set(Array.from({ length: 10_000 }, (_, i) => memberId(parseZoneName(`z${i}.example`))))
    expect(ids.size).to.equal(10_000)
    for (const id of ids) expect(id).to.match(/^[0-9a-v]{26}$/)
  })

  for (const [what, before, now] of [
    ['a member more', { 'a.example.': undefined }, { 'a.example.': undefined, 'b.example.': 'gold' }],
    ['a member less', { 'a.example.': undefined, 'b.example.': 'gold' }, { 'a.example.': undefined }],
    ['another group', { 'a.example.': 'gold' }, { 'a.example.': 'silver' }],
    ['no group', { 'a.example.': 'gold' }, { 'a.example.': undefined }],
    ['a first group', { 'a.example.': undefined }, { 'a.example.': 'gold' }],
    ['no member', { 'a.example.': 'gold' }, {}],
  ] as const)
    it(`with ${what} is the result of its change`, async () => {
      const zone = await contents(1, list(before))
      const change = await catalogChange(APEX, catalogSoa(APEX, 1 as Serial), 2 as Serial, list(before), list(now), pause)
      zone.begin()
      zone.apply(change!)
      zone.commit()
      expect(zone.digest).to.equal((await contents(2, list(now))).digest)
    })

  it('does not change with an equal list', async () => {
    const members = list({ 'a.example.': 'gold' })
    expect(await catalogChange(APEX, catalogSoa(APEX, 1 as Serial), 2 as Serial, members, members, pause)).to.equal(undefined)
  })
})
