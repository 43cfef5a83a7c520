/** What is known of one version of a zone, apart from its records. Times are milliseconds since 1970. */
import { type Soa, soaOf } from '../dns/message.js'
import type { Serial } from '../dns/serial.js'
import type { ChecksOutcome, RolloutRecord } from '../rollout/record.js'

export interface Version {
  serial: Serial
  /** Over all records; (zone, serial, digest) is the version's identity. */
  digest: string
  records: number
  /** Of the records in stored form. */
  octets: number
  /** The SOA record in stored form. */
  soa: Buffer
  /** First seen at a primary. */
  seenAt: number
  committedAt: number
  /** To every node; undefined until then. */
  releasedAt: number | undefined
  /** To single nodes, while its rollout is under way. */
  releasedTo: Readonly<Record<string, number>>
  rollout: RolloutRecord | undefined
  /** Nodes whose own answer showed it, and when first; durable with the next version. */
  confirmed: Readonly<Record<string, number>>
  checks: ChecksOutcome | undefined
  /** The primary it came from. */
  from: string
  /** Primaries that are known to have served exactly this content, and when last: a difference that they make fits it. */
  sources: Readonly<Record<string, number>>
  /** Nodes may have other content under this serial: no difference from it is given to anyone. */
  isTorn: boolean
  /** It came with a record that has several TTLs, of which one is kept: what a difference does to the others cannot be known. */
  hasCopies: boolean
  kind: 'axfr' | 'ixfr'
}

/** A primary was asked at this time, and serves exactly this content. */
export function noteSource(version: Version, primary: string, at: number): void {
  if (at > (version.sources[primary] ?? 0)) version.sources = { ...version.sources, [primary]: at }
}

/** A primary serves other content under the serial by now. */
export function dropSource(version: Version, primary: string): void {
  const { [primary]: _, ...others } = version.sources
  version.sources = others
}

/** A node's own answer showed the version. */
export function noteConfirmed(version: Version, node: string, at: number): void {
  if (version.confirmed[node] === undefined) version.confirmed = { ...version.confirmed, [node]: at }
}

/** A node may have it (until something newer is released to it). */
export const isReleasedTo = (version: Version, node: string): boolean =>
  version.rollout?.state !== 'rejected' && (version.releasedAt !== undefined || version.releasedTo[node] !== undefined)

const SOAS = new WeakMap<Version, Soa>()

/** The version's SOA, read once: it is wanted with every request. */
export function soaOfVersion(version: Version): Soa {
  const known = SOAS.get(version)
  if (known) return known
  const soa = soaOf(version.soa)
  SOAS.set(version, soa)
  return soa
}
