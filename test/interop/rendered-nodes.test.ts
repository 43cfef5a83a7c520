/**
 *   Knot (primary) ──▶ zonecast ──▶ NSD, Knot, BIND, PowerDNS, each started from what `zonecast render` printed for it
 *
 * With a key for each node and without keys, with a catalog for the cloud and without one. After AXFR, IXFR and restarts each zone
 * on every node equals the zone on the primary, record for record; the hub may transfer it back, others may not.
 */
import { expect } from 'chai'
import { awaitSerial } from '../../lab/ask-serial.js'
import { checkProgram } from '../../lab/available.js'
import { compareZones, readZone } from '../../lab/compare.js'
import { makeKey } from '../../lab/keys.js'
import { startKnot } from '../../lab/knot.js'
import { findPort } from '../../lab/ports.js'
import { complaintsAbout, type RenderedKind, startRendered } from '../../lab/rendered.js'
import { type LabKey, type LabServer, makeServerFolder } from '../../lab/server.js'
import { updateZone } from '../../lab/update.js'
import { zoneText } from '../../lab/zone-text.js'
import { isAtLeast } from '../../lib/render/server-version.js'
import { eventually } from '../support/eventually.js'
import { needsPeers } from '../support/peers.js'
import { scratchDirs } from '../support/scratch-dir.js'
import { credentials, inSync, startHub, type TestHub, writeHubConfig } from '../support/test-hub.js'

const ZONES = ['plain.test.', '0/25.2.0.192.in-addr.arpa.', 'a\\.b.test.', 'root.']
const CATALOG = 'nodes.cat.test.'
const TIMERS = { records: 60, refreshSeconds: 60, retrySeconds: 1 }
const KINDS: readonly RenderedKind[] = ['nsd', 'knot', 'bind', 'pdns']
const KIND_OF = { nsd: 'nsd', knot: 'knot', bind: 'bind', pdns: 'powerdns' } as const

interface Node {
  server: LabServer
  key: LabKey | undefined
}

for (const isKeyed of [true, false])
  for (const hasCatalog of [true, false])
    describe(`nodes from rendered configurations, ${isKeyed ? 'with keys' : 'without keys'}, ${hasCatalog ? 'with a catalog' : 'zone by zone'}`, function () {
      this.timeout(120_000)
      needsPeers('knot', 'nsd', 'bind', 'pdns')
      const scratch = scratchDirs()
      const nodes = new Map<RenderedKind, Node>()
      let primary: LabServer
      let hub: TestHub

      const eachPair = async (check: (kind: RenderedKind, node: Node, zone: string) => Promise<void>): Promise<void> => {
        for (const [kind, node] of nodes) for (const zone of ZONES) await check(kind, node, zone)
      }
      const expectSame = (): Promise<void> =>
        eachPair(async (kind, { server, key }, zone) => {
          expect(await compareZones(primary, { ip: server.ip, port: server.port, key }, zone), `${zone} on ${kind}`).to.equal(
            undefined,
          )
        })
      const render = async (kind: string, query: Record<string, string>): Promise<string> => {
        const url = `${hub.api}/v1/nodes/${kind}/configuration?${new URLSearchParams(query)}`
        const response = await fetch(url, { headers: credentials(hub) })
        const text = await response.text()
        expect(response.status, text).to.equal(200)
        return text
      }

      before(async () => {
        const transfer = await findPort()
        primary = await startKnot({
          name: 'hm1',
          zones: ZONES.map((name) => ({ name, text: zoneText(name, TIMERS) })),
          notify: [{ ip: '127.0.0.1', port: transfer }],
        })
        const places = new Map<RenderedKind, { ip: string; port: number; key: LabKey | undefined }>()
        for (const [i, kind] of KINDS.entries()) {
          // The hub asks from 127.0.0.1; BIND listens on addresses of interfaces only.
          const ip = kind === 'bind' ? '127.0.0.1' : `127.0.0.${92 + i}`
          const key = isKeyed ? makeKey(`${kind}.key`, i % 2 === 0 ? 'hmac-sha256' : 'hmac-sha512') : undefined
          places.set(kind, { ip, port: await findPort(ip), key })
        }
        const place = await writeHubConfig(
          {
            folder: scratch(),
            primaries: { hm1: primary },
            nodes: {},
            zones: ZONES.map((name) => ({ name })),
            extra: {
              keys: Object.fromEntries(
                [...places.values()].flatMap(({ key }) =>
                  key === undefined ? [] : [[key.name, { algorithm: key.algorithm, secret: key.secret }]],
                ),
              ),
              clouds: { A: {} },
              nodes: Object.fromEntries(
                [...places].map(([kind, { ip, port, key }]) => [
                  kind,
                  { cloud: 'A', address: `${ip}:${port}`, kind: KIND_OF[kind], ...(key && { key: key.name }) },
                ]),
              ),
              catalogs: hasCatalog ? [{ name: CATALOG, publish: 'A' }] : [],
            },
          },
          { transfer },
        )
        hub = await startHub(place)
        for (const [kind, { ip, port, key }] of places) {
          const folder = makeServerFolder(kind)
          const query = { folder, version: checkProgram(kind).version! }
          const text = await render(kind, query)
          if (key !== undefined) expect(text).to.not.include(key.secret)
          const commands = kind === 'pdns' ? await render(kind, { ...query, part: 'zones' }) : undefined
          nodes.set(kind, {
            key,
            server: await startRendered({ kind, name: kind, ip, port, folder, text, commands, key, probe: ZONES[0]! }),
          })
        }
      })

      after(async () => {
        await hub?.stop()
        await Promise.all([primary, ...[...nodes.values()].map(({ server }) => server)].map((server) => server?.stop()))
      })

      it('are accepted by the checker of each server', () => {
        for (const [kind, { server }] of nodes) expect(complaintsAbout(kind, server.folder), kind).to.equal(undefined)
      })

      it('serve every zone after AXFR', async () => {
        for (const zone of ZONES) await inSync(hub, encodeURIComponent(zone), 1, 90_000)
        await expectSame()
      })

      it('follow changes', async () => {
        for (const zone of ZONES) {
          await updateZone(primary, zone, [`add new.${zone} 300 TXT "new"`, `del h3.${zone}`])
          await inSync(hub, encodeURIComponent(zone), await awaitSerial(primary, zone, (serial) => serial !== 1), 60_000)
        }
        await expectSame()
        // PowerDNS transfers by AXFR only.
        const metrics = await (await fetch(`${hub.api}/metrics`, { headers: credentials(hub) })).text()
        const [, ixfrs] = /zonecast_transfers_total\{direction="out",kind="ixfr",outcome="ok"\} (\d+)/.exec(metrics) ?? []
        expect(Number(ixfrs)).to.be.at.least(ZONES.length * (KINDS.length - 1))
      })

      it('serve every zone after a restart, while no hub answers', async () => {
        // NSD writes its zone files within a minute: here the restart follows at its command.
        await hub.stop()
        const serials = new Map<string, number>()
        for (const zone of ZONES) serials.set(zone, await awaitSerial(primary, zone))
        for (const [kind, { server }] of nodes) if (kind !== 'nsd') await server.restart()
        await eachPair(async (_kind, { server }, zone) => {
          await awaitSerial(server, zone, (serial) => serial === serials.get(zone))
        })
        await expectSame()
        hub = await startHub(hub)
      })

      it('serve every zone after a restart', async () => {
        for (const { server } of nodes.values()) await server.restart()
        await eachPair(async (_kind, { server }, zone) => {
          await awaitSerial(server, zone, () => true, { timeoutMs: 60_000 })
        })
        await expectSame()
      })

      it('consume the catalog where the make can', async function () {
        if (!hasCatalog) return this.skip()
        const consumers = [...nodes].filter(([kind]) => {
          const { version } = checkProgram(kind)
          return kind === 'pdns' ? !isKeyed && isAtLeast(version!, '4.7') : kind !== 'nsd' || isAtLeast(version!, '4.9')
        })
        expect(consumers.length).to.be.at.least(2)
        for (const [kind] of consumers) {
          const text = await render(kind, { version: checkProgram(kind).version! })
          expect(text, kind).to.include(CATALOG.slice(0, -1))
          expect(text, kind).to.not.include('plain.test')
        }
      })

      it('refuse transfers to others', async function () {
        if (!isKeyed) return this.skip()
        for (const [kind, { server }] of nodes) {
          const read = await readZone({ ip: server.ip, port: server.port, key: makeKey('other.key') }, ZONES[0]!).catch(
            (error: Error) => error,
          )
          expect(read, kind).to.be.instanceOf(Error)
        }
        await eventually(async () => expectSame(), { timeoutMs: 10_000 })
      })
    })
