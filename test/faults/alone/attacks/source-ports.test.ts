/**
 *   datagrams from any sender, with any source port ──▶ a hub ──▶ must continue, with every role
 *
 * A message that cannot be answered is dropped unread, and an error that escapes a callback stops nothing.
 */
import { expect } from 'chai'
import { needsRawSockets } from '../../../support/peers.js'
import { scratchDirs } from '../../../support/scratch-dir.js'
import { api, type HubProcess, spawnHub, writeHubConfig } from '../../../support/test-hub.js'
import { sendRaw } from '../../../../lab/attack/raw-datagram.js'
import { question, rawMessage } from '../../../support/raw-message.js'
import { askUdp } from '../../../support/raw-udp.js'

/** One message for each answer of the hub, errors included. */
const MESSAGES: Record<string, Buffer> = {
  'UPDATE, NOTIMP': rawMessage({ flags: 0x2800 }),
  'no question, FORMERR': rawMessage({}),
  'cut question, FORMERR': rawMessage({ counts: { questions: 1 } }),
  'strange zone, REFUSED': rawMessage({ questions: [question('other.example.', 'SOA')] }),
  'IXFR without a serial, FORMERR': rawMessage({ questions: [question('example.', 'IXFR')] }),
  'AXFR over UDP, FORMERR': rawMessage({ questions: [question('example.', 'AXFR')] }),
  'SOA, SERVFAIL': rawMessage({ questions: [question('example.', 'SOA')] }),
  NOTIFY: rawMessage({ flags: 0x2400, questions: [question('example.', 'SOA')] }),
}
const PORTS = [0, 1, 53, 65_535]

describe('datagrams that cannot be answered', function () {
  this.timeout(60_000)
  const scratch = scratchDirs()
  let hub: HubProcess | undefined

  needsRawSockets()
  before(async () => {
    const place = await writeHubConfig({
      folder: scratch(),
      primaries: { hm1: { ip: '127.0.0.9', port: 5353 } },
      nodes: { n1: { cloud: 'A', ip: '127.0.0.1', port: 5354 } },
      zones: [{ name: 'example.' }],
    })
    hub = await spawnHub(place)
  })
  after(() => hub?.stop())

  const metric = async (name: string): Promise<number> => {
    const text = await (await fetch(`${hub!.api}/metrics`)).text()
    return [...text.matchAll(new RegExp(`^${name}(?:\\{[^}]*\\})? (\\S+)$`, 'gm'))].reduce((sum, [, n]) => sum + Number(n), 0)
  }

  for (const [what, octets] of Object.entries(MESSAGES))
    it(`do not stop the hub: ${what} from every port`, async () => {
      for (const from of ['127.0.0.1', '127.0.0.9', '127.66.6.6'])
        await sendRaw(PORTS.map((fromPort) => ({ from, fromPort, to: hub!.transfer, octets })))
      expect(await askUdp(hub!.transfer, MESSAGES['SOA, SERVFAIL']!)).to.not.equal(undefined)
      expect((await api<{ zones: number }>(hub!, '/v1/status')).zones).to.equal(1)
      expect(hub!.child.exitCode).to.equal(null)
    })

  it('do not make the hub answer itself', async () => {
    const { ip, port } = hub!.transfer
    const own = { from: ip, fromPort: port, to: hub!.transfer }
    await sendRaw(Object.values(MESSAGES).map((octets) => ({ ...own, octets, count: 20 })))
    expect(await askUdp(hub!.transfer, MESSAGES['SOA, SERVFAIL']!)).to.not.equal(undefined)
  })

  it('cause no unexpected error', async () => {
    expect(await metric('zonecast_unexpected_errors_total')).to.equal(0)
  })
})
