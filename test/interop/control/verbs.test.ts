/**
 *   Knot (primary) ──▶ NSD, BIND, Knot, PowerDNS ⇠ lib/control
 *
 * Each command of a control channel does on each make what the interface requires, or reports that the make has no such command. Zones
 * are added and removed in test/interop/provision.test.ts.
 */
import { expect } from 'chai'
import { awaitSerial } from '../../../lab/ask-serial.js'
import { startBind } from '../../../lab/bind.js'
import { compareZones } from '../../../lab/compare.js'
import { startKnot } from '../../../lab/knot.js'
import { startNsd } from '../../../lab/nsd.js'
import { startPdns } from '../../../lab/pdns.js'
import { findPort } from '../../../lab/ports.js'
import type { LabServer } from '../../../lab/server.js'
import { updateZone } from '../../../lab/update.js'
import { zoneText } from '../../../lab/zone-text.js'
import type { ControlResult, NodeControl } from '../../../lib/control/control.js'
import { controlWays, openControl } from '../../../lib/control/open-control.js'
import { parseZoneName } from '../../../lib/dns/name.js'
import { plainVersion } from '../../../lib/render/server-version.js'
import { controlSettingsOf } from '../../support/control-settings.js'
import { needsPeers } from '../../support/peers.js'

const ZONE = parseZoneName('verbs.example')
const NONE = parseZoneName('none.example')
const STARTS = { nsd: startNsd, bind: startBind, knot: startKnot, pdns: startPdns }
type Kind = keyof typeof STARTS
/** BIND listens on addresses of interfaces only. */
const IPS: Record<Kind, string> = { nsd: '127.0.0.51', bind: '127.0.0.1', knot: '127.0.0.52', pdns: '127.0.0.53' }

const must = <T>(result: ControlResult<T>): T => {
  if (result.kind !== 'ok') throw new Error(result.error)
  return result.value
}

for (const kind of Object.keys(STARTS) as Kind[])
  describe(`the control channel of ${kind}`, function () {
    this.timeout(60_000)
    needsPeers('knot', kind)
    let primary: LabServer
    let node: LabServer
    let control: NodeControl
    let serial = 1

    /** The primary sends no NOTIFY. */
    const change = async (): Promise<number> => {
      await updateZone(primary, ZONE, [`add n${serial}.${ZONE} 300 A 192.0.2.${serial}`])
      serial = await awaitSerial(primary, ZONE, (current) => current !== serial)
      return serial
    }
    const serves = (wanted: number): Promise<number> => awaitSerial(node, ZONE, (current) => current === wanted)

    before(async () => {
      const ip = IPS[kind]
      primary = await startKnot({
        name: 'hm1',
        zones: [{ name: ZONE, text: zoneText(ZONE, { records: 20, refreshSeconds: 3_600, retrySeconds: 3_600 }) }],
      })
      node = await STARTS[kind]({ name: kind, ip, port: await findPort(ip), zones: [{ name: ZONE, from: [primary] }] })
      control = openControl('ams1', controlSettingsOf(node.channel!), controlWays([]))
      await serves(1)
    })
    after(async () => {
      await Promise.all([primary, node].map((server) => server?.stop()))
    })

    it('reports version and zones', async () => {
      const { version, zones } = must(await control.status())
      expect(plainVersion(version)).to.equal(plainVersion(node.version))
      if (kind !== 'pdns') expect(zones).to.be.at.least(1)
    })

    it('reports the zone, and that it does not have another', async () => {
      expect(must(await control.zoneStatus(ZONE))).to.include({ isConfigured: true, serial: 1 })
      expect(must(await control.zoneStatus(NONE))).to.include({ isConfigured: false, serial: undefined })
    })

    it('transfers a newer version by refresh', async () => {
      const next = await change()
      must(await control.refresh(ZONE))
      await serves(next)
    })

    it('transfers the zone by force, and refuses that for a zone that it does not have', async () => {
      const next = await change()
      must(await control.forceTransfer(ZONE))
      await serves(next)
      expect(await compareZones(primary, node, ZONE)).to.equal(undefined)
      const refused = await control.forceTransfer(NONE)
      expect(refused.kind).to.equal('refused')
      expect((refused as { error: string }).error).to.match(/^ams1: .* refuses: /)
    })

    it('drops the data of a zone where the make can, and serves it again', async () => {
      const result = await control.purge(ZONE)
      expect(result.kind).to.equal(kind === 'nsd' || kind === 'bind' ? 'unsupported' : 'ok')
      must(await control.forceTransfer(ZONE))
      await serves(serial)
    })

    it('reads its configuration again, and goes on', async () => {
      expect((await control.reload()).kind).to.equal(kind === 'pdns' ? 'unsupported' : 'ok')
      await serves(serial)
    })
  })
