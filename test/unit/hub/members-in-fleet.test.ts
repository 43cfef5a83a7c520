/**
 *   a config with a consumed catalog ──▶ fleet; members come, change and go ──▶ the same fleet, and the differences
 */
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { expect } from 'chai'
import { fingerprintOf } from '../../../config/fingerprint.js'
import { loadConfig } from '../../../config/load.js'
import { parseZoneName } from '../../../lib/dns/name.js'
import type { FleetDiff } from '../../../lib/fleet/fleet.js'
import { pairCounts } from '../../../lib/fleet/sweep-length.js'
import { FleetKeeper } from '../../../services/fleet/fleet-keeper.js'
import { loadAside } from '../../../services/hub/load-aside.js'

const CONFIG = {
  hub: 'east',
  primaries: { hm1: { address: '127.0.0.1:5301' }, hm2: { address: '127.0.0.1:5302' } },
  clouds: { A: {}, B: {} },
  nodes: { a1: { cloud: 'A', address: '127.0.0.1:5311' }, b1: { cloud: 'B', address: '127.0.0.1:5321' } },
  zones: [{ name: 'one.example' }],
  catalogs: [{ name: 'cat.example', groups: { gold: { clouds: ['A'] } } }],
  checks: { protected: { records: ['www.m1.example. A'] } },
}
const CATALOG = parseZoneName('cat.example')

const member = (name: string, group?: string) => {
  const zone = parseZoneName(name)
  return { zone, after: { zone, catalog: CATALOG, id: name, since: 0, group } }
}
const gone = (name: string) => ({ zone: parseZoneName(name), after: undefined })
const namesIn = ({ added, changed, removed }: FleetDiff) => ({
  added: added.map(({ name }) => name),
  changed: changed.map(({ after }) => after.name),
  removed: removed.map(({ name }) => name),
})

describe('members of a consumed catalog', () => {
  let folder: string
  let keeper: FleetKeeper
  beforeEach(() => {
    folder = mkdtempSync(join(tmpdir(), 'zonecast-test-'))
    keeper = new FleetKeeper(read(CONFIG))
  })
  afterEach(() => rmSync(folder, { recursive: true, force: true }))

  const read = (raw: unknown) => {
    const file = join(folder, 'zonecast.yaml')
    writeFileSync(file, JSON.stringify(raw), { mode: 0o600 })
    return loadConfig(file)
  }
  const zonesOf = (node: string) => keeper.fleet.zonesOf(node).map(({ name }) => name)

  it('become zones of the nodes of their group, and lists that were handed out stay', () => {
    const before = keeper.fleet.zonesOf('a1')
    expect(pairCounts(keeper.fleet)).to.include({ pairs: 2, zones: 1 })
    const diff = keeper.change([member('m1.example'), member('m2.example', 'gold')])
    expect(namesIn(diff)).to.deep.equal({ added: ['m1.example.', 'm2.example.'], changed: [], removed: [] })
    expect(zonesOf('a1')).to.have.members(['one.example.', 'm1.example.', 'm2.example.'])
    expect(zonesOf('b1')).to.have.members(['one.example.', 'm1.example.'])
    expect(before.map(({ name }) => name)).to.deep.equal(['one.example.'])
    expect(pairCounts(keeper.fleet)).to.include({ pairs: 5, zones: 3 })
  })

  it('move and go', () => {
    keeper.change([member('m1.example'), member('m2.example'), member('m3.example')])
    expect(zonesOf('b1')).to.have.length(4)
    const diff = keeper.change([member('m1.example'), member('m2.example', 'gold'), gone('m3.example')])
    expect(namesIn(diff)).to.deep.equal({ added: [], changed: ['m2.example.'], removed: ['m3.example.'] })
    expect(zonesOf('a1')).to.have.members(['one.example.', 'm1.example.', 'm2.example.'])
    expect(zonesOf('b1')).to.have.members(['one.example.', 'm1.example.'])
  })

  it('that come and go in one step are none', () => {
    expect(namesIn(keeper.change([member('m1.example'), gone('m1.example')])).added).to.deep.equal([])
    expect(zonesOf('a1')).to.deep.equal(['one.example.'])
  })

  it('share their rules, except one with protected records', () => {
    keeper.change([member('m1.example'), member('m2.example'), member('m3.example')])
    const [m1, m2, m3] = ['m1', 'm2', 'm3'].map((name) => keeper.fleet.zones.get(parseZoneName(`${name}.example`))!)
    expect(m2!.checks).to.equal(m3!.checks)
    expect(m2!.nodes).to.equal(m1!.nodes)
    expect(m1!.checks.protected.records).to.deep.equal(['www.m1.example. A'])
  })

  it('stay the same zones through a reload without a change, and leave with their catalog', async () => {
    keeper.change([member('m1.example'), member('m2.example', 'gold')])
    const zones = [...keeper.fleet.zones.values()]
    const same = await keeper.prepare(read(CONFIG))
    expect(namesIn(same.diff)).to.deep.equal({ added: [], changed: [], removed: [] })
    expect([...same.fleet.zones.values()]).to.have.members(zones)
    keeper.accept(same)
    const { diff } = await keeper.prepare(read({ ...CONFIG, catalogs: [] }))
    expect(namesIn(diff).removed).to.have.members(['cat.example.', 'm1.example.', 'm2.example.'])
  })

  it('have the same settings when a thread reads the config', async () => {
    keeper.change([member('m1.example'), member('m2.example', 'gold')])
    const more = Array.from({ length: 4_000 }, (_, i) => ({ name: `z${i}.example` }))
    const config = read({ ...CONFIG, zones: [...CONFIG.zones, ...more] })
    const aside = await loadAside(config.file, () => undefined)
    expect(aside.fingerprint).to.equal(fingerprintOf(config))
    const { diff } = await keeper.prepare(aside.config)
    expect(namesIn(diff)).to.deep.include({ changed: [], removed: [] })
    expect(diff.added).to.have.length(4_000)
  })
})
