/**
 *   hm1: Knot, hm2: Knot, two contents under one serial ──▶ zonecast ──▶ NSD (node)
 *
 * No content is guessed: both are kept and can be compared, and an operator chooses one.
 */
import { expect } from 'chai'
import { awaitSerial } from '../../../lab/ask-serial.js'
import { compareZones } from '../../../lab/compare.js'
import { makeKey } from '../../../lab/keys.js'
import { startKnot } from '../../../lab/knot.js'
import { startNsd } from '../../../lab/nsd.js'
import { findPort } from '../../../lab/ports.js'
import type { LabServer } from '../../../lab/server.js'
import { updateZone } from '../../../lab/update.js'
import { zoneText } from '../../../lab/zone-text.js'
import { eventually } from '../../support/eventually.js'
import { needsPeers } from '../../support/peers.js'
import { scratchDirs } from '../../support/scratch-dir.js'
import { api, inSync, startHub, type TestHub, writeHubConfig } from '../../support/test-hub.js'

const ZONE = 'torn.example.'

interface ZoneView {
  state: string
  error: string | null
  serial: number | null
  digest: string | null
  rivals: { serial: number; digest: string; from: string }[]
  versions: { serial: number; digest: string; from: string; state: string }[]
}

describe('primaries that disagree', function () {
  this.timeout(60_000)
  needsPeers('knot', 'nsd')
  const scratch = scratchDirs()
  const primaryKey = makeKey('primary-key')
  const nodeKey = makeKey('node-key')
  let primaries: Record<'hm1' | 'hm2', LabServer>
  let node: LabServer
  let hub: TestHub

  const at = (id: 'hm1' | 'hm2') => ({ ip: primaries[id].ip, port: primaries[id].port, key: primaryKey })
  const view = () => api<ZoneView>(hub, `/v1/zones/${ZONE}`)
  const conflicted = () =>
    eventually(
      async () => {
        const zone = await view()
        if (zone.rivals.length === 0 || !zone.error) throw new Error(`no conflict: ${JSON.stringify(zone)}`)
        return zone
      },
      { timeoutMs: 15_000 },
    )
  const approve = (primary: string) =>
    api<{ notes: string[] }>(hub, `/v1/zones/${ZONE}/approve`, {
      method: 'POST',
      body: JSON.stringify({ primary, reason: `${primary} is right` }),
    })
  const change = async (id: 'hm1' | 'hm2', line: string) => {
    const before = await awaitSerial(primaries[id], ZONE)
    await updateZone(at(id), ZONE, [line])
    return await awaitSerial(primaries[id], ZONE, (serial) => serial !== before)
  }
  const difference = async (id: 'hm1' | 'hm2') => await compareZones(at(id), { ip: node.ip, port: node.port, key: nodeKey }, ZONE)

  before(async () => {
    const hubPort = await findPort()
    const start = (id: string, ip: string, extra: string) =>
      findPort(ip).then((port) =>
        startKnot({
          name: id,
          ip,
          port,
          zones: [{ name: ZONE, text: zoneText(ZONE, { records: 50, retrySeconds: 1, extra: [extra] }) }],
          transferKey: primaryKey,
          updateKey: primaryKey,
        }),
      )
    const [hm1, hm2] = await Promise.all([
      start('hm1', '127.0.0.18', 'which TXT "hm1"'),
      start('hm2', '127.0.0.19', 'which TXT "hm2"'),
    ])
    primaries = { hm1, hm2 }
    node = await startNsd({
      name: 'ams1',
      ip: '127.0.0.20',
      port: await findPort('127.0.0.20'),
      zones: [{ name: ZONE, from: [{ ip: '127.0.0.1', port: hubPort, key: nodeKey }] }],
      transferKey: nodeKey,
    })
    const place = await writeHubConfig(
      {
        folder: scratch(),
        primaries: { hm1: at('hm1'), hm2: at('hm2') },
        nodes: { ams1: { cloud: 'A', ip: node.ip, port: node.port, key: nodeKey } },
        zones: [{ name: ZONE }],
      },
      { transfer: hubPort },
    )
    hub = await startHub(place)
  })

  after(async () => {
    await hub?.stop()
    await Promise.all([primaries?.hm1, primaries?.hm2, node].map((server) => server?.stop()))
  })

  it('are in conflict, which is reported with both contents', async () => {
    const { error, rivals, state } = await conflicted()
    expect(state).to.equal('conflict')
    const metrics = await (await fetch(`${hub.api}/metrics`)).text()
    expect(metrics).to.match(/primaries_disagree\{zone="torn\.example\."\} 1/)
    expect(error).to.match(/conflict: hm\d and hm\d serve different content of torn\.example\. under the same serial 1/)
    expect(rivals.length).to.equal(1)
  })

  it('can be compared, record for record', async () => {
    const { rivals, versions } = await view()
    const ours = versions[0]!
    const { removed, added } = await api<{ removed: string[]; added: string[] }>(
      hub,
      `/v1/zones/${ZONE}/diff?from=1:${ours.digest}&to=1:${rivals[0]!.digest}`,
    )
    expect(removed.filter((line) => !line.includes('SOA')).join()).to.match(new RegExp(`which\\.torn.* "${ours.from}"`))
    expect(added.filter((line) => !line.includes('SOA')).join()).to.match(new RegExp(`which\\.torn.* "${rivals[0]!.from}"`))
  })

  it('are resolved only when an operator chooses one', async () => {
    const { rivals } = await view()
    const chosen = rivals[0]!.from
    await approve(chosen)
    await eventually(async () => {
      const zone = await view()
      expect([zone.rivals, zone.error, zone.digest]).to.deep.equal([[], null, rivals[0]!.digest])
    })
    expect((await api<{ versions: { from: string }[] }>(hub, `/v1/zones/${ZONE}`)).versions[0]!.from).to.equal(chosen)
  })

  it('are in conflict no more when they agree again', async () => {
    await updateZone(at('hm1'), ZONE, [`delete which.${ZONE}`, `add which.${ZONE} 60 TXT "both"`])
    await updateZone(at('hm2'), ZONE, [`delete which.${ZONE}`, `add which.${ZONE} 60 TXT "both"`])
    const serial = await awaitSerial(primaries.hm1, ZONE)
    expect(await awaitSerial(primaries.hm2, ZONE)).to.equal(serial)
    await inSync(hub, ZONE, serial)
    await new Promise((resolve) => setTimeout(resolve, 2_500))
    expect((await view()).rivals).to.deep.equal([])
    expect(await difference('hm1')).to.equal(undefined)
  })

  it('are detected after a release as well, however small the difference', async () => {
    await change('hm2', `add late.${ZONE} 60 TXT "hm2"`)
    await change('hm1', `add late.${ZONE} 60 TXT "hm1"`)
    const { error, versions } = await conflicted()
    expect(error).to.match(/conflict: /)
    await approve(versions[0]!.from)
    await eventually(async () => expect((await view()).rivals).to.deep.equal([]))
    expect((await view()).error).to.equal(null)
  })
})
