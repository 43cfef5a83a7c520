/**
 *   a primary with one fault after the other ──▶ zonecast
 *
 * Its earlier version stays, the fault is reported in a sentence that names primary and reason, and the next good version is
 * accepted.
 */
import { expect } from 'chai'
import { writeAnswer } from '../../../lib/dns/message.js'
import { RCODE } from '../../../lib/dns/rcode.js'
import { TYPE } from '../../../lib/dns/rrtype.js'
import type { ZoneContents } from '../../../lib/zone/zone-contents.js'
import { eventually } from '../../support/eventually.js'
import { contentsOf, record } from '../../support/record-lines.js'
import { scratchDirs } from '../../support/scratch-dir.js'
import { rcodeReply, type Script, type ScriptedServer, startScripted, zonePrimary } from '../../support/scripted-server.js'
import { api, startHub, type TestHub, writeHubConfig } from '../../support/test-hub.js'
import { soa } from '../../support/transfer-script.js'

const NS = 'example. 300 NS ns1.example.'
const zone = (serial: number, ...lines: string[]): ZoneContents =>
  contentsOf('example.', [soa(serial).replace('7200 900', '1 1'), ...lines].join('\n'))

interface ZoneView {
  held: string | null
  serial: number
  primaries: Record<string, { serial: number; error: string | null }>
  versions: { serial: number }[]
}

/** A silent primary costs two waits on UDP and one on TCP, which are longer on a busy machine. */
const PATIENCE = { timeoutMs: 40_000 }

describe('a bad primary', function () {
  this.timeout(90_000)
  const scratch = scratchDirs()
  let primary: ScriptedServer
  let node: ScriptedServer
  let hub: TestHub
  let contents = zone(1, NS)
  const right = zonePrimary(() => contents)

  const view = (): Promise<ZoneView> => api<ZoneView>(hub, '/v1/zones/example')
  /** Refreshes from the primaries and waits for the end. */
  async function refresh(): Promise<{ state: string; error: string | null }> {
    const { job } = await api<{ job: string }>(hub, '/v1/zones/example/refresh', { method: 'POST', body: '{}' })
    return await eventually(async () => {
      const state = await api<{ state: string; error: string | null }>(hub, `/v1/jobs/${job}`)
      if (state.state !== 'done' && state.state !== 'failed') throw new Error(`job is ${state.state}`)
      return state
    }, PATIENCE)
  }

  before(async () => {
    primary = await startScripted(right)
    node = await startScripted(rcodeReply(RCODE.REFUSED))
    const place = await writeHubConfig({
      folder: scratch(),
      primaries: { hm1: primary },
      nodes: { ams1: { cloud: 'A', ip: node.ip, port: node.port } },
      zones: [{ name: 'example' }],
      extra: { defaults: { refresh: { min: '1h', max: '2h' }, limits: { connect: '1s', firstOctet: '1s', idle: '1s' } } },
    })
    hub = await startHub(place)
    await eventually(async () => expect((await view()).serial).to.equal(1))
  })
  after(async () => {
    await hub?.stop()
    await primary?.stop()
    await node?.stop()
  })

  /** Answers SOA correctly and all other queries by `script`. */
  const transfers =
    (script: Script): Script =>
    (asked) =>
      asked.message.question?.type === TYPE.SOA ? right(asked) : script(asked)
  const withId =
    (hex: string): Script =>
    ({ message }) => {
      const octets = Buffer.from(hex.replace(/\s/g, ''), 'hex')
      octets.writeUInt16BE(message.id, 0)
      return [octets]
    }

  const BAD: readonly (readonly [id: string, script: Script, sentence: RegExp])[] = [
    ['answers REFUSED', rcodeReply(RCODE.REFUSED), /REFUSED/],
    ['answers NOTAUTH', rcodeReply(RCODE.NOTAUTH), /NOTAUTH/],
    ['answers SERVFAIL', rcodeReply(RCODE.SERVFAIL), /SERVFAIL/],
    [
      'answers without authority',
      ({ message }) => [writeAnswer({ request: message, rcode: 0, answer: [contents.soa.stored] })],
      /not authoritative/,
    ],
    [
      'answers with two serials',
      ({ message }) => [
        writeAnswer({ request: message, rcode: 0, authoritative: true, answer: [record(soa(98)), record(soa(99))] }),
      ],
      /answers with several SOA records/,
    ],
    [
      'answers with the SOA of another zone',
      ({ message }) => [
        writeAnswer({ request: message, rcode: 0, authoritative: true, answer: [record('other. 1 SOA . . 9 0 0 0 0')] }),
      ],
      /without the zone's SOA/,
    ],
    ['is silent', () => 'silence', /no answer in/],
    ['disconnects', () => 'hang-up', /closed the connection early|no answer in/],
    ['answers garbage', withId('0000 ffff ffff ffff ffff ffff ffff ffff'), /no answer in|message/],
    ['refuses the transfer', transfers(rcodeReply(RCODE.REFUSED)), /REFUSED/],
    ['does not know the zone when it is asked for a transfer', transfers(rcodeReply(RCODE.NOTAUTH)), /NOTAUTH/],
    ['fails at the transfer', transfers(rcodeReply(RCODE.SERVFAIL)), /SERVFAIL/],
    ['is silent when it is asked for a transfer', transfers(() => 'silence'), /no answer in/],
    ['disconnects when it is asked for a transfer', transfers(() => 'hang-up'), /closed the connection early/],
    ['sends garbage as a transfer', transfers(withId('0000 8400 0000 0001 0000 0000 c000')), /pointer|message/],
    [
      'sends a transfer without records',
      transfers(({ message }) => [writeAnswer({ request: message, rcode: 0, authoritative: true })]),
      /without any record/,
    ],
    ['sends an empty zone', transfers(zonePrimary(() => zone(2))), /nothing but its SOA/],
  ]
  for (const [id, script, sentence] of BAD)
    it(`that ${id} changes nothing, is reported with its fault, and is used again later`, async () => {
      const before = (await view()).serial
      contents = zone(before + 1, NS, `new.example. 60 A 192.0.2.${before % 250}`)
      primary.script = script
      const { state, error } = await refresh()
      const reported = [error, (await view()).primaries.hm1!.error].join(' ')
      expect(reported).to.match(sentence)
      expect(reported).to.not.match(/undefined|\[object|internal error|Error:/)
      expect([state, (await view()).serial]).to.deep.equal(['failed', before])
      primary.script = right
      expect(await refresh()).to.deep.include({ state: 'done' })
      expect((await view()).serial).to.equal(before + 1)
    })

  it('that sends a zone without a name server has that version held by a check, and its next one released', async () => {
    const before = (await view()).serial
    contents = zone(before + 1, 'a.example. 1 A 192.0.2.1')
    expect(await refresh()).to.deep.include({ state: 'done' })
    const held = await view()
    expect(held.serial).to.equal(before)
    // The zone's state is no proof: the node that answers REFUSED is unknown after three SOA queries, which is worse.
    expect(held.held).to.match(/serial \d+ is held: apex: There is no NS record at the apex/)
    contents = zone(before + 2, NS, 'new.example. 60 A 192.0.2.1')
    expect(await refresh()).to.deep.include({ state: 'done' })
    expect((await view()).serial).to.equal(before + 2)
  })
})
