/**
 *   Knot (primary) ──▶ zonecast ══TLS══▶ NSD, Knot, BIND, each started from what `zonecast render` printed for it
 *
 * Zones reach each node over TLS, also by a catalog; NOTIFY goes over TLS too, and a verify transfers the zones back over TLS. Knot
 * before 3.5 is refused with the reason.
 */
import { expect } from 'chai'
import { copyFileSync } from 'node:fs'
import { awaitSerial } from '../../../lab/ask-serial.js'
import { checkProgram } from '../../../lab/available.js'
import { type LabCa, type LabCertificate, makeCa } from '../../../lab/certificates.js'
import { compareZones } from '../../../lab/compare.js'
import { makeKey } from '../../../lab/keys.js'
import { startKnot } from '../../../lab/knot.js'
import { findPort } from '../../../lab/ports.js'
import { complaintsAbout, startRendered } from '../../../lab/rendered.js'
import { type LabKey, type LabServer, makeServerFolder } from '../../../lab/server.js'
import { updateZone } from '../../../lab/update.js'
import { zoneText } from '../../../lab/zone-text.js'
import { tlsFiles } from '../../../lib/render/node-setup.js'
import { isAtLeast, XOT_FROM } from '../../../lib/render/server-version.js'
import { eventually } from '../../support/eventually.js'
import { needsPeers } from '../../support/peers.js'
import { scratchDirs } from '../../support/scratch-dir.js'
import { credentials, startHub, type TestHub, writeHubConfig } from '../../support/test-hub.js'
import { verify } from '../../support/verify-order.js'

const ZONES = ['plain.test.', '0/25.2.0.192.in-addr.arpa.']
const CATALOG = 'nodes.cat.test.'
const MAKES = ['nsd', 'knot', 'bind'] as const
type Make = (typeof MAKES)[number]

interface Place {
  ip: string
  port: number
  key: LabKey
}

const versionOf = (make: Make): string => checkProgram(make).version ?? '0'
const knows = (make: Make): boolean => isAtLeast(versionOf(make), XOT_FROM[make]!)

for (const hasCatalog of [true, false])
  describe(`nodes from rendered configurations over TLS, ${hasCatalog ? 'with a catalog' : 'zone by zone'}`, function () {
    this.timeout(120_000)
    needsPeers('knot', 'nsd', 'bind', 'redis')
    const scratch = scratchDirs()
    const nodes = new Map<Make, { server: LabServer; key: LabKey }>()
    let ca: LabCa
    let primary: LabServer
    let hub: TestHub

    const render = (make: Make, folder: string): Promise<Response> =>
      fetch(`${hub.api}/v1/nodes/${make}/configuration?${new URLSearchParams({ folder, version: versionOf(make) })}`, {
        headers: credentials(hub),
      })
    const expectSame = async (): Promise<void> => {
      for (const [make, { server, key }] of nodes)
        for (const zone of ZONES) {
          const { ip, port } = server
          expect(await compareZones(primary, { ip, port, key }, zone), `${zone} on ${make}`).to.equal(undefined)
        }
    }

    before(async () => {
      const [transfer, tls] = [await findPort(), await findPort()]
      ca = await makeCa()
      const own: LabCertificate = await ca.issue('hub.lab')
      primary = await startKnot({
        name: 'hm1',
        zones: ZONES.map((name) => ({ name, text: zoneText(name, { records: 60, retrySeconds: 1 }) })),
        notify: [{ ip: '127.0.0.1', port: transfer }],
      })
      const places = new Map<Make, Place>()
      for (const [i, make] of MAKES.entries()) {
        // BIND listens on addresses of interfaces only.
        const ip = make === 'bind' ? '127.0.0.1' : `127.0.0.${45 + i}`
        places.set(make, { ip, port: await findPort(ip), key: makeKey(`${make}.key`) })
      }
      const configured = [...places].filter(([make]) => knows(make))
      const settings = async ([make, { ip, port, key }]: [Make, Place]): Promise<[string, object]> => [
        make,
        {
          cloud: 'A',
          address: `${ip}:${port}`,
          kind: make,
          key: key.name,
          tls: { name: `${make}.lab`, notify: await findPort(ip) },
        },
      ]
      hub = await startHub(
        await writeHubConfig(
          {
            folder: scratch(),
            primaries: { hm1: primary },
            nodes: {},
            zones: ZONES.map((name) => ({ name })),
            transfer: { tls: { listen: [`127.0.0.1:${tls}`], cert: own.cert, key: own.key, clientCa: ca.file } },
            extra: {
              keys: Object.fromEntries(
                [...places.values()].map(({ key: { name, algorithm, secret } }) => [name, { algorithm, secret }]),
              ),
              clouds: { A: {}, B: {} },
              nodes: Object.fromEntries([
                ...(await Promise.all(configured.map(settings))),
                ['pdns', { cloud: 'B', address: '127.0.0.48', kind: 'powerdns', tls: {} }],
                ['old', { cloud: 'B', address: '127.0.0.49', kind: 'knot', tls: {} }],
              ]),
              catalogs: hasCatalog ? [{ name: CATALOG, publish: 'A' }] : [],
            },
          },
          { transfer },
        ),
      )
      for (const [make, place] of configured) {
        const folder = makeServerFolder(make)
        const answer = await render(make, folder)
        const text = await answer.text()
        expect(answer.status, text).to.equal(200)
        const { cert, key } = await ca.issue(`${make}.lab`)
        const files = tlsFiles(folder)
        copyFileSync(ca.file, files.ca)
        copyFileSync(cert, files.cert)
        copyFileSync(key, files.key)
        const server = await startRendered({ kind: make, name: make, ...place, folder, text, probe: ZONES[0]! })
        nodes.set(make, { server, key: place.key })
      }
    })

    after(async () => {
      await hub?.stop()
      await Promise.all([primary, ...[...nodes.values()].map(({ server }) => server)].map((server) => server?.stop()))
    })

    it('are accepted by the checker of each server', () => {
      for (const [make, { server }] of nodes) expect(complaintsAbout(make, server.folder), make).to.equal(undefined)
    })

    it('serve every zone, and follow changes', async () => {
      const served = async (zone: string, serial: number): Promise<void> => {
        for (const { server } of nodes.values())
          await awaitSerial(server, zone, (current) => current === serial, { timeoutMs: 60_000 })
      }
      for (const zone of ZONES) await served(zone, 1)
      await expectSame()
      for (const zone of ZONES) {
        await updateZone(primary, zone, [`add new.${zone} 300 TXT "new"`, `del h3.${zone}`])
        await served(zone, await awaitSerial(primary, zone, (serial) => serial !== 1))
      }
      await expectSame()
    })

    it('are compared over TLS, record for record', async () => {
      const ids = [...nodes.keys()]
      const all = await eventually(
        async () => {
          const { progress } = await verify(hub, '/v1/verify', { zones: ZONES, nodes: ids, how: 'axfr' })
          for (const { step, error, node } of progress.targets) expect(step, `${node}: ${error}`).to.equal('same')
          return progress.targets
        },
        { timeoutMs: 30_000 },
      )
      expect(all).to.have.length(ids.length * ZONES.length)
    })

    it('are refused, with the reason, where the server knows no TLS', async () => {
      for (const [id, version, why] of [
        ['pdns', '5.1.5', /PowerDNS transfers nothing over TLS: put dnsdist beside it/],
        ['old', '3.2.6', /version 3\.2\.6 transfers nothing over TLS: update it to 3\.5/],
      ] as const) {
        const url = `${hub.api}/v1/nodes/${id}/configuration?version=${version}`
        const answer = await fetch(url, { headers: credentials(hub) })
        expect(answer.status).to.equal(422)
        expect(((await answer.json()) as { detail: string }).detail).to.match(why)
      }
    })
  })
