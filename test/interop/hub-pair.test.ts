/**
 *   Knot (primary) ──▶ east ──┬─▶ NSD (canary)      east and west share a Redis, and transfer from each other
 *          ╰─────────▶ west ──┴─▶ NSD               when no primary answers
 *
 * Two hubs as a redundant pair: a rollout progresses on both, each may fail, and a hub without data transfers it from the other
 * hub while no primary answers.
 */
import { expect } from 'chai'
import { readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { awaitSerial } from '../../lab/ask-serial.js'
import { makeKey } from '../../lab/keys.js'
import { startKnot } from '../../lab/knot.js'
import { startNsd } from '../../lab/nsd.js'
import { findPort } from '../../lab/ports.js'
import { type LabRedis, startRedis } from '../../lab/redis.js'
import type { LabServer } from '../../lab/server.js'
import { updateZone } from '../../lab/update.js'
import { zoneText } from '../../lab/zone-text.js'
import { changeZone } from '../support/change-zone.js'
import { eventually } from '../support/eventually.js'
import { needsPeers } from '../support/peers.js'
import { scratchDirs } from '../support/scratch-dir.js'
import { api, type HubPlace, type HubProcess, inSync, spawnHub, writeHubConfig } from '../support/test-hub.js'

const ZONE = 'pair.example.'
/** A check holds a version without them. */
const BLOCK = Array.from({ length: 150 }, (_, i) => `b${i}.${ZONE}`)
type Name = 'east' | 'west'
const IP: Record<Name, string> = { east: '127.0.0.21', west: '127.0.0.22' }

describe('a pair of hubs', function () {
  this.timeout(90_000)
  needsPeers('knot', 'nsd', 'redis')
  const scratch = scratchDirs()
  const [primaryKey, nodeKey, hubKey] = [makeKey('primary-key'), makeKey('node-key'), makeKey('hub-key')]
  const hubs = {} as Record<Name, HubProcess | undefined>
  const places = {} as Record<Name, HubPlace>
  const folders = {} as Record<Name, string>
  const ports = {} as Record<Name, { transfer: number; api: number }>
  let primary: LabServer
  let nodes: LabServer[]
  let redis: LabRedis

  const change = (): Promise<number> => changeZone(primary, ZONE, primaryKey)
  const startPrimary = (port: number) =>
    startKnot({
      name: 'hm1',
      port,
      zones: [
        {
          name: ZONE,
          text: zoneText(ZONE, {
            records: 50,
            refreshSeconds: 2,
            retrySeconds: 1,
            extra: BLOCK.map((name) => `${name} A 192.0.2.7`),
          }),
        },
      ],
      transferKey: primaryKey,
      updateKey: primaryKey,
    })
  const configOf = async (name: Name, extra: Record<string, unknown> = {}): Promise<HubPlace> => {
    const place = await writeHubConfig(
      {
        folder: folders[name],
        primaries: { hm1: { ip: primary.ip, port: primary.port, key: primaryKey } },
        nodes: Object.fromEntries(
          nodes.map(({ ip, port }, i) => [`n${i}`, { cloud: i === 0 ? 'A' : 'B', ip, port, key: nodeKey }]),
        ),
        zones: [{ name: ZONE }],
        extra: {
          hub: name,
          redis: redis.url,
          transfer: { listen: [`${IP[name]}:${ports[name].transfer}`], source: [IP[name]] },
          keys: Object.fromEntries(
            [primaryKey, nodeKey, hubKey].map((key) => [key.name, { algorithm: key.algorithm, secret: key.secret }]),
          ),
          hubs: Object.fromEntries(
            (['east', 'west'] as const).map((id) => [id, { address: `${IP[id]}:${ports[id].transfer}`, key: hubKey.name }]),
          ),
          rollout: { stages: [{ cloud: 'A' }, { cloud: 'B' }], soak: '500ms' },
          ...extra,
        },
      },
      ports[name],
    )
    places[name] = place
    return place
  }
  const versions = async (name: Name) =>
    (await api<{ versions: { serial: number; from: string; state: string }[] }>(places[name], `/v1/zones/${ZONE}`)).versions
  const kill = async (name: Name): Promise<void> => {
    await hubs[name]?.kill()
    hubs[name] = undefined
  }
  const start = async (name: Name, extra?: Record<string, unknown>): Promise<void> => {
    hubs[name] = await spawnHub(await configOf(name, extra))
  }

  before(async () => {
    for (const name of ['east', 'west'] as const) {
      ports[name] = { transfer: await findPort(IP[name]), api: await findPort() }
      folders[name] = scratch()
    }
    const from = (['east', 'west'] as const).map((name) => ({ ip: IP[name], port: ports[name].transfer, key: nodeKey }))
    ;[primary, redis, ...nodes] = (await Promise.all([
      findPort().then(startPrimary),
      startRedis({ name: 'shared' }),
      ...[0, 1].map(async (i) =>
        startNsd({
          name: `n${i}`,
          ip: `127.0.0.${31 + i}`,
          port: await findPort(`127.0.0.${31 + i}`),
          zones: [{ name: ZONE, from }],
        }),
      ),
    ])) as [LabServer, LabRedis, ...LabServer[]]
    await Promise.all([start('east'), start('west')])
  })

  after(async () => {
    await Promise.allSettled(Object.values(hubs).map((hub) => hub?.stop()))
    await Promise.allSettled([primary, redis, ...(nodes ?? [])].map((server) => server?.stop()))
  })

  it('transfers every version on both hubs, and delivers it to the nodes', async () => {
    const serial = await change()
    await Promise.all([inSync(places.east, ZONE, serial), inSync(places.west, ZONE, serial)])
    for (const name of ['east', 'west'] as const) expect((await versions(name))[0]).to.include({ serial, from: 'hm1' })
  })

  it('passes each stage on one hub, and the other follows', async () => {
    const serial = await change()
    await Promise.all([inSync(places.east, ZONE, serial), inSync(places.west, ZONE, serial)])
    const logs = await eventually(async () => {
      const both = await Promise.all(
        (['east', 'west'] as const).map(async (name) => {
          const { rollouts } = await api<{ rollouts: { id: string; serial: number; state: string }[] }>(
            places[name],
            '/v1/rollouts',
          )
          const mine = rollouts.find((rollout) => rollout.serial === serial && rollout.state === 'done')!
          const { log } = await api<{ log: { what: string }[] }>(places[name], `/v1/rollouts/${encodeURIComponent(mine.id)}`)
          return log.map(({ what }) => what)
        }),
      )
      return both
    })
    for (const stage of ['cloud A', 'cloud B']) {
      const followers = logs.filter((log) => log.some((what) => what.startsWith(`${stage}: let through by `)))
      expect(followers, JSON.stringify(logs)).to.have.lengthOf(1)
    }
  })

  it('applies a hold of one hub on both, and its end as well', async () => {
    await api(places.west, `/v1/zones/${ZONE}/hold`, { method: 'POST', body: JSON.stringify({ reason: 'a test' }) })
    const serial = await change()
    for (const name of ['east', 'west'] as const)
      await eventually(async () => expect((await versions(name))[0]).to.include({ serial, state: 'held' }))
    await api(places.east, `/v1/zones/${ZONE}/release`, { method: 'POST', body: JSON.stringify({ reason: 'a test' }) })
    await Promise.all([inSync(places.east, ZONE, serial), inSync(places.west, ZONE, serial)])
  })

  it('keeps a hold when the hub that lost its disk has no version to compare', async () => {
    await kill('west')
    const at = { ip: primary.ip, port: primary.port, key: primaryKey }
    const before = await awaitSerial(primary, ZONE)
    await updateZone(
      at,
      ZONE,
      BLOCK.map((name) => `del ${name} A`),
    )
    const bad = await awaitSerial(primary, ZONE, (serial) => serial !== before)
    await eventually(async () => expect((await versions('east'))[0]).to.include({ serial: bad, state: 'held' }))
    rmSync(join(folders.west, 'data'), { recursive: true })
    await start('west')
    await eventually(async () => expect((await versions('west'))[0]).to.include({ serial: bad, state: 'held' }))
    for (const node of nodes) expect(await awaitSerial(node, ZONE)).to.equal(before)
    await updateZone(
      at,
      ZONE,
      BLOCK.map((name) => `add ${name} 60 A 192.0.2.7`),
    )
    const good = await awaitSerial(primary, ZONE, (serial) => serial !== bad)
    await Promise.all([inSync(places.east, ZONE, good), inSync(places.west, ZONE, good)])
  })

  it('restores a hub that lost everything from its peer hub while no primary answers', async () => {
    const { port } = primary
    const serial = (await versions('east'))[0]!.serial
    await primary.stop()
    await kill('west')
    rmSync(join(folders.west, 'data'), { recursive: true })
    await start('west')
    await eventually(async () => expect((await versions('west'))[0]).to.include({ serial, from: 'east' }), {
      timeoutMs: 30_000,
    })
    await inSync(places.west, ZONE, serial)
    // And a hub with a flipped bit on disk.
    await kill('west')
    const zones = join(folders.west, 'data', 'zones')
    const journal = join(zones, readdirSync(zones)[0]!, 'journal')
    const octets = readFileSync(journal)
    octets[octets.length >> 1]! ^= 0x10
    writeFileSync(journal, octets)
    await start('west')
    expect(readFileSync(`${places.west.configFile}.log`, 'utf8')).to.match(/damaged on disk and set aside/)
    await eventually(async () => expect((await versions('west'))[0]).to.include({ serial, from: 'east' }), { timeoutMs: 30_000 })
    primary = await startPrimary(port)
  })

  it('delivers changes to every node while either hub is down', async () => {
    for (const gone of ['east', 'west'] as const) {
      const stays = gone === 'east' ? 'west' : 'east'
      await kill(gone)
      const at = { ip: primary.ip, port: primary.port, key: primaryKey }
      // The primary started anew, with an older serial.
      const current = (await versions(stays))[0]!.serial
      await updateZone(at, ZONE, [
        `del ${ZONE} SOA`,
        `add ${ZONE} 3600 SOA ns1.${ZONE} hostmaster.${ZONE} ${current + 10} 2 1 86400 300`,
      ])
      const serial = await change()
      await inSync(places[stays], ZONE, serial, 40_000)
      await start(gone)
      await inSync(places[gone], ZONE, serial, 40_000)
    }
  })

  it('shows each hub to the other, and reports a config that differs', async () => {
    const hubsSeen = async (name: Name) =>
      (await api<{ hubs: { name: string; state: string; config: string }[] }>(places[name], '/v1/status')).hubs
    await eventually(async () =>
      expect((await hubsSeen('east')).map(({ name, state, config }) => `${name} ${state} ${config}`)).to.deep.equal([
        'east up same',
        'west up same',
      ]),
    )
    await kill('west')
    await start('west', { defaults: { refresh: { min: '200ms', max: '2s' }, stuck: '1h' } })
    for (const [name, other] of [
      ['east', 'west'],
      ['west', 'east'],
    ] as const)
      await eventually(async () =>
        expect((await hubsSeen(name)).find((hub) => hub.name === other)).to.include({ config: 'differs' }),
      )
  })
})
