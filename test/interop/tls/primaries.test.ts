/**
 *   Knot, NSD and BIND (primaries) ──TLS──▶ hub
 *
 * The hub polls and transfers over TLS with its certificate (RFC 9103), and asks nothing in the clear.
 */
import { expect } from 'chai'
import { join } from 'node:path'
import { startBind } from '../../../lab/bind.js'
import { checkProgram } from '../../../lab/available.js'
import { type LabCa, type LabCertificate, makeCa } from '../../../lab/certificates.js'
import { compareZones } from '../../../lab/compare.js'
import { makeKey } from '../../../lab/keys.js'
import { startKnot } from '../../../lab/knot.js'
import { startNsd } from '../../../lab/nsd.js'
import { findPort } from '../../../lab/ports.js'
import { replaceZone } from '../../../lab/replace-zone.js'
import type { LabServer } from '../../../lab/server.js'
import { zoneText } from '../../../lab/zone-text.js'
import { isAtLeast } from '../../../lib/render/server-version.js'
import { eventually } from '../../support/eventually.js'
import { needsPeers } from '../../support/peers.js'
import { scratchDirs } from '../../support/scratch-dir.js'
import { api, startHub, type TestHub, writeHubConfig } from '../../support/test-hub.js'

const STARTS = { nsd: startNsd, knot: startKnot, bind: startBind }
type Make = keyof typeof STARTS
const versionOf = (make: Make): string => checkProgram(make).version ?? '0'
/** Knot has TLS from 3.5 on. */
const MAKES = (Object.keys(STARTS) as Make[]).filter((make) => make !== 'knot' || isAtLeast(versionOf('knot'), '3.5'))
/** These send NOTIFY over TLS; BIND 9.18 accepts the setting, and sends plain UDP to the port of TLS. */
const notifiesOverTls = (make: Make): boolean => make === 'knot' || (make === 'bind' && isAtLeast(versionOf('bind'), '9.20'))

describe('primaries over TLS', function () {
  this.timeout(60_000)
  needsPeers('knot', 'nsd', 'bind', 'redis')
  const scratch = scratchDirs()
  let ca: LabCa
  let own: LabCertificate
  let primary: LabServer | undefined
  let hub: TestHub | undefined

  before(async () => {
    ca = await makeCa()
    own = await ca.issue('hub.lab')
  })
  afterEach(async () => {
    await hub?.stop()
    await primary?.stop()
    hub = undefined
    primary = undefined
  })

  const NAME = 'tls.example.'
  const start = async (make: Make, tls: (server: LabCertificate) => object, name = 'primary.lab', extra: object = {}) => {
    const key = make === 'knot' ? undefined : makeKey('hm-key')
    const [transfer, hubTls, port, primaryTls] = [await findPort(), await findPort(), await findPort(), await findPort()]
    const certificate = await ca.issue(name)
    primary = await STARTS[make]({
      name: make,
      port,
      zones: [{ name: NAME, text: zoneText(NAME, { serial: 1, records: 2_000, retrySeconds: 1 }), fromFile: true }],
      transferKey: key,
      tls: { port: primaryTls, cert: certificate.cert, key: certificate.key, ca: ca.file, client: 'hub.lab' },
      notify: notifiesOverTls(make)
        ? [{ ip: '127.0.0.1', port: hubTls, key, tls: { name: 'hub.lab' } }]
        : [{ ip: '127.0.0.1', port: transfer, key }],
    })
    const place = await writeHubConfig(
      {
        folder: join(scratch(), `hub-${make}`),
        primaries: {},
        nodes: { reader: { cloud: 'A', ip: '127.0.0.1', port: 5353 } },
        zones: [{ name: NAME }],
        transfer: { tls: { listen: [`127.0.0.1:${hubTls}`], cert: own.cert, key: own.key } },
        extra: {
          primaries: {
            hm1: { address: `127.0.0.1:${primaryTls}`, ...(key === undefined ? {} : { key: key.name }), tls: tls(certificate) },
          },
          keys: key === undefined ? {} : { [key.name]: { algorithm: key.algorithm, secret: key.secret } },
          ...extra,
        },
      },
      { transfer },
    )
    hub = await startHub(place)
    return { tlsPort: primaryTls, key }
  }
  interface View {
    serial: number | null
    error: string | null
    primaries: Record<string, { serial: number | null; error: string | null }>
  }
  const view = (): Promise<View> => api<View>(hub!, `/v1/zones/${NAME}`)
  const metric = async (line: RegExp): Promise<number> =>
    Number(line.exec(await (await fetch(`${hub!.api}/metrics`)).text())?.[1] ?? 0)

  for (const make of MAKES)
    it(`${make} sends all records, differences and its NOTIFY`, async () => {
      const polls = { refresh: { min: '20s', max: '30s' } }
      const { key, tlsPort } = await start(make, () => ({ name: 'primary.lab', ca: ca.file }), 'primary.lab', { defaults: polls })
      await eventually(async () => expect(await view()).to.deep.include({ serial: 1, error: null }))
      await replaceZone(primary!, NAME, zoneText(NAME, { serial: 2, records: 2_001, retrySeconds: 1 }))
      // Sooner than the next poll.
      await eventually(async () => expect((await view()).serial).to.equal(2), { timeoutMs: 15_000 })
      expect(await metric(/zonecast_notify_total\{direction="in",outcome="ok"\} (\d+)/)).to.be.greaterThan(0)
      if (notifiesOverTls(make)) expect(await metric(/zonecast_tls_handshakes_total\{outcome="ok"\} (\d+)/)).to.be.greaterThan(0)
      const asHub = { name: 'primary.lab', ca: ca.file, cert: own.cert, key: own.key }
      // NSD 4.6 selects no ALPN, and dig refuses that; it serves in the clear too.
      const isOld = make === 'nsd' && !isAtLeast(versionOf('nsd'), '4.9')
      const source = isOld ? { ip: '127.0.0.1', port: primary!.port, key } : { ip: '127.0.0.1', port: tlsPort, key, tls: asHub }
      expect(await compareZones(source, hub!.transfer, NAME)).to.equal(undefined)
    })

  const FAULTS: [why: string, tls: (server: LabCertificate) => object, name: string, says: RegExp][] = [
    ['another name', () => ({ name: 'other.lab', ca: ca.file }), 'primary.lab', /its certificate is not for other\.lab/],
    ['another pin', () => ({ pin: own.pin }), 'primary.lab', /has the pin .{44}, which is not in "pin"/],
    ['an unknown CA', () => ({ name: 'primary.lab' }), 'primary.lab', /the CA of its certificate is not in "ca"/],
  ]
  for (const [why, tls, name, says] of FAULTS)
    it(`with ${why} is not asked`, async () => {
      await start('bind', tls, name)
      await eventually(async () => expect((await view()).primaries.hm1!.error).to.match(says))
      expect((await view()).serial).to.equal(null)
    })

  it('with the right pin and no name is asked', async () => {
    await start('nsd', ({ pin }) => ({ pin: [own.pin, pin] }))
    await eventually(async () => expect(await view()).to.deep.include({ serial: 1, error: null }))
  })
})
