/**
 *   Knot (primary) ──▶ zonecast ──▶ canary: NSD ──▶ A: BIND ──▶ B: Knot
 *
 * A release goes canary → A → B; a version that a check holds or that the canary answers badly goes no further, for any client.
 */
import { expect } from 'chai'
import { awaitSerial } from '../../../lab/ask-serial.js'
import { startBind } from '../../../lab/bind.js'
import { compareZones } from '../../../lab/compare.js'
import { makeKey } from '../../../lab/keys.js'
import { startKnot } from '../../../lab/knot.js'
import { startNsd } from '../../../lab/nsd.js'
import { findPort } from '../../../lab/ports.js'
import type { LabServer } from '../../../lab/server.js'
import { updateZone } from '../../../lab/update.js'
import { zoneText } from '../../../lab/zone-text.js'
import { TYPE } from '../../../lib/dns/rrtype.js'
import { eventually } from '../../support/eventually.js'
import { type LyingProxy, startLyingProxy } from '../../support/lying-proxy.js'
import { needsPeers } from '../../support/peers.js'
import { scratchDirs } from '../../support/scratch-dir.js'
import { SerialWatch } from '../../support/serial-watch.js'
import { credentials, api, inSync, startHub, type TestHub, writeHubConfig } from '../../support/test-hub.js'

const ZONE = 'staged.example.'
const RECORDS = 200
const SOAK_MS = 300

interface RolloutAnswer {
  id: string
  serial: number
  state: string
  stage: string | null
  reason: string | null
  checks: { check: string; verdict: string; report: string }[]
  stages: { name: string; nodes: { node: string; releasedAt: string | null; confirmed: boolean }[] }[]
}

describe('a rollout in stages', function () {
  this.timeout(60_000)
  needsPeers('knot', 'nsd', 'bind')
  const scratch = scratchDirs()
  const primaryKey = makeKey('primary-key')
  const keys = { ams1: makeKey('ams1-key'), ams2: makeKey('ams2-key'), fra1: makeKey('fra1-key') }
  const servers: LabServer[] = []
  let primary: LabServer
  let nodes: Record<'ams1' | 'ams2' | 'fra1', LabServer>
  let proxy: LyingProxy
  let hub: TestHub
  let watch: SerialWatch | undefined
  let changes = 0

  const at = () => ({ ip: primary.ip, port: primary.port, key: primaryKey })
  const change = async (...lines: string[]): Promise<number> => {
    const before = await awaitSerial(primary, ZONE)
    await updateZone(at(), ZONE, lines.length > 0 ? lines : [`add n${++changes}.${ZONE} 60 A 192.0.2.1`])
    return await awaitSerial(primary, ZONE, (serial) => serial !== before)
  }
  const rolloutOf = async (serial: number): Promise<RolloutAnswer> => {
    const { rollouts } = await api<{ rollouts: RolloutAnswer[] }>(hub, `/v1/rollouts?zone=${ZONE}`)
    const row = rollouts.find((each) => each.serial === serial)
    if (!row) throw new Error(`no rollout of serial ${serial}: ${JSON.stringify(rollouts)}`)
    return await api<RolloutAnswer>(hub, `/v1/rollouts/${row.id}`)
  }
  const becomes = (serial: number, state: string, timeoutMs = 15_000) =>
    eventually(
      async () => {
        const rollout = await rolloutOf(serial)
        if (rollout.state !== state)
          throw new Error(`serial ${serial} is ${rollout.state}, not ${state}: ${JSON.stringify(rollout)}`)
        return rollout
      },
      { timeoutMs },
    )
  const order = (path: string, body: object) =>
    api<{ state: string; serial: number; notes: string[] }>(hub, `/v1/zones/${ZONE}/${path}`, {
      method: 'POST',
      body: JSON.stringify(body),
    })
  const servedBy = async () =>
    Object.fromEntries(
      await Promise.all(Object.entries(nodes).map(async ([id, node]) => [id, await awaitSerial(node, ZONE)] as const)),
    )
  const source = (id: 'ams2' | 'fra1') => ({ ip: nodes[id].ip, port: nodes[id].port, key: keys[id] })
  const difference = (id: 'ams2' | 'fra1', other: Parameters<typeof compareZones>[0] = source('fra1')) =>
    compareZones(other, source(id), ZONE)
  /** The node requests the transfer. */
  const retransfer = async (id: 'ams1' | 'ams2' | 'fra1') => {
    await nodes[id].control(
      ...(id === 'ams2' ? ['retransfer', ZONE] : id === 'fra1' ? ['zone-retransfer', ZONE] : ['force_transfer', ZONE]),
    )
  }

  before(async () => {
    const hubPort = await findPort()
    const from = (key: (typeof keys)['ams1']) => ({
      zones: [{ name: ZONE, from: [{ ip: '127.0.0.1', port: hubPort, key }] }],
      transferKey: key,
    })
    primary = await startKnot({
      name: 'hm1',
      zones: [{ name: ZONE, text: zoneText(ZONE, { records: RECORDS, retrySeconds: 1 }) }],
      transferKey: primaryKey,
      updateKey: primaryKey,
      notify: [{ ip: '127.0.0.1', port: hubPort, key: primaryKey }],
    })
    servers.push(primary)
    const [ams1, ams2, fra1] = await Promise.all([
      startNsd({ ...from(keys.ams1), name: 'ams1', ip: '127.0.0.16', port: await findPort('127.0.0.16') }),
      startBind({ ...from(keys.ams2), name: 'ams2', port: await findPort() }),
      startKnot({ ...from(keys.fra1), name: 'fra1', ip: '127.0.0.17', port: await findPort('127.0.0.17') }),
    ])
    servers.push(ams1, ams2, fra1)
    nodes = { ams1, ams2, fra1 }
    proxy = await startLyingProxy(ams1)
    const place = await writeHubConfig(
      {
        folder: scratch(),
        primaries: { hm1: { ip: primary.ip, port: primary.port, key: primaryKey } },
        nodes: {
          ams1: { cloud: 'A', ip: proxy.ip, port: proxy.port, key: keys.ams1 },
          ams2: { cloud: 'A', ip: ams2.ip, port: ams2.port, key: keys.ams2 },
          fra1: { cloud: 'B', ip: fra1.ip, port: fra1.port, key: keys.fra1 },
        },
        zones: [{ name: ZONE }],
        extra: {
          rollout: { stages: [{ nodes: ['ams1'] }, { cloud: 'A' }, { cloud: 'B' }], soak: `${SOAK_MS}ms` },
          defaults: { refresh: { min: '200ms', max: '1s' }, observe: { every: '1s', afterRelease: '500ms' } },
        },
      },
      { transfer: hubPort },
    )
    hub = await startHub(place)
    await inSync(hub, ZONE, undefined, 30_000)
  })

  after(async () => {
    await watch?.stop()
    await hub?.stop()
    proxy?.stop()
    await Promise.all(servers.map((server) => server.stop()))
  })

  it('goes from stage to stage, each after the soak of the one before', async () => {
    watch = new SerialWatch(ZONE, nodes)
    const serial = await change()
    await inSync(hub, ZONE, serial)
    const { state, stages } = await rolloutOf(serial)
    expect([state, stages.map(({ name }) => name)]).to.deep.equal(['done', ['ams1', 'cloud A', 'cloud B']])
    const times = stages.map(({ nodes: own }) => Math.min(...own.map(({ releasedAt }) => Date.parse(releasedAt!))))
    expect(times[1]! - times[0]!, 'canary → A').to.be.at.least(SOAK_MS)
    expect(times[2]! - times[1]!, 'A → B').to.be.at.least(SOAK_MS)
  })

  it('holds a version that a check fails, and names the cause', async () => {
    const before = await servedBy()
    const gone = Array.from({ length: 60 }, (_, i) => `delete h${i}.${ZONE}`)
    const serial = await change(...gone)
    const rollout = await becomes(serial, 'held')
    expect(rollout.reason).to.match(/^shrink: /)
    expect(rollout.checks.find(({ check }) => check === 'shrink')!.verdict).to.equal('hold')
    for (const id of ['ams1', 'ams2', 'fra1'] as const) await retransfer(id)
    await new Promise((resolve) => setTimeout(resolve, 1_000))
    expect(await servedBy()).to.deep.equal(before)
    const zone = await api<{ state: string; error: string; serial: number }>(hub, `/v1/zones/${ZONE}`)
    expect(zone).to.include({ state: 'held', serial: before.ams1 })
    expect(zone.error).to.match(/shrink/)
    expect((await api<{ held: string[] }>(hub, '/v1/status')).held).to.deep.equal([ZONE])
  })

  it('continues when exactly this version is approved, with a reason', async () => {
    const serial = await awaitSerial(primary, ZONE)
    const without = await fetch(`${hub.api}/v1/zones/${ZONE}/approve`, {
      method: 'POST',
      headers: { ...credentials(hub), 'content-type': 'application/json' },
      body: JSON.stringify({ serial }),
    })
    expect([without.status, await without.text()]).to.satisfy(
      ([status, text]: [number, string]) => status === 400 && /reason/.test(text),
      'a reason is asked for',
    )
    await order('approve', { serial, reason: 'sixty hosts were meant to go' })
    await inSync(hub, ZONE, serial)
    expect((await rolloutOf(serial)).state).to.equal('done')
    expect((await api<{ held: string[] }>(hub, '/v1/status')).held).to.deep.equal([])
  })

  it('is halted by a canary with bad answers, and reaches no other node', async () => {
    const before = await servedBy()
    proxy.spoils = (type) => type === TYPE.NS
    const serial = await change()
    const rollout = await becomes(serial, 'halted')
    expect(rollout.reason).to.match(/^ams1: answers SERVFAIL to staged\.example\. NS/)
    await Promise.all([retransfer('ams2'), retransfer('fra1')])
    await new Promise((resolve) => setTimeout(resolve, 1_500))
    const { ams1, ...others } = await servedBy()
    expect(others).to.deep.equal({ ams2: before.ams2, fra1: before.fra1 })
    expect(ams1).to.equal(serial)
  })

  it('that was halted is superseded by the next version that passes', async () => {
    const bad = await awaitSerial(primary, ZONE)
    proxy.spoils = () => false
    const serial = await change()
    await inSync(hub, ZONE, serial)
    expect((await rolloutOf(bad)).state).to.equal('superseded')
    for (const seen of [watch!.seen.ams2, watch!.seen.fra1]) expect(seen).to.not.include(bad)
  })

  it('that was halted is repeated at the same stage when it is approved', async () => {
    proxy.spoils = (type) => type === TYPE.NS
    const serial = await change()
    await becomes(serial, 'halted')
    proxy.spoils = () => false
    await order('approve', { serial, reason: 'the canary was at fault' })
    await inSync(hub, ZONE, serial)
    expect((await rolloutOf(serial)).state).to.equal('done')
  })

  it('stops while the zone is on hold, and continues when the hold is lifted', async () => {
    await order('hold', { reason: 'a window for the network' })
    const before = await servedBy()
    const serial = await change()
    const rollout = await becomes(serial, 'held')
    expect(rollout.reason).to.match(/put on hold by .*: a window for the network/)
    await new Promise((resolve) => setTimeout(resolve, 500))
    expect(await servedBy()).to.deep.equal(before)
    await order('release', { reason: 'the window is over' })
    await inSync(hub, ZONE, serial)
  })

  it('is followed by a rollback to old content under a serial above all served ones', async () => {
    const good = await awaitSerial(nodes.fra1, ZONE)
    const bad = await change(`add bad.${ZONE} 60 A 192.0.2.66`)
    await inSync(hub, ZONE, bad)
    const { serial, notes } = await order('rollback', { serial: good, reason: 'bad. has no server' })
    expect(serial).to.equal(bad + 1)
    expect(notes.join('\n')).to.match(new RegExp(`hm1 serves ${bad} .*set its serial to ${bad + 2} or higher`))
    await inSync(hub, ZONE, serial)
    const { removed, added } = await api<{ removed: string[]; added: string[] }>(
      hub,
      `/v1/zones/${ZONE}/diff?from=${good}&to=${serial}`,
    )
    expect([removed.length, added.length], 'nothing but the SOA differs').to.deep.equal([1, 1])
    expect(await difference('ams2')).to.equal(undefined)
  })

  it('is rolled back once: the version before is not released again', async () => {
    const now = await awaitSerial(nodes.fra1, ZONE)
    const again = await fetch(`${hub.api}/v1/zones/${ZONE}/rollback`, {
      method: 'POST',
      headers: { ...credentials(hub), 'content-type': 'application/json' },
      body: JSON.stringify({ serial: now - 1, reason: 'once more' }),
    })
    expect(again.status).to.equal(409)
    expect(await again.text()).to.match(/went back from serial \d+ of staged\.example\./)
  })

  it('follows the primary again once its serial is above that of the rollback', async () => {
    const now = await awaitSerial(nodes.fra1, ZONE)
    await updateZone(at(), ZONE, [`add ${ZONE} 3600 SOA ns1.${ZONE} hostmaster.${ZONE} ${now + 10} 3600 1 604800 300`])
    await inSync(hub, ZONE, now + 10)
    expect(await difference('fra1', at())).to.equal(undefined)
  })
})
