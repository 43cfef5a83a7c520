/**
 * The version of a zone that a node served at a time, from its first confirmation of each kept version. Between the release of a version
 * and its confirmation either of two may have been served; before the first kept confirmation nothing is known. Pure.
 */
import type { Serial } from '../../lib/dns/serial.js'
import type { Version } from '../../lib/store/version.js'

export type KeptVersion = Pick<Version, 'serial' | 'releasedAt' | 'releasedTo'> & {
  confirmed: { get(node: string): number | undefined }
}

export interface ServedThen {
  /** Undefined: not known. */
  serial: Serial | undefined
  confirmedAt: number | undefined
  /** Confirmation of another version after that; undefined: none. */
  until: number | undefined
  /** A version that was released to the node and not confirmed yet: it may have served this one. */
  mayBe: Serial | undefined
  /** One sentence about the doubt; undefined when there is none. */
  why: string | undefined
}

const iso = (at: number): string => new Date(at).toISOString().slice(0, 19)

/** `versions`: oldest first. */
export function servedAt(versions: readonly KeptVersion[], node: string, at: number): ServedThen {
  const rows = versions.flatMap((version) => {
    const confirmedAt = version.confirmed.get(node)
    return confirmedAt === undefined ? [] : [{ version, confirmedAt }]
  })
  const before = rows.filter(({ confirmedAt }) => confirmedAt <= at)
  const later = rows.filter(({ confirmedAt }) => confirmedAt > at).map(({ confirmedAt }) => confirmedAt)
  const until = later.length === 0 ? undefined : Math.min(...later)
  if (before.length === 0) {
    const why =
      until === undefined
        ? 'no kept version was confirmed by the node'
        : `the first kept confirmation is of ${iso(until)} UTC; older versions are not kept any more (defaults.keepVersions, keepFor)`
    return { serial: undefined, confirmedAt: undefined, until, mayBe: undefined, why }
  }
  const last = before.reduce((a, b) => (b.confirmedAt >= a.confirmedAt ? b : a))
  const next = versions.findLast((version) => {
    const releasedAt = version.releasedTo[node] ?? version.releasedAt
    const confirmedAt = version.confirmed.get(node)
    return releasedAt !== undefined && releasedAt > last.confirmedAt && releasedAt <= at && (confirmedAt ?? Infinity) > at
  })
  const why =
    next === undefined
      ? undefined
      : `serial ${next.serial} was released to it before, and not confirmed yet: it may have served that one`
  return { serial: last.version.serial, confirmedAt: last.confirmedAt, until, mayBe: next?.serial, why }
}
