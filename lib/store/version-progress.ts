/** A version from its head in the journal, and what may change after its commit. */
import { ownOctets } from '../dns/own-octets.js'
import type { Progress, VersionHead } from './journal-heads.js'
import { NodeTimes } from './node-times.js'
import type { Version } from './version.js'

/** `before`: the version before it, which gets the confirmations that the head has for it. */
export function versionOf(head: VersionHead, before: Version | undefined): Version {
  const version: Version = {
    serial: head.serial,
    digest: head.digest,
    records: head.records,
    octets: head.octets,
    soa: ownOctets(Buffer.from(head.soa, 'base64')),
    seenAt: head.seenAt,
    committedAt: head.committedAt,
    releasedAt: undefined,
    releasedTo: {},
    rollout: undefined,
    confirmed: new NodeTimes(),
    checks: head.checks,
    from: head.from,
    sources: { [head.from]: head.committedAt },
    isTorn: head.torn ?? false,
    hasCopies: head.copies ?? false,
    kind: head.kind,
  }
  if (before && head.confirmedBefore) before.confirmed.fill(head.confirmedBefore)
  advance(version, head)
  return version
}

export function advance(version: Version, { releasedAt, releasedTo, rollout, confirmed, sources }: Progress): void {
  if (releasedAt !== undefined) version.releasedAt = releasedAt
  if (releasedTo !== undefined) version.releasedTo = { ...version.releasedTo, ...releasedTo }
  if (rollout !== undefined) version.rollout = rollout
  if (confirmed !== undefined) version.confirmed.fill(confirmed)
  if (sources !== undefined) version.sources = { ...sources }
}

export function progressOf({ releasedAt, releasedTo, rollout, confirmed, sources }: Version): Progress {
  return {
    sources: { ...sources },
    ...(releasedAt === undefined ? {} : { releasedAt }),
    ...(Object.keys(releasedTo).length === 0 ? {} : { releasedTo: { ...releasedTo } }),
    ...(rollout === undefined ? {} : { rollout }),
    ...(confirmed.size === 0 ? {} : { confirmed: confirmed.toJSON() }),
  }
}
