/**
 *   Knot (primary) ──▶ zonecast, killed with SIGKILL again and again ──▶ NSD, BIND
 *
 * During a transfer, a commit, a push and at rest: after each restart every node converges, no version is lost, and the store
 * opens without an error.
 */
import { readFileSync } from 'node:fs'
import { setTimeout as sleep } from 'node:timers/promises'
import { expect } from 'chai'
import { awaitSerial } from '../../lab/ask-serial.js'
import { startBind } from '../../lab/bind.js'
import { compareZones } from '../../lab/compare.js'
import { makeKey } from '../../lab/keys.js'
import { startKnot } from '../../lab/knot.js'
import { startNsd } from '../../lab/nsd.js'
import { findPort } from '../../lab/ports.js'
import type { LabServer } from '../../lab/server.js'
import { updateZone } from '../../lab/update.js'
import { zoneText } from '../../lab/zone-text.js'
import { amount } from '../support/long.js'
import { needsPeers } from '../support/peers.js'
import { type Random, randomChange, seeded } from '../support/random-change.js'
import { scratchDirs } from '../support/scratch-dir.js'
import { api, type HubPlace, type HubProcess, inSync, spawnHub, writeHubConfig } from '../support/test-hub.js'

const ZONE = 'kill.example.'
/** Kills of each kind. */
const KILLS = amount('ZONECAST_TEST_KILLS', { long: 20, short: 5 })
const TIMERS = { records: 5_000, refreshSeconds: 60, retrySeconds: 1 }

interface Phase {
  name: string
  /** Starts work in the hub; the kill follows at a random time of the window, in milliseconds. */
  begin: (hub: HubPlace, change: () => Promise<void>) => Promise<void>
  windowMs: [number, number]
}

const refresh = (hub: HubPlace): Promise<unknown> => api(hub, `/v1/zones/${ZONE}/refresh`, { method: 'POST', body: '{}' })

const PHASES: Phase[] = [
  {
    name: 'a transfer',
    // An AXFR of 5,000 records needs about ten milliseconds.
    begin: async (hub) => {
      await api(hub, `/v1/zones/${ZONE}/resync`, { method: 'POST', body: JSON.stringify({ strength: 'retransfer' }) })
    },
    windowMs: [0, 40],
  },
  {
    name: 'a commit',
    begin: async (hub, change) => {
      await change()
      await refresh(hub)
    },
    windowMs: [0, 20],
  },
  {
    name: 'a push',
    begin: async (hub, change) => {
      await change()
      await refresh(hub)
    },
    windowMs: [8, 80],
  },
  { name: 'rest', begin: async () => undefined, windowMs: [0, 200] },
]

describe('a hub killed at any instant', () => {
  needsPeers('knot', 'nsd', 'bind')
  const scratch = scratchDirs()
  const primaryKey = makeKey('primary-key')
  const keys = { nsd1: makeKey('nsd1-key'), bind1: makeKey('bind1-key') }
  const nodes: Partial<Record<keyof typeof keys, LabServer>> = {}
  let primary: LabServer
  let place: HubPlace
  let hub: HubProcess | undefined
  let random: Random
  let changes = 0

  const change = (): Promise<void> =>
    updateZone({ ip: primary.ip, port: primary.port, key: primaryKey }, ZONE, randomChange(ZONE, random, changes++))

  before(async function () {
    this.timeout(60_000)
    random = seeded('kill')
    const hubPort = await findPort()
    const from = (key: (typeof keys)['nsd1']) => ({
      zones: [{ name: ZONE, from: [{ ip: '127.0.0.1', port: hubPort, key }] }],
      transferKey: key,
    })
    primary = await startKnot({
      name: 'primary',
      zones: [{ name: ZONE, text: zoneText(ZONE, TIMERS) }],
      transferKey: primaryKey,
      updateKey: primaryKey,
    })
    nodes.nsd1 = await startNsd({ ...from(keys.nsd1), name: 'nsd1', ip: '127.0.0.2', port: await findPort('127.0.0.2') })
    nodes.bind1 = await startBind({ ...from(keys.bind1), name: 'bind1', port: await findPort() })
    place = await writeHubConfig(
      {
        folder: scratch(),
        primaries: { hm1: { ip: primary.ip, port: primary.port, key: primaryKey } },
        nodes: {
          nsd1: { cloud: 'A', ip: '127.0.0.2', port: nodes.nsd1.port, key: keys.nsd1 },
          bind1: { cloud: 'B', ip: '127.0.0.1', port: nodes.bind1.port, key: keys.bind1 },
        },
        zones: [{ name: ZONE }],
      },
      { transfer: hubPort },
    )
    hub = await spawnHub(place)
    await inSync(hub, ZONE, undefined, 30_000)
  })

  after(async () => {
    if (hub && hub.child.exitCode === null && hub.child.signalCode === null) await hub.stop()
    await Promise.all([primary, ...Object.values(nodes)].map((server) => server?.stop()))
  })

  for (const { name, begin, windowMs } of PHASES)
    it(`converges after ${KILLS} kills during ${name}`, async () => {
      for (let i = 0; i < KILLS; i++) {
        const known = await serials(place)
        await begin(place, change)
        await sleep(windowMs[0] + random() * (windowMs[1] - windowMs[0]))
        await hub!.kill()
        hub = await spawnHub(place)
        const serial = await awaitSerial(primary, ZONE)
        await inSync(hub, ZONE, serial, 30_000)
        const kept = await serials(place)
        expect(kept, `round ${i}: no version is lost`).to.include.members(known.slice(0, 15))
      }
      expect(readFileSync(`${place.configFile}.log`, 'utf8'), 'the store opens clean').to.not.match(/damaged|set aside/)
      for (const [id, node] of Object.entries(nodes)) {
        const difference = await compareZones(
          { ip: primary.ip, port: primary.port, key: primaryKey },
          { ip: node.ip, port: node.port, key: keys[id as keyof typeof keys] },
          ZONE,
        )
        expect(difference, id).to.equal(undefined)
      }
    }).timeout(KILLS * 30_000)

  it('stops clean on SIGTERM', async () => {
    expect(await hub!.stop()).to.equal(0)
  }).timeout(20_000)
})

/** Serials of the kept versions, newest first. */
async function serials(hub: HubPlace): Promise<number[]> {
  const { versions } = await api<{ versions: { serial: number }[] }>(hub, `/v1/zones/${ZONE}`)
  return versions.map(({ serial }) => serial)
}
