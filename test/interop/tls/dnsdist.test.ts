/**
 *   Knot (primary) ──▶ hub ──TLS──▶ dnsdist ──▶ PowerDNS (node)
 *   Knot ──▶ PowerDNS (primary) ──▶ dnsdist ──TLS──▶ hub
 *
 * A node without TLS of its own comes through dnsdist, which shows no certificate: its address and the TLS count. A primary is reached
 * through dnsdist, which shows its certificate.
 */
import { expect } from 'chai'
import { join } from 'node:path'
import { awaitSerial } from '../../../lab/ask-serial.js'
import { makeCa } from '../../../lab/certificates.js'
import { compareZones } from '../../../lab/compare.js'
import { startDnsdist, startDnsdistPrimary } from '../../../lab/dnsdist.js'
import { startKnot } from '../../../lab/knot.js'
import { startPdns } from '../../../lab/pdns.js'
import { findPort } from '../../../lab/ports.js'
import type { LabServer } from '../../../lab/server.js'
import { updateZone } from '../../../lab/update.js'
import { zoneText } from '../../../lab/zone-text.js'
import { eventually } from '../../support/eventually.js'
import { needsPeers } from '../../support/peers.js'
import { scratchDirs } from '../../support/scratch-dir.js'
import { api, inSync, startHub, type TestHub, writeHubConfig } from '../../support/test-hub.js'

const ZONE = 'tls.example.'
const NODE = '127.0.0.44'

describe('PowerDNS over TLS, through dnsdist', function () {
  this.timeout(60_000)
  needsPeers('knot', 'pdns', 'dnsdist', 'redis')
  const scratch = scratchDirs()
  const servers: LabServer[] = []
  let hub: TestHub | undefined
  afterEach(async () => {
    await hub?.stop()
    hub = undefined
    for (const server of servers.splice(0).reverse()) await server.stop()
  })

  it('gets all records of each version', async () => {
    const ca = await makeCa()
    const own = await ca.issue('hub.lab')
    const primary = await startKnot({
      name: 'hm1',
      zones: [{ name: ZONE, text: zoneText(ZONE, { serial: 1, records: 2_000, retrySeconds: 1 }) }],
    })
    servers.push(primary)
    const [tls, port] = [await findPort(), await findPort(NODE)]
    const place = await writeHubConfig({
      folder: join(scratch(), 'hub'),
      primaries: { hm1: { ip: '127.0.0.1', port: primary.port } },
      nodes: {},
      zones: [{ name: ZONE }],
      transfer: { tls: { listen: [`127.0.0.1:${tls}`], cert: own.cert, key: own.key, clientCa: ca.file } },
      extra: { clouds: { A: {} }, nodes: { pdns: { cloud: 'A', address: `${NODE}:${port}`, tls: {} } } },
    })
    hub = await startHub(place)
    await eventually(async () => expect((await api<{ serial: number }>(hub!, `/v1/zones/${ZONE}`)).serial).to.equal(1))
    const dnsdist = await startDnsdist({
      name: 'dnsdist',
      source: NODE,
      hub: { ip: '127.0.0.1', port: tls, name: 'hub.lab', ca: ca.file },
      zone: ZONE,
    })
    servers.push(dnsdist)
    const from = [{ ip: dnsdist.ip, port: dnsdist.port }]
    const node = await startPdns({ name: 'pdns', ip: NODE, port, zones: [{ name: ZONE, from }] })
    servers.push(node)
    await inSync(hub, ZONE, 1)
    await updateZone({ ip: primary.ip, port: primary.port }, ZONE, [`add more.${ZONE} 60 A 192.0.2.1`])
    await awaitSerial(node, ZONE, (serial) => serial === 2)
    await inSync(hub, ZONE, 2)
    expect(await compareZones(primary, node, ZONE)).to.equal(undefined)
  })

  it('sends all records of each version as a primary', async () => {
    const ca = await makeCa()
    const { cert, key } = await ca.issue('primary.lab')
    const [pdnsPort, tlsPort] = [await findPort(NODE), await findPort()]
    const source = await startKnot({
      name: 'source',
      zones: [{ name: ZONE, text: zoneText(ZONE, { serial: 1, records: 2_000, retrySeconds: 1 }) }],
      notify: [{ ip: NODE, port: pdnsPort }],
    })
    servers.push(source)
    const from = [{ ip: source.ip, port: source.port }]
    const pdns = await startPdns({ name: 'pdns', ip: NODE, port: pdnsPort, zones: [{ name: ZONE, from }] })
    servers.push(pdns)
    await awaitSerial(pdns, ZONE, (serial) => serial === 1)
    const backend = { ip: pdns.ip, port: pdns.port }
    servers.push(await startDnsdistPrimary({ name: 'dnsdist', tls: { port: tlsPort, cert, key }, backend, zone: ZONE }))
    const place = await writeHubConfig({
      folder: join(scratch(), 'hub'),
      primaries: {},
      nodes: { reader: { cloud: 'A', ip: '127.0.0.1', port: 5353 } },
      zones: [{ name: ZONE }],
      extra: {
        primaries: { hm1: { address: `127.0.0.1:${tlsPort}`, tls: { name: 'primary.lab', ca: ca.file } } },
      },
    })
    hub = await startHub(place)
    const arrived = (serial: number) =>
      eventually(async () => expect((await api<{ serial: number }>(hub!, `/v1/zones/${ZONE}`)).serial).to.equal(serial))
    await arrived(1)
    await updateZone({ ip: source.ip, port: source.port }, ZONE, [`add more.${ZONE} 60 A 192.0.2.1`])
    await arrived(2)
    expect(await compareZones(source, hub.transfer, ZONE)).to.equal(undefined)
  })
})
