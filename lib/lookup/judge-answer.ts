/**
 * Compares a name server's answer with the expected one. Tolerated: anything that servers may add or leave out (RFC 1034 §4.3.2, RFC
 * 2181 §9), such as the rest of a chain of aliases, additional records, and the answers of a server that has the child zone too. Pure.
 */
import type { IgnoredRecords } from '../dns/ignored-records.js'
import type { SmallMessage } from '../dns/message.js'
import { FLAG, RCODE, rcodeName } from '../dns/rcode.js'
import { recordText } from '../dns/record-text.js'
import { storedTtl, storedType } from '../dns/record.js'
import { TYPE, typeName } from '../dns/rrtype.js'
import { isBelow, isWithin, keyText, ownerKey } from '../names/name-key.js'
import { sameRecord } from '../zone/record-hash.js'
import { coveredType, type Expected } from './expected-answer.js'

export interface Asked {
  /** Key of the name. */
  name: string
  type: number
  expected: Expected
  /** The answer should have signatures and denials. */
  dnssec: boolean
}

/** One record, or one fact about a name, in which the answer differs. */
export interface AnswerFault {
  kind: 'missing' | 'extra'
  text: string
  /** The name whose existence the fault is about: nothing new beside a record of that name. */
  name?: string
}

/** `cannot`: the answer proves nothing, with the reason. */
export type Judged = { faults: AnswerFault[]; denials: readonly Buffer[] } | { cannot: string }

const NONE: Judged = { faults: [], denials: [] }

export function judgeAnswer(asked: Asked, answer: SmallMessage, apex: string, ignored: IgnoredRecords): Judged {
  const { expected } = asked
  const { rcode } = answer
  const isAboutNames = rcode === RCODE.NOERROR || rcode === RCODE.NXDOMAIN || rcode === RCODE.YXDOMAIN
  if (!isAboutNames) return { cannot: `it answers ${rcodeName(rcode)} to ${questionText(asked)}` }
  if (expected.is === 'unknown') return NONE
  const isAuthoritative = (answer.flags & FLAG.AA) !== 0
  if (expected.is === 'referral')
    return isAuthoritative || answer.answer.length > 0 ? NONE : judgeReferral(answer, expected, ignored)
  if (!isAuthoritative && rcode !== RCODE.YXDOMAIN) return judgeNoAuthority(asked, answer, apex)
  if (expected.is === 'nothing') return judgeNothing(asked, answer, expected.exists, apex, ignored)
  // RFC 6672 §2.2: below a DNAME a name may become too long.
  if (rcode === RCODE.YXDOMAIN && answer.answer.length === 0) return NONE
  const { owner, type } = expected
  if (ignored.types.has(type)) return NONE
  const given = answer.answer.filter((record) => storedType(record, 0) === type && ownerKey(record, 0) === owner)
  // PowerDNS does not follow a DNAME unless it is configured to; the DNAME itself is asked for at its owner.
  if (expected.is === 'redirection' && given.length === 0) return NONE
  const faults = [
    ...compareSets(expected.records, given, ignored.ttl || hasFreeTtl(type)),
    ...(expected.is === 'rrset' ? insteadOf(answer, owner, type) : []),
    ...(asked.dnssec && answer.edns !== undefined && !ignored.types.has(TYPE.RRSIG)
      ? compareSets(expected.signatures, signaturesIn(answer.answer, owner, type), true)
      : []),
  ]
  return { faults, denials: [] }
}

/** PowerDNS gives NSEC3PARAM the TTL of negative answers; that of a version has no meaning (RFC 5155 §4). */
export const hasFreeTtl = (type: number): boolean => type === TYPE.NSEC3PARAM

/** An alias in the place of the RRset. */
const insteadOf = ({ answer }: SmallMessage, owner: string, type: number): AnswerFault[] =>
  type === TYPE.CNAME
    ? []
    : answer.filter((record) => storedType(record, 0) === TYPE.CNAME && ownerKey(record, 0) === owner).map(extra)

/** The server refers to another zone's servers where the zone has no delegation, or has no authority at all. */
function judgeNoAuthority(asked: Asked, { authority, answer }: SmallMessage, apex: string): Judged {
  const referral = answer.length > 0 ? [] : authority.filter((record) => storedType(record, 0) === TYPE.NS)
  const below = referral.filter((record) => isBelow(ownerKey(record, 0), apex))
  return below.length > 0
    ? { faults: below.map(extra), denials: [] }
    : { cannot: `it answers ${questionText(asked)} without authority` }
}

function judgeReferral(
  answer: SmallMessage,
  expected: Pick<Extract<Expected, { records: unknown }>, 'owner' | 'records'>,
  ignored: IgnoredRecords,
): Judged {
  if (ignored.types.has(TYPE.NS)) return NONE
  const { owner, records } = expected
  const given = answer.authority.filter((record) => storedType(record, 0) === TYPE.NS && ownerKey(record, 0) === owner)
  return { faults: compareSets(records, given, ignored.ttl), denials: [] }
}

function judgeNothing(asked: Asked, answer: SmallMessage, exists: boolean, apex: string, ignored: IgnoredRecords): Judged {
  const { name, type, dnssec } = asked
  const given = answer.answer.filter((record) => {
    const is = storedType(record, 0)
    if (ignored.types.has(is)) return false
    return is === TYPE.DNAME
      ? isBelow(name, ownerKey(record, 0))
      : (is === type || is === TYPE.CNAME) && ownerKey(record, 0) === name
  })
  if (given.length > 0) return { faults: given.map(extra), denials: [] }
  const faults: AnswerFault[] = []
  // A node that signs by itself may answer that every name exists (RFC 9824).
  const isStrict = !ignored.types.has(TYPE.NSEC)
  if (isStrict && exists && answer.rcode === RCODE.NXDOMAIN)
    faults.push({ kind: 'missing', name: keyText(name), text: `${keyText(name)} exists, and the node answers NXDOMAIN` })
  if (isStrict && !exists && answer.rcode === RCODE.NOERROR)
    faults.push({ kind: 'extra', text: `${keyText(name)} does not exist, and the node answers NOERROR` })
  if (!dnssec || answer.edns === undefined || !isStrict) return { faults, denials: [] }
  const denials = answer.authority.filter((record) => isDenial(record) && isWithin(ownerKey(record, 0), apex))
  if (denials.length === 0)
    faults.push({ kind: 'missing', text: `no NSEC or NSEC3 record in the answer to ${questionText(asked)}` })
  return { faults, denials }
}

/** Proves that something does not exist, or signs such a proof. */
function isDenial(record: Buffer): boolean {
  const type = coveredType(record) ?? storedType(record, 0)
  return type === TYPE.NSEC || type === TYPE.NSEC3
}

const signaturesIn = (section: readonly Buffer[], owner: string, type: number): Buffer[] =>
  section.filter((record) => coveredType(record) === type && ownerKey(record, 0) === owner)

/** The RRset's TTL is that of any of its records: a zone may have several, and a server one (RFC 2181 §5.2). */
export function compareSets(expected: readonly Buffer[], given: readonly Buffer[], ignoresTtl: boolean): AnswerFault[] {
  const ttls = new Set(expected.map((record) => storedTtl(record, 0)))
  const faults: AnswerFault[] = []
  const is = (a: Buffer, b: Buffer): boolean => sameRecord(a, 0, b, 0)
  for (const record of expected) {
    const same = given.find((other) => is(record, other))
    if (same === undefined) faults.push({ kind: 'missing', text: recordText(record, 0) })
    else if (!ignoresTtl && !ttls.has(storedTtl(same, 0)))
      faults.push({ kind: 'missing', text: recordText(record, 0) }, { kind: 'extra', text: recordText(same, 0) })
  }
  for (const record of given) if (!expected.some((other) => is(record, other))) faults.push(extra(record))
  return faults
}

const extra = (record: Buffer): AnswerFault => ({ kind: 'extra', text: recordText(record, 0) })

const questionText = ({ name, type }: Pick<Asked, 'name' | 'type'>): string => `${keyText(name)} ${typeName(type)}`
