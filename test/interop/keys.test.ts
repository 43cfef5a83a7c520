/**
 *   Knot (primary) ──▶ hub ──▶ NSD, Knot and BIND (nodes)
 *
 * Keys by docs/operate/moving.md: a change without a gap, and one name for the secrets of two peers.
 */
import { readFileSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { expect } from 'chai'
import { awaitSerial } from '../../lab/ask-serial.js'
import { startBind } from '../../lab/bind.js'
import { makeKey } from '../../lab/keys.js'
import { startKnot } from '../../lab/knot.js'
import { startNsd } from '../../lab/nsd.js'
import { findPort } from '../../lab/ports.js'
import type { LabKey, LabServer } from '../../lab/server.js'
import { updateZone } from '../../lab/update.js'
import { zoneText } from '../../lab/zone-text.js'
import { needsPeers } from '../support/peers.js'
import { scratchDirs } from '../support/scratch-dir.js'
import { api, inSync, startHub, type TestHub, writeHubConfig } from '../support/test-hub.js'

const ZONE = 'keys.example.'
const STARTS = { nsd: startNsd, knot: startKnot, bind: startBind }
type Make = keyof typeof STARTS
/** BIND listens on addresses of interfaces only. */
const IPS: Record<Make, string> = { nsd: '127.0.0.21', knot: '127.0.0.22', bind: '127.0.0.1' }
const MAKES = Object.keys(STARTS) as Make[]

describe('TSIG keys between hub and nodes', function () {
  this.timeout(90_000)
  needsPeers('knot', 'nsd', 'bind', 'redis')
  const scratch = scratchDirs()
  const primaryKey = makeKey('hm-key')
  const servers: LabServer[] = []
  let primary: LabServer
  let hub: TestHub | undefined

  /** Nodes with their keys, and a hub with `hubKeys` for them. */
  const start = async (nodeKeys: (make: Make) => LabKey[], keys: object, keyOf: (make: Make) => string) => {
    const transfer = await findPort()
    const primaryPort = await findPort()
    primary = await startKnot({
      name: 'hm1',
      port: primaryPort,
      zones: [{ name: ZONE, text: zoneText(ZONE, { serial: 1, records: 8, retrySeconds: 1 }) }],
      transferKey: primaryKey,
      updateKey: primaryKey,
    })
    servers.push(primary)
    const nodes: Record<string, object> = {}
    const ports: Partial<Record<Make, number>> = {}
    for (const make of MAKES) {
      const port = await findPort(IPS[make])
      ports[make] = port
      nodes[make] = { cloud: 'A', address: `${IPS[make]}:${port}`, key: keyOf(make) }
    }
    const { name, algorithm, secret } = primaryKey
    const place = await writeHubConfig(
      {
        folder: join(scratch(), 'hub'),
        primaries: { hm1: { ip: '127.0.0.1', port: primaryPort, key: primaryKey } },
        nodes: {},
        zones: [{ name: ZONE }],
        extra: { clouds: { A: {} }, nodes, keys: { [name]: { algorithm, secret }, ...keys } },
      },
      { transfer },
    )
    hub = await startHub(place)
    for (const make of MAKES) {
      const from = nodeKeys(make).map((key) => ({ ip: '127.0.0.1', port: transfer, key }))
      servers.push(await STARTS[make]({ name: make, ip: IPS[make], port: ports[make]!, zones: [{ name: ZONE, from }] }))
    }
    await inSync(hub, ZONE, 1)
  }
  const change = async (serial: number) => {
    await updateZone({ ip: primary.ip, port: primary.port, key: primaryKey }, ZONE, [`add h${serial}.${ZONE} 60 A 192.0.2.1`])
    for (const node of servers.slice(1)) await awaitSerial(node, ZONE, (served) => served === serial)
    await inSync(hub!, ZONE, serial)
  }

  afterEach(async () => {
    await hub?.stop()
    hub = undefined
    await Promise.all(servers.splice(0).map((server) => server.stop()))
  })

  it('are changed without a gap: the node knows two, then the hub uses the new one', async () => {
    const byMake = (suffix: string) =>
      Object.fromEntries(MAKES.map((make) => [make, makeKey(`${make}-${suffix}`)])) as Record<Make, LabKey>
    const [old, fresh] = [byMake('old'), byMake('new')]
    const entries = Object.fromEntries(
      [...Object.values(old), ...Object.values(fresh)].map(({ name, algorithm, secret }) => [name, { algorithm, secret }]),
    )
    await start(
      (make) => [old[make], fresh[make]],
      entries,
      (make) => old[make].name,
    )
    await change(2)
    const config = JSON.parse(readFileSync(hub!.configFile, 'utf8')) as { nodes: Record<Make, { key: string }> }
    for (const make of MAKES) config.nodes[make].key = fresh[make].name
    writeFileSync(hub!.configFile, JSON.stringify(config))
    await api(hub!, '/v1/reload', { method: 'POST' })
    await change(3)
    const { nodes } = await api<{ nodes: Record<string, { error: string | null }> }>(hub!, `/v1/zones/${ZONE}`)
    expect(Object.values(nodes).map(({ error }) => error)).to.deep.equal([null, null, null])
  })

  it('roll: hub and nodes accept both keys, in any order, until no node uses the old one', async () => {
    const byMake = (suffix: string) =>
      Object.fromEntries(MAKES.map((make) => [make, makeKey(`${make}-${suffix}`)])) as Record<Make, LabKey>
    const [old, fresh] = [byMake('old'), byMake('new')]
    const entries = Object.fromEntries(
      [...Object.values(old), ...Object.values(fresh)].map(({ name, algorithm, secret }) => [name, { algorithm, secret }]),
    )
    await start(
      (make) => [old[make], fresh[make]],
      entries,
      (make) => old[make].name,
    )
    interface Nodes {
      nodes: Record<Make, { key?: string; keys?: string[] }>
    }
    const write = async (of: (make: Make) => object): Promise<void> => {
      const config = JSON.parse(readFileSync(hub!.configFile, 'utf8')) as Nodes
      for (const make of MAKES) {
        const { key: _, keys: __, ...rest } = config.nodes[make]
        config.nodes[make] = { ...rest, ...of(make) }
      }
      writeFileSync(hub!.configFile, JSON.stringify(config))
      await api(hub!, '/v1/reload', { method: 'POST' })
    }
    // The hub signs with the old key, then with the new one; the nodes still ask with the old one.
    await write((make) => ({ keys: [old[make].name, fresh[make].name] }))
    await change(2)
    await write((make) => ({ keys: [fresh[make].name, old[make].name] }))
    await change(3)
    interface OldKeys {
      oldKeys: { key: string; usedAt: string | null }[]
    }
    for (const make of MAKES) {
      const { oldKeys } = await api<OldKeys>(hub!, `/v1/nodes/${make}`)
      expect(oldKeys.map(({ key }) => key)).to.deep.equal([old[make].name])
      expect(oldKeys[0]!.usedAt, make).to.be.a('string')
    }
    const metrics = await (await fetch(`${hub!.api}/metrics`)).text()
    expect(metrics).to.match(/zonecast_old_key_uses_total\{peer="nsd",key="nsd-old"\} [1-9]/)
    // The hub forgets the old key: the nodes go on with the new one.
    await write((make) => ({ key: fresh[make].name }))
    await change(4)
    const { nodes } = await api<{ nodes: Record<string, { error: string | null }> }>(hub!, `/v1/zones/${ZONE}`)
    expect(Object.values(nodes).map(({ error }) => error)).to.deep.equal([null, null, null])
  })

  it('RFC 8945 §5.2: may have one name and a secret for each peer', async () => {
    const keys = Object.fromEntries(MAKES.map((make) => [make, makeKey('shared-name')])) as Record<Make, LabKey>
    const entries = Object.fromEntries(
      MAKES.map((make) => [`key-of-${make}`, { name: 'shared-name.', algorithm: 'HMAC-SHA256.', secret: keys[make].secret }]),
    )
    await start(
      (make) => [keys[make]],
      entries,
      (make) => `key-of-${make}`,
    )
    await change(2)
  })
})
