/**
 *   a client with write access to Redis ──▶ Redis ──▶ a hub that holds a version
 *
 * No entry approves, releases or drains, whatever it claims to be, and no entry without a hub's seal reaches a reader.
 */
import { rmSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { expect } from 'chai'
import { askSerial } from '../../../../lab/ask-serial.js'
import { makeKey } from '../../../../lab/keys.js'
import { startKnot } from '../../../../lab/knot.js'
import { startNsd } from '../../../../lab/nsd.js'
import { findPort } from '../../../../lab/ports.js'
import { type LabRedis, startRedis } from '../../../../lab/redis.js'
import { runCommand } from '../../../../lab/run-command.js'
import type { LabServer } from '../../../../lab/server.js'
import { zoneText } from '../../../../lab/zone-text.js'
import { TsigKey } from '../../../../lib/dns/tsig-record.js'
import { Seals } from '../../../../lib/state/seals.js'
import { changeZone } from '../../../support/change-zone.js'
import { eventually } from '../../../support/eventually.js'
import { needsPeers } from '../../../support/peers.js'
import { scratchDirs } from '../../../support/scratch-dir.js'
import { api, type HubPlace, type HubProcess, inSync, spawnHub, writeHubConfig } from '../../../support/test-hub.js'

const ZONE = 'forged.example.'
const FAR = 4_000_000_000_000
const ROUTES = ['/v1/status', '/v1/matrix', `/v1/zones/${ZONE}`, '/v1/nodes', '/v1/rollouts', '/metrics']

interface Held {
  rollouts: { id: string; serial: number; digest: string; state: string }[]
}

describe('a client with write access to Redis', function () {
  this.timeout(90_000)
  needsPeers('knot', 'nsd', 'redis')
  const scratch = scratchDirs()
  const [primaryKey, nodeKey, hubKey] = [makeKey('primary-key'), makeKey('node-key'), makeKey('hub-key')]
  let primary: LabServer
  let node: LabServer
  let redis: LabRedis
  let place: HubPlace
  let hub: HubProcess
  let released: number
  let held: Held['rollouts'][number]

  const redisCli = (...args: string[]): Promise<string> => runCommand('redis-cli', ['-u', redis.url, ...args])
  const publish = (packet: unknown): Promise<string> =>
    redisCli('PUBLISH', 'zonecast:changes', typeof packet === 'string' ? packet : JSON.stringify(packet))
  const foreign = async (): Promise<number> => {
    const text = await (await fetch(`${place.api}/metrics`)).text()
    return [...text.matchAll(/^zonecast_redis_foreign_values_total\{.*\} (\d+)$/gm)].reduce((sum, [, n]) => sum + Number(n), 0)
  }
  /** After the hub has received it, the node still gets the released version. */
  const changesNothing = async (write: () => Promise<unknown>): Promise<void> => {
    const before = await foreign()
    await write()
    await eventually(async () => expect(await foreign()).to.be.greaterThan(before))
    expect((await api<Held>(place, '/v1/rollouts?state=held')).rollouts.map(({ id }) => id)).to.deep.equal([held.id])
    expect((await askSerial(node, ZONE))?.serial).to.equal(released)
  }
  const isWell = async (): Promise<void> => {
    for (const route of ROUTES) expect((await fetch(place.api + route)).status, route).to.equal(200)
    expect(hub.child.exitCode).to.equal(null)
  }

  before(async () => {
    const folder = scratch()
    const isGood = join(folder, 'is-good')
    writeFileSync(isGood, '')
    const transfer = await findPort()
    redis = await startRedis()
    ;[primary, node] = await Promise.all([
      startKnot({
        name: 'hm1',
        port: await findPort(),
        zones: [{ name: ZONE, text: zoneText(ZONE, { records: 50, retrySeconds: 1 }) }],
        transferKey: primaryKey,
        updateKey: primaryKey,
      }),
      startNsd({
        name: 'ams1',
        ip: '127.0.0.15',
        port: await findPort('127.0.0.15'),
        zones: [{ name: ZONE, from: [{ ip: '127.0.0.1', port: transfer, key: nodeKey }] }],
      }),
    ])
    place = await writeHubConfig(
      {
        folder,
        primaries: { hm1: { ip: primary.ip, port: primary.port, key: primaryKey } },
        nodes: { ams1: { cloud: 'A', ip: node.ip, port: node.port, key: nodeKey } },
        zones: [{ name: ZONE }],
        extra: {
          redis: redis.url,
          keys: Object.fromEntries(
            [primaryKey, nodeKey, hubKey].map(({ name, algorithm, secret }) => [name, { algorithm, secret }]),
          ),
          hubs: {
            test: { address: `127.0.0.1:${transfer}`, key: 'hub-key' },
            other: { address: '127.0.0.77:53', key: 'hub-key' },
          },
          checks: { hook: { command: ['/bin/sh', '-c', `cat > /dev/null; test -e ${isGood}`], mode: 'hold' } },
        },
      },
      { transfer },
    )
    hub = await spawnHub(place)
    released = await inSync(place, ZONE)
    rmSync(isGood)
    await changeZone(primary, ZONE, primaryKey)
    held = await eventually(async () => {
      const [first] = (await api<Held>(place, '/v1/rollouts?state=held')).rollouts
      if (first === undefined) throw new Error('nothing is held yet')
      return first
    })
  })
  after(async () => {
    await hub?.stop()
    await Promise.all([primary, node, redis].map((server) => server?.stop()))
  })

  const approval = () => ({
    at: Date.now() + 5,
    decisions: [
      { kind: 'approve', serial: held.serial, digest: held.digest, at: Date.now() + 5, by: 'boss', reason: 'looks fine' },
    ],
  })
  const strangerSeals = (): Seals =>
    new Seals(Buffer.alloc(32, 9), {
      hub: 'other',
      keys: new Map([['other', [new TsigKey('hub-key.', 'hmac-sha256', Buffer.from('a guess'))]]]),
    })
  const sealedByStranger = <V extends { at: number }>(table: 'orders' | 'stages' | 'drains', key: string, value: V) =>
    strangerSeals().seal(table, key, value)

  it('cannot approve with an order without a seal, published or stored', async () => {
    await changesNothing(() =>
      publish({ from: 'x', hub: 'foreign', changes: [{ table: 'orders', key: ZONE, value: approval() }] }),
    )
    await changesNothing(async () => {
      await redisCli('HSET', 'zonecast:orders', ZONE, JSON.stringify(approval()))
      await redisCli('CLIENT', 'KILL', 'TYPE', 'normal')
    })
  })

  it('cannot approve with an order sealed by another key, or with the seal of another zone', async () => {
    await changesNothing(() =>
      publish({
        from: 'x',
        hub: 'other',
        changes: [{ table: 'orders', key: ZONE, value: sealedByStranger('orders', ZONE, approval()) }],
      }),
    )
    await changesNothing(() =>
      publish({
        from: 'x',
        hub: 'test',
        changes: [{ table: 'orders', key: ZONE, value: { ...sealedByStranger('orders', ZONE, approval()), by: 'test' } }],
      }),
    )
  })

  it('cannot make a zone expire', async () => {
    const cellOf = async (table: string, key: string) =>
      JSON.parse(JSON.parse(await redisCli('HGET', `zonecast:test:${table}`, key)).value)
    const atPrimary = ['primaries', `${ZONE} hm1`, { error: 'x', checkedAt: 0 }] as const
    for (const [table, key, lie] of [atPrimary, ['zones', ZONE, { refreshedAt: 0, expireSeconds: 1 }] as const]) {
      const value = { ...(await cellOf(table, key)), at: FAR, ...lie }
      for (const written of [value, { ...strangerSeals().seal(table, key, value), by: 'test' }])
        await changesNothing(() => publish({ from: 'x', hub: 'test', changes: [{ table, key, value: written }] }))
    }
    expect(JSON.stringify(await api(place, `/v1/zones/${ZONE}`))).to.not.include('"expired"')
  })

  it('cannot pass a stage, and cannot drain a node', async () => {
    const stage = { at: FAR, id: held.id, serial: held.serial, plan: '0', through: 99, by: 'test' }
    for (const [table, key, value] of [
      ['stages', ZONE, stage],
      ['drains', 'ams1', { at: FAR, drained: true, by: 'boss' }],
    ] as const)
      for (const written of [value, sealedByStranger(table, key, value)])
        await changesNothing(() => publish({ from: 'x', hub: 'test', changes: [{ table, key, value: written }] }))
    expect(JSON.stringify(await api(place, '/v1/nodes/ams1'))).to.not.include('boss')
  })

  it('with the key of a peer hub is that hub: the same order, sealed, approves', async () => {
    const other = new Seals(Buffer.alloc(32, 9), {
      hub: 'other',
      keys: new Map([['other', [new TsigKey('hub-key.', 'hmac-sha256', Buffer.from(hubKey.secret, 'base64'))]]]),
    })
    // The orders above are refused for their seals only.
    await publish({
      from: 'x',
      hub: 'other',
      changes: [{ table: 'orders', key: ZONE, value: other.seal('orders', ZONE, approval()) }],
    })
    await inSync(place, ZONE, held.serial)
    released = held.serial
    await changeZone(primary, ZONE, primaryKey)
    held = await eventually(async () => {
      const [first] = (await api<Held>(place, '/v1/rollouts?state=held')).rollouts
      if (first === undefined) throw new Error('nothing is held yet')
      return first
    })
  })

  const ODD: Record<string, [table: string, key: string, value: unknown]> = {
    'rollouts of nothing': ['zones', ZONE, { at: FAR, releases: [], staged: [], rollouts: [null], failures: 0 }],
    'releases of nothing': ['zones', ZONE, { at: FAR, releases: [null], staged: [null], rollouts: [], failures: 0 }],
    'a push of nothing': ['nodes', `${ZONE} ams1`, { at: FAR, since: 0, missed: 0, push: {}, serial: 'NaN', observedAt: 'x' }],
    'a time that is no date': ['nodes', `${ZONE} ams1`, { at: FAR, since: 1e20, missed: 0 }],
    'an error that is an object': ['nodes', `${ZONE} ams1`, { at: FAR, since: 0, missed: 0, error: { a: 1 } }],
    'a serial that is text': ['primaries', `${ZONE} hm1`, { at: FAR, checkedAt: 0, failures: 0, serial: 'x' }],
    'paths of nothing': ['paths', 'ams1', { at: FAR, inUse: 'x', since: 0, silent: { a: null } }],
    'a hub without a start': ['hubs', 'hub\x1b[2J', { at: Date.now(), version: 'x', config: 'x' }],
  }
  for (const [id, [table, key, value]] of Object.entries(ODD))
    it(`causes no harm with ${id}, while a page is open`, async () => {
      const page = new AbortController()
      const stream = await fetch(`${place.api}/v1/events`, { signal: page.signal })
      expect(stream.status).to.equal(200)
      await changesNothing(() => publish({ from: 'x', hub: 'test', changes: [{ table, key, value }] }))
      await isWell()
      page.abort()
    })

  it('causes no harm with malformed messages', async () => {
    for (const packet of [
      'null',
      '1',
      '[]',
      '{"from":"x"}',
      '{"from":"x","hub":"test","changes":[null]}',
      '{"from":"x","hub":"test","changes":[{"table":"__proto__","key":"a","value":{}}]}',
      '{"from":"x","hub":"test","signal":{"name":"newer","payload":{"zone":"forged.example.","seen":null}}}',
      '{"from":"x","hub":"test","signal":{"name":"taken","payload":{"zone":"forged.example.","nodes":null,"serial":1}}}',
      `{"from":"x","hub":"test","signal":{"name":"notify","payload":${'['.repeat(50_000)}${']'.repeat(50_000)}}}`,
      'x'.repeat(100_000),
    ])
      await publish(packet)
    await isWell()
    await changesNothing(() => publish('7'))
  })

  it('causes no harm with random jobs', async () => {
    const add = async (queue: string, data: unknown): Promise<void> => {
      const id = `forged-${Math.random()}`
      await redisCli(
        'HSET',
        `{zonecast}:${queue}:${id}`,
        'name',
        'x',
        'data',
        JSON.stringify(data),
        'opts',
        '{}',
        'timestamp',
        '1',
        'delay',
        '0',
        'priority',
        '0',
      )
      await redisCli('LPUSH', `{zonecast}:${queue}:wait`, id)
    }
    for (const [queue, data] of [
      ['refresh-test', { zone: null }],
      ['refresh-test', { zone: ZONE, strength: 'x', askFirst: 1, seen: { primary: {}, serial: 'q', at: 'z' } }],
      ['push', { node: null }],
      ['push', null],
      ['resync-test', { targets: [null], strength: 'retransfer' }],
      ['webhook-test', { webhook: '__proto__', body: {} }],
    ] as const)
      await add(queue, data)
    const { job } = await api<{ job: string }>(place, `/v1/zones/${ZONE}/refresh`, { method: 'POST' })
    await eventually(async () => expect((await api(place, `/v1/jobs/${job}`)).state).to.be.oneOf(['done', 'failed']), {
      timeoutMs: 20_000,
    })
    await isWell()
    expect((await askSerial(node, ZONE))?.serial).to.equal(released)
  })

  it('still has no effect after a restart', async () => {
    for (const [table, key, value] of [
      ['orders', ZONE, approval()],
      ['stages', ZONE, { at: FAR, id: held.id, serial: held.serial, plan: '0', through: 99, by: 'test' }],
      ['drains', 'ams1', { at: FAR, drained: true, by: 'boss' }],
    ] as const) {
      await redisCli('HSET', `zonecast:${table}`, key, JSON.stringify(value))
      await redisCli('HSET', `zonecast:${table}`, `${key}x`, JSON.stringify(sealedByStranger(table, key, value)))
    }
    expect(await hub.stop()).to.equal(0)
    hub = await spawnHub(place)
    await eventually(async () => expect(await foreign()).to.be.greaterThan(2))
    expect((await api<Held>(place, '/v1/rollouts?state=held')).rollouts.map(({ id }) => id)).to.deep.equal([held.id])
    expect((await askSerial(node, ZONE))?.serial).to.equal(released)
    await isWell()
  })
})
