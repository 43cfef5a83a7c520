/** The pace of an order to force nodes, with fakes for the nodes and the permits. */
import { expect } from 'chai'
import type { ZoneName } from '../../../lib/dns/name.js'
import { Fleet, type FleetNode, type FleetZone } from '../../../lib/fleet/fleet.js'
import type { ResyncJob, TargetProgress } from '../../../lib/queue/jobs.js'
import { Metrics } from '../../../lib/runtime/metrics.js'
import { createLogger } from '../../../lib/runtime/logger.js'
import { Board } from '../../../lib/state/board.js'
import { SignalBus } from '../../../lib/state/signals.js'
import { noteAnswer, noteLost } from '../../../lib/observe/node-cells.js'
import { forceTargets, type ForceTargetsParts, mostAtOnce } from '../../../services/worker/force-targets.js'

const ZONES = ['a.example.', 'b.example.'] as ZoneName[]
const node = (id: string, cloud: string, hasControl = true): FleetNode => ({
  id,
  cloud,
  site: undefined,
  paths: [{ id, address: { ip: '192.0.2.1', port: 53 }, key: undefined }],
  key: undefined,
  kind: 'knot',
  control: hasControl ? { kind: 'knot', path: `/run/${id}.sock` } : undefined,
})
const NODES = [node('a1', 'A'), node('a2', 'A'), node('a3', 'A'), node('b1', 'B'), node('b2', 'B'), node('b3', 'B', false)]

function fleetOf(nodes = NODES, names = ZONES): Fleet {
  const zones = names.map(
    (name) => ({ name, apex: Buffer.from([0]), primaries: [], nodes, clouds: ['A', 'B'] }) as unknown as FleetZone,
  )
  return new Fleet(
    new Map(zones.map((zone) => [zone.name, zone])),
    nodes,
    [],
    [
      { id: 'A', addresses: [] },
      { id: 'B', addresses: [] },
    ],
  )
}

/** Nodes that transfer a moment after the order. `onForce` may spoil that. */
class World {
  readonly board = new Board()
  readonly bus = new SignalBus()
  readonly running = new Set<string>()
  readonly seen: string[][] = []
  readonly given: string[] = []
  onForce: (zone: ZoneName, node: string) => 'transfer' | 'lose' | 'refuse' = () => 'transfer'

  parts(atOnce = 1): ForceTargetsParts {
    const version = { serial: 7, digest: 'd'.repeat(32), octets: 100 }
    const controls = {
      of: ({ id }: { id: string }) => ({
        channel: `knot at ${id}`,
        forceTransfer: async (zone: ZoneName) => {
          this.running.add(id)
          this.seen.push([...this.running].sort())
          const what = this.onForce(zone, id)
          if (what === 'refuse') return { kind: 'refused', words: 'no', error: `${id}: no (do this)` }
          setTimeout(() => {
            if (what === 'lose') noteLost(this.board, zone, id, 'REFUSED', true, 2)
            else noteAnswer(this.board, zone, id, 7, 2)
            this.bus.emit('taken', { zone, nodes: [id], serial: 7, digest: version.digest, kind: 'axfr', at: 2 })
          }, 5)
          return { kind: 'ok', value: { hasEnded: false } }
        },
      }),
    }
    return {
      board: this.board,
      bus: this.bus,
      store: { zone: () => ({ releasedTo: () => version }), releasedTo: () => version },
      observer: {
        observe: async (at: FleetNode, zone: FleetZone) =>
          this.board.pairs.at(zone.name, at.id)?.lostAt === undefined ? 7 : undefined,
      },
      controls,
      verify: async () => [],
      clock: { now: () => 1 },
      log: createLogger({ level: 'silent', isTerminal: false }),
      metrics: new Metrics(),
      permits: {
        take: async ({ node: id }: { node: string }) => ({
          isLost: false,
          giveBack: async () => {
            this.running.delete(id)
            this.given.push(id)
          },
        }),
      },
      unstick: { atOnce },
      isDrained: (id: string) => id === 'a3',
      owns: () => true,
      waitMs: 1,
      serveMs: 200,
    } as unknown as ForceTargetsParts
  }
}

const targetsFor = (ids: readonly string[]): TargetProgress[] =>
  ZONES.flatMap((zone) =>
    ids.map((id): TargetProgress => ({ zone, node: id, step: 'waiting', serial: undefined, error: undefined })),
  )
const job = (more: Partial<ResyncJob> = {}): ResyncJob => ({
  targets: [],
  strength: 'force',
  by: 'noc',
  reason: undefined,
  ...more,
})
const ALL = NODES.map(({ id }) => id)

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

  it('never forces a whole cloud, whatever unstick.atOnce is', () => {
    const fleet = fleetOf()
    expect([1, 2, 3, 9].map((atOnce) => mostAtOnce(fleet, 'A', atOnce))).to.deep.equal([1, 2, 2, 2])
    expect(mostAtOnce(fleet, 'no such cloud', 5)).to.equal(1)
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
    const world = new World()
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
    const names = Array.from({ length: 10 }, (_, i) => `z${i}.example.` as ZoneName)
    const targets = names.map(
      (zone): TargetProgress => ({ zone, node: 'a1', step: 'waiting', serial: undefined, error: undefined }),
    )
    await forceTargets(job(), targets, () => fleetOf(NODES, names), parts)
    expect(steps).to.deep.equal(['permit', ...Array<string>(8).fill('force'), 'permit', 'force', 'force'])
    expect(targets.map(({ step }) => step)).to.deep.equal(Array(10).fill('confirmed'))
    expect(world.given).to.deep.equal(['a1', 'a1'])
  })
})
