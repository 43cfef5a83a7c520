/**
 *   east ──▶ Redis ◀── west
 *
 * Two hubs with an audit chain each: both list the entries of both, also when one of them is lost with its disk, and a chain whose end
 * was cut off at one hub is found by the copy of the other hub.
 */
import { readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { expect } from 'chai'
import { headText } from '../../../lib/audit/folders.js'
import { findPort } from '../../../lab/ports.js'
import { makeKey } from '../../../lab/keys.js'
import { type LabRedis, startRedis } from '../../../lab/redis.js'
import { runCommand } from '../../../lab/run-command.js'
import { eventually } from '../../support/eventually.js'
import { needsPeers } from '../../support/peers.js'
import { scratchDirs } from '../../support/scratch-dir.js'
import { api, type HubPlace, type HubProcess, spawnHub, writeHubConfig } from '../../support/test-hub.js'

const ZONE = 'pair.example.'
const NAMES = ['east', 'west'] as const
type Name = (typeof NAMES)[number]

interface Entry {
  hub: string
  action: string
  reason: string | null
}

describe('the audit logs of two hubs', function () {
  this.timeout(240_000)
  needsPeers('redis')
  const scratch = scratchDirs()
  const hubKey = makeKey('hub-key')
  const hubs = {} as Record<Name, HubProcess>
  const places = {} as Record<Name, HubPlace>
  let redis: LabRedis

  const order = (name: Name, action: string, reason: string) =>
    api(places[name], `/v1/zones/${ZONE}/${action}`, { method: 'POST', body: JSON.stringify({ reason }) })
  const entries = async (name: Name): Promise<Entry[]> => (await api<{ entries: Entry[] }>(places[name], '/v1/audit')).entries
  const reasonsOf = async (name: Name, hub: Name) =>
    (await entries(name)).filter((entry) => entry.hub === hub && entry.reason !== null).map(({ reason }) => reason)
  const verify = async (name: Name) =>
    await api<{ ok: boolean; chains: { hub: string; anchors: string[]; findings: { kind: string; what: string }[] }[] }>(
      places[name],
      '/v1/audit/verify',
    )
  const folder = (name: Name) => join(places[name].configFile, '../data/audit')

  before(async () => {
    redis = await startRedis()
    const ports = { east: await findPort(), west: await findPort() }
    for (const name of NAMES)
      places[name] = await writeHubConfig({
        folder: join(scratch(), name),
        primaries: { hm1: { ip: '127.0.0.1', port: 9 } },
        nodes: { ams1: { cloud: 'A', ip: '127.0.0.44', port: 9 } },
        zones: [{ name: ZONE }],
        extra: {
          hub: name,
          redis: redis.url,
          keys: { [hubKey.name]: { algorithm: hubKey.algorithm, secret: hubKey.secret } },
          hubs: Object.fromEntries(NAMES.map((each) => [each, { address: `127.0.0.1:${ports[each]}`, key: hubKey.name }])),
        },
      })
    for (const name of NAMES) hubs[name] = await spawnHub(places[name], [], undefined, 120_000)
  })
  after(async () => {
    for (const name of NAMES) await hubs[name]?.stop()
    await redis?.stop()
  })

  it('are each read at both', async () => {
    await order('east', 'hold', 'seen at east')
    await order('west', 'release', 'seen at west')
    await eventually(async () => {
      for (const name of NAMES) {
        expect(await reasonsOf(name, 'east')).to.deep.equal(['seen at east'])
        expect(await reasonsOf(name, 'west')).to.deep.equal(['seen at west'])
      }
    })
  })

  it('are compared with Redis and with the copy of the other hub', async () => {
    await eventually(async () => {
      const { ok, chains } = await verify('east')
      expect(ok).to.equal(true)
      const own = chains.find(({ hub }) => hub === 'east')!
      expect(own.anchors).to.include.members(['its head file', 'redis', 'the copy of west'])
    })
  })

  it('are complete again when Redis comes back empty', async () => {
    await runCommand('redis-cli', ['-p', String(redis.port), 'FLUSHALL'])
    await order('east', 'hold', 'after the loss of redis')
    await eventually(async () => expect(await reasonsOf('west', 'east')).to.include('after the loss of redis'))
    expect(await reasonsOf('west', 'east')).to.have.length(2)
  })

  it('show that the end of a chain was cut off, also with a head file to match', async () => {
    await hubs.east.stop()
    const [chain] = readdirSync(folder('east')).filter((name) => name.startsWith('east-'))
    const file = join(folder('east'), chain!, '000000000001.jsonl')
    const lines = readFileSync(file, 'utf8').trim().split('\n').slice(0, -3)
    writeFileSync(file, `${lines.join('\n')}\n`)
    const { n, hash } = JSON.parse(lines.at(-1)!)
    writeFileSync(join(folder('east'), 'heads', chain!), headText({ n, hash }))
    hubs.east = await spawnHub(places.east, [], undefined, 120_000)
    await eventually(async () => {
      const { ok, chains } = await verify('east')
      expect(ok).to.equal(false)
      const [finding] = chains.find(({ hub }) => hub === 'east')!.findings
      expect(finding?.kind).to.be.oneOf(['truncated', 'edited'])
      expect(finding?.what).to.match(/redis|the copy of west/)
    })
  })

  it('are read at one hub when its peer hub is lost with its disk', async () => {
    await hubs.east.kill()
    rmSync(join(places.east.configFile, '../data'), { recursive: true })
    expect(await reasonsOf('west', 'east')).to.include.members(['seen at east', 'after the loss of redis'])
    await hubs.west.stop()
    await runCommand('redis-cli', ['-p', String(redis.port), 'FLUSHALL'])
    hubs.west = await spawnHub(places.west, [], undefined, 120_000)
    expect(await reasonsOf('west', 'east')).to.include.members(['seen at east', 'after the loss of redis'])
  })
})
