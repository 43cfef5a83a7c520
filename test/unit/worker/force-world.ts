/** A fleet of two clouds whose nodes are forced: fakes for their control channels, answers and permits. */
import type { ZoneName } from '../../../lib/dns/name.js'
import { Fleet, type FleetNode, type FleetZone } from '../../../lib/fleet/fleet.js'
import { noteAnswer, noteLost } from '../../../lib/observe/node-cells.js'
import type { ResyncJob, TargetProgress } from '../../../lib/queue/jobs.js'
import { createLogger } from '../../../lib/runtime/logger.js'
import { Metrics } from '../../../lib/runtime/metrics.js'
import { Board } from '../../../lib/state/board.js'
import { SignalBus } from '../../../lib/state/signals.js'
import type { ForceTargetsParts } from '../../../services/worker/force-targets.js'

export const ZONES = ['a.example.', 'b.example.'] as ZoneName[]
export const node = (id: string, cloud: string, hasControl = true): FleetNode => ({
  id,
  cloud,
  site: undefined,
  paths: [{ id, address: { ip: '192.0.2.1', port: 53 }, key: undefined }],
  key: undefined,
  kind: 'knot',
  control: hasControl ? { kind: 'knot', path: `/run/${id}.sock` } : undefined,
})
export const NODES = [node('a1', 'A'), node('a2', 'A'), node('a3', 'A'), node('b1', 'B'), node('b2', 'B'), node('b3', 'B', false)]

export function fleetOf(nodes = NODES, names = ZONES): Fleet {
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
export class World {
  readonly board = new Board()
  readonly bus = new SignalBus()
  readonly running = new Set<string>()
  readonly seen: string[][] = []
  readonly given: string[] = []
  onForce: (zone: ZoneName, node: string) => 'transfer' | 'lose' | 'refuse' = () => 'transfer'

  /** Every node serves every zone. */
  constructor(names: readonly ZoneName[] = ZONES) {
    for (const zone of names) for (const { id } of NODES) noteAnswer(this.board, zone, id, 7, 1)
  }

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

export const targetsFor = (ids: readonly string[]): TargetProgress[] =>
  ZONES.flatMap((zone) =>
    ids.map((id): TargetProgress => ({ zone, node: id, step: 'waiting', serial: undefined, error: undefined })),
  )
export const job = (more: Partial<ResyncJob> = {}): ResyncJob => ({
  targets: [],
  strength: 'force',
  by: 'noc',
  reason: undefined,
  ...more,
})
export const ALL = NODES.map(({ id }) => id)
