/** Records the answers and silences of nodes: the board's `nodes` table. */
import type { ZoneName } from '../dns/name.js'
import { isNewer, type Serial } from '../dns/serial.js'
import type { Board, PairChange } from '../state/board.js'
import { noteConfirmed, type Version } from '../store/version.js'
import type { ZoneStore } from '../store/zone-store.js'
import { contentOf, doubtedAt, doubtOf, type NodeContent, withTaken } from '../fleet/node-content.js'
import type { NodeCell, PushTrail } from '../state/tables.js'

const BLANK: NodeCell = {
  at: 0,
  serial: undefined,
  since: 0,
  observedAt: undefined,
  missed: 0,
  error: undefined,
  push: undefined,
}

export const nodeCell = (board: Board, zone: ZoneName, node: string): NodeCell => board.pairs.at(zone, node) ?? BLANK

/** Characters of the reason of a bad answer: its content may be any text. */
const MOST_CHARACTERS = 500
/** A node may load a version from an earlier process for so long. */
const LOADING_MS = 600_000

/** Reliability of the reports of other hubs. */
export interface Hearsay {
  /** Start of this process: the last delivery reports of an earlier process may be lost. */
  since: number
  /** True when the report of every hub that may have sent a version to a node before `at` would have arrived. */
  hasHeardAll: (at: number) => boolean
}

const ALONE: Hearsay = { since: Number.NEGATIVE_INFINITY, hasHeardAll: () => true }

/** The node answered with this serial. */
export function noteAnswer(
  board: Board,
  zone: ZoneName,
  node: string,
  serial: Serial,
  now: number,
  hearsay: Hearsay = ALONE,
): void {
  // Most answers of a fleet at rest are the same again.
  if (board.answeredAgain(zone, node, serial, now)) return
  const before = nodeCell(board, zone, node)
  const push =
    before.push && before.push.target === serial && before.push.confirmedAt === undefined
      ? { ...before.push, confirmedAt: now }
      : before.push
  const { strayAt, unprovedAt } = originOf(before, serial, now, hearsay.since)
  const isElsewhere = strayAt !== undefined && (before.elsewhereAt === strayAt || hearsay.hasHeardAll(strayAt))
  const cell: NodeCell = {
    ...before,
    at: now,
    serial,
    since: before.serial === serial ? before.since : now,
    observedAt: now,
    missed: 0,
    error: undefined,
    strayAt,
    unprovedAt,
    elsewhereAt: isElsewhere ? strayAt : undefined,
    lostAt: undefined,
    push,
  }
  board.setPair(zone, node, cell)
}

/**
 * Origin of a serial that a node newly shows. A serial at the first observation may be a delivery from before the board. A serial
 * that returns after the node had lost the zone usually comes from its own disk. A serial that came during this hub's downtime
 * may be a delivery: the node must prove that.
 */
function originOf(cell: NodeCell, serial: Serial, now: number, watchedSince: number): Pick<NodeCell, 'strayAt' | 'unprovedAt'> {
  const { serial: before, since, taken, strayAt, unprovedAt, lostAt, observedAt } = cell
  if (before === serial) return { strayAt, unprovedAt: lostAt === undefined ? unprovedAt : now }
  const isFirstSight = before === undefined && lostAt === undefined
  if (isFirstSight) return { strayAt: undefined, unprovedAt: undefined }
  // A delivery before the serial that the node leaves now is no evidence.
  if (taken?.serial === serial) return { strayAt: undefined, unprovedAt: taken.at < since ? now : undefined }
  const wasWatched = Math.max(observedAt ?? 0, lostAt ?? 0) >= watchedSince && now - watchedSince > LOADING_MS
  return wasWatched ? { strayAt: now, unprovedAt: undefined } : { strayAt: undefined, unprovedAt: now }
}

/** A hub has sent this version to the node. `push`: the progress of its delivery, written with it. */
export function noteDelivered(
  board: Board,
  zone: ZoneName,
  node: string,
  version: { serial: Serial; digest: string },
  at: number,
  push?: PushTrail,
): void {
  const before = nodeCell(board, zone, node)
  const taken = { serial: version.serial, digest: version.digest, at }
  board.setPair(zone, node, withTaken({ ...before, at, push: push ?? before.push }, taken))
}

/** The node's answer matched the version, where other content under its serial differs; or it did not match: `why`. */
export function noteProof(
  board: Board,
  zone: ZoneName,
  node: string,
  { serial, digest }: { serial: Serial; digest: string },
  at: number,
  why?: string,
): void {
  const before = nodeCell(board, zone, node)
  const content = { serial, digest, of: doubtedAt(before, { serial, digest }) }
  const verdict = why === undefined ? { proved: content } : { disproved: { ...content, why: why.slice(0, MOST_CHARACTERS) } }
  board.setPair(zone, node, { ...before, at, ...verdict })
}

/** A request with the key of the node was refused. */
export function noteRefused(board: Board, zone: ZoneName, node: string, why: string, at: number): void {
  board.setPair(zone, node, { ...nodeCell(board, zone, node), at, refused: { at, why } })
}

/** The node did not answer, or not for the zone. `counts`: it was a regular SOA query. */
export function noteSilence(board: Board, zone: ZoneName, node: string, error: string, counts: boolean, now: number): void {
  noteMissed(board, zone, node, error, counts, now, {})
}

/** The node answered that it does not serve the zone: earlier facts about it are void until it serves the zone again. */
export function noteLost(board: Board, zone: ZoneName, node: string, error: string, counts: boolean, now: number): void {
  noteMissed(board, zone, node, error, counts, now, { lostAt: nodeCell(board, zone, node).lostAt ?? now })
}

function noteMissed(
  board: Board,
  zone: ZoneName,
  node: string,
  error: string,
  counts: boolean,
  now: number,
  more: Pick<NodeCell, 'lostAt'>,
): void {
  const before = nodeCell(board, zone, node)
  board.setPair(zone, node, { ...before, ...more, at: now, missed: before.missed + (counts ? 1 : 0), error })
}

export function notePush(board: Board, zone: ZoneName, node: string, push: PushTrail, now: number, error?: string): void {
  const before = nodeCell(board, zone, node)
  board.setPair(zone, node, { ...before, at: now, push, ...(error === undefined ? {} : { error }) })
}

/** A version at rest is not torn. */
export type VersionIdentity = Pick<Version, 'serial' | 'digest'> & Partial<Pick<Version, 'isTorn'>>

/** The content of a node that shows the version's serial. */
export const contentIn = (cell: NodeCell, { serial, digest, isTorn = false }: VersionIdentity): NodeContent =>
  contentOf(cell, { serial, digest, torn: isTorn })

/**
 * Reason to doubt that a node has the version, in a sentence: other content under its serial, or a newer serial that no hub sent.
 * Undefined when it only lacks the version.
 */
export function doubtIn(cell: NodeCell, id: string, { serial, digest, isTorn }: Version): string | undefined {
  const { serial: observed, taken } = cell
  if (observed !== undefined && isNewer(observed, serial) && taken?.serial !== observed)
    return `${id} serves serial ${observed}, which is newer than the released ${serial} and which no hub sent it`
  return doubtOf(cell, id, { serial, digest, torn: isTorn })
}

/** A node shows this version: its serial, with its content as far as known. */
export const showsVersion = (cell: NodeCell, version: Version): boolean =>
  cell.serial === version.serial && doubtIn(cell, '', version) === undefined

/** Records at the version that the node shows it. A zone at rest is opened only for a new confirmation. */
export function keepConfirmation(
  store: Pick<ZoneStore, 'isConfirmed' | 'readable'>,
  change: Pick<PairChange, 'zone' | 'node' | 'serial' | 'value'>,
): void {
  const { zone, node, serial } = change
  if (serial === undefined || store.isConfirmed(zone, serial, node)) return
  const cell = change.value
  const { observedAt, taken } = cell
  if (observedAt === undefined) return
  const version = store.readable(zone)?.find(serial, taken?.serial === serial ? taken.digest : undefined)
  if (version !== undefined && showsVersion(cell, version)) noteConfirmed(version, node, observedAt)
}
