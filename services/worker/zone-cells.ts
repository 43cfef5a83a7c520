/** What the worker writes down of a zone: the board's `zones` table, from the store and from how refreshes end. */
import { soaOf } from '../../lib/dns/message.js'
import type { Board } from '../../lib/state/board.js'
import type { VersionTrail, ZoneCell } from '../../lib/state/tables.js'
import type { StoredZone } from '../../lib/store/stored-zone.js'

/** Releases remembered for lag and for "two newer releases". */
const RELEASES = 25

const BLANK: ZoneCell = {
  at: 0,
  released: undefined,
  releases: [],
  trail: undefined,
  refreshedAt: 0,
  expireSeconds: 0,
  error: undefined,
  errorAt: undefined,
  failures: 0,
  conflict: undefined,
}

/** The part of a cell that the disk knows best. */
function fromStore(stored: StoredZone): Pick<ZoneCell, 'released' | 'releases'> {
  const released = stored.released
  const releases = stored.versions.flatMap(({ serial, digest, releasedAt }) =>
    releasedAt === undefined ? [] : [{ serial, digest, releasedAt }],
  )
  return {
    released: released && {
      serial: released.serial,
      digest: released.digest,
      releasedAt: released.releasedAt!,
      records: released.records,
      octets: released.octets,
    },
    releases: releases.slice(-RELEASES),
  }
}

/** After a start: disk first, shared state for the rest. */
export function restoreZoneCell(board: Board, stored: StoredZone, now: number): void {
  const held = board.get('zones', stored.name)
  const disk = fromStore(stored)
  if (held && held.released?.digest === disk.released?.digest && held.released?.serial === disk.released?.serial) return
  const released = stored.released
  board.set('zones', stored.name, {
    ...(held ?? BLANK),
    at: now,
    ...disk,
    refreshedAt: held?.refreshedAt || released?.committedAt || 0,
    expireSeconds: held?.expireSeconds || (released ? soaOf(released.soa).expire : 0),
    trail: held?.trail?.serial === released?.serial ? held?.trail : undefined,
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
  if (held?.conflict === undefined || proof === 'content') noteRefreshed(board, stored, now, expireSeconds)
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
    error: undefined,
    errorAt: undefined,
    failures: 0,
    conflict: undefined,
  })
}

export function noteRefreshFailed(board: Board, stored: StoredZone, now: number, error: string, conflict: boolean): void {
  const held = board.get('zones', stored.name) ?? BLANK
  board.set('zones', stored.name, {
    ...held,
    at: now,
    error,
    errorAt: now,
    failures: held.failures + 1,
    conflict: conflict ? error : undefined,
  })
}
