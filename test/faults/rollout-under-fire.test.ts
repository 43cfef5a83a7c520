/**
 *   Knot (primary) ──▶ zonecast, killed now and then ──▶ canary ──▶ A ──▶ B (NSD)
 *
 * A hundred random changes, good ones and ones that a check holds, with holds, approvals, rejections and kills in between; every
 * node is observed all the time. Every serial that it served was released to it before.
 */
import { setTimeout as sleep } from 'node:timers/promises'
import { expect } from 'chai'
import { awaitSerial } from '../../lab/ask-serial.js'
import { compareZones } from '../../lab/compare.js'
import { makeKey } from '../../lab/keys.js'
import { startKnot } from '../../lab/knot.js'
import { startNsd } from '../../lab/nsd.js'
import { findPort } from '../../lab/ports.js'
import type { LabServer } from '../../lab/server.js'
import { updateZone } from '../../lab/update.js'
import { zoneText } from '../../lab/zone-text.js'
import { eventually } from '../support/eventually.js'
import { amount } from '../support/long.js'
import { needsPeers } from '../support/peers.js'
import { seeded } from '../support/random-change.js'
import { scratchDirs } from '../support/scratch-dir.js'
import { SerialWatch } from '../support/serial-watch.js'
import { credentials, api, type HubPlace, type HubProcess, inSync, spawnHub, writeHubConfig } from '../support/test-hub.js'

const ZONE = 'fire.example.'
const CHANGES = amount('ZONECAST_TEST_CHANGES', { long: 100, short: 40 })
/** Enough that a check holds the version without them. */
const BLOCK = Array.from({ length: 40 }, (_, i) => `b${i}.${ZONE}`)

interface Row {
  id: string
  serial: number
  digest: string
  state: string
}
interface Detail extends Row {
  stages: { nodes: { node: string; releasedAt: string | null }[] }[]
}

describe('rollouts under fire', function () {
  this.timeout(240_000)
  needsPeers('knot', 'nsd')
  const scratch = scratchDirs()
  const primaryKey = makeKey('primary-key')
  const keys = { c1: makeKey('c1-key'), a1: makeKey('a1-key'), b1: makeKey('b1-key') }
  const nodes = {} as Record<keyof typeof keys, LabServer>
  let primary: LabServer
  let place: HubPlace
  let hub: HubProcess | undefined
  let watch: SerialWatch | undefined

  const at = () => ({ ip: primary.ip, port: primary.port, key: primaryKey })
  const order = async (path: string, body: object = {}): Promise<boolean> => {
    const response = await fetch(`${place.api}/v1/zones/${ZONE}/${path}`, {
      method: 'POST',
      headers: { ...credentials(place), 'content-type': 'application/json' },
      body: JSON.stringify({ reason: 'under fire', ...body }),
    }).catch(() => undefined)
    return response?.ok ?? false
  }
  const rows = () => api<{ rollouts: Row[] }>(place, `/v1/rollouts?zone=${ZONE}&limit=1000`).then(({ rollouts }) => rollouts)

  before(async () => {
    const hubPort = await findPort()
    primary = await startKnot({
      name: 'hm1',
      zones: [
        {
          name: ZONE,
          text: zoneText(ZONE, { records: 60, retrySeconds: 1, extra: BLOCK.map((name) => `${name} A 192.0.2.7`) }),
        },
      ],
      transferKey: primaryKey,
      updateKey: primaryKey,
      notify: [{ ip: '127.0.0.1', port: hubPort, key: primaryKey }],
    })
    const ips = { c1: '127.0.0.21', a1: '127.0.0.22', b1: '127.0.0.23' }
    for (const id of Object.keys(keys) as (keyof typeof keys)[])
      nodes[id] = await startNsd({
        name: id,
        ip: ips[id],
        port: await findPort(ips[id]),
        zones: [{ name: ZONE, from: [{ ip: '127.0.0.1', port: hubPort, key: keys[id] }] }],
        transferKey: keys[id],
      })
    const node = (id: keyof typeof keys, cloud: string) => ({ cloud, ip: nodes[id].ip, port: nodes[id].port, key: keys[id] })
    place = await writeHubConfig(
      {
        folder: scratch(),
        primaries: { hm1: at() },
        nodes: { c1: node('c1', 'A'), a1: node('a1', 'A'), b1: node('b1', 'B') },
        zones: [{ name: ZONE }],
        extra: {
          rollout: { stages: [{ nodes: ['c1'] }, { cloud: 'A' }, { cloud: 'B' }], soak: '50ms', deadline: '60s' },
          defaults: { refresh: { min: '200ms', max: '1s' }, keepVersions: 1000 },
        },
      },
      { transfer: hubPort },
    )
    hub = await spawnHub(place)
    await inSync(place, ZONE, undefined, 30_000)
    watch = new SerialWatch(ZONE, nodes)
  })

  after(async () => {
    await watch?.stop()
    await hub?.stop()
    await Promise.all([primary, ...Object.values(nodes)].map((server) => server?.stop()))
  })

  it(`never reach a node before their release to it, in ${CHANGES} changes`, async () => {
    const random = seeded('rollout under fire')
    const pick = (n: number): number => Math.floor(random() * n)
    let hasBlock = true
    let kills = 0
    for (let i = 0; i < CHANGES; i++) {
      const lines = [`add n${i}.${ZONE} 60 A 192.0.2.${i % 250}`]
      if (pick(8) === 0) {
        lines.push(...BLOCK.map((name) => (hasBlock ? `delete ${name}` : `add ${name} 60 A 192.0.2.7`)))
        hasBlock = !hasBlock
      }
      await updateZone(at(), ZONE, lines)
      const what = pick(20)
      if (what === 0) await order('hold')
      else if (what === 1 || what === 2) await order('release')
      else if (what === 3 || what === 4) await order('approve')
      else if (what === 5) await order('reject')
      else if (what === 6) {
        kills += 1
        await hub!.kill()
        hub = await spawnHub(place)
      }
      await sleep(pick(10) === 0 ? pick(1_500) : pick(250))
    }
    expect(kills, 'kills').to.be.greaterThan(0)
    // In the end all faults are removed, and the last version reaches every node.
    if (!hasBlock)
      await updateZone(
        at(),
        ZONE,
        BLOCK.map((name) => `add ${name} 60 A 192.0.2.7`),
      )
    await order('release')
    const serial = await awaitSerial(primary, ZONE)
    await eventually(
      async () => {
        const row = (await rows()).find((each) => each.serial === serial)
        if (row?.state === 'held') await order('approve', { serial })
        if (row?.state !== 'done') throw new Error(`serial ${serial} is ${row?.state}`)
      },
      { timeoutMs: 60_000, everyMs: 300 },
    )
    await inSync(place, ZONE, serial)
    expect(await compareZones(at(), { ip: nodes.b1.ip, port: nodes.b1.port, key: keys.b1 }, ZONE)).to.equal(undefined)
  })

  it('are superseded by newer ones, and some are complete', async () => {
    const states = new Set((await rows()).map(({ state }) => state))
    expect([...states]).to.include.members(['done', 'superseded'])
  })

  it('are on every node only after their release to it', async () => {
    await watch!.stop()
    const released = new Map<string, number>()
    for (const { id, serial } of await rows()) {
      const detail = await api<Detail>(place, `/v1/rollouts/${id}`)
      for (const { nodes: own } of detail.stages)
        for (const { node, releasedAt } of own) if (releasedAt) released.set(`${node} ${serial}`, Date.parse(releasedAt))
    }
    const first = Math.min(...watch!.seen.c1!)
    let served = 0
    for (const [key, servedAt] of watch!.firstAt) {
      if (Number(key.split(' ')[1]) === first) continue
      const releasedAt = released.get(key)
      expect(releasedAt, `${key} was served and never released`).to.not.equal(undefined)
      expect(servedAt, `${key} was served before its release`).to.be.at.least(releasedAt!)
      served += 1
    }
    expect(served).to.be.greaterThan(CHANGES / 4)
    // The canary had more versions than the others: stages do stop versions.
    expect(watch!.seen.c1!.length).to.be.at.least(watch!.seen.b1!.length)
  })
})
