/**
 *   Knot (primary) ──▶ hub ──▶ PowerDNS (node)
 *
 * The key of a PowerDNS node rolls by docs/operate/keys.md, while it serves. It accepts NOTIFY with its first active key alone.
 */
import { readFileSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { expect } from 'chai'
import { awaitSerial } from '../../lab/ask-serial.js'
import { makeKey } from '../../lab/keys.js'
import { startKnot } from '../../lab/knot.js'
import { startPdns } from '../../lab/pdns.js'
import { findPort } from '../../lab/ports.js'
import { runCommand } from '../../lab/run-command.js'
import type { LabServer } from '../../lab/server.js'
import { updateZone } from '../../lab/update.js'
import { zoneText } from '../../lab/zone-text.js'
import { eventually } from '../support/eventually.js'
import { needsPeers } from '../support/peers.js'
import { scratchDirs } from '../support/scratch-dir.js'
import { api, inSync, startHub, type TestHub, writeHubConfig } from '../support/test-hub.js'

const ZONE = 'keys.example.'
const NODE = '127.0.0.48'

describe('the TSIG key of a PowerDNS node', function () {
  this.timeout(60_000)
  needsPeers('knot', 'pdns', 'redis')
  const scratch = scratchDirs()
  const [old, fresh] = [makeKey('pdns-old'), makeKey('pdns-new')]
  const servers: LabServer[] = []
  let hub: TestHub
  afterEach(async () => {
    await hub?.stop()
    for (const server of servers.reverse()) await server.stop()
  })

  it('rolls without a gap', async () => {
    const [transfer, port] = [await findPort(), await findPort(NODE)]
    const primary = await startKnot({
      name: 'hm1',
      zones: [{ name: ZONE, text: zoneText(ZONE, { serial: 1, records: 8, retrySeconds: 1 }) }],
    })
    servers.push(primary)
    const place = await writeHubConfig(
      {
        folder: join(scratch(), 'hub'),
        primaries: { hm1: { ip: '127.0.0.1', port: primary.port } },
        nodes: { pdns: { cloud: 'A', ip: NODE, port, key: old } },
        zones: [{ name: ZONE }],
        keys: { [fresh.name]: { algorithm: fresh.algorithm, secret: fresh.secret } },
      },
      { transfer },
    )
    hub = await startHub(place)
    const from = [{ ip: '127.0.0.1', port: transfer, key: old }]
    const node = await startPdns({ name: 'pdns', ip: NODE, port, zones: [{ name: ZONE, from }] })
    servers.push(node)
    await inSync(hub, ZONE, 1)

    const write = async (keys: object): Promise<void> => {
      const config = JSON.parse(readFileSync(hub.configFile, 'utf8')) as { nodes: { pdns: object } }
      const { key: _, keys: __, ...rest } = config.nodes.pdns as { key?: string; keys?: string[] }
      writeFileSync(hub.configFile, JSON.stringify({ ...config, nodes: { pdns: { ...rest, ...keys } } }))
      await api(hub, '/v1/reload', { method: 'POST' })
    }
    const change = async (serial: number): Promise<void> => {
      await updateZone({ ip: primary.ip, port: primary.port }, ZONE, [`add h${serial}.${ZONE} 60 A 192.0.2.1`])
      await awaitSerial(node, ZONE, (served) => served === serial)
      await inSync(hub, ZONE, serial)
    }
    const pdnsutil = (...args: string[]): Promise<string> => runCommand('pdnsutil', [`--config-dir=${node.folder}`, ...args])

    const oldKeys = async (): Promise<{ key: string; usedAt: string | null }[]> =>
      (await api<{ oldKeys: { key: string; usedAt: string | null }[] }>(hub, '/v1/nodes/pdns')).oldKeys

    await write({ keys: [old.name, fresh.name] })
    await change(2)
    await pdnsutil('import-tsig-key', fresh.name, fresh.algorithm, fresh.secret)
    for (const side of ['secondary', 'primary']) {
      await pdnsutil('activate-tsig-key', ZONE, fresh.name, side)
      await pdnsutil('deactivate-tsig-key', ZONE, old.name, side)
    }
    // PowerDNS refuses the NOTIFY of this version, which has the old key, and gets it when the hub has changed too.
    await updateZone({ ip: primary.ip, port: primary.port }, ZONE, [`add between.${ZONE} 60 A 192.0.2.1`])
    await eventually(() => expect(node.log()).to.match(/expected TSIG key 'pdns-new', got 'pdns-old'/))
    await write({ keys: [fresh.name, old.name] })
    await awaitSerial(node, ZONE, (served) => served === 3)
    await change(4)
    expect((await oldKeys()).map(({ key }) => key)).to.deep.equal([old.name])
    await write({ key: fresh.name })
    await change(5)
    expect(await oldKeys()).to.deep.equal([])
    const { nodes } = await api<{ nodes: { pdns: { error: string | null } } }>(hub, `/v1/zones/${ZONE}`)
    expect(nodes.pdns.error).to.equal(null)
  })
})
