/**
 * The transfer server alone, on loopback: a store of its own, a clock that advances on command only, and a record of all its
 * signals to the other roles. The address selects the client: 127.0.0.1 and ::1 are node `plain`, 127.0.0.2 is node `signer` with
 * a key, 127.0.0.3 is primary `hm1`, 127.0.0.4 primary `hm2` with a key, 127.0.0.5 the primaries `hm3` and `hm4`; all other
 * addresses are strangers.
 */
import { nameToWire, parseZoneName, type ZoneName } from '../../lib/dns/name.js'
import type { TsigKey } from '../../lib/dns/tsig-record.js'
import { Fleet, type FleetNode, type FleetZone, type Primary } from '../../lib/fleet/fleet.js'
import { silentLogger } from '../../lib/runtime/logger.js'
import { Metrics } from '../../lib/runtime/metrics.js'
import { Board } from '../../lib/state/board.js'
import { SignalBus, type Signals } from '../../lib/state/signals.js'
import type { ZoneCell } from '../../lib/state/tables.js'
import type { StoredZone } from '../../lib/store/stored-zone.js'
import type { Version } from '../../lib/store/version.js'
import { ZoneStore } from '../../lib/store/zone-store.js'
import type { Endpoint } from '../../lib/dns/endpoint.js'
import { TransferService } from '../../services/transfer/service.js'
import { noChecks } from './check-rules.js'
import { contentsOf } from './record-lines.js'
import { testKey } from './tsig-maker.js'

export const NODE_KEY = testKey('hmac-sha256', 'node-key.')
export const PRIMARY_KEY = testKey('hmac-sha512', 'primary-key.')
export const STRANGER = '127.0.0.9'
export const SIGNER = '127.0.0.2'
/** Two primaries on different ports. */
export const TWINS = '127.0.0.5'

const at = (ip: string): { ip: string; port: number } => ({ ip, port: 53 })
const node = (id: string, cloud: string, ips: string[], key?: TsigKey): FleetNode => ({
  id,
  cloud,
  site: undefined,
  paths: ips.map((ip) => ({ id, address: at(ip), key })),
  key,
})
const NODES = [node('plain', 'A', ['127.0.0.1', '::1']), node('signer', 'A', [SIGNER], NODE_KEY)]
const PRIMARIES: Primary[] = [
  { id: 'hm1', address: at('127.0.0.3'), key: undefined },
  { id: 'hm2', address: at('127.0.0.4'), key: PRIMARY_KEY },
  { id: 'hm3', address: { ip: TWINS, port: 5301 }, key: undefined },
  { id: 'hm4', address: { ip: TWINS, port: 5302 }, key: undefined },
]

export interface SceneOptions {
  folder: string
  /** Zones of cloud A; the nodes are in it. */
  zones?: string[]
  /** Zones of cloud B, which no node of the scene serves. */
  otherZones?: string[]
  idleMs?: number
  maxConnections?: number
  pace?: { minOctetsPerSecond?: number; maxMs?: number }
  paceWindowMs?: number
  /** Left out: no transfer waits, however often it is repeated. */
  repeats?: number
}

/** `S5` in the lines is the zone's SOA with serial 5. */
const withSoa = (zone: string, lines: string): string =>
  lines.replace(/^S(\d+)$/m, (_, serial: string) => `${zone} 300 SOA ns1.${zone} host.${zone} ${serial} 7200 900 1209600 60`)

export class TransferScene {
  readonly store: ZoneStore
  readonly board = new Board()
  readonly notified: Signals['notify'][] = []
  readonly taken: Signals['taken'][] = []
  readonly service: TransferService
  now = 1_800_000_000_000
  v4!: Endpoint
  v6!: Endpoint

  private constructor(options: SceneOptions) {
    const {
      folder,
      zones = ['example.'],
      otherZones = [],
      idleMs = 10_000,
      maxConnections = 1000,
      pace,
      paceWindowMs,
      repeats = 0,
    } = options
    const bus = new SignalBus()
    bus.on('notify', (signal) => this.notified.push(signal))
    bus.on('taken', (signal) => this.taken.push(signal))
    this.store = ZoneStore.open(
      { dataDir: folder, hub: 'test', mode: 'write', warmOctets: 1e9 },
      [...zones, ...otherZones].map(parseZoneName),
    )
    this.service = new TransferService(
      fleetOf(zones, otherZones),
      {
        listen: [
          { ip: '127.0.0.1', port: 0 },
          { ip: '::1', port: 0 },
        ],
        idleMs,
        maxConnections,
        preparedOctets: 64 << 20,
        pace: { minOctetsPerSecond: 0, maxMs: 600_000, ...pace },
        repeats,
        processes: 1,
        ...(paceWindowMs === undefined ? {} : { paceWindowMs }),
      },
      { store: this.store, board: this.board, bus, clock: { now: () => this.now }, log: silentLogger, metrics: new Metrics() },
    )
  }

  static async start(options: SceneOptions): Promise<TransferScene> {
    const scene = new TransferScene(options)
    await scene.service.start()
    ;[scene.v4, scene.v6] = scene.service.addresses as [Endpoint, Endpoint]
    return scene
  }

  get seconds(): number {
    return Math.floor(this.now / 1000)
  }

  zone(name = 'example.'): StoredZone {
    return this.store.zone(parseZoneName(name))
  }

  /** A complete version from lines, like an AXFR; the difference to the one before is computed. Released by default. */
  async commit(lines: string, options: { zone?: string; released?: boolean } = {}): Promise<Version> {
    const { zone = 'example.', released = true } = options
    const stored = this.zone(zone)
    const contents = contentsOf(zone, withSoa(zone, lines))
    const provenance = async () => ({ seenAt: 1, committedAt: 1, from: 'hm1', ...(released ? { releasedAt: 1 } : {}) })
    return await stored.commitFull(stored.draft(contents), stored.latest, provenance)
  }

  /** Other nodes, keys or zones, like after a reload. */
  adopt(zones: string[], nodes: FleetNode[] = NODES): void {
    this.service.adopt(fleetOf(zones, [], nodes))
  }

  /** Milliseconds since the last refresh of the zone. */
  refreshedAgo(seconds: number, expireSeconds: number, zone = 'example.'): void {
    const name: ZoneName = parseZoneName(zone)
    const { serial, digest, records, octets } = this.zone(zone).released!
    const released = { serial, digest, records, octets, releasedAt: 1 }
    const cell: ZoneCell = {
      at: this.now,
      released,
      releases: [released],
      staged: [],
      newest: serial,
      rollouts: [],
      trail: undefined,
      refreshedAt: this.now - seconds * 1000,
      expireSeconds,
      error: undefined,
      errorAt: undefined,
      failures: 0,
      conflict: undefined,
    }
    this.board.set('zones', name, cell)
  }

  async stop(): Promise<void> {
    await this.service.stop()
    await this.store.close()
  }
}

export function fleetOf(
  zones: string[],
  otherZones: string[],
  nodes: FleetNode[] = NODES,
  refresh = { minMs: 1000, maxMs: 1000 },
): Fleet {
  const fleetZone = (name: string, cloud: string): FleetZone => ({
    name: parseZoneName(name),
    apex: nameToWire(name),
    primaries: PRIMARIES,
    clouds: [cloud],
    nodes: nodes.filter((n) => n.cloud === cloud),
    refresh,
    limits: {},
    checks: noChecks(),
  })
  return new Fleet(
    [...zones.map((name) => fleetZone(name, 'A')), ...otherZones.map((name) => fleetZone(name, 'B'))],
    nodes,
    PRIMARIES,
    [],
  )
}
