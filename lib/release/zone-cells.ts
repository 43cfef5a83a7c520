/** Writes the worker's state of a zone: the board's `zones` table, from the store and from the results of refreshes. */
import type { ZoneName } from '../dns/name.js'
import { soaOf } from '../dns/message.js'
import { compareSerials } from '../dns/serial.js'
import { leastSecondsOf } from '../state/expiry.js'
import { isOver } from '../rollout/machine.js'
import { rolloutId } from '../rollout/record.js'
import type { Board } from '../state/board.js'
import type { ZoneCell } from '../state/tables.js'
import type { ReleaseMark, RolloutMark, VersionTrail } from '../state/version-marks.js'
import type { StoredZone } from '../store/stored-zone.js'
import type { Version } from '../store/version.js'
import type { ZoneStore } from '../store/zone-store.js'

/** Releases remembered for lag and for "two newer releases". */
const RELEASES = 25
/** Newest versions whose rollouts are published. */
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

/** The part of a cell for which the disk is authoritative. */
function fromStore(
  stored: StoredZone,
): Pick<ZoneCell, 'released' | 'releases' | 'staged' | 'newest' | 'rollouts' | 'conflicting'> {
  const { released, versions } = stored
  const releases = versions
    .slice(-RELEASES * 2)
    .flatMap((version) => (version.releasedAt === undefined ? [] : [releaseMark(version, version.releasedAt)]))
  return {
    released: released && {
      serial: released.serial,
      digest: released.digest,
      releasedAt: released.releasedAt!,
      records: released.records,
      octets: released.octets,
      signedUntil: signedUntil(released),
    },
    releases: releases.slice(-RELEASES),
    staged: stagedOf(stored),
    newest: stored.latest?.serial,
    conflicting: stored.conflicting.list.map(({ from }) => from),
    rollouts: versions.flatMap((version, i) => {
      const state = version.rollout?.state
      const isRecent = i >= versions.length - RECENT
      return isRecent || state === 'held' || state === 'halted' ? [markOf(stored, version)] : []
    }),
  }
}

/** RRSIG times are 32 bits of seconds since 1970 and compare as serials (RFC 4034 §3.1.5): the release is near them. */
function signedUntil({ checks, releasedAt }: Version): number | undefined {
  const expiration = checks?.figures?.dnssec?.earliestExpiration
  if (expiration === undefined) return undefined
  const near = Math.floor(releasedAt! / 1000)
  return Math.max(1, near + ((expiration - near) | 0))
}

const releaseMark = ({ serial, digest, isTorn }: Version, releasedAt: number): ReleaseMark => ({
  serial,
  digest,
  releasedAt,
  ...(isTorn ? { torn: true } : {}),
})

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

/**
 * Versions that single nodes may have, each from its own time, oldest first: versions newer than the one for every node, the
 * released one, and older ones for nodes that have shown neither them nor a newer one, because lag counts from the release to
 * that node. A node of an older version is listed under the released one too, so that the newest version with a node is the one
 * that it should serve.
 */
function stagedOf(stored: StoredZone): ZoneCell['staged'] {
  const { versions, released } = stored
  if (versions.slice(-RELEASES * 2).every(isUnstaged)) return []
  const from = released ? versions.indexOf(released) : -1
  const confirmed = new Set<string>()
  const behind = new Set<string>()
  const marks: ZoneCell['staged'] = []
  for (let i = versions.length - 1; i >= Math.max(0, versions.length - RELEASES * 2); i--) {
    const version = versions[i]!
    for (const node of version.confirmed.ids()) confirmed.add(node)
    if (version.rollout?.state === 'rejected' || (i < from && !isBefore(version, released!))) continue
    const nodes = Object.keys(version.releasedTo).filter((node) => i >= from || !confirmed.has(node))
    if (i < from) for (const node of nodes) behind.add(node)
    if (nodes.length > 0) marks.unshift(stagedMark(version, nodes))
  }
  const at = marks.findIndex(({ serial, digest }) => serial === released?.serial && digest === released.digest)
  const others = [...behind].filter((node) => released!.releasedTo[node] === undefined)
  if (others.length === 0) return marks
  const whole = stagedMark(released!, [...Object.keys(released!.releasedTo), ...others])
  if (at >= 0) return marks.with(at, whole)
  const newer = marks.findIndex(({ serial }) => compareSerials(serial, released!.serial) === 'newer')
  return marks.toSpliced(newer < 0 ? marks.length : newer, 0, whole)
}

const isUnstaged = ({ releasedTo }: Version): boolean => {
  for (const _ in releasedTo) return false
  return true
}

const isBefore = ({ serial }: Version, released: Version): boolean => compareSerials(serial, released.serial) === 'older'

function stagedMark(version: Version, nodes: string[]): ZoneCell['staged'][number] {
  const times = nodes.map((node) => version.releasedTo[node] ?? version.releasedAt!)
  return { ...releaseMark(version, Math.min(...times)), nodes, times }
}

/**
 * The time when the zone was last known good, and for how long. Unknown values come from the served version, or from the newest
 * one while none is served, because a first version waits for its stages.
 */
function expiryOf(
  { released, latest }: StoredZone,
  known: Pick<ZoneCell, 'refreshedAt' | 'expireSeconds'>,
): Pick<ZoneCell, 'refreshedAt' | 'expireSeconds' | 'leastSeconds'> {
  const version = released ?? latest
  const soa = version && soaOf(version.soa)
  return {
    refreshedAt: known.refreshedAt || released?.committedAt || 0,
    expireSeconds: known.expireSeconds || (soa?.expire ?? 0),
    leastSeconds: soa && leastSecondsOf(soa),
  }
}

/** Updates the progress of a rollout from the store; nothing else of the cell changes. */
export function noteProgress(board: Board, stored: StoredZone, now: number): void {
  const held = board.get('zones', stored.name) ?? BLANK
  const disk = fromStore(stored)
  const expiry = expiryOf(stored, held)
  const isNewer = disk.released?.digest !== held.released?.digest
  const trail = isNewer && held.trail?.serial === disk.released?.serial ? { ...held.trail!, releasedAt: now } : held.trail
  board.set('zones', stored.name, { ...held, ...disk, ...expiry, trail, at: now })
}

const pick = ({ released, releases, staged, newest, rollouts, conflicting }: ZoneCell): ReturnType<typeof fromStore> => ({
  released,
  releases,
  staged,
  newest,
  conflicting,
  rollouts,
})

/** As `restoreZoneCell`, without opening a zone at rest whose cell agrees with its row, or one without anything, which has no cell. */
export function restoreCellOf(
  board: Board,
  store: Pick<ZoneStore, 'resting' | 'isBlank' | 'zone'>,
  name: ZoneName,
  now: number,
): void {
  const row = store.resting(name)
  if (row === undefined && board.get('zones', name) === undefined && store.isBlank(name)) return
  const held = row && board.get('zones', name)
  const isQuiet =
    row !== undefined &&
    held !== undefined &&
    held.newest === row.serial &&
    held.released?.serial === row.serial &&
    held.released.digest === row.digest &&
    held.conflict === undefined &&
    held.staged.length === 0 &&
    held.rollouts.every(({ state }) => isOver(state))
  if (!isQuiet) restoreZoneCell(board, store.zone(name), now)
}

/** After a start: from disk first, the rest from shared state. */
export function restoreZoneCell(board: Board, stored: StoredZone, now: number): void {
  const held = board.get('zones', stored.name)
  const disk = fromStore(stored)
  const isSame = held && JSON.stringify({ ...disk, at: 0 }) === JSON.stringify({ ...pick(held), at: 0 })
  const expiry = expiryOf(stored, held ?? BLANK)
  if (isSame && expiry.expireSeconds === held.expireSeconds && expiry.leastSeconds === held.leastSeconds) return
  const released = stored.released
  board.set('zones', stored.name, {
    ...(held ?? BLANK),
    at: now,
    ...disk,
    ...expiry,
    trail: held?.trail?.serial === released?.serial ? held?.trail : undefined,
    conflict: disagreement(stored) ?? held?.conflict,
    error: disagreement(stored) ?? held?.error,
  })
}

/** A primary has no newer version. An equal serial does not end a conflict: only the same content, or a newer version, does. */
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
  board.set('zones', stored.name, {
    ...held,
    ...fromStore(stored),
    at: now,
    ...expiryOf(stored, { refreshedAt: now, expireSeconds: expireSeconds ?? 0 }),
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

/** A primary serves the current content now: the cell keeps the remaining conflicts. */
export function noteAgreement(board: Board, stored: StoredZone, now: number): void {
  noteConflict(board, stored, now, disagreement(stored))
}

/** Records a failure of the zone outside a refresh; the next successful refresh clears it. */
export function noteTrouble(board: Board, zone: ZoneName, now: number, error: string): void {
  const held = board.get('zones', zone) ?? BLANK
  board.set('zones', zone, { ...held, at: now, error, errorAt: now })
}

export function noteRefreshFailed(board: Board, stored: StoredZone, now: number, error: string, conflict: boolean): void {
  const held = board.get('zones', stored.name) ?? BLANK
  board.set('zones', stored.name, {
    ...held,
    at: now,
    error,
    errorAt: now,
    // A conflict is not a failed transfer: a newer version is requested at once.
    failures: conflict ? 0 : held.failures + 1,
    conflict: disagreement(stored) ?? (conflict ? error : undefined),
  })
}

export const conflictOf = (zone: string, serial: number, ours: string, theirs: string): string =>
  ours === theirs
    ? `conflict: ${theirs} serves other content of ${zone} under serial ${serial} than it served before, as after a restore from a backup; raise the serial at ${theirs}, or approve one of the two with --primary`
    : `conflict: ${ours} and ${theirs} serve different content of ${zone} under the same serial ${serial}; compare the two and approve one with its primary`

/** Ends when an operator has chosen, or a newer version exists; not when a primary does not answer. */
function disagreement({ name, latest, conflicting }: StoredZone): string | undefined {
  const [other] = conflicting.list
  return latest && other && conflictOf(name, latest.serial, latest.from, other.from)
}
