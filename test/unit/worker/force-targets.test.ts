/** The pace of an order to force nodes, with fakes for the nodes and the permits. */
import { expect } from 'chai'
import type { ZoneName } from '../../../lib/dns/name.js'
import type { Fleet, FleetNode } from '../../../lib/fleet/fleet.js'
import type { TargetProgress } from '../../../lib/queue/jobs.js'
import { noteLost } from '../../../lib/observe/node-cells.js'
import { sleep } from '../../../lib/runtime/clock.js'
import { differs, noteVerdict } from '../../../lib/verify/verdicts.js'
import { mostAtOnce } from '../../../services/worker/force-spare.js'
import { forceTargets } from '../../../services/worker/force-targets.js'
import { ALL, fleetOf, job, node, NODES, targetsFor, World, ZONES } from './force-world.js'

describe('an order to force nodes', () => {
  it('forces one node of one cloud after the other, all zones of a node together', async () => {
    const world = new World()
    const targets = targetsFor(ALL)
    await forceTargets(job(), targets, () => fleetOf(), world.parts())
    expect(world.seen).to.deep.equal(['a1', 'a1', 'a2', 'a2', 'b1', 'b1', 'b2', 'b2'].map((id) => [id]))
    expect(world.given).to.deep.equal(['a1', 'a2', 'b1', 'b2'])
    for (const { node: id, step, error } of targets)
      if (id === 'a3') expect([step, error]).to.deep.equal(['failed', 'the node is drained; undrain it first'])
      else if (id === 'b3') expect(error).to.match(/run "knotc zone-retransfer [ab]\.example" on b3/)
      else expect([step, error]).to.deep.equal(['confirmed', undefined])
    expect(world.board.get('forces', 'a.example. a1')).to.include({ outcome: 'confirmed', by: 'noc', serial: 7 })
  })

  it('never forces all nodes of a cloud that are in service, whatever unstick.atOnce is', () => {
    const fleet = fleetOf()
    const most = (cloud: string, atOnce: number): number => mostAtOnce(fleet, cloud, atOnce, () => true)
    expect([1, 2, 3, 9].map((atOnce) => most('A', atOnce))).to.deep.equal([1, 2, 2, 2])
    expect(most('no such cloud', 5)).to.equal(1)
    expect(mostAtOnce(fleet, 'A', 9, ({ id }) => id !== 'a3')).to.equal(1)
  })

  for (const [what, spoil] of [
    ['is silent', ({ board }) => board.set('contacts', 'a2', { at: 1, silentSince: 1, missed: 3 })],
    ['does not serve the zone', ({ board }) => noteLost(board, ZONES[0]!, 'a2', 'REFUSED', true, 1)],
    [
      'has other content',
      ({ board }) => noteVerdict(board, ZONES[0]!, 'a2', { serial: 7, digest: 'd'.repeat(32) }, differs('axfr', 1, 0, []), 1),
    ],
    ['never answered', ({ board }) => board.setPair(ZONES[0]!, 'a2', { ...board.pairs.at(ZONES[0]!, 'a2')!, serial: undefined })],
  ] as [string, (world: World) => void][])
    it(`does not force the last node of a cloud that serves: of two others, one is drained and one ${what}`, async () => {
      const world = new World()
      spoil(world)
      const targets = targetsFor(['a1', 'b1']).slice(0, 2)
      await forceTargets(job(), targets, () => fleetOf(), world.parts())
      expect(targets[0]).to.include({
        step: 'failed',
        error:
          'not forced: no other node of cloud A is known to serve a.example. (bring one back first, or order it with --all-at-once)',
      })
      expect(targets[1]!.step).to.equal('confirmed')
      expect(world.seen.flat()).to.deep.equal(['b1'])
      const again = targetsFor(['a1']).slice(0, 1)
      await forceTargets(job({ allAtOnce: true }), again, () => fleetOf(), world.parts())
      expect(again[0]!.step).to.equal('confirmed')
    })

  it('forces a node that does not serve the zone, though no other node of its cloud does', async () => {
    const world = new World()
    for (const id of ['a1', 'a2']) noteLost(world.board, ZONES[0]!, id, 'REFUSED', true, 1)
    const targets = targetsFor(['a1']).slice(0, 1)
    await forceTargets(job(), targets, () => fleetOf(), world.parts())
    expect(targets[0]!.step).to.equal('confirmed')
  })

  it('forces a node with other content beside one that has other content, too', async () => {
    const world = new World()
    for (const id of ['a1', 'a2'])
      noteVerdict(world.board, ZONES[0]!, id, { serial: 7, digest: 'd'.repeat(32) }, differs('axfr', 1, 0, []), 1)
    const targets = targetsFor(['a1', 'a2']).slice(0, 2)
    await forceTargets(job(), targets, () => fleetOf(), world.parts())
    expect(world.seen).to.deep.equal([['a1'], ['a2']])
  }).timeout(20_000)

  it('forces the only node of a cloud when the order names it', async () => {
    const world = new World()
    const alone = (): Fleet => fleetOf([node('a1', 'A'), node('b1', 'B'), node('b2', 'B')])
    const targets = targetsFor(['a1']).slice(0, 1)
    await forceTargets(job(), targets, alone, world.parts())
    expect(targets[0]!.error).to.equal(
      'not forced: a1 is the only node of cloud A for a.example. (name it with --node, or order it with --all-at-once)',
    )
    const again = targetsFor(['a1']).slice(0, 1)
    await forceTargets(job({ named: true }), again, alone, world.parts())
    expect(again[0]!.step).to.equal('confirmed')
  })

  it('never forces the two last nodes of a zone at once, though the cloud has a third', async () => {
    const world = new World()
    const parts = world.parts(2)
    parts.isDrained = () => false
    noteLost(world.board, ZONES[0]!, 'a3', 'REFUSED', true, 1)
    const forcedAtOnce: string[][] = []
    world.onForce = (zone) => {
      forcedAtOnce.push(['a1', 'a2'].filter((id) => world.board.get('forces', `${zone} ${id}`)?.outcome === 'running'))
      return 'transfer'
    }
    const targets = targetsFor(['a1', 'a2']).slice(0, 2)
    await forceTargets(job(), targets, () => fleetOf(), parts)
    expect(targets.map(({ step }) => step)).to.deep.equal(['confirmed', 'confirmed'])
    expect(forcedAtOnce).to.deep.equal([['a1'], ['a2']])
  })

  it('holds no permit while it waits for the force of another node, and goes on with others', async () => {
    const world = new World()
    const parts = world.parts()
    const { take } = parts.permits
    let held = 0
    parts.permits.take = async (wish) => {
      const permit = (await take(wish))!
      held += 1
      const giveBack = async (): Promise<void> => {
        await permit.giveBack()
        held -= 1
      }
      return { isLost: false, giveBack }
    }
    const running = { at: 1, serial: 7, digest: 'd'.repeat(32), by: 'other', outcome: 'running' } as const
    world.board.set('forces', 'a.example. a2', running)
    const targets = targetsFor(['a1']).concat(targetsFor(['b1']))
    const forced = forceTargets(job(), targets, () => fleetOf(), parts)
    const [waits, other] = targets
    for (let i = 0; i < 500 && !(waits!.step === 'waiting' && held === 0 && targets[1]!.step === 'confirmed'); i++) await sleep(1)
    expect([waits!.step, other!.step, held]).to.deep.equal(['waiting', 'confirmed', 0])
    await sleep(10)
    expect(held).to.equal(0)
    world.board.set('forces', 'a.example. a2', { ...running, outcome: 'confirmed' })
    await forced
    expect(targets.map(({ step }) => step)).to.deep.equal(Array(4).fill('confirmed'))
  })

  it('goes on where a run of the same order was cut off', async () => {
    const world = new World()
    const order = job({ at: 1 })
    world.onForce = (zone) => (zone === 'b.example.' ? 'refuse' : 'transfer')
    await forceTargets(order, targetsFor(['a1']), () => fleetOf(), world.parts())
    // The force of the second node was under way.
    const cut = { at: 1, serial: 7, digest: 'd'.repeat(32), by: 'noc', outcome: 'running' } as const
    world.board.set('forces', 'a.example. a2', cut)
    const targets = targetsFor(['a1', 'a2'])
    await forceTargets(order, targets, () => fleetOf(), world.parts())
    expect(targets.map(({ zone, node: id, step }) => `${zone} ${id} ${step}`)).to.deep.equal([
      'a.example. a1 confirmed',
      'a.example. a2 confirmed',
      'b.example. a1 failed',
      'b.example. a2 failed',
    ])
    expect(world.seen.flat()).to.deep.equal(['a1', 'a1', 'a2', 'a2'])
    await forceTargets(job({ at: 2 }), targetsFor(['a1']), () => fleetOf(), world.parts())
    expect(world.seen.flat().slice(4)).to.deep.equal(['a1', 'a1'])
  })

  it('takes the permit of the new cloud for a node that a reload moves', async () => {
    const names = Array.from({ length: 10 }, (_, i) => `z${i}.example.` as ZoneName)
    const world = new World(names)
    const parts = world.parts()
    const { take } = parts.permits
    const clouds: string[] = []
    parts.permits.take = async (wish) => {
      clouds.push(wish.cloud)
      return take(wish)
    }
    let nodes = NODES
    world.onForce = (zone) => {
      if (zone === 'z7.example.') nodes = NODES.map((each) => (each.id === 'a1' ? node('a1', 'B') : each))
      return 'transfer'
    }
    const targets = names.map(
      (zone): TargetProgress => ({ zone, node: 'a1', step: 'waiting', serial: undefined, error: undefined }),
    )
    await forceTargets(job(), targets, () => fleetOf(nodes, names), parts)
    expect(clouds).to.deep.equal(['A', 'B'])
    expect(targets.map(({ step }) => step)).to.deep.equal(Array(10).fill('confirmed'))
  })

  it('forces every node at the same time when the order is for all at once', async () => {
    const world = new World()
    await forceTargets(job({ allAtOnce: true }), targetsFor(['a1', 'a2', 'b1', 'b2']), () => fleetOf(), world.parts())
    expect(world.seen.at(-1)).to.deep.equal(['a1', 'a2', 'b1', 'b2'])
  })

  it('goes on with the next node when one refuses', async () => {
    const world = new World()
    world.onForce = (_zone, id) => (id === 'a1' ? 'refuse' : 'transfer')
    const targets = targetsFor(['a1', 'a2'])
    await forceTargets(job(), targets, () => fleetOf(), world.parts())
    expect(targets.map(({ node: id, step }) => `${id} ${step}`)).to.deep.equal([
      'a1 failed',
      'a2 confirmed',
      'a1 failed',
      'a2 confirmed',
    ])
    expect(targets[0]!.error).to.equal('a1: no (do this)')
  })

  it('confirms a node that serves the transferred content a little later', async () => {
    const world = new World()
    const faults = [['www differs'], []]
    const targets = targetsFor(['a1']).slice(0, 1)
    await forceTargets(job(), targets, () => fleetOf(), { ...world.parts(), verify: async () => faults.shift() ?? [] })
    expect([targets[0]!.step, faults.length]).to.deep.equal(['confirmed', 0])
  })

  it('leaves a zone on the other nodes when one node lost it', async () => {
    const world = new World()
    world.onForce = (zone) => (zone === 'a.example.' ? 'lose' : 'transfer')
    const targets = targetsFor(['a1', 'a2', 'b1'])
    await forceTargets(job(), targets, () => fleetOf(), world.parts())
    const steps = targets.map(({ zone, node: id, step }) => `${zone} ${id} ${step}`)
    expect(steps).to.deep.equal([
      'a.example. a1 failed',
      'a.example. a2 failed',
      'a.example. b1 failed',
      'b.example. a1 confirmed',
      'b.example. a2 confirmed',
      'b.example. b1 confirmed',
    ])
    expect(targets[1]!.error).to.equal('not forced: a1 lost the zone when it was forced; fix a1 first')
    expect(world.seen.flat().filter((id) => id === 'a2')).to.have.length(1)
  }).timeout(10_000)

  for (const [what, spoil, error] of [
    ['was drained', { drained: 'a2' }, 'the node is drained; undrain it first'],
    ['left the config', { nodes: NODES.filter(({ id }) => id !== 'a2') }, 'no longer in the config'],
    ['lost its control channel', { nodes: NODES.map((n) => (n.id === 'a2' ? node('a2', 'A', false) : n)) }, /zone-retransfer/],
  ] as const)
    for (const when of ['while others were forced', 'while it waited for its permit'] as const)
      it(`does not force a node that ${what} ${when}`, async () => {
        const world = new World()
        let now: { drained?: string; nodes?: FleetNode[] } = {}
        const parts = world.parts()
        parts.isDrained = (id) => id === now.drained
        const { take } = parts.permits
        parts.permits.take = async (wish) => {
          if (wish.node !== 'a2' || when === 'while others were forced') return take(wish)
          now = spoil
          return undefined
        }
        world.onForce = () => {
          if (when === 'while others were forced') now = spoil
          return 'transfer'
        }
        const targets = targetsFor(['a1', 'a2'])
        await forceTargets(job(), targets, () => fleetOf(now.nodes), parts)
        expect(world.seen.flat()).to.deep.equal(['a1', 'a1'])
        for (const target of targets)
          if (target.node === 'a1') expect(target.step).to.equal('confirmed')
          else expect(target.step === 'failed' && target.error).to.match(new RegExp(error))
      })

  it('takes a new permit before the next zone when it lost the one that it had', async () => {
    const names = Array.from({ length: 10 }, (_, i) => `z${i}.example.` as ZoneName)
    const world = new World(names)
    const parts = world.parts()
    const { take } = parts.permits
    const steps: string[] = []
    let isLost = false
    let refusals = 2
    parts.permits.take = async (wish) => {
      if (isLost && refusals-- > 0) return undefined
      steps.push('permit')
      isLost = false
      const permit = await take(wish)
      return (
        permit && {
          giveBack: permit.giveBack,
          get isLost() {
            return isLost
          },
        }
      )
    }
    world.onForce = () => {
      steps.push('force')
      // The lanes of the second batch come after the first zones end.
      isLost = steps.filter((step) => step === 'force').length === 8
      return 'transfer'
    }
    const targets = names.map(
      (zone): TargetProgress => ({ zone, node: 'a1', step: 'waiting', serial: undefined, error: undefined }),
    )
    await forceTargets(job(), targets, () => fleetOf(NODES, names), parts)
    expect(steps).to.deep.equal(['permit', ...Array<string>(8).fill('force'), 'permit', 'force', 'force'])
    expect(targets.map(({ step }) => step)).to.deep.equal(Array(10).fill('confirmed'))
    expect(world.given).to.deep.equal(['a1', 'a1'])
  })
})
