/**
 *   zonecast ──▶ a healthy node, and one with one fault after the other
 *
 * The bad node is never in sync and its fault is reported; the healthy one is served without delay; both are in sync in the end.
 */
import { expect } from 'chai'
import { readZone } from '../../../lab/compare.js'
import { writeAnswer } from '../../../lib/dns/message.js'
import { RCODE } from '../../../lib/dns/rcode.js'
import type { ZoneContents } from '../../../lib/zone/zone-contents.js'
import { eventually } from '../../support/eventually.js'
import { contentsOf, record } from '../../support/record-lines.js'
import { scratchDirs } from '../../support/scratch-dir.js'
import { rcodeReply, type Script, type ScriptedServer, startScripted, zonePrimary } from '../../support/scripted-server.js'
import { api, startHub, type TestHub, writeHubConfig } from '../../support/test-hub.js'
import { soa } from '../../support/transfer-script.js'

const zone = (serial: number): ZoneContents =>
  contentsOf('example.', [soa(serial).replace('7200 900', '1 1'), 'example. 300 NS ns1.example.'].join('\n'))
const soaAnswer =
  (serial: number, owner = 'example.'): Script =>
  ({ message }) => [
    writeAnswer({
      request: message,
      rcode: 0,
      authoritative: true,
      answer: [record(soa(serial).replace('example. 300', `${owner} 300`))],
    }),
  ]

interface NodeView {
  state: string
  serial: number | null
  error: string | null
}

describe('a bad node', function () {
  this.timeout(40_000)
  const scratch = scratchDirs()
  const servers: ScriptedServer[] = []
  let good: ScriptedServer
  let bad: ScriptedServer
  let hub: TestHub
  let contents = zone(1)
  const right = zonePrimary(() => contents)

  const nodeView = (id: string): Promise<NodeView> => api<NodeView>(hub, `/v1/zones/example/nodes/${id}`)
  const released = async (): Promise<number> => (await api<{ serial: number }>(hub, '/v1/zones/example')).serial
  /** The primary has another version, and the hub is ordered to refresh. */
  async function change(): Promise<number> {
    const serial = contents.soa.serial + 1
    contents = zone(serial)
    await api(hub, '/v1/zones/example/refresh', { method: 'POST', body: '{}' })
    await eventually(async () => expect(await released()).to.equal(serial))
    // Both nodes have this address: a node that serves a serial without a delivery is not in sync.
    await readZone(hub.transfer, 'example')
    return serial
  }

  before(async () => {
    const [primary, first, second] = [await startScripted(right), await startScripted(right), await startScripted(right)]
    good = first
    bad = second
    servers.push(primary, good, bad)
    const place = await writeHubConfig({
      folder: scratch(),
      primaries: { hm1: primary },
      nodes: { good: { cloud: 'A', ip: good.ip, port: good.port }, bad: { cloud: 'B', ip: bad.ip, port: bad.port } },
      zones: [{ name: 'example' }],
      extra: { defaults: { refresh: { min: '1h', max: '2h' }, observe: { every: '1s', afterRelease: '300ms' } } },
    })
    hub = await startHub(place)
    for (const id of ['good', 'bad'])
      await eventually(async () => expect(await nodeView(id)).to.deep.include({ state: 'in-sync', serial: 1 }))
  })
  after(async () => {
    await hub?.stop()
    for (const server of servers) await server.stop()
  })

  const garbage: Script = ({ message }) => {
    const octets = Buffer.from('0000ffffffffffffffffffffffffff', 'hex')
    octets.writeUInt16BE(message.id, 0)
    return [octets]
  }
  /** Changes the query so that it passes for an answer, and breaks the rest. */
  const broken: Script = (asked) => {
    const [answer] = soaAnswer(99)(asked) as Buffer[]
    return [answer!.subarray(0, answer!.length - 5)]
  }
  const BAD: readonly (readonly [id: string, script: Script, sentence: RegExp])[] = [
    ['answers REFUSED', rcodeReply(RCODE.REFUSED), /REFUSED/],
    ['answers NOTAUTH', rcodeReply(RCODE.NOTAUTH), /NOTAUTH/],
    ['answers SERVFAIL', rcodeReply(RCODE.SERVFAIL), /SERVFAIL/],
    ['answers with the SOA of another zone', soaAnswer(99, 'other.'), /without the zone's SOA/],
    [
      'answers without authority',
      ({ message }) => [writeAnswer({ request: message, rcode: 0, answer: [record(soa(99))] })],
      /not authoritative/,
    ],
    ['answers with half a message', broken, /message ends/],
    ['answers garbage', garbage, /no answer in/],
    ['is silent', () => 'silence', /no answer in/],
  ]
  for (const [id, script, sentence] of BAD)
    it(`that ${id} is not in sync, with the reason, and does not delay the other node`, async () => {
      bad.script = script
      const serial = await change()
      await eventually(async () => expect(await nodeView('good')).to.deep.include({ state: 'in-sync', serial }), {
        timeoutMs: 3000,
      })
      const view = await eventually(
        async () => {
          const seen = await nodeView('bad')
          if (seen.error === null) throw new Error(`no error yet: ${JSON.stringify(seen)}`)
          return seen
        },
        { timeoutMs: 20_000 },
      )
      expect(view.state).to.not.equal('in-sync')
      expect(view.error).to.match(sentence)
      bad.script = right
      await eventually(async () => expect(await nodeView('bad')).to.deep.include({ state: 'in-sync', serial, error: null }), {
        timeoutMs: 20_000,
      })
    })

  it('that serves an older serial is behind, and one that serves a newer serial is ahead', async () => {
    const serial = contents.soa.serial
    for (const [answered, state] of [
      [serial - 1, 'syncing'],
      [serial + 1, 'ahead'],
      [(serial + 2 ** 31) >>> 0, 'conflict'],
    ] as const) {
      bad.script = soaAnswer(answered)
      await eventually(async () => expect(await nodeView('bad')).to.deep.include({ state, serial: answered }), {
        timeoutMs: 5000,
      })
    }
    // The serial was not delivered again, and this node has no records as proof.
    bad.script = right
    await eventually(
      async () => {
        const { error, ...view } = await nodeView('bad')
        expect(view).to.deep.include({ state: 'syncing', serial })
        expect(error).to.match(/shows serial \d+, but no hub recorded its delivery/)
      },
      { timeoutMs: 5000 },
    )
  })

  it('that answers REFUSED to NOTIFY is observed anyway', async () => {
    bad.script = (asked) => ((asked.message.flags & 0x7800) !== 0 ? rcodeReply(RCODE.REFUSED)(asked) : right(asked))
    const serial = await change()
    await eventually(async () => expect(await nodeView('bad')).to.deep.include({ state: 'in-sync', serial }), {
      timeoutMs: 10_000,
    })
  })
})
