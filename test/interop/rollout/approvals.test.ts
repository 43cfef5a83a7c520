/**
 *   Knot (primary) ──▶ east, west      two hubs with one Redis, and approvals by two people
 *
 * A version that a check holds on both hubs is released when one person has approved it at each of them, also after a kill between.
 */
import { expect } from 'chai'
import { awaitSerial } from '../../../lab/ask-serial.js'
import { makeKey } from '../../../lab/keys.js'
import { startKnot } from '../../../lab/knot.js'
import { findPort } from '../../../lab/ports.js'
import { type LabRedis, startRedis } from '../../../lab/redis.js'
import type { LabServer } from '../../../lab/server.js'
import { updateZone } from '../../../lab/update.js'
import { zoneText } from '../../../lab/zone-text.js'
import { hashOfToken } from '../../../services/api/auth.js'
import { eventually } from '../../support/eventually.js'
import { needsPeers } from '../../support/peers.js'
import { scratchDirs } from '../../support/scratch-dir.js'
import { api, type HubProcess, spawnHub, writeHubConfig } from '../../support/test-hub.js'

const ZONE = 'approvals.example.'
/** The check `shrink` holds a version without them. */
const BLOCK = Array.from({ length: 150 }, (_, i) => `b${i}.${ZONE}`)
const NAMES = ['east', 'west'] as const
const IP = { east: '127.0.0.21', west: '127.0.0.22' }

describe('approvals at two hubs', function () {
  this.timeout(90_000)
  needsPeers('knot', 'redis')
  const scratch = scratchDirs()
  const [primaryKey, hubKey] = [makeKey('primary-key'), makeKey('hub-key')]
  const hubs = {} as Record<(typeof NAMES)[number], HubProcess>
  let primary: LabServer
  let redis: LabRedis

  before(async () => {
    const records = { records: 50, refreshSeconds: 2, retrySeconds: 1, extra: BLOCK.map((name) => `${name} A 192.0.2.7`) }
    const keys = { transferKey: primaryKey, updateKey: primaryKey }
    ;[primary, redis] = await Promise.all([
      startKnot({ name: 'hm1', port: await findPort(), zones: [{ name: ZONE, text: zoneText(ZONE, records) }], ...keys }),
      startRedis({ name: 'shared' }),
    ])
    const ports = { east: await findPort(IP.east), west: await findPort(IP.west) }
    for (const name of NAMES) {
      const port = await findPort()
      const place = await writeHubConfig(
        {
          folder: scratch(),
          primaries: { hm1: { ip: primary.ip, port: primary.port, key: primaryKey } },
          nodes: {},
          zones: [{ name: ZONE }],
          keys: { [hubKey.name]: { algorithm: hubKey.algorithm, secret: hubKey.secret } },
          extra: {
            hub: name,
            redis: redis.url,
            transfer: { listen: [`${IP[name]}:${ports[name]}`], source: [IP[name]] },
            hubs: Object.fromEntries(NAMES.map((id) => [id, { address: `${IP[id]}:${ports[id]}`, key: hubKey.name }])),
            approvals: { required: 2, for: ['shrink'] },
            api: {
              listen: `127.0.0.1:${port}`,
              tokens: ['ann', 'bob'].map((who) => ({ name: who, role: 'admin', sha256: hashOfToken(who).toString('hex') })),
            },
          },
        },
        { api: port },
      )
      hubs[name] = await spawnHub({ ...place, token: 'ann' })
    }
  })
  after(async () => {
    await Promise.allSettled(Object.values(hubs).map((hub) => hub.stop()))
    await Promise.allSettled([primary?.stop(), redis?.stop()])
  })

  const zoneAt = (name: (typeof NAMES)[number]) => api<{ serial: number; held: string | null }>(hubs[name], `/v1/zones/${ZONE}`)
  const approve = async (name: (typeof NAMES)[number], token: string, serial: number): Promise<string> => {
    const body = JSON.stringify({ serial, reason: `right, reports ${token}` })
    return (await api<{ state: string }>({ ...hubs[name], token }, `/v1/zones/${ZONE}/approve`, { method: 'POST', body })).state
  }
  const heldAt = async (name: (typeof NAMES)[number], text: RegExp): Promise<void> => {
    await eventually(async () => expect((await zoneAt(name)).held).to.match(text))
  }

  it('count together, survive a kill, and release the version on both', async () => {
    for (const name of NAMES) await eventually(async () => expect((await zoneAt(name)).serial).to.equal(1))
    await updateZone(
      { ip: primary.ip, port: primary.port, key: primaryKey },
      ZONE,
      BLOCK.map((name) => `del ${name}`),
    )
    const serial = await awaitSerial(primary, ZONE, (now) => now !== 1)
    // The hub that transferred it second may name the hold of its peer.
    for (const name of NAMES) await heldAt(name, /is held \(0 of 2 approvals\)/)

    expect(await approve('east', 'ann', serial)).to.equal('1 of 2 approvals, by ann')
    for (const name of NAMES) await heldAt(name, /is held \(1 of 2 approvals, by ann\)/)
    const refused = await approve('west', 'ann', serial).catch((error: Error) => error.message)
    expect(refused).to.match(/409.*approved-already/)
    await hubs.east.kill()
    hubs.east = await spawnHub(hubs.east)
    await heldAt('east', /is held \(1 of 2 approvals, by ann\)/)
    expect((await zoneAt('west')).serial).to.equal(1)

    expect(await approve('west', 'bob', serial)).to.equal('approved')
    for (const name of NAMES) await eventually(async () => expect((await zoneAt(name)).serial).to.equal(serial))
  })
})
