/**
 *   Knot ──▶ zonecast ⇠ verify ⇢ NSD, BIND, Knot, which serve contents of their own under the released serial
 *
 * Every node shows the released serial, so that only a comparison of the contents finds those that differ.
 */
import { expect } from 'chai'
import { startBind } from '../../../lab/bind.js'
import { makeKey } from '../../../lab/keys.js'
import { startKnot } from '../../../lab/knot.js'
import { startNsd } from '../../../lab/nsd.js'
import type { LabServer, LabServerOptions } from '../../../lab/server.js'
import { zoneText } from '../../../lab/zone-text.js'
import type { NodeZoneAnswer } from '../../../lib/answers/zone-answers.js'
import { needsPeers } from '../../support/peers.js'
import { scratchDirs } from '../../support/scratch-dir.js'
import { api, inSync, startHub, type TestHub, writeHubConfig } from '../../support/test-hub.js'
import { verify } from '../../support/verify-order.js'

const MAKES: Record<string, (options: LabServerOptions) => Promise<LabServer>> = {
  nsd1: startNsd,
  bind1: startBind,
  knot1: startKnot,
}
const NODES = Object.keys(MAKES)
const SAME = 'same.example.'
const OTHER = 'other.example.'
/** As many as a sample asks about. */
const RECORDS = 40

const text = (zone: string): string => zoneText(zone, { serial: 5, records: RECORDS })
/** One record is gone, one has other data, one has another TTL, one is new. */
const tampered = (zone: string): string =>
  `${text(zone)
    .replace('h4 A 10.0.0.4\n', '')
    .replace('h8 A 10.0.0.8', 'h8 A 10.9.9.9')
    .replace('h12 A', 'h12 60 A')}new AAAA 2001:db8::1\n`

const DIFFERENCES = [
  'extra: h12.other.example. 60 IN A 10.0.0.12',
  'extra: h8.other.example. 3600 IN A 10.9.9.9',
  'extra: new.other.example. 3600 IN AAAA 2001:db8::1',
  'missing: h12.other.example. 3600 IN A 10.0.0.12',
  'missing: h4.other.example. 3600 IN A 10.0.0.4',
  'missing: h8.other.example. 3600 IN A 10.0.0.8',
]

const pair = (hub: TestHub, zone: string, node: string): Promise<NodeZoneAnswer> =>
  api<NodeZoneAnswer>(hub, `/v1/zones/${zone}/nodes/${node}`)

describe('verify, with contents of the nodes’ own under the released serial', () => {
  needsPeers('knot', 'nsd', 'bind')
  const scratch = scratchDirs()
  const servers: LabServer[] = []
  let hub: TestHub

  before(async function () {
    this.timeout(60_000)
    const zones = [SAME, OTHER]
    const primary = await startKnot({ name: 'primary', zones: zones.map((name) => ({ name, text: text(name) })) })
    servers.push(primary)
    const nodes: Record<string, { cloud: string; address: string; verify?: object }> = {}
    const others = { shy1: startNsd, lax1: startBind }
    for (const [name, start] of Object.entries({ ...MAKES, ...others })) {
      const node = await start({
        name,
        // A key that the hub does not have: every transfer is refused.
        ...(name === 'shy1' ? { transferKey: makeKey('other-key') } : {}),
        zones: [
          { name: SAME, text: text(SAME) },
          { name: OTHER, text: tampered(OTHER) },
        ],
      })
      servers.push(node)
      nodes[name] = { cloud: 'A', address: `${node.ip}:${node.port}` }
    }
    nodes.lax1!.verify = { ignore: ['ttl', 'AAAA'], reason: 'caps TTLs' }
    hub = await startHub(
      await writeHubConfig({
        folder: scratch(),
        primaries: { hm1: { ip: primary.ip, port: primary.port } },
        nodes: {},
        zones: zones.map((name) => ({ name })),
        extra: { verify: 'off', nodes, clouds: { A: {} } },
      }),
    )
    for (const zone of zones) await inSync(hub, zone, 5)
  })

  after(async function () {
    this.timeout(30_000)
    await hub?.stop()
    await Promise.all(servers.map((server) => server.stop()))
  })

  for (const how of ['axfr', 'sample', 'auto'] as const)
    it(`finds the same content by ${how}`, async function () {
      this.timeout(60_000)
      const { state, error, progress } = await verify(hub, `/v1/zones/${SAME}/verify`, { how, nodes: NODES })
      expect(error).to.equal(null)
      expect(state).to.equal('done')
      expect(progress.targets.map(({ step }) => step)).to.deep.equal(NODES.map(() => 'same'))
      for (const node of NODES) {
        const { verified, state: nodeState } = await pair(hub, SAME, node)
        expect(verified).to.include({ serial: 5, verdict: 'same', how: how === 'sample' ? 'sample' : 'axfr', why: null })
        expect(nodeState).to.equal('in-sync')
      }
    })

  it('finds each different record by sample', async function () {
    this.timeout(60_000)
    const { progress } = await verify(hub, `/v1/zones/${OTHER}/verify`, { how: 'sample', nodes: [...NODES, 'shy1'] })
    expect(progress.targets.map(({ step }) => step)).to.deep.equal(['differs', 'differs', 'differs', 'differs'])
    for (const node of NODES) {
      const { verified } = await pair(hub, OTHER, node)
      expect(verified).to.include({ serial: 5, verdict: 'differs', how: 'sample' })
      const { examples } = verified!.differences
      // A new name is only found by a transfer.
      expect(examples.toSorted()).to.deep.equal(DIFFERENCES.filter((text) => !text.includes('new.')))
    }
  })

  it('takes a sample where the node refuses AXFR, and nothing else', async () => {
    const { verified } = await pair(hub, OTHER, 'shy1')
    expect(verified).to.include({ verdict: 'differs', how: 'sample' })
    const { progress } = await verify(hub, `/v1/nodes/shy1/verify`, { how: 'axfr', zones: [SAME] })
    expect(progress.targets).to.have.length(1)
    expect(progress.targets[0]).to.include({ step: 'cannot' })
    expect(progress.targets[0]!.error).to.match(/REFUSED|NOTAUTH/)
    const auto = await verify(hub, `/v1/nodes/shy1/verify`, { zones: [SAME] })
    expect(auto.progress.targets[0]).to.include({ step: 'same' })
    expect((await pair(hub, SAME, 'shy1')).verified).to.include({ verdict: 'same', how: 'sample' })
  }).timeout(60_000)

  it('leaves out what a node rewrites on purpose', async function () {
    this.timeout(60_000)
    const { progress } = await verify(hub, `/v1/nodes/lax1/verify`, { how: 'axfr', zones: [OTHER] })
    expect(progress.targets[0]).to.include({ step: 'differs' })
    const { verified } = await pair(hub, OTHER, 'lax1')
    expect(verified!.differences.examples.toSorted()).to.deep.equal(DIFFERENCES.filter((text) => !/h12|AAAA/.test(text)))
  })

  it('finds each different record by AXFR, and the pair is in conflict', async function () {
    this.timeout(60_000)
    const { state, error } = await verify(hub, `/v1/zones/${OTHER}/verify`, { how: 'axfr', nodes: NODES })
    expect(state).to.equal('failed')
    expect(error).to.include(`${OTHER} on nsd1 has other content: 3 records missing, 3 records extra`)
    for (const node of NODES) {
      const { verified, state: nodeState, error: why } = await pair(hub, OTHER, node)
      expect(verified).to.include({ serial: 5, verdict: 'differs', how: 'axfr' })
      expect(verified!.differences).to.include({ missing: 3, extra: 3 })
      expect(verified!.differences.examples.toSorted()).to.deep.equal(DIFFERENCES)
      expect(nodeState).to.equal('conflict')
      expect(why).to.include('serves other content than the released one under serial 5')
    }
    const metrics = await (await fetch(`${hub.api}/metrics`)).text()
    expect(metrics).to.match(/zonecast_verify_total\{verdict="differs"\} [3-9]/)
    expect(metrics).to.include('zonecast_verify_differs{node="nsd1"} 1')
    expect(metrics).to.match(/zonecast_verify_timestamp_seconds\{node="bind1"\} \d{10}/)
  })
})
