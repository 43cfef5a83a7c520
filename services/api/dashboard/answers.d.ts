/** The parts of the API's answers that the page reads; docs/api.md has all of them. For the type checker only: never served. */

export type State =
  | 'in-sync'
  | 'syncing'
  | 'lagging'
  | 'stuck'
  | 'conflict'
  | 'ahead'
  | 'expired'
  | 'held'
  | 'drained'
  | 'unknown'

export interface NodeZone {
  serial: number | null
  state: State
  since: string | null
  observedAt: string | null
  lagSeconds: number
  error: string | null
}

export interface ZoneSummary {
  name: string
  serial: number | null
  digest: string | null
  records: number | null
  state: State
  releasedAt: string | null
  lagSeconds: number
  inSync: number
  total: number
  /** Why no newer version can be released. */
  error: string | null
  /** The version that waits for an operator and why, or why the zone is on hold. */
  held: string | null
}

export interface FleetNode {
  id: string
  cloud: string
  site: string | null
}

export interface MatrixAnswer {
  zones: (ZoneSummary & { nodes: Record<string, NodeZone> })[]
  nodes: FleetNode[]
  next: string | null
}

export interface StatusAnswer {
  hub: string
  version: string
  zones: number
  nodes: number
  states: Partial<Record<State, number>>
  redis: 'up' | 'down'
  held: string[]
  missing: string[]
  primaries: { id: string; trouble: { state: string; zones: number; example: string; detail: string | null }[] }[]
  now: string
  observationsHoldSeconds: number
  caller: { name: string; role: 'viewer' | 'operator' | 'publisher' | 'admin' }
}

export interface VersionAnswer {
  serial: number
  digest: string
  records: number
  committedAt: string | null
  releasedAt: string | null
  state: 'committed' | 'released' | 'superseded'
  from: string
  kind: 'axfr' | 'ixfr'
}

export interface PrimaryAnswer {
  serial: number | null
  state: string
  checkedAt: string | null
  since: string | null
  error: string | null
}

export interface ZoneAnswer extends ZoneSummary {
  error: string | null
  nodes: Record<string, NodeZone>
  primaries: Record<string, PrimaryAnswer>
  versions: VersionAnswer[]
}

export interface ChainStep {
  step: string
  at: string | null
  detail: string
}

export interface ChainAnswer extends NodeZone {
  chain: ChainStep[]
  waitingFor: string | null
}

export interface NodeAnswer extends FleetNode {
  address: string
  drained: boolean
  drainedBy: string | null
  drainReason: string | null
  states: Partial<Record<State, number>>
  lagSeconds: number
  observedAt: string | null
  inSync: number
  total: number
  zones: Record<string, NodeZone>
}

export interface JobTarget {
  zone: string
  node: string
  step: 'waiting' | 'refreshing' | 'notified' | 'confirmed' | 'failed'
  serial?: number | null
  error?: string | null
}

export interface JobAnswer {
  id: string
  kind: string
  state: 'waiting' | 'active' | 'done' | 'failed'
  progress: { total: number; confirmed: number; failed: number; targets: JobTarget[] } | number | null
  error: string | null
}
