/**
 * Decides which content a node has under its serial. A serial alone is ambiguous: restored primaries, choices between two
 * contents, and foreign servers make several contents under one serial. Pure.
 */
import { isNewer, type Serial } from '../dns/serial.js'

interface Content {
  serial: Serial
  digest: string
}

/** Facts about a node's content; the board has them. Times in milliseconds. */
export interface NodeContentFacts {
  serial: Serial | undefined
  /** Time since which it shows that serial. */
  since?: number | undefined
  /** The last version that a hub sent to the node, as AXFR or as IXFR from content that a hub had sent. */
  taken?: (Content & { at: number }) | undefined
  /** Time when the node had changed to its serial, and no hub was known to have sent it. */
  strayAt?: number | undefined
  /** `strayAt`, set when the report of every hub that may have sent it would have arrived. */
  elsewhereAt?: number | undefined
  /** Time since which the node's own answers must prove its content: no hub observed how it got it. */
  unprovedAt?: number | undefined
  /**
   * Its answer matched this content, where others differ from it. `of`: the doubt that this is about, in the form of doubtedAt.
   */
  proved?: (Content & { of?: number | undefined }) | undefined
  /** Its answer differed; the reason, in a sentence. */
  disproved?: (Content & { of?: number | undefined; why: string }) | undefined
  /** A verify found other content than that of this version, and no later one found that of a version. */
  differs?: (Content & { at: number; why: string }) | undefined
}

/** Beginning of the sentence on a node that did not answer. */
export const NO_ANSWER = 'does not answer'

/** A hub may report a delivery a little before or after the node shows it. */
const WITNESS_MS = 1_000

/**
 * Records a delivery. Sent octets are not served yet: the node's serial confirms them if it changed, and otherwise the node must
 * prove them.
 */
export function withTaken<T extends NodeContentFacts>(node: T, taken: NonNullable<NodeContentFacts['taken']>): T {
  if (node.serial !== taken.serial || isSame(node.taken, taken)) return { ...node, taken }
  const isWitnessed = node.since !== undefined && node.since >= taken.at - WITNESS_MS
  return { ...node, taken, strayAt: undefined, elsewhereAt: undefined, unprovedAt: isWitnessed ? undefined : taken.at }
}

/**
 * Merges two processes' facts about one node: the later value, with the last delivery of either, and with the remaining doubts.
 */
export function joinContent<T extends NodeContentFacts>(later: T, earlier: NodeContentFacts): T {
  const { taken } = earlier
  const hasSent = taken !== undefined && (later.taken === undefined || isLaterTaken(taken, later.taken))
  const joined = hasSent ? withTaken(later, taken) : later
  return withDoubts(joined, earlier)
}

/** A process that observes a node for the first time does not know the origin of its serial. */
function withDoubts<T extends NodeContentFacts>(
  later: T,
  { serial, strayAt, elsewhereAt, unprovedAt, proved, disproved }: NodeContentFacts,
): T {
  const isOpen = (strayAt ?? unprovedAt) !== undefined && later.serial === serial && later.taken?.serial !== serial
  if (!isOpen || (later.strayAt ?? later.unprovedAt) !== undefined) return later
  return { ...later, strayAt, elsewhereAt, unprovedAt, proved: later.proved ?? proved, disproved: later.disproved ?? disproved }
}

type Taken = NonNullable<NodeContentFacts['taken']>

/** A node transfers only newer serials; the clocks of hubs differ. */
const isLaterTaken = (a: Taken, b: Taken): boolean => isNewer(a.serial, b.serial) || (a.serial === b.serial && a.at > b.at)

/**
 * Begin of the doubt for which the content must be proved; undefined when two contents were released and the node may have
 * either.
 */
export function doubtedAt({ taken, unprovedAt, strayAt, differs }: NodeContentFacts, version: Content): number | undefined {
  if (differs !== undefined) return differs.at
  const isOtherTaken = taken?.serial === version.serial && taken.digest !== version.digest
  return isOtherTaken ? taken.at : (unprovedAt ?? strayAt)
}

const isSame = (a: Content | undefined, b: Content): boolean => a !== undefined && a.serial === b.serial && a.digest === b.digest

/**
 * `released`: the released content, as far as known · `unproved`: its answers must prove it · `other`: other content under the
 * same serial · `elsewhere`: it transferred the serial from a foreign server · `unknown`: two contents were released under the
 * serial, and it may have either.
 */
export type NodeContent = 'released' | 'unproved' | 'other' | 'elsewhere' | 'unknown'

/** For a node that shows the version's serial. `torn`: two contents were kept under that serial. */
export function contentOf(node: NodeContentFacts, version: Content & { torn?: boolean | undefined }): NodeContent {
  // A newer version that came as a difference has the same fault; only a verify knows better.
  if (node.differs !== undefined) return 'other'
  const { taken, strayAt, elsewhereAt, proved, disproved } = node
  const unprovedAt = node.unprovedAt ?? strayAt
  const isDelivered = taken?.serial === version.serial
  // The last delivery may not have been recorded.
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

/**
 * False when the content is `other` only because the node gave no answer to compare: that proves nothing. For a node whose content
 * is `other`.
 */
export const isProvenOther = ({ differs, disproved, taken }: NodeContentFacts, { serial }: Content): boolean =>
  differs !== undefined || taken?.serial === serial || disproved?.why.startsWith(NO_ANSWER) !== true

/** Reason to doubt that a node with the version's serial has its content; undefined without a doubt, or with another serial. */
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
      return `${id} shows serial ${serial}, but no hub recorded its delivery: its answers are being compared with the released content`
    case 'other': {
      const { disproved, differs } = node
      if (differs !== undefined && differs.serial !== serial)
        return `${id} served other content than the released one under serial ${differs.serial} (${differs.why}), and serial ${serial} is not verified yet: verify the zone on ${id}`
      if (differs !== undefined)
        return `${id} serves other content than the released one under serial ${serial} (${differs.why}): ${step}`
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

/**
 * True when a difference from this serial may not fit the node's content. `digest`: that of the version with the serial, if it is
 * kept.
 */
export function mayHaveOther(node: NodeContentFacts | undefined, serial: Serial, digest: string | undefined): boolean {
  if (node === undefined || digest === undefined) return false
  const { taken, strayAt } = node
  // A few matching answers do not prove the complete content.
  if (taken?.serial !== serial && node.serial === serial && strayAt !== undefined) return true
  if (taken?.serial === serial || node.serial === serial) return contentOf(node, { serial, digest }) !== 'released'
  // The node has a serial that no hub has sent.
  return taken !== undefined && isNewer(serial, taken.serial)
}
