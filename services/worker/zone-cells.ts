/** What the worker writes down of a zone: the board's `zones` table, from the store and from how refreshes end. */
import type { ZoneName } from '../../lib/dns/name.js'
import { soaOf } from '../../lib/dns/message.js'
import { rolloutId } from '../../lib/rollout/record.js'
import type { Board } from '../../lib/state/board.js'
import type { RolloutMark, VersionTrail, ZoneCell } from '../../lib/state/tables.js'
import type { StoredZone } from '../../lib/store/stored-zone.js'
import type { Version } from '../../lib/store/version.js'

/** Releases remembered for lag and for "two newer releases". */
const RELEASES = 25
/** Newest versions whose rollouts are told to everybody. */
const RECENT = 3

const BLANK: ZoneCell = {
  at: 0,
  released: undefined,
  releases: [],
  staged: [],
  newest: undefined,
  rollouts: [],
  trail: undefined,
  refreshedAt: 0,
  expireSeconds: 0,
  error: undefined,
  errorAt: undefined,
  failures: 0,
  conflict: undefined,
}

/** The part of a cell that the disk knows best. */
function fromStore(stored: StoredZone): Pick<ZoneCell, 'released' | 'releases' | 'staged' | 'newest' | 'rollouts'> {
  const { released, versions } = stored
  const releases = versions
    .slice(-RELEASES * 2)
    .flatMap(({ serial, digest, releasedAt }) => (releasedAt === undefined ? [] : [{ serial, digest, releasedAt }]))
  return {
    released: released && {
      serial: released.serial,
      digest: released.digest,
      releasedAt: released.releasedAt!,
      records: released.records,
      octets: released.octets,
    },
    releases: releases.slice(-RELEASES),
    staged: stagedOf(stored),
    newest: stored.latest?.serial,
    rollouts: versions.flatMap((version, i) => {
      const state = version.rollout?.state
      const isRecent = i >= versions.length - RECENT
      return isRecent || state === 'held' || state === 'halted' ? [markOf(stored, version)] : []
    }),
  }
}

function markOf({ name }: StoredZone, { serial, digest, rollout, checks, releasedAt, committedAt }: Version): RolloutMark {
  return {
    id: rolloutId(name, serial, digest),
    serial,
    digest,
    state: rollout?.state ?? (releasedAt === undefined ? 'held' : 'done'),
    stage: rollout?.stages[rollout.stage]?.name,
    since: rollout?.since ?? releasedAt ?? committedAt,
    reason: rollout?.reason,
    verdict: checks?.verdict,
    findings: checks?.reports.filter(({ verdict }) => verdict !== 'pass') ?? [],
  }
}

/** What single nodes may have that is newer than what every node may have. */
function stagedOf(stored: StoredZone): ZoneCell['staged'] {
  const { versions, released } = stored
  const from = released ? versions.indexOf(released) + 1 : 0
  return versions.slice(from).flatMap(({ serial, digest, releasedTo, rollout }) => {
    const nodes = Object.keys(releasedTo)
    return nodes.length === 0 || rollout?.state === 'rejected'
      ? []
      : [{ serial, digest, nodes, releasedAt: Math.min(...Object.values(releasedTo)) }]
  })
}

/** How far a rollout is, from the store; nothing else of the cell changes. */
export function noteProgress(board: Board, stored: StoredZone, now: number): void {
  const held = board.get('zones', stored.name) ?? BLANK
  const disk = fromStore(stored)
  const isNews = disk.released?.digest !== held.released?.digest
  const trail = isNews && held.trail?.serial === disk.released?.serial ? { ...held.trail!, releasedAt: now } : held.trail
  board.set('zones', stored.name, { ...held, ...disk, trail, at: now })
}

const pick = ({ released, releases, staged, newest, rollouts }: ZoneCell): ReturnType<typeof fromStore> => ({
  released,
  releases,
  staged,
  newest,
  rollouts,
})

/** After a start: disk first, shared state for the rest. */
export function restoreZoneCell(board: Board, stored: StoredZone, now: number): void {
  const held = board.get('zones', stored.name)
  const disk = fromStore(stored)
  const isSame = held && JSON.stringify({ ...disk, at: 0 }) === JSON.stringify({ ...pick(held), at: 0 })
  if (isSame) return
  const released = stored.released
  board.set('zones', stored.name, {
    ...(held ?? BLANK),
    at: now,
    ...disk,
    refreshedAt: held?.refreshedAt || released?.committedAt || 0,
    expireSeconds: held?.expireSeconds || (released ? soaOf(released.soa).expire : 0),
    trail: held?.trail?.serial === released?.serial ? held?.trail : undefined,
    conflict: disagreement(stored) ?? held?.conflict,
    error: disagreement(stored) ?? held?.error,
  })
}

/**
 * A primary has nothing newer. That two contents go under one serial is not over because a serial is the same: only the same
 * content, or a newer version, ends a conflict.
 */
export function noteUpToDate(
  board: Board,
  stored: StoredZone,
  now: number,
  expireSeconds: number | undefined,
  proof: 'serial' | 'content',
): void {
  const held = board.get('zones', stored.name)
  const isTorn = held?.conflict !== undefined && proof === 'serial'
  if (!isTorn) noteRefreshed(board, stored, now, expireSeconds)
}

export function noteRefreshed(
  board: Board,
  stored: StoredZone,
  now: number,
  expireSeconds: number | undefined,
  trail?: VersionTrail,
): void {
  const held = board.get('zones', stored.name) ?? BLANK
  const released = stored.released
  board.set('zones', stored.name, {
    ...held,
    ...fromStore(stored),
    at: now,
    refreshedAt: now,
    expireSeconds: expireSeconds ?? (released ? soaOf(released.soa).expire : held.expireSeconds),
    trail: trail ?? held.trail,
    error: disagreement(stored),
    errorAt: undefined,
    failures: 0,
    conflict: disagreement(stored),
  })
}

export function noteConflict(board: Board, stored: StoredZone, now: number, conflict: string | undefined): void {
  const held = board.get('zones', stored.name) ?? BLANK
  board.set('zones', stored.name, { ...held, ...fromStore(stored), at: now, conflict, error: conflict })
}

/** Something besides a refresh went wrong with the zone; the next success of a refresh says that it is well again. */
export function noteTrouble(board: Board, zone: ZoneName, now: number, error: string): void {
  const held = board.get('zones', zone)
  if (held) board.set('zones', zone, { ...held, at: now, error, errorAt: now })
}

export function noteRefreshFailed(board: Board, stored: StoredZone, now: number, error: string, conflict: boolean): void {
  const held = board.get('zones', stored.name) ?? BLANK
  board.set('zones', stored.name, {
    ...held,
    at: now,
    error,
    errorAt: now,
    failures: held.failures + 1,
    conflict: disagreement(stored) ?? (conflict ? error : undefined),
  })
}

export const conflictOf = (zone: string, serial: number, ours: string, theirs: string): string =>
  `conflict: ${ours} and ${theirs} serve different content of ${zone} under the same serial ${serial}; compare the two and approve one with its primary`

/** Over when a person has chosen, or a newer version is there; not when somebody could not be asked. */
function disagreement({ name, latest, rivals }: StoredZone): string | undefined {
  const [rival] = rivals.list
  return latest && rival && conflictOf(name, latest.serial, latest.from, rival.from)
}
