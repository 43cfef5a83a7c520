/**
 *   Knot with a catalog of very many members ──▶ zonecast ──▶ catalog of the cloud ──▶ a node that transfers what it is notified of
 *   their primary ───────────────────────────────╯
 *
 * The primary of the members and the node are simulated. Some members have no contents at their primary.
 */
import { setTimeout as sleep } from 'node:timers/promises'
import { expect } from 'chai'
import { startKnot } from '../../lab/knot.js'
import { findPort } from '../../lab/ports.js'
import { replaceZone } from '../../lab/replace-zone.js'
import type { LabServer } from '../../lab/server.js'
import { readCatalog } from '../../lib/catalog/read-catalog.js'
import { parseZoneName, wireToName, type ZoneName } from '../../lib/dns/name.js'
import { writeAnswer } from '../../lib/dns/message.js'
import { RCODE } from '../../lib/dns/rcode.js'
import { TYPE } from '../../lib/dns/rrtype.js'
import { pause } from '../../lib/runtime/turns.js'
import type { ZoneContents } from '../../lib/zone/zone-contents.js'
import { catalogOf } from '../support/catalog-text.js'
import { eventually } from '../support/eventually.js'
import { amount } from '../support/long.js'
import { needsPeers } from '../support/peers.js'
import { rcodeReply, type Script, type ScriptedServer, startScripted, zonePrimary } from '../support/scripted-server.js'
import { scratchDirs } from '../support/scratch-dir.js'
import { takeTransfer } from '../support/take-transfer.js'
import { api, type HubPlace, type HubProcess, spawnHub, writeHubConfig } from '../support/test-hub.js'

const CATALOG = 'cat.test.' as ZoneName
const PUBLISHED = 'nodes.test.' as ZoneName
/** The long form takes about half an hour. */
const COUNT = amount('ZONECAST_TEST_MEMBERS', { long: 200_000, short: 1_000 })
const MEMBERS = Array.from({ length: COUNT }, (_, i) => parseZoneName(`m${i}.test.`))
const ADDED = parseZoneName('added.test.')
/** These are refused by their primary. */
const REFUSED: ReadonlySet<string> = new Set(MEMBERS.filter((_, i) => i % (COUNT / 20) === 7))
const PATIENCE = Math.max(1, COUNT / 10_000)
const SOON = { timeoutMs: 240_000 * PATIENCE, everyMs: 500 }
/** Transfers of the node at once, as a real one limits them. */
const AT_ONCE = 50

const refused = rcodeReply(RCODE.REFUSED)
/** Contents that no transfer needs to change. */
const contentsOf = (zone: string): ZoneContents => catalogOf(zone, [`${zone} A 192.0.2.1`])
/** In the group, whose primary is the simulated one. */
const textOf = (serial: number, members: readonly ZoneName[]): string => {
  const lines = members.map((name, i) => `i${i}.zones PTR ${name}\ngroup.i${i}.zones TXT simulated\n`)
  return `$ORIGIN ${CATALOG}\n$TTL 0\n@ SOA invalid. invalid. ${serial} 1 1 1000 0\n@ NS invalid.\nversion TXT 2\n${lines.join('')}`
}

describe(`a catalog of ${COUNT} members`, function () {
  this.timeout(600_000 * PATIENCE)
  needsPeers('knot', 'redis')
  let knot: LabServer
  let primary: ScriptedServer
  let node: ScriptedServer
  let place: HubPlace
  let hub: HubProcess | undefined
  /** SOA record that the node has, by zone, and its catalog. */
  const taken = new Map<string, Buffer>()
  let published: ZoneContents | undefined
  let catalogTurn = Promise.resolve()
  let running = 0

  const publish = (serial: number, names: readonly ZoneName[]) => replaceZone(knot, CATALOG, textOf(serial, names))
  const asPrimary: Script = (asked) => {
    const zone = wireToName(asked.message.question!.name)
    return REFUSED.has(zone) || zone === CATALOG ? refused(asked) : zonePrimary(() => contentsOf(zone))(asked)
  }
  const take = async (zone: string): Promise<void> => {
    while (running >= AT_ONCE) await sleep(5)
    running += 1
    try {
      const { contents, connection } = await takeTransfer(place.transfer, { zone, source: node.ip })
      connection.socket.destroy()
      if (contents !== undefined) taken.set(zone, Buffer.from(contents.soa.stored))
    } catch {
      // It is notified again.
    } finally {
      running -= 1
    }
  }
  /** By IXFR, one after the other. */
  const takeCatalog = async (): Promise<void> => {
    const current = published?.soa.serial
    const { contents, outcome, connection } = await takeTransfer(place.transfer, { zone: PUBLISHED, current, source: node.ip })
    connection.socket.destroy()
    published = contents ?? published
    if (outcome.kind === 'incremental') for (const difference of outcome.differences) published!.apply(difference)
    taken.set(PUBLISHED, Buffer.from(published!.soa.stored))
  }
  /** Transfers when it is notified, and answers with what it has. */
  const asNode: Script = (asked) => {
    const { message } = asked
    const zone = wireToName(message.question!.name)
    if (((message.flags >> 11) & 15) === 4) {
      if (zone === PUBLISHED) catalogTurn = catalogTurn.then(takeCatalog).catch(() => undefined)
      // No member has a second version.
      else if (!taken.has(zone)) void take(zone)
      return [writeAnswer({ request: message, rcode: 0, authoritative: true })]
    }
    const soa = message.question!.type === TYPE.SOA ? taken.get(zone) : undefined
    if (soa === undefined) return refused(asked)
    return [writeAnswer({ request: message, rcode: 0, authoritative: true, answer: [soa] })]
  }
  /** The members in the catalog that the node has. */
  const listed = async (): Promise<ReadonlySet<string>> =>
    published === undefined ? new Set() : new Set((await readCatalog(PUBLISHED, published, COUNT + 1, pause)).list.keys())

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
  const isHeld = async (why: RegExp) => {
    await eventually(async () => expect((await summaryOf(CATALOG)).error).to.match(why), SOON)
    expect(await summaryOf(CATALOG)).to.include({ members: COUNT + 1, leaving: 0 })
  }

  before(async () => {
    const transfer = await findPort()
    knot = await startKnot({
      name: 'hm1',
      notify: [{ ip: '127.0.0.1', port: transfer }],
      zones: [{ name: CATALOG, text: textOf(1, MEMBERS), fromFile: true }],
    })
    primary = await startScripted(asPrimary)
    node = await startScripted(asNode, '127.0.0.98')
    place = await writeHubConfig(
      {
        folder: scratch(),
        primaries: { hm1: knot, simulated: primary },
        nodes: { a1: { cloud: 'A', ip: node.ip, port: node.port } },
        zones: [],
        extra: {
          defaults: { refresh: { min: '1m', max: '1h' } },
          // The node answers for SOA records alone.
          verify: { how: 'off' },
          catalogs: [
            { name: CATALOG, primaries: ['hm1'], grace: '2s', groups: { simulated: { primaries: ['simulated'] } } },
            { name: PUBLISHED, publish: 'A' },
          ],
        },
      },
      { transfer },
    )
    await begin()
  })
  after(async () => {
    await hub?.stop()
    await Promise.all([knot, primary, node].map((server) => server?.stop()))
  })
  // Removed after the end of the hub.
  const scratch = scratchDirs()

  it('has every member as a zone', async () => {
    await eventually(async () => expect(await summaryOf(CATALOG)).to.include({ members: COUNT, error: null }), SOON)
    // The two catalogs are zones too.
    expect(await api(place, '/v1/status')).to.include({ zones: COUNT + 2 })
  })

  it('reaches the node whole: its members, and a catalog that lists those with a version alone', async () => {
    const served = MEMBERS.filter((zone) => !REFUSED.has(zone))
    await eventually(async () => {
      expect((await summaryOf(PUBLISHED)).members).to.equal(served.length)
      expect((await listed()).size).to.equal(served.length)
      expect(taken.size).to.equal(served.length + 1)
    }, SOON)
    const names = await listed()
    for (const zone of served) if (!names.has(zone) || !taken.has(zone)) expect.fail(`the node lacks ${zone}`)
    await eventually(async () => {
      const { inSync, total } = await api<{ inSync: number; total: number }>(place, `/v1/zones/${served.at(-1)}`)
      expect(inSync).to.equal(total)
    }, SOON)
  })

  it('gets one member more', async () => {
    await publish(2, [...MEMBERS, ADDED])
    await eventually(async () => expect(await summaryOf(CATALOG)).to.include({ members: COUNT + 1, error: null }), SOON)
    await eventually(() => expect(taken.has(ADDED)).to.equal(true), SOON)
    await eventually(async () => expect((await listed()).has(ADDED)).to.equal(true), SOON)
  })

  it('keeps all members when a version lacks most of them', async () => {
    await publish(3, MEMBERS.slice(0, COUNT / 4))
    await isHeld(/members of [\d,]+ would be gone/)
  })

  it('keeps all members when a version has none', async () => {
    await publish(4, [])
    await isHeld(/All of its [\d,]+ members would be gone/)
  })

  it('keeps all members when a version has one of them twice', async () => {
    await publish(5, [...MEMBERS, ADDED, MEMBERS[0]!])
    await isHeld(/is a member twice/)
    expect((await listed()).size).to.equal(COUNT - REFUSED.size + 1)
  })

  it('loses one member after its grace time, on the node too', async () => {
    await publish(6, MEMBERS)
    await eventually(async () => expect(await summaryOf(CATALOG)).to.include({ members: COUNT, leaving: 0, error: null }), SOON)
    await eventually(async () => expect((await listed()).has(ADDED)).to.equal(false), SOON)
    expect((await listed()).size).to.equal(COUNT - REFUSED.size)
  })

  it('is known after a restart without the primaries', async () => {
    expect(await hub!.stop()).to.equal(0)
    primary.script = () => 'silence'
    knot.pause()
    await begin()
    expect(await summaryOf(CATALOG)).to.include({ members: COUNT, leaving: 0 })
    const { contents, connection } = await takeTransfer(place.transfer, { zone: MEMBERS[0]!, source: node.ip })
    connection.socket.destroy()
    expect(contents?.soa.serial).to.equal(1)
    knot.resume()
  })
})
