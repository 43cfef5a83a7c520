/**
 *   the world of redundancy.test.ts, for minutes: changes, kills, cuts and orders, chosen by a seed
 *
 * The world is brought to rest again and again: then every node has the newest version, none has served a version before its
 * release or during a hold, and no process has grown. ZONECAST_SOAK_MINUTES sets the duration, ZONECAST_TEST_SEED the choices.
 */
import { readFileSync } from 'node:fs'
import { setTimeout as sleep } from 'node:timers/promises'
import { expect } from 'chai'
import { compareZones } from '../../../lab/compare.js'
import { eventually } from '../../support/eventually.js'
import { amount } from '../../support/long.js'
import { needsNamespaces, needsPeers } from '../../support/peers.js'
import { seeded } from '../../support/random-change.js'
import { scratchDirs } from '../../support/scratch-dir.js'
import { SEED } from '../../support/seed.js'
import { HUB_IDS, NODE_IDS, ZONE } from '../../world/cast.js'
import { good, SoakActs } from '../../world/soak-acts.js'
import { Witness } from '../../world/witness.js'
import { World } from '../../world/world.js'

const MINUTES = amount('ZONECAST_SOAK_MINUTES', { long: 30, short: 1 })
const REST_EVERY_MS = 25_000
/** In the last third no process is killed: a short-lived process cannot be measured for growth. */
const SPARING_MS = MINUTES * 20_000
/** A process that has just started has not yet compiled its code. */
const YOUNG_MS = Math.min(60_000, SPARING_MS / 4)
const MAY_GROW_MB = 120

describe('a soak', function () {
  this.timeout(MINUTES * 60_000 + 180_000)
  needsPeers('knot', 'nsd', 'bind', 'redis', 'bird', 'iproute')
  needsNamespaces(this)
  const scratch = scratchDirs()
  let world: World
  let witness: Witness
  let acts: SoakActs
  let random: () => number

  before(async () => {
    world = await World.start(scratch(), good(1))
    witness = new Witness(world.nodes)
    random = seeded('soak')
    acts = new SoakActs(world, witness, random)
    await acts.begin()
  })

  after(async () => {
    await witness?.stop()
    await acts?.end()
    await world?.stop()
  })

  it(`of ${MINUTES} minutes loses no version, releases none too early, and grows no process (seed ${SEED})`, async () => {
    const until = Date.now() + MINUTES * 60_000
    const memory = new Map<number, Grown>()
    const done: string[] = []
    const restMs: number[] = []
    try {
      while (Date.now() < until) {
        for (const restAt = Date.now() + REST_EVERY_MS; Date.now() < restAt; ) {
          done.push(await acts.act(Date.now() > until - SPARING_MS))
          await sleep(random() * 300)
        }
        const serial = await acts.settle()
        const settledAt = Date.now()
        await eventually(
          () => {
            const behind = NODE_IDS.filter((id) => witness.last(id) !== serial)
            if (behind.length > 0)
              throw new Error(behind.map((id) => `${id} shows ${witness.last(id)} instead of ${serial}`).join(', '))
          },
          { timeoutMs: 60_000, everyMs: 50 },
        )
        restMs.push(Date.now() - settledAt)
        // The order of the nodes depends on reachability; an early delivery does not.
        expect(witness.objections(NODE_IDS)).to.deep.equal([])
        expect(await witness.unreleased(Object.values(world.hubs), serial)).to.deep.equal([])
        noteMemory(memory, acts.pids())
      }
    } catch (error) {
      console.log(`      the last acts: ${done.slice(-20).join(', ')}`)
      for (const id of HUB_IDS) console.log(`${id} at the end:\n${world.logOf(id).slice(-40).join('\n')}`)
      throw error
    }
    const primary = { ip: world.primaries['hm-east'].ip, port: 53, key: world.keys.primary }
    for (const id of NODE_IDS) {
      const node = { ip: world.nodes[id].ip, port: 53, key: world.keys.nodes[id] }
      expect(await compareZones(primary, node, ZONE), id).to.equal(undefined)
    }
    const old = [...memory.values()].filter(({ samples }) => samples > 0)
    expect(new Set(old.map(({ who }) => who)), 'processes old enough to grow').to.have.property('size', 6)
    const grown = old.filter(({ first, last }) => last - first > MAY_GROW_MB)
    expect(grown, 'processes that have grown').to.deep.equal([])
    console.log(
      `      ${acts.counts}; ${acts.serial} versions; at rest after ${restMs.map((ms) => (ms / 1000).toFixed(1)).join(' ')} s`,
    )
    console.log(`      memory ${old.map(({ who, first, last }) => `${who} ${first} → ${last} MB`).join(', ')}`)
  })
})

interface Grown {
  who: string
  /** MB after the warm-up, and at the end. */
  first: number
  last: number
  /** Time since the warm-up. */
  samples: number
  since: number
}

function noteMemory(memory: Map<number, Grown>, pids: Map<string, number>): void {
  for (const [who, pid] of pids) {
    const mb = Math.round(Number(/^VmRSS:\s+(\d+)/m.exec(readFileSync(`/proc/${pid}/status`, 'utf8'))?.[1] ?? 0) / 1000)
    const known = memory.get(pid)
    if (known === undefined) memory.set(pid, { who, first: mb, last: mb, samples: 0, since: Date.now() })
    else if (Date.now() - known.since < YOUNG_MS) known.first = mb
    else Object.assign(known, { last: mb, samples: known.samples + 1 })
  }
}
