/**
 *   Knot, NSD, BIND, each with a zone ◀── the queries of a probe
 *
 * After any change, a real server with the version answers correctly, and one with the version before does not.
 */
import { expect } from 'chai'
import { startBind } from '../../../lab/bind.js'
import { startKnot } from '../../../lab/knot.js'
import { startNsd } from '../../../lab/nsd.js'
import { findPort } from '../../../lab/ports.js'
import type { LabServer } from '../../../lab/server.js'
import { systemClock } from '../../../lib/runtime/clock.js'
import { judgeProbe, type Probe, planProbes } from '../../../lib/rollout/probes.js'
import { pause } from '../../../lib/runtime/turns.js'
import { Querier } from '../../../lib/transport/querier.js'
import { TcpPool } from '../../../lib/transport/tcp-pool.js'
import { UdpAsker } from '../../../lib/transport/udp-asker.js'
import { compareContents } from '../../../lib/zone/compare.js'
import { contentsOf } from '../../support/record-lines.js'
import { needsPeers } from '../../support/peers.js'

const ZONE = 'probes.example.'
const MAKES = { knot: startKnot, nsd: startNsd, bind: startBind }
const COMMON = [
  `${ZONE} 300 NS ns.${ZONE}`,
  `ns.${ZONE} 300 A 192.0.2.1`,
  `*.wild.${ZONE} 300 A 192.0.2.2`,
  `moved.${ZONE} 300 DNAME target.test.`,
]
const ONLY_BEFORE = [`${ZONE} 300 MX 10 old.${ZONE}`, `gone.${ZONE} 300 NS ns.test.`, `was.${ZONE} 300 TXT "old"`]
const ONLY_AFTER = [
  `${ZONE} 300 MX 10 new.${ZONE}`,
  `cut.${ZONE} 300 NS ns.cut.${ZONE}`,
  `cut.${ZONE} 300 NS ns.test.`,
  `ns.cut.${ZONE} 300 A 192.0.2.3`,
  `signed.${ZONE} 300 NS ns.test.`,
  `signed.${ZONE} 300 DS 1 8 2 ${'ab'.repeat(32)}`,
  `a.wild.${ZONE} 300 A 192.0.2.4`,
  `alias.${ZONE} 300 CNAME ns.${ZONE}`,
]
const version = (serial: number, ...more: string[]): string[] => [
  `${ZONE} 300 SOA ns.${ZONE} hostmaster.${ZONE} ${serial} 3600 600 86400 300`,
  ...COMMON,
  ...more,
]
const [BEFORE, AFTER] = [version(1, ...ONLY_BEFORE), version(2, ...ONLY_AFTER)]
const text = (lines: readonly string[]): string =>
  `${lines.map((line) => line.replace(/^(\S+) (\d+) /, '$1 $2 IN ')).join('\n')}\n`

describe('probes of real servers', function () {
  this.timeout(30_000)
  needsPeers('knot', 'nsd', 'bind')
  let probes: Probe[]
  let udp: UdpAsker
  let tcp: TcpPool

  before(async () => {
    const [older, newer] = [BEFORE, AFTER].map((lines) => contentsOf(ZONE, lines.join('\n'))) as [
      ReturnType<typeof contentsOf>,
      ReturnType<typeof contentsOf>,
    ]
    const change = await compareContents(older, newer, Number.POSITIVE_INFINITY, pause)
    probes = await planProbes(newer, change, 50, 'absent', pause, true)
    udp = new UdpAsker(['127.0.0.1'])
    tcp = new TcpPool(['127.0.0.1'], { perServer: 2, total: 10 })
  })
  after(() => {
    udp?.close()
    tcp?.close()
  })

  const wrongOf = async (server: LabServer): Promise<string[]> => {
    const querier = new Querier(udp, tcp, systemClock)
    const faults = await Promise.all(
      probes.map(async (probe) =>
        judgeProbe(probe, await querier.ask({ id: 'n1', address: { ip: server.ip, port: server.port }, key: undefined }, probe)),
      ),
    )
    return faults.filter((sentence) => sentence !== undefined)
  }

  for (const [make, start] of Object.entries(MAKES))
    it(`are correct on ${make} with the version, and bad for each change without it`, async () => {
      const answers = async (lines: readonly string[]): Promise<string[]> => {
        const server = await start({ name: make, port: await findPort(), zones: [{ name: ZONE, text: text(lines) }] })
        try {
          return await wrongOf(server)
        } finally {
          await server.stop()
        }
      }
      expect(await answers(AFTER)).to.deep.equal([])
      const before = (await answers(BEFORE)).join('\n')
      for (const what of [
        'SOA',
        'MX',
        'gone.* NS',
        'was.* TXT',
        'cut.* NS',
        'signed.* NS',
        'signed.* DS',
        'a.wild.* A',
        'alias.* CNAME',
      ])
        expect(before, what).to.match(new RegExp(`^answers .*${what}`, 'm'))
    })
})
