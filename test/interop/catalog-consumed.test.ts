/**
 *   Knot (primary of a catalog and its members) ──▶ zonecast ──▶ Knot (node)
 *
 * Members of a catalog are zones of the fleet: they come, go after their grace time, and stay whatever a broken or emptied catalog
 * has, also over a restart without the primary.
 */
import { readFileSync, writeFileSync } from 'node:fs'
import { expect } from 'chai'
import { startKnot } from '../../lab/knot.js'
import { findPort } from '../../lab/ports.js'
import type { LabServer } from '../../lab/server.js'
import { updateZone } from '../../lab/update.js'
import { zoneText } from '../../lab/zone-text.js'
import { eventually } from '../support/eventually.js'
import { needsPeers } from '../support/peers.js'
import { scratchDirs } from '../support/scratch-dir.js'
import { api, type HubPlace, startHub, type TestHub, writeHubConfig } from '../support/test-hub.js'

const CATALOG = 'cat.test.'
const MEMBERS = ['m1.test.', 'm2.test.', 'm3.test.', 'm4.test.']
const catalogText = (serial: number, lines: readonly string[]): string =>
  `$ORIGIN ${CATALOG}\n$TTL 0\n@ SOA invalid. invalid. ${serial} 1 1 1000 0\n@ NS invalid.\n${lines.join('\n')}\n`
const memberLine = (name: string, i: number) => `id${i}.zones PTR ${name}`

const GROUPS = {
  gold: { clouds: ['A', 'B'] },
  careful: { clouds: ['A', 'B'], rollout: { stages: [{ nodes: ['b1'] }, { cloud: 'A' }], soak: '1h' } },
}

interface CatalogView {
  serial: number | null
  members: { zone: string; group: string | null; id: string; leavingSince: string | null }[]
  error: string | null
  findings: string[]
}

describe('a consumed catalog', function () {
  this.timeout(60_000)
  needsPeers('knot')
  const scratch = scratchDirs()
  let primary: LabServer
  let place: HubPlace
  let hub: TestHub
  let transfer: number

  const zones = async (): Promise<string[]> =>
    (await api<{ zones: { name: string }[] }>(hub, '/v1/zones')).zones.map(({ name }) => name)
  const view = () => api<CatalogView>(hub, `/v1/catalogs/${CATALOG}`)
  const change = (...changes: string[]) => updateZone(primary, CATALOG, changes)
  const haveZones = (...names: string[]) =>
    eventually(async () => expect(await zones()).to.deep.equal([CATALOG, ...names]), { timeoutMs: 15_000 })
  const reconfigure = async (edit: (catalog: Record<string, unknown>) => void) => {
    const config = JSON.parse(readFileSync(place.configFile, 'utf8')) as { catalogs: Record<string, unknown>[] }
    edit(config.catalogs[0]!)
    writeFileSync(place.configFile, JSON.stringify(config))
    await api(hub, '/v1/reload', { method: 'POST', body: '{}' })
  }

  before(async () => {
    transfer = await findPort()
    primary = await startKnot({
      name: 'hm1',
      notify: [{ ip: '127.0.0.1', port: transfer }],
      zones: [
        { name: CATALOG, text: catalogText(1, ['version TXT 2', ...MEMBERS.slice(0, 3).map(memberLine)]) },
        ...MEMBERS.map((name) => ({ name, text: zoneText(name, { retrySeconds: 1 }) })),
        { name: 'static.test.', text: zoneText('static.test.') },
      ],
    })
    place = await writeHubConfig(
      {
        folder: scratch(),
        primaries: { hm1: primary },
        nodes: {
          a1: { cloud: 'A', ip: '127.0.0.9', port: await findPort() },
          b1: { cloud: 'B', ip: '127.0.0.10', port: await findPort() },
        },
        zones: [],
        extra: { catalogs: [{ name: CATALOG, clouds: ['A'], groups: GROUPS, grace: '1h' }] },
      },
      { transfer },
    )
    hub = await startHub(place)
  })

  after(async () => {
    await hub?.stop()
    await primary?.stop()
  })

  it('makes zones of its members, which are transferred', async () => {
    await haveZones(...MEMBERS.slice(0, 3))
    await eventually(async () => expect((await api<{ serial: number }>(hub, '/v1/zones/m3.test.')).serial).to.equal(1))
    expect((await view()).members.map(({ zone, id }) => [zone, id])).to.deep.equal([
      ['m1.test.', 'id0'],
      ['m2.test.', 'id1'],
      ['m3.test.', 'id2'],
    ])
  })

  it('adds a member', async () => {
    await change(`add id3.zones.${CATALOG} 0 PTR m4.test.`)
    await haveZones(...MEMBERS)
  })

  it('gives a member the clouds of its group', async () => {
    const nodes = async () => Object.keys((await api<{ nodes: object }>(hub, '/v1/zones/m4.test.')).nodes)
    expect(await nodes()).to.deep.equal(['a1'])
    await change(`add group.id3.zones.${CATALOG} 0 TXT gold`)
    await eventually(async () => expect(await nodes()).to.deep.equal(['a1', 'b1']))
    expect((await view()).members.at(-1)!.group).to.equal('gold')
  })

  it('gives a member the stages of its group', async () => {
    await change(`delete group.id3.zones.${CATALOG} TXT`, `add group.id3.zones.${CATALOG} 0 TXT careful`)
    await eventually(async () => expect((await view()).members.at(-1)!.group).to.equal('careful'))
    for (const zone of ['m3.test.', 'm4.test.']) await updateZone(primary, zone, [`add staged.${zone} 60 A 192.0.2.7`])
    const stages = async (zone: string) => {
      const { rollouts } = await api<{ rollouts: { id: string; zone: string; serial: number }[] }>(hub, '/v1/rollouts')
      const id = rollouts.find((rollout) => rollout.zone === zone && rollout.serial > 1)?.id
      if (id === undefined) return undefined
      const rollout = await api<{ stages: { nodes: { node: string }[] }[] }>(hub, `/v1/rollouts/${encodeURIComponent(id)}`)
      return rollout.stages.map(({ nodes }) => nodes.map(({ node }) => node))
    }
    await eventually(async () => expect(await stages('m4.test.')).to.deep.equal([['b1'], ['a1']]))
    // Without stages of its own, a version is released to every node at once.
    await eventually(async () => expect((await api<{ serial: number }>(hub, '/v1/zones/m3.test.')).serial).to.be.above(1))
    expect((await api<{ serial: number }>(hub, '/v1/zones/m4.test.')).serial).to.equal(1)
    await change(`delete group.id3.zones.${CATALOG} TXT`, `add group.id3.zones.${CATALOG} 0 TXT gold`)
    await eventually(async () => expect((await view()).members.at(-1)!.group).to.equal('gold'))
  })

  it('serves a member that left, and takes it back', async () => {
    await change(`delete id0.zones.${CATALOG} PTR`)
    await eventually(async () => expect((await view()).members[0]!.leavingSince).to.be.a('string'))
    expect(await zones()).to.include('m1.test.')
    await change(`add id0.zones.${CATALOG} 0 PTR m1.test.`)
    await eventually(async () => expect((await view()).members[0]!.leavingSince).to.equal(null))
  })

  for (const [what, breakIt, fixIt, why] of [
    [
      'without a version',
      ['delete version.cat.test. TXT'],
      ['add version.cat.test. 0 TXT 2'],
      /version\.cat\.test\. TXT is missing/,
    ],
    ['with two versions', ['add version.cat.test. 0 TXT 3'], ['delete version.cat.test. TXT 3'], /has 2 TXT records/],
    [
      'with a member twice',
      ['add idx.zones.cat.test. 0 PTR m1.test.', 'delete id1.zones.cat.test. PTR'],
      ['delete idx.zones.cat.test. PTR', 'add id1.zones.cat.test. 0 PTR m2.test.'],
      /m1\.test\. is a member twice/,
    ],
    [
      'that is a member of itself',
      ['add idx.zones.cat.test. 0 PTR cat.test.'],
      ['delete idx.zones.cat.test. PTR'],
      /idx is the catalog itself/,
    ],
    [
      'that lacks most members',
      ['delete id1.zones.cat.test. PTR', 'delete id2.zones.cat.test. PTR'],
      ['add id1.zones.cat.test. 0 PTR m2.test.', 'add id2.zones.cat.test. 0 PTR m3.test.'],
      /2 members of 4 would be gone/,
    ],
  ] as const)
    it(`${what} is held, and its members stay`, async () => {
      await change(...breakIt)
      await eventually(async () => expect((await view()).error).to.match(why))
      expect(await zones()).to.deep.equal([CATALOG, ...MEMBERS])
      expect((await view()).members.map(({ leavingSince }) => leavingSince)).to.deep.equal([null, null, null, null])
      await change(...fixIt)
      await eventually(async () => expect((await view()).error).to.equal(null))
    })

  it('loses to a zone of the config, with a finding', async () => {
    const config = JSON.parse(readFileSync(place.configFile, 'utf8')) as { zones: object[] }
    writeFileSync(place.configFile, JSON.stringify({ ...config, zones: [{ name: 'm2.test.', clouds: ['B'] }] }))
    await api(hub, '/v1/reload', { method: 'POST', body: '{}' })
    await eventually(async () =>
      expect((await view()).findings.join()).to.match(/1 of its members are zones of the config.*m2\.test\./),
    )
    expect(Object.keys((await api<{ nodes: object }>(hub, '/v1/zones/m2.test.')).nodes)).to.deep.equal(['b1'])
    writeFileSync(place.configFile, JSON.stringify({ ...config, zones: [] }))
    await api(hub, '/v1/reload', { method: 'POST', body: '{}' })
    await eventually(async () => expect((await view()).findings).to.deep.equal([]))
    expect(await zones()).to.deep.equal([CATALOG, ...MEMBERS])
  })

  it('has its members after a restart without its primary, and those that leave too', async () => {
    await change(`delete id0.zones.${CATALOG} PTR`)
    await eventually(async () => expect((await view()).members[0]!.leavingSince).to.be.a('string'))
    const before = await view()
    await hub.stop()
    primary.pause()
    hub = await startHub(place)
    expect(await zones()).to.deep.equal([CATALOG, ...MEMBERS])
    await eventually(async () => expect((await view()).members).to.deep.equal(before.members))
    primary.resume()
  })

  it('drops a member when its grace time ends', async () => {
    await reconfigure((catalog) => {
      catalog.grace = '0s'
    })
    await haveZones(...MEMBERS.slice(1))
  })

  it('whose id for a member changed has that member transferred whole', async () => {
    const kinds = async () =>
      (await api<{ versions: { kind: string; serial: number }[] }>(hub, '/v1/zones/m2.test.')).versions.map(({ kind }) => kind)
    await updateZone(primary, 'm2.test.', ['add new.m2.test. 60 A 192.0.2.9'])
    await eventually(async () => expect(await kinds()).to.deep.equal(['ixfr', 'axfr']))
    const count = () => primary.log().match(/\[m2\.test\.\] AXFR, outgoing.* started/g)?.length ?? 0
    const transfers = count()
    await change(`delete id1.zones.${CATALOG} PTR`, `add new1.zones.${CATALOG} 0 PTR m2.test.`)
    await eventually(async () => expect((await view()).members.find(({ zone }) => zone === 'm2.test.')!.id).to.equal('new1'))
    await eventually(() => expect(count()).to.equal(transfers + 1))
  })

  it('that an operator approves loses its members', async () => {
    await change(`delete id2.zones.${CATALOG} PTR`, `delete id3.zones.${CATALOG} PTR`, `delete group.id3.zones.${CATALOG} TXT`)
    const held = await eventually(async () => {
      const { versions } = await api<{ versions: { serial: number; state: string }[] }>(hub, `/v1/zones/${CATALOG}`)
      expect(versions[0]!.state).to.equal('held')
      return versions[0]!.serial
    })
    expect(await zones()).to.include('m3.test.')
    await api(hub, `/v1/zones/${CATALOG}/approve`, {
      method: 'POST',
      body: JSON.stringify({ serial: held, reason: 'moved away' }),
    })
    await haveZones('m2.test.')
  })
})

describe('a catalog that a primary makes of its zones', function () {
  this.timeout(60_000)
  needsPeers('knot')
  const scratch = scratchDirs()
  const GENERATED = 'made.test.'
  let primary: LabServer
  let hub: TestHub

  before(async () => {
    const transfer = await findPort()
    const member = (name: string, group?: string) => ({
      name,
      text: zoneText(name, { retrySeconds: 1 }),
      memberOf: { catalog: GENERATED, ...(group === undefined ? {} : { group }) },
    })
    primary = await startKnot({
      name: 'hm1',
      notify: [{ ip: '127.0.0.1', port: transfer }],
      zones: [{ name: GENERATED, generatesCatalog: true }, member('g1.test.'), member('g2.test.', 'gold')],
    })
    const place = await writeHubConfig(
      {
        folder: scratch(),
        primaries: { hm1: primary },
        nodes: { a1: { cloud: 'A', ip: '127.0.0.11', port: await findPort() } },
        zones: [],
        extra: { catalogs: [{ name: GENERATED, groups: { gold: {} } }] },
      },
      { transfer },
    )
    hub = await startHub(place)
  })

  after(async () => {
    await hub?.stop()
    await primary?.stop()
  })

  it('has its zones as members, with their groups', async () => {
    await eventually(async () => {
      const { members } = await api<CatalogView>(hub, `/v1/catalogs/${GENERATED}`)
      expect(members.map(({ zone, group }) => [zone, group])).to.deep.equal([
        ['g1.test.', null],
        ['g2.test.', 'gold'],
      ])
    })
    await eventually(async () => expect((await api<{ serial: number }>(hub, '/v1/zones/g2.test.')).serial).to.equal(1))
  })
})
