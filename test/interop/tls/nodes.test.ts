/**
 *   Knot (primary) ──▶ hub ──TLS──▶ NSD, Knot and BIND (nodes)
 *
 * Nodes transfer over TLS with certificates (RFC 9103), and get nothing in the clear.
 */
import { expect } from 'chai'
import { join } from 'node:path'
import { awaitSerial } from '../../../lab/ask-serial.js'
import { checkProgram } from '../../../lab/available.js'
import { startBind } from '../../../lab/bind.js'
import { type LabCa, type LabCertificate, makeCa } from '../../../lab/certificates.js'
import { compareZones } from '../../../lab/compare.js'
import { makeKey } from '../../../lab/keys.js'
import { startKnot } from '../../../lab/knot.js'
import { startNsd } from '../../../lab/nsd.js'
import { findPort } from '../../../lab/ports.js'
import { runCommand } from '../../../lab/run-command.js'
import type { LabServer } from '../../../lab/server.js'
import { updateZone } from '../../../lab/update.js'
import { zoneText } from '../../../lab/zone-text.js'
import { isAtLeast } from '../../../lib/render/server-version.js'
import { eventually } from '../../support/eventually.js'
import { needsPeers } from '../../support/peers.js'
import { scratchDirs } from '../../support/scratch-dir.js'
import { api, inSync, startHub, type TestHub, writeHubConfig } from '../../support/test-hub.js'

const ZONE = 'tls.example.'
const STARTS = { nsd: startNsd, knot: startKnot, bind: startBind }
type Make = keyof typeof STARTS
/** BIND listens on addresses of interfaces only. `pinned`: known by the pin of its key, and knows the hub by its pin. */
const IPS = { nsd: '127.0.0.41', knot: '127.0.0.42', pinned: '127.0.0.43', bind: '127.0.0.1' }
type Node = keyof typeof IPS
const makeOf = (node: Node): Make => (node === 'pinned' ? 'knot' : node)
/** Knot has TLS from 3.5 on. */
const NODES = (Object.keys(IPS) as Node[]).filter(
  (node) => makeOf(node) !== 'knot' || isAtLeast(checkProgram('knot').version ?? '0', '3.5'),
)

describe('nodes over TLS', function () {
  this.timeout(90_000)
  needsPeers('knot', 'nsd', 'bind', 'redis')
  const scratch = scratchDirs()
  const primaryKey = makeKey('hm-key')
  const nodeKey = makeKey('node-key')
  const servers: LabServer[] = []
  let ca: LabCa
  let primary: LabServer
  let hub: TestHub | undefined
  let transfer: number

  before(async () => {
    ca = await makeCa()
    const own = await ca.issue('hub.lab')
    transfer = await findPort()
    const tls = await findPort()
    primary = await startKnot({
      name: 'hm1',
      zones: [{ name: ZONE, text: zoneText(ZONE, { serial: 1, records: 2_000, retrySeconds: 1 }) }],
      transferKey: primaryKey,
      updateKey: primaryKey,
    })
    servers.push(primary)
    const nodes: Record<string, object> = {}
    const places = {} as Record<Node, { port: number; tls: number; certificate: LabCertificate }>
    for (const node of NODES) {
      const [port, notify] = [await findPort(IPS[node]), await findPort(IPS[node])]
      const certificate = await ca.issue(`${node}.lab`)
      places[node] = { port, tls: notify, certificate }
      nodes[node] = {
        cloud: 'A',
        address: `${IPS[node]}:${port}`,
        tls: { ...(node === 'pinned' ? { pin: certificate.pin } : { name: `${node}.lab` }), notify },
        ...(node === 'bind' ? { key: nodeKey.name } : {}),
      }
    }
    const { name, algorithm, secret } = primaryKey
    const place = await writeHubConfig(
      {
        folder: join(scratch(), 'hub'),
        primaries: { hm1: { ip: '127.0.0.1', port: primary.port, key: primaryKey } },
        nodes: {},
        zones: [{ name: ZONE }],
        transfer: { tls: { listen: [`127.0.0.1:${tls}`], cert: own.cert, key: own.key, clientCa: ca.file } },
        extra: {
          clouds: { A: {} },
          nodes,
          keys: { [name]: { algorithm, secret }, [nodeKey.name]: { algorithm: nodeKey.algorithm, secret: nodeKey.secret } },
        },
      },
      { transfer },
    )
    hub = await startHub(place)
    await eventually(async () => expect((await api<{ serial: number }>(hub!, `/v1/zones/${ZONE}`)).serial).to.equal(1))
    for (const node of NODES) {
      const { port, tls: tlsPort, certificate } = places[node]
      const hubTls = node === 'pinned' ? { pin: own.pin } : { name: 'hub.lab' }
      const from = [{ ip: '127.0.0.1', port: tls, tls: hubTls, ...(node === 'bind' ? { key: nodeKey } : {}) }]
      servers.push(
        await STARTS[makeOf(node)]({
          name: node,
          ip: IPS[node],
          port,
          zones: [{ name: ZONE, from }],
          tls: { port: tlsPort, cert: certificate.cert, key: certificate.key, ca: ca.file },
        }),
      )
    }
  })
  after(async () => {
    await hub?.stop()
    for (const server of servers) await server.stop()
  })

  it('get all records, and differences of them, also signed', async () => {
    // NSD 4.6.1 shows no certificate on its first connection, is refused, and waits; the NOTIFY came before it listened.
    for (const server of servers) if (server.kind === 'nsd') await server.control('transfer', ZONE)
    await inSync(hub!, ZONE, 1)
    await updateZone({ ip: primary.ip, port: primary.port, key: primaryKey }, ZONE, [`add more.${ZONE} 60 A 192.0.2.1`])
    for (const node of servers.slice(1)) await awaitSerial(node, ZONE, (served) => served === 2)
    await inSync(hub!, ZONE, 2)
    const source = { ip: primary.ip, port: primary.port, key: primaryKey }
    for (const node of servers.slice(1)) expect(await compareZones(source, node, ZONE), node.name).to.equal(undefined)
  })

  const WAYS = [
    ['+tcp', 'AXFR'],
    ['+tcp', 'IXFR=1'],
    ['+notcp', 'IXFR=1'],
    ['+tcp', 'SOA'],
    ['+notcp', 'SOA'],
  ]
  for (const way of WAYS)
    it(`get nothing in the clear by ${way.join(' ')}`, async () => {
      const server = ['@127.0.0.1', '-p', String(transfer), '-b', IPS.nsd]
      const answer = await runCommand('dig', ['-r', ...server, ZONE, ...way, '+time=5', '+tries=1'])
      expect(answer).to.not.match(/^[^;].*IN\s+(A|SOA)/m)
      if (way[1] === 'SOA') expect(answer).to.match(/REFUSED/)
    })

  it('get NOTIFY over TLS, each of them', async () => {
    const text = await (await fetch(`${hub!.api}/metrics`)).text()
    const of = (outcome: string): number =>
      Number(new RegExp(`zonecast_notify_total\\{direction="out",outcome="${outcome}"\\} (\\d+)`).exec(text)?.[1] ?? 0)
    expect(of('answered')).to.be.at.least(NODES.length)
  })

  it('that come in the clear are named with the reason', async () => {
    const text = await (await fetch(`${hub!.api}/metrics`)).text()
    expect(text).to.match(/zonecast_refused_peers_total\{node="nsd"\} [1-9]/)
    expect(text).to.match(/zonecast_tls_handshakes_total\{outcome="ok"\} [1-9]/)
  })
})
