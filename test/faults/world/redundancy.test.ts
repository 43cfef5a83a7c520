/**
 *   hm-east ─ hub-east ─╮  red ring: n1 n2 n3 │ n4 n5 n6   ╭─ hub-west ─ hm-west
 *               redis ─ east ══════════════════════════ west
 *                       ╰─ blue ring: n1 n5 n3 │ n6 n4 n2 ─╯
 *
 * After any single failure, and some multiple ones: the reachable nodes get the new version, the others get it after the repair,
 * and no node ever serves a version before its release to it. The world is test/world/cast.ts, its failures are in scenarios.ts.
 */
import { setTimeout as sleep } from 'node:timers/promises'
import { expect } from 'chai'
import { compareZones } from '../../../lab/compare.js'
import { zoneText } from '../../../lab/zone-text.js'
import { eventually } from '../../support/eventually.js'
import { someOf } from '../../support/long.js'
import { needsNamespaces, needsPeers } from '../../support/peers.js'
import { scratchDirs } from '../../support/scratch-dir.js'
import { api } from '../../support/test-hub.js'
import { breakWorld, healWorld } from '../../world/break-world.js'
import { HUB_IDS, NODE_IDS, type NodeId, PRIMARY_IDS, ZONE } from '../../world/cast.js'
import { SCENARIOS, type Scenario } from '../../world/scenarios.js'
import { Witness } from '../../world/witness.js'
import { World } from '../../world/world.js'

const RECORDS = 200
const WITHIN_MS = 90_000

/** A good version, and one that lost nine tenths of its records. */
const good = (serial: number) =>
  zoneText(ZONE, { serial, records: RECORDS, refreshSeconds: 5, retrySeconds: 1, extra: [`v${serial} A 192.0.2.1`] })
const bad = (serial: number) => zoneText(ZONE, { serial, records: RECORDS / 10, refreshSeconds: 5, retrySeconds: 1 })

interface Reached {
  tookMs: number
  /** The last node that serves it. */
  node: NodeId
}

interface Measured {
  name: string
  /** From the change to the last reachable node, and from the repair to the last of all. */
  broken: Reached | undefined
  healed: Reached
}

/** Nodes that cannot have a version are observed this long, to prove that they do not serve it. */
const WATCHED_MS = 2_000

describe('two sites, two rings and six nodes', function () {
  this.timeout(240_000)
  needsPeers('knot', 'nsd', 'bind', 'redis', 'bird', 'iproute')
  needsNamespaces(this)
  const scratch = scratchDirs()
  const measured: Measured[] = []
  let world: World
  let witness: Witness
  let serial = 1

  /** All these nodes serve the newest serial. */
  const reached = (nodes: readonly NodeId[], since: number, what: string): Promise<Reached> =>
    eventually(
      () => {
        const behind = nodes.filter((id) => witness.last(id) !== serial)
        if (behind.length > 0)
          throw new Error(`${what}, ${behind.map((id) => `${id} shows ${witness.last(id)}`).join(', ')} instead of ${serial}`)
        const times = nodes.map((node) => ({ node, tookMs: Math.max(0, witness.reached(node, serial)! - since) }))
        return times.toSorted((a, b) => b.tookMs - a.tookMs)[0]!
      },
      { timeoutMs: WITHIN_MS, everyMs: 20 },
    )

  /** Every running hub that knows the version holds it by a check. */
  const isHeld = (number: number): Promise<void> =>
    eventually(
      async () => {
        const states = await Promise.all(
          HUB_IDS.map(async (id) => {
            const { rollouts } = await api<{ rollouts: { serial: number; state: string }[] }>(
              world.hubs[id],
              `/v1/rollouts?zone=${ZONE}&limit=20`,
              { signal: AbortSignal.timeout(1000) },
            ).catch(() => ({ rollouts: [] }))
            return rollouts.find((row) => row.serial === number)?.state
          }),
        )
        if (!states.includes('held')) throw new Error(`no hub holds ${number}: ${states}`)
      },
      { timeoutMs: WITHIN_MS, everyMs: 100 },
    )

  const publishBad = async (): Promise<void> => {
    serial += 1
    witness.bad.add(serial)
    await world.publish(bad(serial))
    await isHeld(serial)
  }
  const publishGood = async ({ to = PRIMARY_IDS }: Scenario): Promise<void> => {
    serial += 1
    await world.publish(good(serial), to)
  }

  before(async () => {
    world = await World.start(scratch(), good(serial))
    witness = new Witness(world.nodes)
    await reached(NODE_IDS, Date.now(), 'at the start')
    expect(await witness.unreleased(Object.values(world.hubs), serial)).to.deep.equal([])
  })

  after(async () => {
    await witness?.stop()
    await world?.stop()
    if (measured.length > 0) console.log(report(measured))
  })

  afterEach(function () {
    if (this.currentTest?.state !== 'failed') return
    for (const id of [...HUB_IDS, ...NODE_IDS.filter((each) => witness.last(each) !== serial)])
      console.log(`${id} at the end:\n${world.logOf(id).slice(-25).join('\n')}`)
  })

  for (const scenario of someOf(SCENARIOS, ({ isMore }) => isMore !== true))
    it(`get a new version while ${scenario.name}`, async () => {
      const { breaks, lacking = [] } = scenario
      const able = NODE_IDS.filter((id) => !lacking.includes(id))
      let broken: Reached | undefined
      try {
        if (scenario.midway !== true) for (const each of breaks) await breakWorld(world, each)
        if (scenario.bad !== undefined) await publishBad()
        if (scenario.bad !== 'until healed') {
          const changedAt = Date.now()
          await publishGood(scenario)
          if (scenario.midway === true) {
            await reached(['n1'], changedAt, 'before the break')
            for (const each of breaks) await breakWorld(world, each)
          }
          if (able.length > 0) broken = await reached(able, changedAt, 'while it is broken')
          if (lacking.length > 0) await sleep(WATCHED_MS)
          for (const id of lacking) expect(witness.last(id), `${id} cannot have it`).to.not.equal(serial)
        }
      } finally {
        for (const each of breaks) await healWorld(world, each)
      }
      const healedAt = Date.now()
      if (scenario.bad === 'until healed') await publishGood(scenario)
      const healed = await reached(NODE_IDS, healedAt, 'after it has healed')
      measured.push({ name: scenario.name, broken, healed })
      if (scenario.to !== undefined) await world.publish(good(serial))
      await world.settled()
      expect(witness.objections(lacking)).to.deep.equal([])
      expect(await witness.unreleased(Object.values(world.hubs), serial)).to.deep.equal([])
    })

  it('end with the same zone on every node', async () => {
    const primary = { ip: world.primaries['hm-east'].ip, port: 53, key: world.keys.primary }
    for (const id of NODE_IDS) {
      const node = { ip: world.nodes[id].ip, port: 53, key: world.keys.nodes[id] }
      expect(await compareZones(primary, node, ZONE), id).to.equal(undefined)
    }
  })
})

function report(rows: readonly Measured[]): string {
  const cell = (reached: Reached | undefined): string =>
    (reached === undefined || reached.tookMs === 0 ? '–' : `${(reached.tookMs / 1000).toFixed(1)} s (${reached.node})`).padStart(
      12,
    )
  const lines = rows.map(({ name, broken, healed }) => `    ${cell(broken)} ${cell(healed)}  ${name}`)
  return ['    change → last node that could have it; healed → last node of all', ...lines].join('\n')
}
