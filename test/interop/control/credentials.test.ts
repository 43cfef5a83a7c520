/**
 *   lib/control ──▶ NSD, BIND, Knot, PowerDNS
 *
 * A server refuses other credentials, and the failure names what to compare; a server that ends in the middle is no exception.
 */
import { readFileSync } from 'node:fs'
import { expect } from 'chai'
import { startBind } from '../../../lab/bind.js'
import { startKnot } from '../../../lab/knot.js'
import { startNsd } from '../../../lab/nsd.js'
import { makeNsdCertificates } from '../../../lab/nsd-certificates.js'
import { startPdns } from '../../../lab/pdns.js'
import type { LabServer } from '../../../lab/server.js'
import { zoneText } from '../../../lab/zone-text.js'
import type { NodeControl } from '../../../lib/control/control.js'
import { controlWays, openControl } from '../../../lib/control/open-control.js'
import { parseZoneName } from '../../../lib/dns/name.js'
import type { ControlSettings } from '../../../lib/fleet/control-settings.js'
import { failuresOf } from '../../support/control-failures.js'
import { controlSettingsOf } from '../../support/control-settings.js'
import { needsPeers } from '../../support/peers.js'

const ZONE = parseZoneName('example.com')
const LIMITS = { connectMs: 2_000, answerMs: 1_000, octets: 1 << 20 }
const open = (settings: ControlSettings): NodeControl => openControl('ams1', settings, controlWays([], LIMITS))
const read = (path: string): string => readFileSync(path, 'utf8')

describe('a control channel to a real server', function () {
  this.timeout(60_000)
  needsPeers('nsd', 'bind', 'knot', 'pdns')
  const started: LabServer[] = []
  after(() => Promise.all(started.map((server) => server.stop())))

  it('is refused with other credentials, with advice', async () => {
    const other = await makeNsdCertificates()
    const zones = [{ name: 'example.com.', text: zoneText('example.com.', { records: 3 }) }]
    const [nsd, bind] = await Promise.all([startNsd({ name: 'nsd', zones }), startBind({ name: 'bind', zones })])
    const pdns = await startPdns({ name: 'pdns', zones: [{ name: 'example.com.', from: [{ ip: bind.ip, port: bind.port }] }] })
    started.push(nsd, bind, pdns)
    const settings = controlSettingsOf(nsd.channel!) as ControlSettings & { kind: 'nsd' }
    // The CA of the server is right, and the client's certificate is of another.
    const stranger = open({ ...settings, cert: read(other.control), certKey: read(other.controlKey) })
    for (const { kind, error } of await failuresOf(stranger))
      expect([kind, error].join(' ')).to.match(/^protocol .*nsd_control\.pem/)
    const rndc = controlSettingsOf(bind.channel!) as ControlSettings & { kind: 'bind' }
    for (const key of [
      { ...rndc.key, secret: Buffer.alloc(32, 9) },
      { ...rndc.key, algorithm: 'hmac-sha512' },
    ])
      for (const { kind, error } of await failuresOf(open({ ...rndc, key })))
        expect([kind, error].join(' ')).to.match(/^protocol .*compare all three/)
    const late = openControl('ams1', rndc, { ...controlWays([], LIMITS), now: () => Date.now() - 600_000 })
    for (const { kind, error } of await failuresOf(late))
      expect([kind, error].join(' ')).to.match(/^protocol .*clock is over 60 s off/)
    const web = controlSettingsOf(pdns.channel!) as ControlSettings & { kind: 'powerdns' }
    for (const { kind, error } of await failuresOf(open({ ...web, apiKey: 'another-key' })))
      expect([kind, error].join(' ')).to.match(/^refused .*HTTP 401 .*api-key of pdns\.conf/)
    for (const server of [nsd, bind, pdns])
      expect(await open(controlSettingsOf(server.channel!)).status()).to.include({ kind: 'ok' })
  })

  it('fails when knotd ends in the middle, and works again after its restart', async () => {
    const knot = await startKnot({
      name: 'knot',
      zones: [{ name: 'example.com.', text: zoneText('example.com.', { records: 3 }) }],
    })
    started.push(knot)
    const control = open(controlSettingsOf(knot.channel!))
    expect(await control.status()).to.include({ kind: 'ok' })
    knot.pause()
    const asked = control.zoneStatus(ZONE)
    await new Promise((resolve) => setTimeout(resolve, 200))
    // Without a moment in which it could still answer.
    process.kill(-knot.pid, 'SIGKILL')
    await knot.kill()
    expect(await asked).to.include({ kind: 'protocol' })
    expect(await control.zoneStatus(ZONE)).to.include({ kind: 'unreachable' })
    await knot.restart()
    expect(await control.zoneStatus(ZONE)).to.include({ kind: 'ok' })
  })
})
