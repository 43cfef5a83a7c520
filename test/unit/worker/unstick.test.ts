/** The faults that the hub repairs by itself, and since when a node has them. */
import { expect } from 'chai'
import type { ZoneName } from '../../../lib/dns/name.js'
import { Fleet, type FleetNode, type FleetZone } from '../../../lib/fleet/fleet.js'
import { noteAnswer, noteLost } from '../../../lib/observe/node-cells.js'
import { sleep } from '../../../lib/runtime/clock.js'
import { createLogger } from '../../../lib/runtime/logger.js'
import { Metrics } from '../../../lib/runtime/metrics.js'
import { Board } from '../../../lib/state/board.js'
import { SignalBus } from '../../../lib/state/signals.js'
import type { NodeCell } from '../../../lib/state/tables.js'
import { faultSince, Unsticker, type UnstickParts } from '../../../services/worker/unstick.js'

const DIGEST = 'a'.repeat(32)
const WANTED = { serial: 5, digest: DIGEST }
const RELEASES = [
  { serial: 4, at: 4_000 },
  { serial: 5, at: 5_000 },
]
const cell = (more: Partial<NodeCell>): NodeCell => ({
  at: 9_000,
  serial: 5,
  since: 1_000,
  observedAt: 9_000,
  missed: 0,
  error: undefined,
  push: undefined,
  ...more,
})

describe('the time since which a node has a fault', () => {
  for (const [id, facts, since] of [
    ['a node in sync has none', {}, undefined],
    ['a node that is behind: since the first release that it lacks', { serial: 3 }, 4_000],
    ['a node that is one release behind', { serial: 4 }, 5_000],
    ['a node that is behind and changes its serial: since that', { serial: 3, since: 7_000 }, 7_000],
    ['a node that is ahead is not forced', { serial: 6 }, undefined],
    ['a node that never answered', { serial: undefined }, undefined],
    ['a node that does not answer now', { serial: 3, missed: 1 }, undefined],
    ['a node that lost the zone', { lostAt: 6_000, missed: 2 }, 6_000],
    [
      'a node with other content: since the doubt',
      {
        unprovedAt: 6_500,
        disproved: { ...WANTED, of: 6_500, why: 'another A' },
      },
      6_500,
    ],
    ['a node whose content must still be proved', { unprovedAt: 6_500 }, undefined],
    ['a node that was sent another content under the serial', { taken: { serial: 5, digest: 'b'.repeat(32), at: 8_000 } }, 8_000],
  ] as const)
    it(id, () => expect(faultSince(cell(facts as Partial<NodeCell>), WANTED, RELEASES)).to.equal(since))
})

/** Nodes of one cloud that lost zones; a force gives a zone back unless the node is broken. One permit at a time. */
class World {
  readonly board = new Board()
  readonly bus = new SignalBus()
  /** `NODE ZONE`, as they were forced. */
  readonly forced: string[] = []
  readonly broken = new Set<string>()
  claims: ('ours' | 'claimed' | 'away')[] = []
  onClaim: () => void = () => undefined
  /** `NODE ZONE` of claims that were given back. */
  readonly claimsBack: string[] = []
  afterMs = 1_000
  #held: string | undefined
  readonly #fleet: Fleet

  constructor(
    nodes: readonly string[],
    zones: readonly ZoneName[],
    lost: (zone: ZoneName, node: string) => boolean = () => true,
  ) {
    const all = nodes.map(
      (id) => ({ id, cloud: 'A', paths: [], kind: 'knot', control: { kind: 'knot' } }) as unknown as FleetNode,
    )
    const some = zones.map((name) => ({ name, primaries: [], nodes: all, clouds: ['A'] }) as unknown as FleetZone)
    this.#fleet = new Fleet(new Map(some.map((zone) => [zone.name, zone])), all, [], [{ id: 'A', addresses: [] }])
    for (const id of nodes)
      for (const zone of zones) {
        noteAnswer(this.board, zone, id, 5, Date.now() - 90_000)
        if (lost(zone, id)) noteLost(this.board, zone, id, 'REFUSED', true, Date.now() - 60_000)
      }
  }

  async run(until: () => boolean): Promise<void> {
    const version = { ...WANTED, octets: 100 }
    const stored = { releasedTo: () => version, versions: [] }
    const control = (id: string) => ({
      channel: id,
      forceTransfer: async (zone: ZoneName) => {
        this.forced.push(`${id} ${zone}`)
        if (this.broken.has(id)) return { kind: 'refused', words: 'no', error: `${id}: no` }
        noteAnswer(this.board, zone, id, 5, Date.now())
        this.bus.emit('taken', { zone, nodes: [id], serial: 5, digest: DIGEST, kind: 'axfr', at: Date.now() })
        return { kind: 'ok', value: { hasEnded: false } }
      },
    })
    const unsticker = new Unsticker(this.#fleet, {
      board: this.board,
      bus: this.bus,
      store: { zone: () => stored, releasedTo: () => version },
      observer: { observe: async () => 5 },
      controls: { of: ({ id }: FleetNode) => control(id) },
      verify: async () => [],
      clock: { now: () => Date.now() },
      log: createLogger({ level: 'silent', isTerminal: false }),
      metrics: new Metrics(),
      permits: {
        take: async ({ node }: { node: string }) => {
          if (this.#held !== undefined) return undefined
          this.#held = node
          return {
            isLost: false,
            giveBack: async () => {
              this.#held = undefined
            },
          }
        },
        claimOnce: async () => {
          this.onClaim()
          return this.claims.shift() ?? 'ours'
        },
        giveClaimBack: async (zone: ZoneName, node: string) => void this.claimsBack.push(`${node} ${zone}`),
      },
      unstick: { afterMs: this.afterMs, atOnce: 1 },
      isDrained: () => false,
    } as unknown as UnstickParts)
    await unsticker.start()
    for (let i = 0; i < 400 && !until(); i++) await sleep(20)
    unsticker.stop()
    expect(until(), this.forced.join(', ')).to.equal(true)
  }
}

describe('the hub that repairs nodes by itself', () => {
  const ZONES = ['a.example.', 'b.example.', 'c.example.'] as ZoneName[]

  it('tries again when Redis gave no answer, and calls no operator', async () => {
    const world = new World(['a1', 'a2'], ZONES.slice(0, 1))
    world.claims = ['away', 'away', 'away', 'away']
    await world.run(() => ['a1', 'a2'].every((id) => world.board.get('forces', `a.example. ${id}`)?.outcome === 'confirmed'))
    expect(world.forced).to.have.members(['a1 a.example.', 'a2 a.example.'])
  }).timeout(20_000)

  for (const isBroken of [false, true])
    it(`gives each node its turn${isBroken ? ', whatever fails on another' : ''}`, async () => {
      const world = new World(['a1', 'a2'], ZONES, (zone, id) => id === 'a1' || zone === 'c.example.')
      if (isBroken) world.broken.add('a1')
      await world.run(() => world.forced.length === 4)
      expect(world.forced.slice(0, 2)).to.deep.equal(['a1 a.example.', 'a2 c.example.'])
      expect(world.forced.slice(2)).to.deep.equal(['a1 b.example.', 'a1 c.example.'])
    }).timeout(20_000)

  it('forces the only node of a cloud, which no other can wait for', async () => {
    const world = new World(['a1'], ZONES.slice(0, 1), () => false)
    noteAnswer(world.board, ZONES[0]!, 'a1', 4, Date.now() - 60_000)
    await world.run(() => world.forced.length > 0)
    expect(world.forced).to.deep.equal(['a1 a.example.'])
  }).timeout(20_000)

  it('does not begin, and gives its claim back, when the last other node is forced meanwhile', async () => {
    const world = new World(['a1', 'a2'], ZONES.slice(0, 1), () => false)
    noteAnswer(world.board, ZONES[0]!, 'a1', 4, Date.now() - 60_000)
    const other = { serial: 5, digest: DIGEST, by: 'noc', outcome: 'running' } as const
    world.onClaim = () => world.board.set('forces', 'a.example. a2', { at: Date.now(), ...other })
    await world.run(() => world.claimsBack.length > 0)
    expect([world.forced, world.board.get('forces', 'a.example. a1')]).to.deep.equal([[], undefined])
    world.onClaim = () => undefined
    world.board.set('forces', 'a.example. a2', { at: Date.now(), ...other, outcome: 'confirmed' })
    await world.run(() => world.forced.length > 0)
    expect(world.forced).to.deep.equal(['a1 a.example.'])
  }).timeout(20_000)

  it('forces a node whose force failed again for another zone, once it waited', async () => {
    const world = new World(['a1'], ZONES.slice(0, 2))
    world.broken.add('a1')
    const begun: number[] = []
    await world.run(() => {
      if (world.forced.length > begun.length) begun.push(Date.now())
      return begun.length === 2
    })
    expect(begun[1]! - begun[0]!).to.be.at.least(world.afterMs - 100)
  }).timeout(20_000)
})
