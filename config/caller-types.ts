/** Callers of the API, as the config has them. */
import type { ZonePattern } from './callers-schema.js'

/** `vantage`: reports probes, and nothing else; each other one includes those before it. */
export type Role = 'vantage' | 'viewer' | 'operator' | 'publisher' | 'admin'

/** The zones and nodes that a caller of the API may use; undefined: all. */
export interface CallerScope {
  zones: readonly ZonePattern[] | undefined
  /** Nodes of these clouds, and these nodes. */
  clouds: readonly string[] | undefined
  nodes: readonly string[] | undefined
}

export interface ApiCaller {
  name: string
  role: Role
  /** Counts once for approvals, whatever callers the person has. */
  person: string
  /** Undefined: everything. */
  scope: CallerScope | undefined
  subnets: string[]
  expires: Date | undefined
}

export interface ApiToken extends ApiCaller {
  sha256: Buffer
}

/** A caller that a client certificate identifies. */
export interface ApiClientConfig extends ApiCaller {
  certificate: string | undefined
  pins: string[]
}
