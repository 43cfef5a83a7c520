/** The parts of the API's answers (contract §3) that the commands read. */
import type { NodeState } from '../../lib/fleet/node-state.js'

export interface NodeZoneAnswer {
  serial: number | null
  state: NodeState
  observedAt: string | null
  lagSeconds: number
  error: string | null
}

export interface ZoneAnswer {
  name: string
  serial: number | null
  digest: string | null
  records: number | null
  state: NodeState
  releasedAt: string | null
  lagSeconds: number
  inSync: number
  total: number
  /** Why no newer version can be taken. */
  error?: string | null
  /** The version that waits for an operator and why, or why the zone is on hold. */
  held?: string | null
}

export interface PrimaryAnswer {
  id: string
  address: string
  states: Record<string, number>
  total: number
  trouble: { state: string; zones: number; example: string; detail: string | null }[]
  checkedAt: string | null
}

export interface MatrixAnswer {
  zones: (ZoneAnswer & { nodes: Record<string, NodeZoneAnswer> })[]
  nodes: { id: string; cloud: string; site: string | null }[]
  /** A node this far behind needs a person. */
  pageLagSeconds?: number
  /** Those with a zone that needs an operator. */
  primaries?: PrimaryAnswer[]
}

export interface VersionAnswer {
  serial: number
  digest: string
  records: number
  seenAt: string | null
  committedAt: string | null
  releasedAt: string | null
  state: string
  from: string
  verdict?: string | null
  releasedTo?: Record<string, string | null>
  confirmed?: Record<string, string | null>
}

export interface NodeAnswer {
  id: string
  cloud: string
  site: string | null
  address: string
  paths: { address: string; inUse: boolean; error: string | null; silentSince: string | null }[]
  drained: boolean
  states: Partial<Record<NodeState, number>>
  lagSeconds: number
  observedAt: string | null
  inSync: number
  total: number
}

export interface HubAnswer {
  name: string
  state: 'up' | 'away'
  config: 'same' | 'differs'
  version: string
  startedAt: string | null
  seenAt: string | null
}

export interface ChainAnswer extends NodeZoneAnswer {
  chain: { step: string; at: string | null; detail: string }[]
  waitingFor: string | null
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
  /** A resync names its targets; other jobs have nothing to tell here. */
  progress: { total: number; confirmed: number; failed: number; targets: JobTarget[] } | number | null
  error: string | null
  result: unknown
  createdAt: string | null
  finishedAt: string | null
}
