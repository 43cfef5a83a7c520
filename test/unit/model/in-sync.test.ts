/**
 * State in-sync is about content: for any actions of primaries, operators and nodes, a node that a hub calls in-sync has the
 * content that the hub released, and no hub releases a content that no primary had. ZONECAST_MODEL_RUNS sets the number of
 * histories; ZONECAST_TEST_SEED repeats a run.
 */
import { expect } from 'chai'
import fc from 'fast-check'
import { World } from './world.js'

const RUNS = Number(process.env.ZONECAST_MODEL_RUNS ?? 1_000)

type Step =
  | { do: 'change' | 'silence' | 'answer' | 'catch-up'; primary: number }
  | { do: 'restore'; primary: number; back: number; isSeenDown: boolean }
  | { do: 'refresh' | 'choose' | 'roll-back'; hub: number }
  | { do: 'deliver'; hub: number; node: number }
  | { do: 'lose' | 'load'; node: number }
  | { do: 'force'; hub: number; node: number; isKept: boolean }
  | { do: 'restart' }
  | { do: 'elsewhere'; node: number; primary: number }

const which = fc.nat({ max: 2 })
const step: fc.Arbitrary<Step> = fc.oneof(
  { weight: 6, arbitrary: fc.record({ do: fc.constant('change' as const), primary: which }) },
  { weight: 1, arbitrary: fc.record({ do: fc.constantFrom('silence' as const, 'answer' as const), primary: which }) },
  { weight: 3, arbitrary: fc.record({ do: fc.constant('catch-up' as const), primary: which }) },
  {
    weight: 2,
    arbitrary: fc.record({
      do: fc.constant('restore' as const),
      primary: which,
      back: fc.nat({ max: 3 }),
      isSeenDown: fc.boolean(),
    }),
  },
  { weight: 6, arbitrary: fc.record({ do: fc.constant('refresh' as const), hub: which }) },
  { weight: 2, arbitrary: fc.record({ do: fc.constantFrom('choose' as const, 'roll-back' as const), hub: which }) },
  { weight: 8, arbitrary: fc.record({ do: fc.constant('deliver' as const), hub: which, node: which }) },
  { weight: 4, arbitrary: fc.record({ do: fc.constantFrom('lose' as const, 'load' as const), node: which }) },
  { weight: 1, arbitrary: fc.record({ do: fc.constant('force' as const), hub: which, node: which, isKept: fc.boolean() }) },
  { weight: 1, arbitrary: fc.record({ do: fc.constant('restart' as const) }) },
  { weight: 4, arbitrary: fc.record({ do: fc.constant('elsewhere' as const), node: which, primary: which }) },
)

const pick = <T>(list: readonly T[], i: number): T => list[i % list.length]!

async function take(world: World, step: Step): Promise<void> {
  const nodes = [...world.nodes.keys()]
  switch (step.do) {
    case 'change': {
      const { history, now } = pick(world.primaries, step.primary)
      history.push({ serial: now.serial + 1, content: world.newContent() })
      return
    }
    // Restored from a backup: everything since is lost. The hubs observe the server down, or its older serial.
    case 'restore': {
      const primary = pick(world.primaries, step.primary)
      primary.isSilent = step.isSeenDown
      for (const hub of world.hubs) await hub.refresh()
      primary.isSilent = false
      primary.history = primary.history.slice(0, Math.max(1, primary.history.length - step.back))
      if (!step.isSeenDown) for (const hub of world.hubs) await hub.refresh()
      return
    }
    case 'silence':
    case 'answer':
      pick(world.primaries, step.primary).isSilent = step.do === 'silence'
      return
    // A secondary of the other primary: it transfers a newer version from there.
    case 'catch-up': {
      const primary = pick(world.primaries, step.primary)
      const other = world.primaries.find((each) => each !== primary && each.now.serial > primary.now.serial)
      if (other) primary.history.push({ ...other.now })
      return
    }
    case 'refresh':
      return await pick(world.hubs, step.hub).refresh()
    case 'choose':
      return pick(world.hubs, step.hub).choose()
    case 'roll-back':
      return pick(world.hubs, step.hub).rollBack()
    case 'deliver':
      return pick(world.hubs, step.hub).deliver(pick(nodes, step.node))
    case 'lose':
      world.lose(pick(nodes, step.node))
      return
    // Restarted from its own disk.
    case 'load':
      world.load(pick(nodes, step.node))
      return
    case 'force':
      return pick(world.hubs, step.hub).force(pick(nodes, step.node), step.isKept)
    case 'restart':
      return world.restart()
    case 'elsewhere': {
      const node = pick(nodes, step.node)
      const { serial, content } = pick(world.primaries, step.primary).now
      const has = world.nodes.get(node)
      if (has === undefined || serial > has.serial) world.nodes.set(node, { serial, content })
    }
  }
}

async function run(primaries: number, hubs: number, steps: readonly Step[]): Promise<void> {
  const world = new World(primaries, hubs, 3)
  for (const hub of world.hubs) await hub.refresh()
  // The content of a node at its first observation is trusted.
  world.observe()
  for (const one of steps) {
    await take(world, one)
    world.observe()
    for (const { versions } of world.hubs)
      expect(
        versions.filter(({ content }) => content < 0),
        `a mixture after ${JSON.stringify(one)}`,
      ).to.deep.equal([])
    for (const hub of world.hubs)
      for (const [node, state] of world.nodes) {
        if (world.stateOf(hub, node) !== 'in-sync') continue
        expect(state, `${node} after ${JSON.stringify(one)}`).to.deep.equal({
          serial: hub.latest!.serial,
          content: hub.latest!.content,
        })
      }
  }
}

/** Histories that once failed. */
const FOUND: Record<string, readonly Step[]> = {
  'a node lost the zone, and transferred the same serial from a restored primary': [
    { do: 'change', primary: 0 },
    { do: 'refresh', hub: 0 },
    { do: 'deliver', hub: 0, node: 0 },
    { do: 'lose', node: 0 },
    { do: 'restore', primary: 0, back: 1, isSeenDown: false },
    { do: 'change', primary: 0 },
    { do: 'elsewhere', node: 0, primary: 0 },
  ],
  'a node got a forced delivery of its serial, and did not load it': [
    { do: 'change', primary: 0 },
    { do: 'refresh', hub: 0 },
    { do: 'restore', primary: 0, back: 1, isSeenDown: false },
    { do: 'change', primary: 0 },
    { do: 'elsewhere', node: 0, primary: 0 },
    { do: 'force', hub: 0, node: 0, isKept: false },
  ],
  'a node got a serial from another server while the hub was down': [
    { do: 'change', primary: 0 },
    { do: 'refresh', hub: 0 },
    { do: 'restore', primary: 0, back: 1, isSeenDown: false },
    { do: 'change', primary: 0 },
    { do: 'restart' },
    { do: 'elsewhere', node: 0, primary: 0 },
  ],
}

describe('a node that a hub calls in-sync has the content that was released', function () {
  this.timeout(600_000)
  for (const [primaries, hubs] of [
    [1, 1],
    [2, 1],
    [2, 2],
  ] as const)
    it(`with ${primaries} primaries and ${hubs} hubs, ${RUNS} histories`, async () => {
      const seed = process.env.ZONECAST_TEST_SEED === undefined ? {} : { seed: Number(process.env.ZONECAST_TEST_SEED) }
      await fc.assert(
        fc.asyncProperty(fc.array(step, { maxLength: 40 }), (steps) => run(primaries, hubs, steps)),
        { numRuns: RUNS, ...seed },
      )
    })

  for (const [what, steps] of Object.entries(FOUND))
    it(`when ${what}`, async () => {
      await run(1, 1, steps)
    })
})
