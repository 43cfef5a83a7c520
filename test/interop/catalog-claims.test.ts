/**
 *   Knot (primary of three catalogs and their members) ──▶ zonecast
 *
 * Catalogs of no member and of one, and members that two catalogs list, or that are catalogs or zones of the config.
 */
import { expect } from 'chai'
import { startKnot } from '../../lab/knot.js'
import { findPort } from '../../lab/ports.js'
import type { LabServer } from '../../lab/server.js'
import { updateZone } from '../../lab/update.js'
import { zoneText } from '../../lab/zone-text.js'
import { eventually } from '../support/eventually.js'
import { needsPeers } from '../support/peers.js'
import { scratchDirs } from '../support/scratch-dir.js'
import { api, startHub, type TestHub, writeHubConfig } from '../support/test-hub.js'

const [FIRST, SECOND, SMALL] = ['first.test.', 'second.test.', 'small.test.']
const ZONES = ['a.test.', 'b.test.', 'both.test.', 'only.test.', 'config.test.']
/** Zones of the config that the second catalog lists: they are its members, and not by its settings. */
const OWN = ['config.test.', FIRST, SMALL]
const catalogText = (name: string, members: readonly string[]): string =>
  `$ORIGIN ${name}\n$TTL 0\n@ SOA invalid. invalid. 1 1 1 1000 0\n@ NS invalid.\nversion TXT 2\n${members.map((member, i) => `id${i}.zones PTR ${member}\n`).join('')}`

interface CatalogView {
  error: string | null
  findings: string[]
  members: { zone: string; id: string; leavingSince: string | null }[]
}

describe('catalogs of few members, and members that several have', function () {
  this.timeout(60_000)
  needsPeers('knot')
  let primary: LabServer
  let hub: TestHub

  before(async () => {
    const transfer = await findPort()
    primary = await startKnot({
      name: 'hm1',
      notify: [{ ip: '127.0.0.1', port: transfer }],
      zones: [
        { name: FIRST, text: catalogText(FIRST, ['a.test.', 'both.test.']) },
        { name: SECOND, text: catalogText(SECOND, ['b.test.', 'both.test.', ...OWN]) },
        { name: SMALL, text: catalogText(SMALL, []) },
        ...ZONES.map((name) => ({ name, text: zoneText(name, { retrySeconds: 1 }) })),
      ],
    })
    const place = await writeHubConfig(
      {
        folder: scratch(),
        primaries: { hm1: primary },
        nodes: { a1: { cloud: 'A', ip: '127.0.0.9', port: await findPort() } },
        zones: [{ name: 'config.test.' }],
        extra: { catalogs: [FIRST, SECOND, SMALL].map((name) => ({ name, grace: '0s' })) },
      },
      { transfer },
    )
    hub = await startHub(place)
  })
  after(async () => {
    await hub?.stop()
    await primary?.stop()
  })
  // Removed after the end of the hub.
  const scratch = scratchDirs()

  const view = (name: string) => api<CatalogView>(hub, `/v1/catalogs/${name}`)
  const have = (name: string, ...zones: string[]) =>
    eventually(async () => expect((await view(name)).members.map(({ zone }) => zone)).to.deep.equal(zones), { timeoutMs: 15_000 })
  const isServed = (zone: string, is: boolean) =>
    eventually(async () => {
      const { zones } = await api<{ zones: { name: string }[] }>(hub, '/v1/zones')
      expect(zones.some(({ name }) => name === zone)).to.equal(is)
    })
  const approve = async (name: string) => {
    const serial = await eventually(async () => {
      const { versions } = await api<{ versions: { serial: number; state: string }[] }>(hub, `/v1/zones/${name}`)
      expect(versions[0]!.state).to.equal('held')
      return versions[0]!.serial
    })
    await api(hub, `/v1/zones/${name}/approve`, { method: 'POST', body: JSON.stringify({ serial, reason: 'intended' }) })
  }

  it('may begin without a member', async () => {
    await eventually(async () => {
      const { error, members, findings } = await view(SMALL)
      expect([error, members, findings]).to.deep.equal([null, [], []])
      expect((await api<{ serial: number }>(hub, `/v1/zones/${SMALL}`)).serial).to.equal(1)
    })
  })

  it('get their first member', async () => {
    await updateZone(primary, SMALL, [`add id0.zones.${SMALL} 0 PTR only.test.`])
    await have(SMALL, 'only.test.')
    await eventually(async () => expect((await api<{ serial: number }>(hub, '/v1/zones/only.test.')).serial).to.equal(1))
  })

  it('lose their only member when a person approves it, and not before', async () => {
    await updateZone(primary, SMALL, [`delete id0.zones.${SMALL} PTR`])
    await eventually(async () => expect((await view(SMALL)).error).to.match(/is empty|would be gone/))
    await isServed('only.test.', true)
    await approve(SMALL)
    await have(SMALL)
    await isServed('only.test.', false)
  })

  it('leave a member of two catalogs to the first, with a finding', async () => {
    await have(FIRST, 'a.test.', 'both.test.')
    await have(SECOND, 'b.test.', ...OWN)
    expect((await view(FIRST)).findings).to.deep.equal([])
    // Whichever list came first.
    expect((await view(SECOND)).findings.join('\n')).to.match(/1 of its members are members of another catalog.*both\.test\./)
  })

  it('leave a member that is a zone or a catalog of the config alone, with a finding', async () => {
    expect((await view(SECOND)).findings.join('\n')).to.match(
      /3 of its members are zones of the config, which wins: .*config\.test\./,
    )
    expect((await view(FIRST)).members).to.have.length(2)
    expect((await view(FIRST)).error).to.equal(null)
  })

  it('give a member that the first drops to the second, and the zone stays', async () => {
    await updateZone(primary, FIRST, [`delete id1.zones.${FIRST} PTR`])
    await approve(FIRST)
    await have(FIRST, 'a.test.')
    await have(SECOND, 'b.test.', 'both.test.', ...OWN)
    await isServed('both.test.', true)
    expect((await view(SECOND)).findings.join('\n')).to.not.include('both.test.')
  })
})
