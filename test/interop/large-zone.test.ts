/**
 *   Knot (primary) ──▶ zonecast ──▶ NSD
 *
 * A zone so large that a second thread computes its sums during the transfer: the same records as on the primary are on the node
 * and in the hub, also when the hub has read it from disk, and after a change.
 */
import { expect } from 'chai'
import { awaitSerial } from '../../lab/ask-serial.js'
import { compareZones } from '../../lab/compare.js'
import { makeKey } from '../../lab/keys.js'
import { startKnot } from '../../lab/knot.js'
import { startNsd } from '../../lab/nsd.js'
import { findPort } from '../../lab/ports.js'
import type { LabServer } from '../../lab/server.js'
import { updateZone } from '../../lab/update.js'
import { zoneText } from '../../lab/zone-text.js'
import { needsPeers } from '../support/peers.js'
import { scratchDirs } from '../support/scratch-dir.js'
import { api, type HubPlace, inSync, startHub, type TestHub, writeHubConfig } from '../support/test-hub.js'

const ZONE = 'large.example.'
/** About 7 MB in stored form. */
const RECORDS = 150_000

describe('a large zone', () => {
  needsPeers('knot', 'nsd')
  const scratch = scratchDirs()
  const primaryKey = makeKey('primary-key')
  const nodeKey = makeKey('node-key')
  const servers: LabServer[] = []
  let primary: LabServer
  let place: HubPlace
  let hub: TestHub | undefined

  const expectSame = async (port: number): Promise<void> => {
    const from = { ip: primary.ip, port: primary.port, key: primaryKey }
    expect(await compareZones(from, { ip: '127.0.0.1', port, key: nodeKey }, ZONE)).to.equal(undefined)
  }

  before(async function () {
    this.timeout(60_000)
    const [hubPort, nodePort] = [await findPort(), await findPort()]
    primary = await startKnot({
      name: 'primary',
      zones: [{ name: ZONE, text: zoneText(ZONE, { records: RECORDS, refreshSeconds: 60, retrySeconds: 1 }) }],
      transferKey: primaryKey,
      updateKey: primaryKey,
      notify: [{ ip: '127.0.0.1', port: hubPort, key: primaryKey }],
    })
    servers.push(primary)
    const from = [{ ip: '127.0.0.1', port: hubPort, key: nodeKey }]
    const node = await startNsd({ name: 'node', port: nodePort, zones: [{ name: ZONE, from }], transferKey: nodeKey })
    servers.push(node)
    place = await writeHubConfig(
      {
        folder: scratch(),
        primaries: { hm1: { ip: primary.ip, port: primary.port, key: primaryKey } },
        nodes: { n1: { cloud: 'A', ip: node.ip, port: node.port, key: nodeKey } },
        zones: [{ name: ZONE }],
      },
      { transfer: hubPort },
    )
    hub = await startHub(place)
  })
  after(async () => {
    await hub?.stop()
    await Promise.all(servers.map((server) => server.stop()))
  })

  it('has the same records on the node as on the primary', async () => {
    await inSync(hub!, ZONE, undefined, 60_000)
    const { versions } = await api<{ versions: { records: number }[] }>(hub!, `/v1/zones/${ZONE}`)
    expect(versions[0]?.records).to.equal(RECORDS)
    await expectSame(servers[1]!.port)
    await expectSame(place.transfer.port)
  }).timeout(120_000)

  it('is the same when the hub has read it from disk', async () => {
    await hub!.stop()
    hub = await startHub(place)
    await expectSame(place.transfer.port)
  }).timeout(60_000)

  it('is changed by IXFR', async () => {
    const before = await awaitSerial(primary, ZONE)
    const at = { ip: primary.ip, port: primary.port, key: primaryKey }
    await updateZone(at, ZONE, [`add h3.${ZONE} 300 TXT "new"`, `del h4.${ZONE}`])
    const serial = await awaitSerial(primary, ZONE, (observed) => observed !== before)
    await inSync(hub!, ZONE, serial, 40_000)
    const { versions } = await api<{ versions: { kind: string }[] }>(hub!, `/v1/zones/${ZONE}`)
    expect(versions.map(({ kind }) => kind)).to.include('ixfr')
    await expectSame(servers[1]!.port)
    await expectSame(place.transfer.port)
  }).timeout(90_000)
})
