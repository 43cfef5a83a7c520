/**
 *   a primary with a catalog of very many members ──▶ zonecast ──▶ a node that transfers what it is notified of
 *
 * The primary serves some of the members, and refuses the others. Primary and node are simulated.
 */
import { expect } from 'chai'
import { catalogContents } from '../../lib/catalog/build-catalog.js'
import { nameToWire, parseZoneName, wireToName, type ZoneName } from '../../lib/dns/name.js'
import { writeAnswer } from '../../lib/dns/message.js'
import { RCODE } from '../../lib/dns/rcode.js'
import { TYPE } from '../../lib/dns/rrtype.js'
import { pause } from '../../lib/runtime/turns.js'
import type { ZoneContents } from '../../lib/zone/zone-contents.js'
import { catalogOf } from '../support/catalog-text.js'
import { eventually } from '../support/eventually.js'
import { needsPeers } from '../support/peers.js'
import { rcodeReply, type Script, type ScriptedServer, startScripted, zonePrimary } from '../support/scripted-server.js'
import { scratchDirs } from '../support/scratch-dir.js'
import { takeTransfer } from '../support/take-transfer.js'
import { api, type HubPlace, type HubProcess, spawnHub, writeHubConfig } from '../support/test-hub.js'

const CATALOG = 'cat.test.'
const PUBLISHED = 'nodes.test.'
/** ZONECAST_TEST_MEMBERS=200000 takes some minutes. */
const COUNT = Number(process.env.ZONECAST_TEST_MEMBERS ?? 5_000)
const MEMBERS = Array.from({ length: COUNT }, (_, i) => parseZoneName(`m${i}.test.`))
const ADDED = parseZoneName('added.test.')
/** Members with contents at the primary. */
const SERVED: ReadonlySet<string> = new Set([...MEMBERS.filter((_, i) => i % (COUNT / 20) === 0), ADDED])
const PATIENCE = Math.max(1, COUNT / 50_000)
const SOON = { timeoutMs: 240_000 * PATIENCE, everyMs: 500 }

const refused = rcodeReply(RCODE.REFUSED)
/** Contents that no transfer needs to change. */
const contentsOf = (zone: string): ZoneContents => catalogOf(zone, [`${zone} A 192.0.2.1`])
const listOf = (names: readonly ZoneName[]) => new Map(names.map((name) => [name, undefined]))

describe('a catalog of very many members', function () {
  this.timeout(600_000 * PATIENCE)
  needsPeers('redis')
  let primary: ScriptedServer
  let node: ScriptedServer
  let place: HubPlace
  let hub: HubProcess | undefined
  let catalog: ZoneContents
  /** Contents that the node has, by zone. */
  const taken = new Map<string, ZoneContents>()

  const publish = async (serial: number, names: readonly ZoneName[]) => {
    catalog = await catalogContents(nameToWire(CATALOG), serial, listOf(names), pause)
    if (hub !== undefined) await api(place, `/v1/zones/${CATALOG}/refresh`, { method: 'POST', body: '{}' })
  }
  const asPrimary: Script = (asked) => {
    const zone = wireToName(asked.message.question!.name)
    if (zone === CATALOG) return zonePrimary(() => catalog)(asked)
    return SERVED.has(zone) ? zonePrimary(() => contentsOf(zone))(asked) : refused(asked)
  }
  /** Transfers when it is notified, and answers with what it has. */
  const asNode: Script = async (asked) => {
    const { message } = asked
    const zone = wireToName(message.question!.name)
    if (((message.flags >> 11) & 15) === 4) {
      void takeTransfer(place.transfer, { zone, source: node.ip })
        .then(({ contents, connection }) => {
          connection.socket.destroy()
          if (contents !== undefined) taken.set(zone, contents)
        })
        .catch(() => undefined)
      return [writeAnswer({ request: message, rcode: 0, authoritative: true })]
    }
    const contents = message.question!.type === TYPE.SOA ? taken.get(zone) : undefined
    if (contents === undefined) return refused(asked)
    return [writeAnswer({ request: message, rcode: 0, authoritative: true, answer: [contents.soa.stored] })]
  }

  interface Summary {
    name: string
    members: number
    leaving: number
    error: string | null
  }
  const summaryOf = async (name: string) =>
    (await api<{ catalogs: Summary[] }>(place, '/v1/catalogs')).catalogs.find((each) => each.name === name)!
  const begin = async () => {
    hub = await spawnHub(place, [], undefined, 240_000)
  }

  before(async () => {
    await publish(1, MEMBERS)
    primary = await startScripted(asPrimary)
    node = await startScripted(asNode, '127.0.0.98')
    place = await writeHubConfig({
      folder: scratch(),
      primaries: { hm1: primary },
      nodes: { a1: { cloud: 'A', ip: node.ip, port: node.port } },
      zones: [],
      extra: {
        defaults: { refresh: { min: '1m', max: '1h' } },
        catalogs: [
          { name: CATALOG, grace: '2s' },
          { name: PUBLISHED, publish: 'A' },
        ],
      },
    })
    await begin()
  })
  after(async () => {
    await hub?.stop()
    await Promise.all([primary, node].map((server) => server?.stop()))
  })
  // Removed after the end of the hub.
  const scratch = scratchDirs()

  it('has every member as a zone', async () => {
    await eventually(async () => expect(await summaryOf(CATALOG)).to.include({ members: COUNT, error: null }), SOON)
    // The two catalogs are zones too.
    expect(await api(place, '/v1/status')).to.include({ zones: COUNT + 2 })
  })

  it('brings the members that the primary serves to the node, and lists them alone', async () => {
    const served = [...SERVED].filter((zone) => zone !== ADDED).sort()
    await eventually(() => {
      for (const zone of served) expect(taken.has(zone), zone).to.equal(true)
    }, SOON)
    await eventually(async () => {
      const { members } = await api<{ members: { zone: string }[] }>(place, `/v1/catalogs/${PUBLISHED}`)
      expect(members.map(({ zone }) => zone).sort()).to.deep.equal(served)
    }, SOON)
  })

  it('gets one member more', async () => {
    await publish(2, [...MEMBERS, ADDED])
    await eventually(async () => expect(await summaryOf(CATALOG)).to.include({ members: COUNT + 1, error: null }), SOON)
    await eventually(() => expect(taken.has(ADDED)).to.equal(true), SOON)
  })

  it('keeps all members when a version lacks most of them', async () => {
    await publish(3, MEMBERS.slice(0, COUNT / 4))
    await eventually(async () => expect((await summaryOf(CATALOG)).error).to.match(/held|lacks/), SOON)
    expect(await summaryOf(CATALOG)).to.include({ members: COUNT + 1, leaving: 0 })
  })

  it('is known after a restart without the primary', async () => {
    expect(await hub!.stop()).to.equal(0)
    primary.script = () => 'silence'
    await begin()
    expect(await summaryOf(CATALOG)).to.include({ members: COUNT + 1, leaving: 0 })
    const { contents, connection } = await takeTransfer(place.transfer, { zone: MEMBERS[0]!, source: node.ip })
    connection.socket.destroy()
    expect(contents?.soa.serial).to.equal(1)
  })
})
