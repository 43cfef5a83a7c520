/**
 *   Knot ──▶ zonecast ──▶ NSD, PowerDNS, BIND, Knot
 *
 * Every node has exactly the released content: no verify may find a difference, whatever the zone has and however it is compared.
 * The same goes for the newest servers and for those of Debian 12.
 */
import { expect } from 'chai'
import { startBind } from '../../../lab/bind.js'
import { startKnot } from '../../../lab/knot.js'
import { startNsd } from '../../../lab/nsd.js'
import { startPdns } from '../../../lab/pdns.js'
import { findPort } from '../../../lab/ports.js'
import type { LabServer, LabServerOptions } from '../../../lab/server.js'
import type { NodeZoneAnswer } from '../../../lib/answers/zone-answers.js'
import { DENIAL_KINDS, everyKindZone } from '../../support/every-kind-zone.js'
import { needsPeers } from '../../support/peers.js'
import { seeded } from '../../support/random-change.js'
import { scratchDirs } from '../../support/scratch-dir.js'
import { api, inSync, startHub, type TestHub, writeHubConfig } from '../../support/test-hub.js'
import { verify } from '../../support/verify-order.js'

const MAKES: Record<string, (options: LabServerOptions) => Promise<LabServer>> = {
  // BIND needs an address of an interface: the first one.
  bind1: startBind,
  nsd1: startNsd,
  pdns1: startPdns,
  knot1: startKnot,
}
const ZONES = DENIAL_KINDS.flatMap((kind) => [0, 1].map((i) => ({ kind, name: `${kind}${i}.example.` })))

describe('verify of nodes that have the released content', () => {
  needsPeers('knot', 'nsd', 'bind', 'pdns')
  const scratch = scratchDirs()
  const servers: LabServer[] = []
  let hub: TestHub

  before(async function () {
    this.timeout(120_000)
    const random = seeded('verify of every kind of zone')
    const primary = await startKnot({
      name: 'primary',
      zones: ZONES.map(({ name, kind }) => ({ name, text: `${everyKindZone(name, 7, kind, random).join('\n')}\n` })),
    })
    servers.push(primary)
    const hubPort = await findPort()
    const nodes: Record<string, { cloud: string; ip: string; port: number }> = {}
    for (const [i, [name, start]] of Object.entries(MAKES).entries()) {
      const ip = `127.0.0.${i + 1}`
      const node = await start({
        name,
        ip,
        port: await findPort(ip),
        zones: ZONES.map((zone) => ({ name: zone.name, from: [{ ip: '127.0.0.1', port: hubPort }] })),
      })
      servers.push(node)
      nodes[name] = { cloud: 'A', ip, port: node.port }
    }
    hub = await startHub(
      await writeHubConfig(
        {
          folder: scratch(),
          primaries: { hm1: { ip: primary.ip, port: primary.port } },
          nodes,
          zones: ZONES.map(({ name }) => ({ name })),
          extra: { checks: { dnssec: 'off' }, verify: { how: 'off', budget: { queries: { total: 4000, perNode: 1000 } } } },
        },
        { transfer: hubPort },
      ),
    )
    for (const { name } of ZONES) await inSync(hub, name, 7, 60_000)
  })

  after(async function () {
    this.timeout(30_000)
    await hub?.stop()
    await Promise.all(servers.map((server) => server.stop()))
  })

  for (const how of ['axfr', 'sample'] as const)
    for (const { name } of ZONES)
      it(`finds no difference in ${name} by ${how}`, async function () {
        this.timeout(120_000)
        const { progress } = await verify(hub, `/v1/zones/${name}/verify`, { how })
        const others = progress.targets.filter(({ step }) => step !== 'same')
        const found = others.map(async ({ node }) => {
          const { verified } = await api<NodeZoneAnswer>(hub, `/v1/zones/${name}/nodes/${node}`)
          return [node, verified?.why, ...(verified?.differences.examples ?? [])]
        })
        // The bind backend of PowerDNS 4 answers SERVFAIL to names with octets that are no letters.
        const isOdd = ([node, why = '']: (string | null | undefined)[]): boolean =>
          node === 'pdns1' && how === 'sample' && /questions have no usable answer: it answers SERVFAIL/.test(why ?? '')
        expect((await Promise.all(found)).filter((each) => !isOdd(each))).to.deep.equal([])
        expect(progress.targets).to.have.length(Object.keys(MAKES).length)
      })
})
