/**
 *   hub ──SOA, NSID, CHAOS──▶ 127.0.1.1 (Knot) · 127.0.1.2 (NSD) · ::1 (BIND) · 127.0.1.4 (a stranger) · 127.0.1.5 (no server)
 *
 * Probes through service addresses: each is a server of its own here, as anycast leads one hub to one instance of each address.
 */
import { expect } from 'chai'
import { makeKey } from '../../lab/keys.js'
import { startBind } from '../../lab/bind.js'
import { startKnot } from '../../lab/knot.js'
import { startNsd } from '../../lab/nsd.js'
import { findPort } from '../../lab/ports.js'
import type { LabServer } from '../../lab/server.js'
import { updateZone } from '../../lab/update.js'
import { zoneText } from '../../lab/zone-text.js'
import type { ProbeAnswer, WhoisAnswer } from '../../lib/answers/probe-answers.js'
import { eventually } from '../support/eventually.js'
import { needsPeers } from '../support/peers.js'
import { scratchDirs } from '../support/scratch-dir.js'
import { api, startHub, type TestHub, writeHubConfig } from '../support/test-hub.js'

const ZONE = 'probed.example.'

describe('probes of service addresses', function () {
  this.timeout(120_000)
  needsPeers('knot', 'nsd', 'bind', 'redis')
  const scratch = scratchDirs()
  const key = makeKey('hm-key')
  const servers: LabServer[] = []
  let hub: TestHub
  let primary: LabServer
  let port: number

  const started = async (server: Promise<LabServer>): Promise<LabServer> => {
    servers.push(await server)
    return servers.at(-1)!
  }

  before(async () => {
    // One port for all service addresses, free at each of them.
    port = await findPort('127.0.1.1')
    const transfer = await findPort()
    const zones = [{ name: ZONE, from: [{ ip: '127.0.0.1', port: transfer }] }]
    const text = zoneText(ZONE, { serial: 1, records: 20 })
    primary = await started(startKnot({ name: 'hm1', zones: [{ name: ZONE, text }], transferKey: key, updateKey: key }))
    const knot = await started(
      startKnot({ name: 'k1', ip: '127.0.2.1', alsoAt: ['127.0.1.1'], port, zones, identity: 'k1.example' }),
    )
    const nsd = await started(
      startNsd({ name: 'n1', ip: '127.0.2.2', alsoAt: ['127.0.1.2'], port, zones, identity: 'n1.example' }),
    )
    const bind = await started(startBind({ name: 'b1', alsoAt: ['::1'], port, zones, identity: 'b1.example' }))
    await started(startKnot({ name: 'evil', ip: '127.0.1.4', port, zones: [{ name: ZONE, text }], identity: 'evil.example' }))
    const place = await writeHubConfig(
      {
        folder: scratch(),
        primaries: { hm1: { ip: primary.ip, port: primary.port, key } },
        nodes: {
          k1: { cloud: 'A', ip: knot.ip, port: knot.port },
          n1: { cloud: 'A', ip: nsd.ip, port: nsd.port },
          b1: { cloud: 'B', ip: bind.ip, port: bind.port },
        },
        zones: [{ name: ZONE }],
        // The address ::1 is a service address here.
        transfer: { listen: [`127.0.0.1:${transfer}`] },
        extra: {
          clouds: { A: { addresses: ['127.0.1.1', '127.0.1.2'] }, B: { addresses: ['::1', '127.0.1.4', '127.0.1.5'] } },
          probe: { every: '1s', port },
        },
      },
      { transfer },
    )
    hub = await startHub(place)
  })
  after(async () => {
    await hub?.stop()
    for (const server of servers) await server.stop()
  })

  async function probes(): Promise<Map<string, ProbeAnswer>> {
    const answer = await api<{ probes: ProbeAnswer[] }>(hub, '/v1/probes')
    return new Map(answer.probes.map((probe) => [probe.address, probe]))
  }

  const NODES = [
    ['127.0.1.1', 'k1'],
    ['127.0.1.2', 'n1'],
    ['::1', 'b1'],
  ] as const

  it('name the instance behind each address, with the names learned at the control addresses', async () => {
    await eventually(
      async () => {
        const seen = await probes()
        for (const [address, node] of NODES)
          expect(seen.get(address)).to.deep.include({
            node,
            instance: `${node}.example`,
            serial: 1,
            state: 'in-sync',
            error: null,
          })
      },
      { timeoutMs: 30_000 },
    )
  })

  it('find a stranger, and an address where no server answers', async () => {
    await eventually(
      async () => {
        const seen = await probes()
        expect(seen.get('127.0.1.4')).to.deep.include({ node: null, instance: 'evil.example', state: 'stranger' })
        expect(seen.get('127.0.1.5')).to.deep.include({ node: null, instance: null, serial: null, state: 'silent' })
      },
      { timeoutMs: 30_000 },
    )
  })

  it('are metrics', async () => {
    const text = await (await fetch(`${hub.api}/metrics`)).text()
    expect(text).to.include('zonecast_probe_unknown_instance{cloud="B",address="127.0.1.4"} 1')
    expect(text).to.include('zonecast_probes{cloud="B",state="silent"} 1')
    expect(text).to.include(`zonecast_probe_serial{cloud="A",address="127.0.1.1",zone="${ZONE}"} 1`)
  })

  it('identify the node of a user by NSID, in the words of dig too', async () => {
    for (const text of ['n1.example', 'N1.EXAMPLE.', '; NSID: 6e 31 2e 65 78 61 6d 70 6c 65 ("n1.example")'])
      expect(await api<WhoisAnswer>(hub, `/v1/whois/${encodeURIComponent(text)}`)).to.deep.include({
        node: 'n1',
        cloud: 'A',
        zonesBehind: [],
        problems: [],
      })
    const stranger = await fetch(`${hub.api}/v1/whois/evil.example`)
    expect(stranger.status).to.equal(404)
    expect(((await stranger.json()) as { detail: string }).detail).to.include('127.0.1.4')
  })

  it('see a new version through each address', async () => {
    await updateZone({ ip: primary.ip, port: primary.port, key }, ZONE, ['add new.probed.example. 300 A 192.0.2.9'])
    await eventually(
      async () => {
        const seen = await probes()
        for (const [address] of NODES) expect(seen.get(address)).to.deep.include({ serial: 2, state: 'in-sync' })
      },
      { timeoutMs: 30_000 },
    )
  })

  it('find an instance that stops, by order and at once', async () => {
    await servers.find(({ name }) => name === 'n1')!.stop()
    const answer = await api<{ probes: ProbeAnswer[] }>(hub, '/v1/probes', {
      method: 'POST',
      body: JSON.stringify({ cloud: 'A', zone: ZONE }),
    })
    expect(answer.probes.map(({ address, state }) => [address, state])).to.deep.equal([
      ['127.0.1.1', 'in-sync'],
      ['127.0.1.2', 'silent'],
    ])
  })
})
