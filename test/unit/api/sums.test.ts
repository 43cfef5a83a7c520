/**
 *   changes in any order: cells, drains, orders, steps of the clock, reloads ──▶ sums ──▶ must equal a full count
 */
import fc from 'fast-check'
import { expect } from 'chai'
import { NODE_STATES, type NodeState } from '../../../lib/fleet/node-state.js'
import type { Serial } from '../../../lib/dns/serial.js'
import { Board } from '../../../lib/state/board.js'
import { type NodeCell, pairKey, type ZoneCell } from '../../../lib/state/tables.js'
import { Fleet } from '../../../lib/fleet/fleet.js'
import { ZoneOfFleet } from '../../../lib/fleet/zone-of-fleet.js'
import { Matrix } from '../../../services/api/matrix.js'
import { scratchDirs } from '../../support/scratch-dir.js'
import { NOW, smallFleet } from './small-fleet.js'

const ZONES = ['a.example.', 'b.example.', 'c.example.']
const NODES = ['ams1', 'lhr1', 'fra1']
const SECOND = 1_000

type Act = (scene: Scene) => void

interface Scene {
  now: number
  board: Board
  matrix: Matrix
  /** Newest answer of each node about any zone that it had. */
  answered: Map<string, number>
  /** `smaller`: zones that lose their first node. `gone`: node that the config lacks. */
  reload(zones: readonly string[], smaller: readonly string[], gone?: string): void
}

const serial = fc.constantFrom(1, 2, 3, 2 ** 31 + 2).map((n) => n as Serial)
const zoneName = fc.constantFrom(...ZONES)
const nodeId = fc.constantFrom(...NODES)
const age = fc.constantFrom(0, 1, 20 * SECOND, 200 * SECOND, 400 * SECOND, 700 * SECOND)

const releaseAct = fc
  .record({
    zone: zoneName,
    releases: fc.array(fc.record({ serial, age }), { maxLength: 3 }),
    staged: fc.array(fc.record({ serial, nodes: fc.subarray(NODES) }), { maxLength: 1 }),
    conflict: fc.boolean(),
    expireSeconds: fc.constantFrom(60, 1_000_000),
    rollout: fc.constantFrom('held', 'done', 'soaking', undefined),
  })
  .map(
    ({ zone, releases, staged, conflict, expireSeconds, rollout }): Act =>
      ({ board, now }) => {
        const marks = releases
          .map((each) => ({ serial: each.serial, digest: 'd', releasedAt: now - each.age }))
          .sort((a, b) => a.releasedAt - b.releasedAt)
        const newest = marks.at(-1)
        const mark = {
          id: 'r',
          serial: 1 as Serial,
          digest: 'd',
          stage: undefined,
          since: now,
          reason: 'r',
          verdict: undefined,
          findings: [],
        }
        const cell: ZoneCell = {
          at: now,
          released: newest && { ...newest, records: 1, octets: 1 },
          releases: marks,
          staged: staged.map((each) => ({ ...each, digest: 's', releasedAt: now })),
          newest: newest?.serial,
          rollouts: rollout === undefined ? [] : [{ ...mark, state: rollout as 'held' }],
          trail: undefined,
          refreshedAt: now,
          expireSeconds,
          error: undefined,
          errorAt: undefined,
          failures: 0,
          conflict: conflict ? 'two' : undefined,
        }
        board.set('zones', zone, cell)
      },
  )
const answerAct = fc
  .record({
    zone: zoneName,
    node: nodeId,
    serial: fc.option(serial, { nil: undefined }),
    age,
    missed: fc.integer({ min: 0, max: 4 }),
  })
  .map(
    ({ zone, node, serial: seen, age: old, missed }): Act =>
      ({ board, now }) => {
        const observed = seen === undefined ? undefined : now - old
        const cell: NodeCell = {
          at: now,
          serial: seen,
          since: now - 2 * old,
          observedAt: observed,
          missed,
          error: undefined,
          push: undefined,
        }
        board.set('nodes', pairKey(zone, node), cell)
      },
  )
const primaryAct = fc.record({ zone: zoneName, serial }).map(
  ({ zone, serial: served }): Act =>
    ({ board, now }) =>
      board.set('primaries', pairKey(zone, 'hm1'), {
        at: now,
        serial: served,
        checkedAt: now,
        since: now,
        error: undefined,
        failures: 0,
        expireSeconds: undefined,
      }),
)
const drainAct = fc.record({ node: nodeId, drained: fc.boolean() }).map(
  ({ node, drained }): Act =>
    ({ board, now }) =>
      board.set('drains', node, { at: now, drained, by: 'noc', reason: undefined }),
)
const orderAct = fc.record({ zone: zoneName, isHeld: fc.boolean() }).map(
  ({ zone, isHeld }): Act =>
    ({ board, now }) =>
      board.set('orders', zone, { at: now, decisions: [], ...(isHeld ? { hold: { at: now, by: 'noc', reason: '' } } : {}) }),
)
/** Backwards too, unlike the steady clock. */
const clockAct = fc
  .constantFrom(1, SECOND, 29 * SECOND, 60 * SECOND, 121 * SECOND, 301 * SECOND, 900 * SECOND, -100 * SECOND)
  .map(
    (step): Act =>
      (scene) => {
        scene.now += step
      },
  )
const reloadAct = fc.tuple(fc.subarray(ZONES), fc.subarray(ZONES), fc.option(nodeId, { nil: undefined })).map(
  ([zones, smaller, gone]): Act =>
    (scene) =>
      scene.reload(zones, smaller, gone),
)
/** The contact of a node: what holds for all its zones. */
const contactAct = fc.record({ node: nodeId, isSilent: fc.boolean(), age, missed: fc.integer({ min: 0, max: 4 }) }).map(
  ({ node, isSilent, age: old, missed }): Act =>
    ({ board, now }) => {
      const { sweptAt = 0 } = board.get('contacts', node) ?? {}
      const cell = isSilent
        ? { silentSince: now - old, missed, error: 'no answer', sweptAt }
        : { missed: 0, sweptAt: Math.max(sweptAt, now - old) }
      board.set('contacts', node, { at: now, ...cell })
    },
)
const anyAct = fc.oneof(
  { arbitrary: contactAct, weight: 2 },
  { arbitrary: answerAct, weight: 5 },
  { arbitrary: clockAct, weight: 4 },
  { arbitrary: releaseAct, weight: 3 },
  primaryAct,
  drainAct,
  orderAct,
  reloadAct,
)

describe('the sums over the fleet', () => {
  const scratch = scratchDirs()

  let whole: Matrix
  before(() => {
    whole = smallFleet(scratch(), { 'a.example': undefined, 'b.example': ['A'], 'c.example': undefined }).matrix
    whole.close()
  })

  const begin = (): Scene => {
    const { config, fleet } = whole
    const board = new Board()
    const matrix: Matrix = new Matrix(config, fleet, board, { now: () => scene.now })
    const scene: Scene = {
      now: NOW,
      board,
      matrix,
      answered: new Map(),
      reload: (names, smaller, gone) => {
        const stays = ({ id }: { id: string }): boolean => id !== gone
        if (gone !== undefined) scene.answered.delete(gone)
        const zones = [...fleet.zones.values()]
          .filter(({ name }) => names.includes(name))
          .map((zone) => {
            const nodes = zone.nodes.slice(smaller.includes(zone.name) ? 1 : 0).filter(stays)
            if (nodes.length === zone.nodes.length || !(zone instanceof ZoneOfFleet)) return zone
            return new ZoneOfFleet(zone.name, { ...zone.rules, nodes })
          })
        const next = new Fleet(zones, [...fleet.nodes.values()].filter(stays), fleet.primaries.values(), fleet.clouds.values())
        matrix.adopt(config, next, next.diff(matrix.fleet))
      },
    }
    return scene
  }

  /** The sums in the answers of the API, and the same counted from the board. */
  const kept = ({ matrix }: Scene) => ({
    states: matrix.sums.states,
    inA: matrix.sums.statesByCloud.get('A'),
    nodes: [...matrix.fleet.nodes.keys()].map((id) => {
      const { behind, newestAnswer, total } = matrix.sums.node(id)!
      return { id, behind: behind.least, newestAnswer, total }
    }),
    unreleased: [...matrix.sums.unreleased].sort(),
    conflicts: [...matrix.sums.conflicts].sort(),
    held: [...matrix.sums.held].sort(),
    rollouts: [...matrix.sums.rollouts].filter(([, count]) => count > 0).sort(),
    summaries: [...matrix.fleet.zones.values()].map((zone) => matrix.summary(zone)),
    primaries: [...matrix.fleet.primaries.keys()].map((id) => matrix.sums.primary(id)!.states),
  })
  const counted = ({ matrix, board, now, answered }: Scene): ReturnType<typeof kept> => {
    const zones = [...matrix.fleet.zones.values()]
    const states = (fits: (cloud: string) => boolean) => {
      const counts = new Map<NodeState, number>()
      for (const zone of zones)
        for (const node of zone.nodes) {
          const { state } = matrix.nodeZone(zone, node)
          if (fits(node.cloud)) counts.set(state, (counts.get(state) ?? 0) + 1)
        }
      return Object.fromEntries(NODE_STATES.flatMap((state) => (counts.has(state) ? [[state, counts.get(state)!]] : [])))
    }
    const rollouts = new Map<string, number>()
    for (const zone of zones) {
      const state = matrix.zoneCell(zone)?.rollouts.at(-1)?.state
      if (state) rollouts.set(state, (rollouts.get(state) ?? 0) + 1)
    }
    const names = (fits: (zone: (typeof zones)[number]) => boolean): string[] =>
      zones.filter(fits).map(({ name }) => name as string)
    return {
      states: states(() => true),
      inA: states((cloud) => cloud === 'A'),
      nodes: [...matrix.fleet.nodes.values()].map((node) => {
        const own = matrix.fleet.zonesOf(node.id)
        const lags = own.map((zone) => matrix.nodeZone(zone, node).lagSeconds)
        const least = matrix.sums.node(node.id)!.behind.least
        // The sum has one time; answers have an age.
        expect(Math.max(0, ...lags)).to.equal(least === Infinity ? 0 : Math.max(0, Math.round((now - least) / 1000)))
        const answers = own.map((zone) => matrix.nodeCell(zone, node.id)?.observedAt ?? 0)
        const newestAnswer = Math.max(answered.get(node.id) ?? 0, board.get('contacts', node.id)?.sweptAt ?? 0, ...answers)
        answered.set(node.id, newestAnswer)
        return { id: node.id, behind: least, newestAnswer, total: own.length }
      }),
      unreleased: names((zone) => matrix.zoneCell(zone)?.released === undefined).sort(),
      conflicts: names((zone) => matrix.zoneCell(zone)?.conflict !== undefined).sort(),
      held: names(
        (zone) =>
          board.get('orders', zone.name)?.hold !== undefined ||
          (matrix.zoneCell(zone)?.rollouts.some(({ state }) => state === 'held' || state === 'halted') ?? false),
      ).sort(),
      rollouts: [...rollouts].sort() as ReturnType<typeof kept>['rollouts'],
      summaries: zones.map((zone) => matrix.row(zone).summary),
      primaries: [...matrix.fleet.primaries.keys()].map((id) => {
        const counts: Record<string, number> = {}
        for (const zone of zones) counts[matrix.primaryState(zone, id)] = (counts[matrix.primaryState(zone, id)] ?? 0) + 1
        return counts
      }),
    }
  }

  it('equal a full count after any changes', async () => {
    await fc.assert(
      fc.asyncProperty(fc.array(fc.array(anyAct, { minLength: 1, maxLength: 4 }), { maxLength: 12 }), async (batches) => {
        const scene = begin()
        try {
          for (const acts of batches) {
            for (const act of acts) act(scene)
            await scene.matrix.sums.settle()
            expect(kept(scene)).to.deep.equal(counted(scene))
          }
        } finally {
          scene.matrix.close()
        }
      }),
      { numRuns: 300 },
    )
  })

  it('are settled although a change arrives during the count', async () => {
    const scene = begin()
    const first = scene.matrix.sums.settle()
    scene.board.set('drains', 'ams1', { at: NOW, drained: true, by: 'noc', reason: undefined })
    scene.reload(['a.example.'], [])
    await Promise.all([first, scene.matrix.sums.settle()])
    expect(kept(scene)).to.deep.equal(counted(scene))
    expect(scene.matrix.sums.states).to.deep.equal({ drained: 1, unknown: 2 })
    scene.matrix.close()
  })
})
