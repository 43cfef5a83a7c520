/**
 * Which content a node has under its serial: a serial alone does not say, as primaries that were restored, choices between two
 * contents, and servers elsewhere make several contents under one serial. Pure.
 */
import { isNewer, type Serial } from '../dns/serial.js'

interface Content {
  serial: Serial
  digest: string
}

/** What is known of a node's content; the board has it. Times in milliseconds. */
export interface NodeContentFacts {
  serial: Serial | undefined
  /** Since when it shows that serial. */
  since?: number | undefined
  /** The last version that a hub sent to the node, whole or as a difference from content that it had from a hub. */
  taken?: (Content & { at: number }) | undefined
  /** When the node was seen to have gone to its serial, and no hub was known to have sent it that. */
  strayAt?: number | undefined
  /** `strayAt`, once every hub that may have sent it would have been heard. */
  elsewhereAt?: number | undefined
  /** Since when its content under its serial is to be shown by its own answers: nobody saw it come to have it. */
  unprovedAt?: number | undefined
  /** It answered as this content does, where others differ from it. `of`: the doubt that this is about, as doubtedAt has it. */
  proved?: (Content & { of?: number | undefined }) | undefined
  /** It answered otherwise; why, in a sentence. */
  disproved?: (Content & { of?: number | undefined; why: string }) | undefined
}

/** How the sentence on a node begins that could not be asked. */
export const NO_ANSWER = 'does not answer'

/** A hub says what it sent a little before, or a little after, the node shows it. */
const WITNESS_MS = 1_000

/**
 * A hub has sent this to the node. Octets that were sent are not yet served: the node's serial says so where it changed by that, and
 * where it did not the node has to prove it.
 */
export function withTaken<T extends NodeContentFacts>(node: T, taken: NonNullable<NodeContentFacts['taken']>): T {
  if (node.serial !== taken.serial || isSame(node.taken, taken)) return { ...node, taken }
  const isWitnessed = node.since !== undefined && node.since >= taken.at - WITNESS_MS
  return { ...node, taken, strayAt: undefined, elsewhereAt: undefined, unprovedAt: isWitnessed ? undefined : taken.at }
}

/** What two processes wrote of one node: the later word, with what was sent last by either, and with the doubts that this leaves. */
export function joinContent<T extends NodeContentFacts>(later: T, earlier: NodeContentFacts): T {
  const { taken } = earlier
  const hasSent = taken !== undefined && (later.taken === undefined || isLaterTaken(taken, later.taken))
  const joined = hasSent ? withTaken(later, taken) : later
  return withDoubts(joined, earlier)
}

/** One that sees a node for the first time knows nothing of where its serial is from. */
function withDoubts<T extends NodeContentFacts>(
  later: T,
  { serial, strayAt, elsewhereAt, unprovedAt, proved, disproved }: NodeContentFacts,
): T {
  const isOpen = (strayAt ?? unprovedAt) !== undefined && later.serial === serial && later.taken?.serial !== serial
  if (!isOpen || (later.strayAt ?? later.unprovedAt) !== undefined) return later
  return { ...later, strayAt, elsewhereAt, unprovedAt, proved: later.proved ?? proved, disproved: later.disproved ?? disproved }
}

type Taken = NonNullable<NodeContentFacts['taken']>

/** A node takes newer serials only; the clocks of hubs differ. */
const isLaterTaken = (a: Taken, b: Taken): boolean => isNewer(a.serial, b.serial) || (a.serial === b.serial && a.at > b.at)

/** When the doubt began that the content has to be proved for; undefined where two contents were released, and it may have either. */
export function doubtedAt({ taken, unprovedAt, strayAt }: NodeContentFacts, version: Content): number | undefined {
  const isOtherTaken = taken?.serial === version.serial && taken.digest !== version.digest
  return isOtherTaken ? taken.at : (unprovedAt ?? strayAt)
}

const isSame = (a: Content | undefined, b: Content): boolean => a !== undefined && a.serial === b.serial && a.digest === b.digest

/**
 * `released`: the released content, as far as anything is known · `unproved`: its answers are to show that it has it · `other`: other
 * content under the same serial · `elsewhere`: it took the serial from another server · `unknown`: two contents were released under the
 * serial, and it may have either.
 */
export type NodeContent = 'released' | 'unproved' | 'other' | 'elsewhere' | 'unknown'

/** Of a node that shows the serial of the version. `torn`: two contents were kept under that serial. */
export function contentOf(node: NodeContentFacts, version: Content & { torn?: boolean | undefined }): NodeContent {
  const { taken, strayAt, elsewhereAt, proved, disproved } = node
  const unprovedAt = node.unprovedAt ?? strayAt
  const isDelivered = taken?.serial === version.serial
  // What was sent last may not have been written down.
  if (isDelivered && taken.digest !== version.digest)
    return isSame(proved, version) && proved!.of === taken.at ? 'released' : 'other'
  if (!isDelivered && elsewhereAt !== undefined) return 'elsewhere'
  if (unprovedAt !== undefined) {
    if (isSame(proved, version) && proved!.of === unprovedAt) return 'released'
    return isSame(disproved, version) && disproved!.of === unprovedAt ? 'other' : 'unproved'
  }
  if (isDelivered || !version.torn) return 'released'
  return isSame(proved, version) ? 'released' : 'unknown'
}

/** Why a node that shows the serial of the version is not known to have its content; undefined when it is, or its serial is another. */
export function doubtOf(
  node: NodeContentFacts,
  id: string,
  version: (Content & { torn?: boolean | undefined }) | undefined,
): string | undefined {
  if (version === undefined || node.serial !== version.serial) return undefined
  const { serial } = version
  const step = `transfer the zone on ${id} anew by force, or publish a new serial`
  switch (contentOf(node, version)) {
    case 'unproved':
      return `${id} shows serial ${serial} and was not seen to take it: its answers are being compared with the released content`
    case 'other': {
      const { disproved } = node
      const why = isSame(disproved, version) ? disproved!.why : undefined
      if (why?.startsWith(NO_ANSWER) === true)
        return `${id} shows serial ${serial}, and its content cannot be compared: it ${why}`
      const how = why === undefined ? '' : ` (${why})`
      return `${id} serves other content than the released one under serial ${serial}${how}: ${step}`
    }
    case 'elsewhere':
      return `${id} took serial ${serial} from another server, so its content is not known: let ${id} transfer from this hub only, then ${step}`
    case 'unknown':
      return `two contents were released under serial ${serial}, and which of them ${id} serves is not known: ${step}`
    default:
      return undefined
  }
}

/** Whether a difference from this serial may not fit what the node has. `digest`: of the version with the serial, if it is kept. */
export function mayHaveOther(node: NodeContentFacts | undefined, serial: Serial, digest: string | undefined): boolean {
  if (node === undefined || digest === undefined) return false
  const { taken, strayAt } = node
  // A few right answers do not make the whole content ours.
  if (taken?.serial !== serial && node.serial === serial && strayAt !== undefined) return true
  if (taken?.serial === serial || node.serial === serial) return contentOf(node, { serial, digest }) !== 'released'
  // It has a serial that no hub has sent it.
  return taken !== undefined && isNewer(serial, taken.serial)
}
