/**
 *   Knot (primary) ──▶ zonecast, whose clock is set ──▶ NSD (canary, then node)
 *
 * The machine's clock is set a month ahead and a month back: the zone is always served, changes arrive as fast as before, and a
 * soak keeps its duration.
 */
import { expect } from 'chai'
import { writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { awaitSerial } from '../../lab/ask-serial.js'
import { makeKey } from '../../lab/keys.js'
import { startKnot } from '../../lab/knot.js'
import { startNsd } from '../../lab/nsd.js'
import { findPort } from '../../lab/ports.js'
import type { LabServer } from '../../lab/server.js'
import { zoneText } from '../../lab/zone-text.js'
import { changeZone } from '../support/change-zone.js'
import { needsPeers } from '../support/peers.js'
import { scratchDirs } from '../support/scratch-dir.js'
import { api, type HubProcess, inSync, spawnHub, writeHubConfig } from '../support/test-hub.js'

const ZONE = 'clock.example.'
const MONTH_MS = 30 * 86_400_000
const SOAK_MS = 1_500

describe('a clock that is set', function () {
  this.timeout(60_000)
  needsPeers('knot', 'nsd', 'redis')
  const scratch = scratchDirs()
  const updateKey = makeKey('update-key')
  let clockFile: string
  let primary: LabServer
  let nodes: LabServer[]
  let hub: HubProcess

  const change = (): Promise<number> => changeZone(primary, ZONE, updateKey)

  before(async () => {
    const folder = scratch()
    clockFile = join(folder, 'offset')
    const transfer = await findPort()
    primary = await startKnot({
      name: 'hm1',
      port: await findPort(),
      zones: [{ name: ZONE, text: zoneText(ZONE, { records: 20, refreshSeconds: 3600, retrySeconds: 1 }) }],
      updateKey,
      notify: [{ ip: '127.0.0.1', port: transfer }],
    })
    nodes = await Promise.all(
      [0, 1].map(async (i) =>
        startNsd({
          name: `n${i}`,
          ip: `127.0.0.${41 + i}`,
          port: await findPort(`127.0.0.${41 + i}`),
          zones: [{ name: ZONE, from: [{ ip: '127.0.0.1', port: transfer }] }],
        }),
      ),
    )
    const place = await writeHubConfig(
      {
        folder,
        primaries: { hm1: { ip: primary.ip, port: primary.port } },
        nodes: Object.fromEntries(nodes.map(({ ip, port }, i) => [`n${i}`, { cloud: 'AB'[i]!, ip, port }])),
        zones: [{ name: ZONE }],
        extra: { rollout: { stages: [{ cloud: 'A' }, { cloud: 'B' }], soak: `${SOAK_MS}ms` } },
      },
      { transfer },
    )
    const preload = fileURLToPath(new URL('../support/shifted-clock.mjs', import.meta.url))
    const before = { options: process.env.ZONECAST_TEST_NODE_OPTIONS, clock: process.env.ZONECAST_TEST_CLOCK }
    process.env.ZONECAST_TEST_NODE_OPTIONS = `--import ${preload}`
    process.env.ZONECAST_TEST_CLOCK = clockFile
    try {
      hub = await spawnHub(place)
    } finally {
      restore('ZONECAST_TEST_NODE_OPTIONS', before.options)
      restore('ZONECAST_TEST_CLOCK', before.clock)
    }
    await inSync(hub, ZONE)
  })

  after(async () => {
    await hub?.stop()
    await Promise.allSettled([primary, ...(nodes ?? [])].map((server) => server?.stop()))
  })

  for (const [offset, name] of [
    [MONTH_MS, 'a month ahead'],
    [-MONTH_MS, 'a month back'],
    [0, 'right again'],
  ] as const)
    it(`serves the zone, delivers a change and keeps the duration of a soak: ${name}`, async () => {
      writeFileSync(clockFile, String(offset))
      await new Promise((resolve) => setTimeout(resolve, 200))
      expect((await api<{ state: string }>(hub, `/v1/zones/${ZONE}`)).state).to.equal('in-sync')
      const startedAt = performance.now()
      const serial = await change()
      await awaitSerial(nodes[1]!, ZONE, (observed) => observed === serial)
      expect(performance.now() - startedAt, 'from change to the last node').to.be.within(SOAK_MS * 0.9, SOAK_MS + 10_000)
      await inSync(hub, ZONE, serial)
    })
})

function restore(name: string, value: string | undefined): void {
  if (value === undefined) delete process.env[name]
  else process.env[name] = value
}
