/** The facts about one version of a zone, without its records. Times are milliseconds since 1970. */
import { type Soa, soaOf } from '../dns/message.js'
import type { Serial } from '../dns/serial.js'
import type { NodeTimes } from './node-times.js'
import type { ChecksOutcome, RolloutRecord } from '../rollout/record.js'

export interface Version {
  serial: Serial
  /** Digest of all records; (zone, serial, digest) is the version's identity. */
  digest: string
  records: number
  /** Octets of the records in stored form. */
  octets: number
  /** The SOA record in stored form. */
  soa: Buffer
  /** Time when a primary first served it. */
  seenAt: number
  committedAt: number
  /** Released to every node; undefined until then. */
  releasedAt: number | undefined
  /** Released to single nodes, while its rollout is under way. */
  releasedTo: Readonly<Record<string, number>>
  rollout: RolloutRecord | undefined
  /** Nodes whose own answer showed it, and the time of the first; durable with the next version. */
  readonly confirmed: NodeTimes
  checks: ChecksOutcome | undefined
  /** The primary it came from. */
  from: string
  /** Primaries that served exactly this content, and the time of the last answer: an IXFR from one of them fits it. */
  sources: Readonly<Record<string, number>>
  /** Nodes may have other content under this serial: no difference from it is sent to any node. */
  isTorn: boolean
  /** A record of it came with several TTLs, of which one is kept: the effect of a difference on the others is unknown. */
  hasCopies: boolean
  kind: 'axfr' | 'ixfr'
}

/** Records that a primary answered at this time and serves exactly this content. */
export function noteSource(version: Version, primary: string, at: number): void {
  if (at > (version.sources[primary] ?? 0)) version.sources = { ...version.sources, [primary]: at }
}

/** Records that a primary serves other content under the serial now. */
export function dropSource(version: Version, primary: string): void {
  const { [primary]: _, ...others } = version.sources
  version.sources = others
}

/** Records that a node's own answer showed the version. */
export function noteConfirmed(version: Version, node: string, at: number): void {
  if (!version.confirmed.has(node)) version.confirmed.set(node, at)
}

/** The node may have it, until a newer version is released to it. */
export const isReleasedTo = (version: Version, node: string): boolean =>
  version.rollout?.state !== 'rejected' && (version.releasedAt !== undefined || version.releasedTo[node] !== undefined)

/** When the node was first allowed to have it; undefined before. A version at rest is released to all. Milliseconds since 1970. */
export const releasedAtTo = (
  { releasedAt, releasedTo = {} }: Pick<Version, 'releasedAt'> & Partial<Pick<Version, 'releasedTo'>>,
  node: string,
): number | undefined => releasedTo[node] ?? releasedAt

const SOAS = new WeakMap<Version, Soa>()

/** The version's SOA, parsed once, because every request uses it. */
export function soaOfVersion(version: Version): Soa {
  const known = SOAS.get(version)
  if (known) return known
  const soa = soaOf(version.soa)
  SOAS.set(version, soa)
  return soa
}
