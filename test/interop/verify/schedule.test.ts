/**
 *   Knot ──▶ zonecast ──▶ Knot
 *
 * By its schedule the hub verifies each zone without an order, and a node whose answers to a transfer are hostile is a clear verdict.
 */
import { expect } from 'chai'
import { createServer, type Server, type Socket } from 'node:net'
import { startKnot } from '../../../lab/knot.js'
import { findPort } from '../../../lab/ports.js'
import type { LabServer } from '../../../lab/server.js'
import { zoneText } from '../../../lab/zone-text.js'
import { NOTHING_IGNORED } from '../../../lib/dns/ignored-records.js'
import { frame } from '../../../lib/dns/framing.js'
import { writeAnswer } from '../../../lib/dns/message.js'
import { nameToWire } from '../../../lib/dns/name.js'
import { TYPE } from '../../../lib/dns/rrtype.js'
import type { NodeZoneAnswer } from '../../../lib/answers/zone-answers.js'
import { TransferThreads } from '../../../lib/verify/transfer-threads.js'
import { eventually } from '../../support/eventually.js'
import { needsPeers } from '../../support/peers.js'
import { record } from '../../support/record-lines.js'
import { scratchDirs } from '../../support/scratch-dir.js'
import { api, inSync, startHub, type TestHub, writeHubConfig } from '../../support/test-hub.js'

const ZONE = 'timed.example.'

describe('verify by its schedule', () => {
  needsPeers('knot')
  const scratch = scratchDirs()
  const servers: LabServer[] = []
  let hub: TestHub

  before(async function () {
    this.timeout(60_000)
    const hubPort = await findPort()
    const primary = await startKnot({ name: 'primary', zones: [{ name: ZONE, text: zoneText(ZONE, { serial: 5 }) }] })
    const node = await startKnot({ name: 'node', zones: [{ name: ZONE, from: [{ ip: '127.0.0.1', port: hubPort }] }] })
    servers.push(primary, node)
    hub = await startHub(
      await writeHubConfig(
        {
          folder: scratch(),
          primaries: { hm1: { ip: primary.ip, port: primary.port } },
          nodes: { n1: { cloud: 'A', ip: node.ip, port: node.port } },
          zones: [{ name: ZONE }],
          extra: { verify: { every: '3s' } },
        },
        { transfer: hubPort },
      ),
    )
    await inSync(hub, ZONE, 5)
  })
  after(async () => {
    await hub?.stop()
    await Promise.all(servers.map((server) => server.stop()))
  })

  it('verifies again and again without an order', async () => {
    const at = async (): Promise<number> => {
      const { verified } = await api<NodeZoneAnswer>(hub, `/v1/zones/${ZONE}/nodes/n1`)
      expect(verified).to.include({ verdict: 'same', how: 'axfr', serial: 5 })
      return Date.parse(verified!.at!)
    }
    const first = await eventually(at, { timeoutMs: 20_000 })
    await eventually(async () => expect(await at()).to.be.greaterThan(first), { timeoutMs: 20_000 })
  }).timeout(60_000)
})

const SOA = record('bad.example. 60 SOA ns. h. 5 3600 600 604800 60')
const apex = nameToWire('bad.example.')
const LIMITS = {
  octets: 1_000_000,
  memory: Number.POSITIVE_INFINITY,
  records: 5_000,
  messages: 10_000,
  names: undefined,
  hint: 'that is far more than the version has',
  connectMs: 1_000,
  firstOctetMs: 500,
  idleMs: 500,
  minOctetsPerSecond: 0,
  totalMs: 5_000,
}

describe('a node whose transfer is hostile', () => {
  const threads = new TransferThreads()
  let server: Server | undefined
  after(() => threads.close())
  afterEach(() => server?.close())

  /** `answer` gets the id of the query. */
  async function readFrom(answer: (socket: Socket, id: number) => void): Promise<string> {
    const port = await findPort()
    server = createServer((socket) => {
      socket.on('error', () => undefined)
      socket.once('data', (query: Buffer) => answer(socket, query.readUInt16BE(2)))
    })
    await new Promise<void>((resolve) => server!.listen(port, '127.0.0.1', resolve))
    const remote = { id: 'bad', address: { ip: '127.0.0.1', port }, key: undefined }
    return await threads.read({ remote, sources: [], apex, limits: LIMITS, ignored: NOTHING_IGNORED }).then(
      () => 'received',
      (error: Error) => error.message,
    )
  }
  const message = (id: number, zone: Buffer, records: readonly Buffer[]): Buffer =>
    frame(
      writeAnswer({
        request: { id, flags: 0, question: { name: zone, type: TYPE.AXFR, class: 1, end: 0 } },
        rcode: 0,
        authoritative: true,
        answer: records,
      }),
    )

  it('and endless ends at the limit', async () => {
    const error = await readFrom((socket, id) => {
      let n = 0
      const more = (): void => {
        if (socket.destroyed) return
        const host = record(`h${n++}.bad.example. 60 A 192.0.2.1`)
        socket.write(message(id, apex, n === 1 ? [SOA, host] : [host]), () => setImmediate(more))
      }
      more()
    })
    expect(error).to.include('more than 5000 records; that is far more than the version has')
  }).timeout(20_000)

  it('and cut off, silent, garbage or of another zone is an error with a reason', async () => {
    expect(await readFrom((socket, id) => socket.end(message(id, apex, [SOA])))).to.match(
      /closed the connection early|ended early/,
    )
    expect(await readFrom(() => undefined)).to.include('no answer in 500 ms')
    expect(await readFrom((socket) => socket.write(Buffer.from('HTTP/1.1 400 Bad Request\r\n\r\n')))).not.to.equal('received')
    const other = record('other.example. 60 SOA ns. h. 5 3600 600 604800 60')
    const given = await readFrom((socket, id) => socket.write(message(id, nameToWire('other.example.'), [other, other])))
    expect(given).not.to.equal('received')
    expect(await readFrom((socket, id) => socket.write(message(id, apex, [SOA, SOA])))).to.equal('received')
  }).timeout(20_000)
})
