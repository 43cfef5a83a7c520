/**
 *   Knot, BIND, NSD (primary) ──▶ NSD, BIND, Knot, PowerDNS (nodes), without zonecast
 *
 * The basis of the demo, the other tests and the bench: the real servers of the lab work with each other.
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

const ZONE = 'lab.example.'

// NSD drops its connections when it reloads a zone, and Knot on a kept one then waits for RETRY: so RETRY is short.
const TIMERS = { records: 500, retrySeconds: 1 }

interface PrimaryCase {
  kind: string
  start: (options: LabServerOptions) => Promise<LabServer>
  signed?: boolean
}

const PRIMARIES: PrimaryCase[] = [
  { kind: 'Knot', start: startKnot },
  { kind: 'Knot that signs', start: startKnot, signed: true },
  { kind: 'BIND', start: startBind },
  { kind: 'NSD', start: startNsd },
]

describe('the lab', () => {
  needsPeers('knot', 'nsd', 'bind', 'pdns')

  for (const { kind, start, signed } of PRIMARIES) {
    describe(`with ${kind} as primary`, () => {
      const key = makeKey('lab-key', signed === true ? 'hmac-sha512' : 'hmac-sha256')
      const nodes: LabServer[] = []
      let primary: LabServer

      before(async function () {
        this.timeout(60_000)
        const ports = {
          primary: await findPort(),
          nsd: await findPort('127.0.0.2'),
          bind: await findPort(),
          knot: await findPort('127.0.0.3'),
        }
        const pdnsPort = await findPort('127.0.0.4')
        primary = await start({
          name: 'primary',
          port: ports.primary,
          zones: [{ name: ZONE, text: zoneText(ZONE, TIMERS), signed }],
          transferKey: key,
          updateKey: key,
          notify: [
            { ip: '127.0.0.2', port: ports.nsd, key },
            { ip: '127.0.0.1', port: ports.bind, key },
            { ip: '127.0.0.3', port: ports.knot, key },
            { ip: '127.0.0.4', port: pdnsPort, key },
          ],
        })
        const zones = [{ name: ZONE, from: [{ ip: '127.0.0.1', port: ports.primary, key }] }]
        const options = { zones, transferKey: key }
        nodes.push(
          ...(await Promise.all([
            startNsd({ ...options, name: 'nsd', ip: '127.0.0.2', port: ports.nsd }),
            startBind({ ...options, name: 'bind', port: ports.bind }),
            startKnot({ ...options, name: 'knot', ip: '127.0.0.3', port: ports.knot }),
            startPdns({ ...options, name: 'pdns', ip: '127.0.0.4', port: pdnsPort }),
          ])),
        )
      })
      after(() => Promise.all([primary, ...nodes].map((server) => server?.stop())))

      it('serves a zone to a node of each kind', async () => {
        const serial = await awaitSerial(primary, ZONE)
        for (const node of nodes) await awaitSerial(node, ZONE, (observed) => observed === serial)
      }).timeout(60_000)

      it('delivers a change', async () => {
        const before = await awaitSerial(primary, ZONE)
        if (kind === 'NSD') await replaceZone(primary, ZONE, zoneText(ZONE, { ...TIMERS, serial: 2, extra: ['new TXT "new"'] }))
        else await updateZone({ ...place(primary), key }, ZONE, [`add new.${ZONE} 300 TXT "new"`, `delete h0.${ZONE}`])
        const serial = await awaitSerial(primary, ZONE, (observed) => observed !== before)
        for (const node of nodes) await awaitSerial(node, ZONE, (observed) => observed === serial)
      }).timeout(60_000)

      it('leaves every node with the same zone, record for record', async () => {
        for (const node of nodes) {
          const difference = await compareZones({ ...place(primary), key }, { ...place(node), key }, ZONE)
          expect(difference, node.name).to.equal(undefined)
        }
      })
    })
  }
})

const place = ({ ip, port }: LabServer) => ({ ip, port })
