/**
 *   Knot (primary of a catalog) ──▶ zonecast (killed at any instant) ──▶ Knot (node, consumes the published catalog)
 *
 * A member that left is served for its grace time, and comes back whole, whenever the hub is killed meanwhile.
 */
import { setTimeout as sleep } from 'node:timers/promises'
import { expect } from 'chai'
import { askSerial, awaitSerial } from '../../lab/ask-serial.js'
import { startKnot } from '../../lab/knot.js'
import { findPort } from '../../lab/ports.js'
import type { LabServer } from '../../lab/server.js'
import { updateZone } from '../../lab/update.js'
import { zoneText } from '../../lab/zone-text.js'
import { eventually } from '../support/eventually.js'
import { amount } from '../support/long.js'
import { needsPeers } from '../support/peers.js'
import { scratchDirs } from '../support/scratch-dir.js'
import { api, type HubPlace, type HubProcess, spawnHub, writeHubConfig } from '../support/test-hub.js'

const CATALOG = 'cat.test.'
const PUBLISHED = 'nodes.test.'
const MEMBERS = ['m0.test.', 'm1.test.', 'm2.test.', 'm3.test.', 'm4.test.']
const TEXT = `$ORIGIN ${CATALOG}\n$TTL 0\n@ SOA invalid. invalid. 1 1 1 1000 0\n@ NS invalid.\nversion TXT 2\n${MEMBERS.map((name, i) => `i${i}.zones PTR ${name}\n`).join('')}`
const KILLS = amount('ZONECAST_TEST_KILLS', { long: 60, short: 6 })

describe('the members of a catalog', function () {
  this.timeout(60_000 + KILLS * 30_000)
  needsPeers('knot', 'redis')
  let primary: LabServer
  let node: LabServer
  let place: HubPlace
  let hub: HubProcess | undefined

  after(async () => {
    await hub?.stop()
    await Promise.all([primary, node].map((server) => server?.stop()))
  })
  // Removed after the end of the hub.
  const scratch = scratchDirs()

  const view = () =>
    api<{ error: string | null; members: { zone: string; leavingSince: string | null }[] }>(place, `/v1/catalogs/${CATALOG}`)
  const leaving = async () => (await view()).members.filter(({ leavingSince }) => leavingSince !== null).map(({ zone }) => zone)
  const versionsOf = async (zone: string) =>
    (await api<{ versions: { serial: number; digest: string; committedAt: string }[] }>(place, `/v1/zones/${zone}`)).versions.map(
      ({ serial, digest, committedAt }) => [serial, digest, committedAt],
    )
  const listed = async () =>
    (await api<{ members: { zone: string }[] }>(place, `/v1/catalogs/${PUBLISHED}`)).members.map(({ zone }) => zone)

  before(async () => {
    const transfer = await findPort()
    const from = [{ ip: '127.0.0.1', port: transfer }]
    const zones = MEMBERS.map((name) => ({ name, text: zoneText(name, { records: 6, retrySeconds: 1 }) }))
    ;[primary, node] = await Promise.all([
      startKnot({ name: 'hm1', port: await findPort(), notify: from, zones: [{ name: CATALOG, text: TEXT }, ...zones] }),
      startKnot({
        name: 'a1',
        ip: '127.0.0.93',
        port: await findPort('127.0.0.93'),
        zones: [{ name: PUBLISHED, from, catalog: 'consumed' }],
      }),
    ])
    place = await writeHubConfig(
      {
        folder: scratch(),
        primaries: { hm1: primary },
        nodes: { a1: { cloud: 'A', ip: node.ip, port: node.port } },
        zones: [],
        extra: {
          catalogs: [
            { name: CATALOG, grace: '1h' },
            { name: PUBLISHED, publish: 'A' },
          ],
        },
      },
      { transfer },
    )
    hub = await spawnHub(place)
    for (const zone of MEMBERS) await awaitSerial(node, zone)
  })

  it(`leave and come back whole while the hub is killed ${KILLS} times`, async () => {
    const versions = await versionsOf('m1.test.')
    for (let round = 0; round < KILLS; round++) {
      const isGone = round % 2 === 0
      await updateZone(primary, CATALOG, [isGone ? `delete i1.zones.${CATALOG} PTR` : `add i1.zones.${CATALOG} 0 PTR m1.test.`])
      // From before the transfer of the catalog to after the change of its members.
      await sleep(Math.random() * 400)
      await hub!.kill()
      hub = await spawnHub(place)
      // Known at once, before any answer of the primary.
      expect(
        (await view()).members.map(({ zone }) => zone),
        `kill ${round}`,
      ).to.deep.equal(MEMBERS)
      await eventually(async () => expect(await leaving(), `kill ${round}`).to.deep.equal(isGone ? ['m1.test.'] : []), {
        timeoutMs: 20_000,
      })
      expect(await versionsOf('m1.test.'), `kill ${round}`).to.deep.equal(versions)
      expect(await listed()).to.deep.equal(MEMBERS)
      for (const zone of MEMBERS) expect((await askSerial(node, zone, 2_000))?.serial, `${zone} after kill ${round}`).to.equal(1)
    }
  })

  it('leave with the end of their grace time in a restart too, and at no other time', async () => {
    const before = (await view()).members
    await hub!.stop()
    hub = await spawnHub(place)
    expect((await view()).members).to.deep.equal(before)
  })
})
