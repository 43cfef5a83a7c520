/** Catalog zones as lists of members: the rules of RFC 9432 §4, and every way to break them. */
import { expect } from 'chai'
import { CatalogError } from '../../../lib/catalog/errors.js'
import { readCatalog } from '../../../lib/catalog/read-catalog.js'
import { nameToWire, parseZoneName } from '../../../lib/dns/name.js'
import { ZoneContents } from '../../../lib/zone/zone-contents.js'
import { pause } from '../../../lib/runtime/turns.js'
import { catalogOf, storedRecord } from '../../support/catalog-text.js'

const CATALOG = parseZoneName('cat.example.')
const VERSION = 'version.cat.example. TXT 2'
const read = (lines: string[], most = 1_000) => readCatalog(CATALOG, catalogOf('cat.example.', lines), most, pause)

async function fault(lines: string[], most?: number): Promise<string> {
  try {
    await read(lines, most)
  } catch (error) {
    expect(error).to.be.instanceOf(CatalogError)
    return (error as Error).message
  }
  throw new Error('the catalog was read')
}

describe('a catalog zone', () => {
  it('lists its members with their ids, groups and owners', async () => {
    const { list, warnings } = await read([
      VERSION,
      'a1.zones.cat.example. PTR One.Example.',
      'b2.zones.cat.example. PTR two.example.',
      'group.b2.zones.cat.example. TXT gold',
      'coo.b2.zones.cat.example. PTR other.example.',
    ])
    expect([...list]).to.deep.equal([
      ['one.example.', { id: 'a1', group: undefined, coo: undefined }],
      ['two.example.', { id: 'b2', group: 'gold', coo: 'other.example.' }],
    ])
    expect(warnings).to.deep.equal([])
  })

  it('may have no member', async () => {
    expect((await read([VERSION])).list.size).to.equal(0)
  })

  it('is read in any letter case', async () => {
    const { list } = await read(['VERSION.Cat.example. TXT 2', 'A1.Zones.CAT.example. PTR one.example.'])
    expect([...list.keys()]).to.deep.equal(['one.example.'])
    expect(list.get(parseZoneName('one.example'))!.id).to.equal('a1')
  })

  it('may have names and records of other meaning', async () => {
    const { list } = await read([
      VERSION,
      'zones.cat.example. PTR none.example.',
      'a1.zones.cat.example. PTR one.example.',
      'a1.zones.cat.example. TXT hello',
      'x.y.a1.zones.cat.example. PTR none.example.',
      'a.b1.zones.cat.example. PTR none.example.',
      'primaries.ext.cat.example. A 192.0.2.1',
      'a1.xzones.cat.example. PTR none.example.',
    ])
    expect([...list.keys()]).to.deep.equal(['one.example.'])
  })

  it('with two groups of one member counts the first and warns', async () => {
    const { list, warnings } = await read([
      VERSION,
      'a1.zones.cat.example. PTR one.example.',
      'group.a1.zones.cat.example. TXT silver',
      'group.a1.zones.cat.example. TXT gold',
    ])
    expect(list.get(parseZoneName('one.example'))!.group).to.equal('gold')
    expect(warnings).to.deep.equal(['a1.zones.cat.example. has 2 groups; gold counts'])
  })

  for (const [what, lines, why] of [
    ['no version', [], /version\.cat\.example\. TXT is missing; publish version\.cat\.example\. TXT "2"/],
    ['two versions', [VERSION, 'version.cat.example. TXT 3'], /has 2 TXT records/],
    ['version 1', ['version.cat.example. TXT 1'], /TXT is "1"/],
    ['an empty version', ['version.cat.example. TXT'], /TXT is ""/],
    [
      'two names under one id',
      [VERSION, 'a1.zones.cat.example. PTR one.example.', 'a1.zones.cat.example. PTR two.example.'],
      /a1\.zones\.cat\.example\. has two PTR records/,
    ],
    [
      'one name under two ids',
      [VERSION, 'a1.zones.cat.example. PTR one.example.', 'b2.zones.cat.example. PTR ONE.example.'],
      /one\.example\. is a member twice, as a1 and b2/,
    ],
    ['itself as a member', [VERSION, 'a1.zones.cat.example. PTR cat.example.'], /a1 is the catalog itself/],
    [
      'two owners to hand a member to',
      [
        VERSION,
        'a1.zones.cat.example. PTR one.example.',
        'coo.a1.zones.cat.example. PTR b.example.',
        'coo.a1.zones.cat.example. PTR c.example.',
      ],
      /coo\.a1\.zones\.cat\.example\. has two PTR records/,
    ],
  ] as const)
    it(`with ${what} is broken`, async () => {
      expect(await fault([...lines]))
        .to.match(/^catalog cat\.example\. is broken: /)
        .and.match(why)
    })

  it('with more members than the limit is broken, and with as many it is not', async () => {
    const lines = [VERSION, ...['a', 'b', 'c'].map((id) => `${id}.zones.cat.example. PTR ${id}.example.`)]
    expect((await read(lines, 3)).list.size).to.equal(3)
    expect(await fault(lines, 2)).to.match(/more than 2 members; raise maxMembers/)
  })

  it('of 200,000 members leaves the event loop free', async function () {
    this.timeout(30_000)
    const contents = new ZoneContents(nameToWire('cat.example.'))
    contents.add(storedRecord('cat.example.', 'SOA'), 0)
    contents.add(storedRecord('version.cat.example.', 'TXT', '2'), 0)
    for (let i = 0; i < 200_000; i++) contents.add(storedRecord(`m${i}.zones.cat.example.`, 'PTR', `z${i}.example.`), 0)
    let turns = 0
    const { list } = await readCatalog(CATALOG, contents, 200_000, async () => {
      turns += 1
    })
    expect(list.size).to.equal(200_000)
    // A pause for each 500 records and members.
    expect(turns).to.be.at.least(800)
  })
})
