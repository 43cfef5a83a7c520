/** What we write down of a node's answers and silences: the board's `nodes` table. */
import type { ZoneName } from '../dns/name.js'
import { isNewer, type Serial } from '../dns/serial.js'
import type { Board } from '../state/board.js'
import type { StoredZone } from '../store/stored-zone.js'
import { noteConfirmed, type Version } from '../store/version.js'
import { contentOf, doubtedAt, doubtOf, type NodeContent, withTaken } from '../fleet/node-content.js'
import { type NodeCell, type PushTrail, pairKey } from '../state/tables.js'

const BLANK: NodeCell = {
  at: 0,
  serial: undefined,
  since: 0,
  observedAt: undefined,
  missed: 0,
  error: undefined,
  push: undefined,
}

export const nodeCell = (board: Board, zone: ZoneName, node: string): NodeCell => board.get('nodes', pairKey(zone, node)) ?? BLANK

/** Of an answer that was wrong: what it has may be any text. */
const MOST_CHARACTERS = 500
/** A node may load for so long what an earlier process sent it. */
const LOADING_MS = 600_000

/** How far the word of others can be relied on. */
export interface Hearsay {
  /** What was seen before is of an earlier process, whose last words about what it sent may be lost. */
  since: number
  /** Whether all who may have sent a version to a node by then would have been heard by now. */
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
): NodeCell {
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
  board.set('nodes', pairKey(zone, node), cell)
  return cell
}

/**
 * What the new answer says of where the serial is from. What a node has when it is first seen may be ours, of a time before the board.
 * What it has again after it had lost the zone is from its own disk as a rule, and what it took while we were away may be ours: it has
 * to prove that.
 */
function originOf(cell: NodeCell, serial: Serial, now: number, watchedSince: number): Pick<NodeCell, 'strayAt' | 'unprovedAt'> {
  const { serial: before, since, taken, strayAt, unprovedAt, lostAt, observedAt } = cell
  if (before === serial) return { strayAt, unprovedAt: lostAt === undefined ? unprovedAt : now }
  const isFirstSight = before === undefined && lostAt === undefined
  if (isFirstSight) return { strayAt: undefined, unprovedAt: undefined }
  // What was sent before it went to the serial that it leaves now says nothing.
  if (taken?.serial === serial) return { strayAt: undefined, unprovedAt: taken.at < since ? now : undefined }
  const wasWatched = Math.max(observedAt ?? 0, lostAt ?? 0) >= watchedSince && now - watchedSince > LOADING_MS
  return wasWatched ? { strayAt: now, unprovedAt: undefined } : { strayAt: undefined, unprovedAt: now }
}

/** A hub has sent this version to the node. */
export function noteDelivered(
  board: Board,
  zone: ZoneName,
  node: string,
  version: { serial: Serial; digest: string },
  at: number,
): void {
  const before = nodeCell(board, zone, node)
  const taken = { serial: version.serial, digest: version.digest, at }
  board.set('nodes', pairKey(zone, node), withTaken({ ...before, at }, taken))
}

/** The node answered as the version does, where other content under its serial does not, or otherwise: `why`. */
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
  board.set('nodes', pairKey(zone, node), { ...before, at, ...verdict })
}

/** A request with the key of the node was refused. */
export function noteRefused(board: Board, zone: ZoneName, node: string, why: string, at: number): void {
  board.set('nodes', pairKey(zone, node), { ...nodeCell(board, zone, node), at, refused: { at, why } })
}

/** The node did not answer, or not with the zone. `counts`: it was one of the regular looks. */
export function noteSilence(board: Board, zone: ZoneName, node: string, error: string, counts: boolean, now: number): void {
  noteMissed(board, zone, node, error, counts, now, {})
}

/** The node answered that it does not serve the zone: nothing is to be believed of it until it does again. */
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
  board.set('nodes', pairKey(zone, node), { ...before, ...more, at: now, missed: before.missed + (counts ? 1 : 0), error })
}

export function notePush(board: Board, zone: ZoneName, node: string, push: PushTrail, now: number, error?: string): void {
  const before = nodeCell(board, zone, node)
  board.set('nodes', pairKey(zone, node), { ...before, at: now, push, ...(error === undefined ? {} : { error }) })
}

/** What a node that shows the serial of the version has under it. */
export const contentIn = (cell: NodeCell, { serial, digest, isTorn }: Version): NodeContent =>
  contentOf(cell, { serial, digest, torn: isTorn })

/**
 * Why a node is not known to have what the version is, in a sentence: other content under its serial, or a newer serial that no hub
 * sent it. Undefined also where it just lacks the version.
 */
export function doubtIn(cell: NodeCell, id: string, { serial, digest, isTorn }: Version): string | undefined {
  const { serial: shown, taken } = cell
  if (shown !== undefined && isNewer(shown, serial) && taken?.serial !== shown)
    return `${id} serves serial ${shown}, which is newer than the released ${serial} and which no hub sent it`
  return doubtOf(cell, id, { serial, digest, torn: isTorn })
}

/** Whether a node shows this version: its serial, with its content as far as that is known. */
export const showsVersion = (cell: NodeCell, version: Version): boolean =>
  cell.serial === version.serial && doubtIn(cell, '', version) === undefined

/** Notes on the version that a node shows that it does. */
export function keepConfirmation(stored: Pick<StoredZone, 'find'>, node: string, cell: NodeCell): void {
  const { serial, observedAt, taken } = cell
  if (serial === undefined || observedAt === undefined) return
  const version = stored.find(serial, taken?.serial === serial ? taken.digest : undefined)
  if (version !== undefined && showsVersion(cell, version)) noteConfirmed(version, node, observedAt)
}
