/**
 *   Knot | BIND | NSD (primary) ──▶ zonecast ──▶ cloud A: NSD, PowerDNS · cloud B: BIND, Knot
 *
 * After fifty random changes the zone on every node equals the zone on the primary, record for record; the log or the counters of
 * the nodes prove that they used IXFR.
 */
import { expect } from 'chai'
import { awaitSerial } from '../../lab/ask-serial.js'
import { startBind } from '../../lab/bind.js'
import { compareZones } from '../../lab/compare.js'
import { makeKey } from '../../lab/keys.js'
import { startKnot } from '../../lab/knot.js'
import { startNsd } from '../../lab/nsd.js'
import { replaceZone } from '../../lab/replace-zone.js'
import { startPdns } from '../../lab/pdns.js'
import { findPort } from '../../lab/ports.js'
import type { LabServer, LabServerOptions } from '../../lab/server.js'
import { updateZone } from '../../lab/update.js'
import { zoneText } from '../../lab/zone-text.js'
import { needsPeers } from '../support/peers.js'
import { randomChange, seeded } from '../support/random-change.js'
import { scratchDirs } from '../support/scratch-dir.js'
import { api, inSync, startHub, type TestHub, writeHubConfig } from '../support/test-hub.js'

const ZONE = 'dist.example.'
const CHANGES = 50
const TIMERS = { records: 300, refreshSeconds: 60, retrySeconds: 1 }

interface PrimaryCase {
  kind: string
  start: (options: LabServerOptions) => Promise<LabServer>
  algorithm: string
  signed?: boolean
}

const CASES: PrimaryCase[] = [
  { kind: 'Knot', start: startKnot, algorithm: 'hmac-sha256' },
  { kind: 'Knot that signs', start: startKnot, algorithm: 'hmac-sha512', signed: true },
  { kind: 'BIND', start: startBind, algorithm: 'hmac-sha512' },
  { kind: 'NSD', start: startNsd, algorithm: 'hmac-sha256' },
]

for (const { kind, start, algorithm, signed } of CASES)
  describe(`distribution from ${kind}`, () => {
    needsPeers('knot', 'nsd', 'bind', 'pdns')
    const scratch = scratchDirs()
    const primaryKey = makeKey('primary-key', algorithm)
    const nodeKeys = {
      nsd1: makeKey('nsd1-key'),
      pdns1: makeKey('pdns1-key'),
      bind1: makeKey('bind1-key', 'hmac-sha512'),
      knot1: makeKey('knot1-key'),
    }
    const servers: LabServer[] = []
    let primary: LabServer
    let nodes: Record<string, LabServer>
    let hub: TestHub

    before(async function () {
      this.timeout(90_000)
      const [hubPort, nsd, bind, knot, pdns] = [
        await findPort(),
        await findPort('127.0.0.2'),
        await findPort(),
        await findPort('127.0.0.3'),
        await findPort('127.0.0.4'),
      ]
      const from = (key: (typeof nodeKeys)['nsd1']) => ({
        zones: [{ name: ZONE, from: [{ ip: '127.0.0.1', port: hubPort, key }] }],
        transferKey: key,
      })
      primary = await start({
        name: 'primary',
        zones: [{ name: ZONE, text: zoneText(ZONE, TIMERS), signed }],
        transferKey: primaryKey,
        updateKey: primaryKey,
        notify: [{ ip: '127.0.0.1', port: hubPort, key: primaryKey }],
      })
      servers.push(primary)
      const [nsd1, pdns1, bind1, knot1] = await Promise.all([
        startNsd({ ...from(nodeKeys.nsd1), name: 'nsd1', ip: '127.0.0.2', port: nsd }),
        startPdns({ ...from(nodeKeys.pdns1), name: 'pdns1', ip: '127.0.0.4', port: pdns }),
        startBind({ ...from(nodeKeys.bind1), name: 'bind1', port: bind }),
        startKnot({ ...from(nodeKeys.knot1), name: 'knot1', ip: '127.0.0.3', port: knot }),
      ])
      nodes = { nsd1, pdns1, bind1, knot1 }
      servers.push(nsd1, pdns1, bind1, knot1)
      const at = (server: LabServer, cloud: string, key: (typeof nodeKeys)['nsd1']) => ({
        cloud,
        ip: server.ip,
        port: server.port,
        key,
      })
      const place = await writeHubConfig(
        {
          folder: scratch(),
          primaries: { hm1: { ip: primary.ip, port: primary.port, key: primaryKey } },
          nodes: {
            nsd1: at(nsd1, 'A', nodeKeys.nsd1),
            pdns1: at(pdns1, 'A', nodeKeys.pdns1),
            bind1: at(bind1, 'B', nodeKeys.bind1),
            knot1: at(knot1, 'B', nodeKeys.knot1),
          },
          zones: [{ name: ZONE }],
        },
        { transfer: hubPort },
      )
      hub = await startHub(place)
    })
    after(async () => {
      await hub?.stop()
      await Promise.all(servers.map((server) => server.stop()))
    })

    it('delivers a first version to every node', async () => {
      await inSync(hub, ZONE, undefined, 40_000)
    }).timeout(60_000)

    it(`follows ${CHANGES} random changes`, async () => {
      const random = seeded(`${kind} ${ZONE}`)
      const at = { ip: primary.ip, port: primary.port, key: primaryKey }
      const extra: string[] = []
      // NSD loads a file some time after the command: the test knows its serial and does not query it.
      let written = await awaitSerial(primary, ZONE)
      for (let i = 0; i < CHANGES; i++) {
        const before = await awaitSerial(primary, ZONE)
        if (kind === 'NSD') {
          extra.push(`n${i} TXT "change ${i}"`)
          if (extra.length > 10) extra.shift()
          written++
          await replaceZone(primary, ZONE, zoneText(ZONE, { ...TIMERS, serial: written, extra }))
        } else await updateZone(at, ZONE, randomChange(ZONE, random, i))
        // Some changes arrive during the delivery of the one before.
        if (i % 7 !== 0) await awaitSerial(primary, ZONE, (serial) => serial !== before)
      }
      if (kind === 'NSD') await awaitSerial(primary, ZONE, (serial) => serial === written)
      const serial = await settledSerial(primary)
      await inSync(hub, ZONE, serial, 60_000)
    }).timeout(180_000)

    it('leaves every node with the zone of the primary, record for record', async () => {
      for (const [id, node] of Object.entries(nodes)) {
        const difference = await compareZones(
          { ip: primary.ip, port: primary.port, key: primaryKey },
          { ip: node.ip, port: node.port, key: nodeKeys[id as keyof typeof nodeKeys] },
          ZONE,
        )
        expect(difference, id).to.equal(undefined)
      }
    }).timeout(30_000)

    it('transfers from the primary and to the nodes by IXFR', async () => {
      const { versions } = await api<{ versions: { kind: string }[] }>(hub, `/v1/zones/${ZONE}`)
      // NSD as primary keeps differences too (store-ixfr); every server sends IXFR.
      expect(versions.filter(({ kind: how }) => how === 'ixfr').length).to.be.greaterThan(versions.length / 2)
      const metrics = await (await fetch(`${hub.api}/metrics`)).text()
      const sent = (how: string): number =>
        Number(
          new RegExp(`zonecast_transfers_total\\{direction="out",kind="${how}",outcome="ok"\\} (\\d+)`).exec(metrics)?.[1] ?? 0,
        )
      expect(sent('ixfr'), 'IXFR out').to.be.greaterThan(sent('axfr'))
    })
  })

/** The primary's serial once it is stable: a signer may add a serial of its own after an update. */
async function settledSerial(primary: LabServer): Promise<number> {
  let last = await awaitSerial(primary, ZONE)
  for (let same = 0; same < 8; ) {
    await new Promise((resolve) => setTimeout(resolve, 100))
    const now = await awaitSerial(primary, ZONE)
    same = now === last ? same + 1 : 0
    last = now
  }
  return last
}
