/**
 *   Knot (primary) ──▶ east ──TLS──▶ west, whose primary is away
 *
 * Peer hubs exchange versions over TLS with certificates (RFC 9103), and give nothing in the clear.
 */
import { expect } from 'chai'
import { join } from 'node:path'
import { makeCa } from '../../../lab/certificates.js'
import { makeKey, signingArgs } from '../../../lab/keys.js'
import { startKnot } from '../../../lab/knot.js'
import { findPort } from '../../../lab/ports.js'
import { type LabRedis, startRedis } from '../../../lab/redis.js'
import { runCommand } from '../../../lab/run-command.js'
import type { LabServer } from '../../../lab/server.js'
import { zoneText } from '../../../lab/zone-text.js'
import { changeZone } from '../../support/change-zone.js'
import { eventually } from '../../support/eventually.js'
import { needsPeers } from '../../support/peers.js'
import { scratchDirs } from '../../support/scratch-dir.js'
import { api, type HubPlace, type HubProcess, spawnHub, writeHubConfig } from '../../support/test-hub.js'

const ZONE = 'tls.example.'
type Name = 'east' | 'west'
const NAMES: readonly Name[] = ['east', 'west']
const IP: Record<Name, string> = { east: '127.0.0.23', west: '127.0.0.24' }

describe('peer hubs over TLS', function () {
  this.timeout(90_000)
  needsPeers('knot', 'bind', 'redis')
  const scratch = scratchDirs()
  const [primaryKey, hubKey] = [makeKey('primary-key'), makeKey('hub-key')]
  const hubs: HubProcess[] = []
  const places = {} as Record<Name, HubPlace>
  const plain = {} as Record<Name, number>
  let primary: LabServer
  let redis: LabRedis

  before(async () => {
    const ca = await makeCa()
    redis = await startRedis({ name: 'shared' })
    primary = await startKnot({
      name: 'hm1',
      zones: [{ name: ZONE, text: zoneText(ZONE, { serial: 1, records: 500, refreshSeconds: 1, retrySeconds: 1 }) }],
      transferKey: primaryKey,
      updateKey: primaryKey,
    })
    const [away, tls] = [await findPort(), { east: await findPort(IP.east), west: await findPort(IP.west) }]
    for (const name of NAMES) {
      plain[name] = await findPort(IP[name])
      const { cert, key } = await ca.issue(`${name}.lab`)
      places[name] = await writeHubConfig({
        folder: join(scratch(), name),
        primaries: { hm1: { ip: primary.ip, port: name === 'east' ? primary.port : away, key: primaryKey } },
        nodes: { n1: { cloud: 'A', ip: '127.0.0.1', port: 9 } },
        zones: [{ name: ZONE }],
        keys: { [hubKey.name]: { algorithm: hubKey.algorithm, secret: hubKey.secret } },
        extra: {
          hub: name,
          redis: redis.url,
          transfer: {
            listen: [`${IP[name]}:${plain[name]}`],
            source: [IP[name]],
            tls: { listen: [`${IP[name]}:${tls[name]}`], cert, key, clientCa: ca.file },
          },
          hubs: Object.fromEntries(
            NAMES.map((id) => [id, { address: `${IP[id]}:${tls[id]}`, key: hubKey.name, tls: { name: `${id}.lab` } }]),
          ),
        },
      })
      hubs.push(await spawnHub(places[name]))
    }
  })
  after(async () => {
    await Promise.allSettled(hubs.map((hub) => hub.stop()))
    await Promise.allSettled([primary, redis].map((server) => server?.stop()))
  })

  interface View {
    serial: number | null
    versions: { serial: number; from: string }[]
  }
  const hasFrom = (serial: number, from: string) =>
    eventually(
      async () => {
        const { versions } = await api<View>(places.west, `/v1/zones/${ZONE}`)
        expect(versions[0]).to.include({ serial, from })
      },
      { timeoutMs: 30_000 },
    )

  it('give each other all records, and differences', async () => {
    await hasFrom(1, 'east')
    const serial = await changeZone(primary, ZONE, primaryKey)
    await hasFrom(serial, 'east')
    const metrics = await (await fetch(`${places.east.api}/metrics`)).text()
    expect(metrics).to.match(/zonecast_tls_handshakes_total\{outcome="ok"\} [1-9]/)
  })

  it('give each other nothing in the clear', async () => {
    const signed = signingArgs(hubKey)
    const asWest = ['-r', `@${IP.east}`, '-p', String(plain.east), '-b', IP.west, ...signed, '+time=5', '+tries=1']
    const answer = await runCommand('dig', [...asWest, ZONE, 'AXFR', '+tcp'])
    expect(answer).to.not.match(/^[^;].*IN\s+(A|SOA)/m)
    expect(await runCommand('dig', [...asWest, ZONE, 'SOA'])).to.match(/REFUSED/)
  })
})
