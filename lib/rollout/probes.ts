/**
 * Plans the questions to a node that shows a new version, and judges if its answers match the version: name servers of the apex,
 * a sample of the changed names, a name that does not exist; with signatures when the zone has them. Pure.
 *
 * Not asked: names below a delegation; RRsets too large for a small message. A delegation itself is in a referral (RFC 1034
 * §4.3.2); a server that has the child zone as well answers from that, which proves nothing about this zone.
 */
import { collectNames } from '../names/collect-names.js'
import { hasType, isSignerType, NameChanges, type StoredAt } from '../names/name-changes.js'
import { keyOctets, keyText, nameKey, namesBetween, ownerKey } from '../names/name-key.js'
import type { SmallMessage } from '../dns/message.js'
import { RCODE, rcodeName } from '../dns/rcode.js'
import { recordText } from '../dns/record-text.js'
import { storedLength, storedType } from '../dns/record.js'
import { TYPE, typeName } from '../dns/rrtype.js'
import type { Difference } from '../zone/difference.js'
import { sameRecord } from '../zone/record-hash.js'
import type { ZoneContents } from '../zone/zone-contents.js'

export interface Probe {
  /** Wire. */
  name: Buffer
  type: number
  /** Ask for signatures (RFC 4035 §3.2.1). */
  dnssec: boolean
  /** The RRset, in stored form; empty when it does not exist. */
  expected: readonly Buffer[]
  /** Records of the previous version that were removed. */
  gone: readonly Buffer[]
  /** Name servers of a delegation: in the authority section, and without a signature. */
  isReferral?: boolean
}

const MAX_RECORDS = 40
/** Servers usually answer larger ones by TCP, and none over 64 KiB. */
const MAX_OCTETS = 16_000
const MOST_AT_APEX = 16

/**
 * `label`: an owner label that no name has. `sample`: maximum of changed RRsets. `isWholeApex`: all RRsets of the apex, changed
 * or not.
 */
export async function planProbes(
  contents: ZoneContents,
  change: Difference | undefined,
  sample: number,
  label: string,
  pause: () => Promise<void>,
  isWholeApex = false,
): Promise<Probe[]> {
  const apex = nameKey(contents.apex, 0, contents.apex.length)
  const changes = change && (await NameChanges.of(change, pause)).byName
  const chosen =
    changes === undefined
      ? []
      : spread(
          [...changes.keys()].filter((key) => key !== apex),
          sample * 4,
        )
  const above = (key: string): string[] => [...namesBetween(key, apex), apex]
  const names = new Set([apex, ...chosen.flatMap((key) => [key, ...above(key), ...above(key).map(wildcardOf)])])
  const none: ReadonlySet<string> = new Set()
  const view = contents.view()
  try {
    const { byName } = await collectNames(view, contents.apex, { names, below: none, targets: none }, 0, pause)
    const at = (key: string): readonly StoredAt[] => byName.get(key) ?? []
    const dnssec = hasType(at(apex), TYPE.DNSKEY)
    const probeOf = (key: string, type: number, gone: readonly StoredAt[]): Probe => ({
      name: keyOctets(key),
      type,
      dnssec,
      expected: at(key)
        .filter((record) => record.type === type)
        .map(copyOf),
      // The record that a wildcard synthesizes in its place may be the same.
      gone: above(key).some((name) => at(wildcardOf(name)).length > 0)
        ? []
        : gone.filter((record) => record.type === type).map(copyOf),
    })
    const isBelowCut = (key: string): boolean =>
      [...namesBetween(key, apex)].some((above) => hasType(at(above), TYPE.NS) || hasType(at(above), TYPE.DNAME))
    const atApex = changes?.get(apex) === undefined || chosen.includes(apex) ? [] : [apex]
    const changed = [...atApex, ...chosen.filter((key) => !isBelowCut(key))]
      .flatMap((key) => {
        const { removed, added } = changes!.get(key)!
        const types = new Set(
          [...removed, ...added].map(({ type }) => type).filter((type) => !isSignerType(type) && type !== TYPE.SOA),
        )
        const isAlias = hasType(at(key), TYPE.CNAME)
        const isCut = key !== apex && hasType([...at(key), ...removed], TYPE.NS)
        return [...types]
          .filter((type) => (!isAlias || type === TYPE.CNAME) && (!isCut || type === TYPE.NS || type === TYPE.DS))
          .map((type) => ({ ...probeOf(key, type, removed), ...(isCut && type === TYPE.NS ? { isReferral: true } : {}) }))
      })
      .filter(isSmall)
    const absent: Probe = {
      name: Buffer.concat([Buffer.from([label.length]), Buffer.from(label, 'latin1'), contents.apex]),
      type: TYPE.TXT,
      dnssec,
      expected: [],
      gone: [],
    }
    const types = isWholeApex ? new Set(at(apex).map(({ type }) => type)) : new Set<number>()
    const others = [...types].filter((type) => type !== TYPE.NS && type !== TYPE.SOA && !isSignerType(type))
    const whole: Probe = { ...probeOf(apex, TYPE.SOA, []), expected: [contents.soa.stored] }
    const wholeApex = isWholeApex ? [whole, ...others.slice(0, MOST_AT_APEX).map((type) => probeOf(apex, type, []))] : []
    return [probeOf(apex, TYPE.NS, []), ...wholeApex, ...spread(changed, sample), absent].filter(isSmall)
  } finally {
    view.release()
  }
}

/** The fault of the answer, in a sentence; undefined without one. */
export function judgeProbe(probe: Probe, answer: SmallMessage): string | undefined {
  const what = `${keyText(nameKey(probe.name, 0, probe.name.length))} ${typeName(probe.type)}`
  const { rcode } = answer
  // Below a DNAME a name may become too long (RFC 6672 §2.2).
  const isTooLong = rcode === RCODE.YXDOMAIN && probe.expected.length === 0 && hasDname(answer)
  if (isTooLong) return undefined
  if (rcode !== RCODE.NOERROR && rcode !== RCODE.NXDOMAIN) return `answers ${rcodeName(rcode)} to ${what}`
  const name = nameKey(probe.name, 0, probe.name.length)
  if (probe.isReferral === true && answer.answer.length > 0) return undefined
  const given =
    probe.isReferral === true
      ? answer.authority.filter((record) => storedType(record, 0) === probe.type && ownerKey(record, 0) === name)
      : answer.answer.filter((record) => storedType(record, 0) === probe.type)
  const missing = probe.expected.find((record) => !given.some((other) => sameRecord(record, 0, other, 0)))
  if (missing) return `answers ${what} without ${recordText(missing, 0)}`
  const wrong = given.find(
    (record) =>
      (probe.expected.length > 0 && !probe.expected.some((other) => sameRecord(record, 0, other, 0))) ||
      probe.gone.some(
        (other) => sameRecord(record, 0, other, 0) && !probe.expected.some((kept) => sameRecord(record, 0, kept, 0)),
      ),
  )
  if (wrong) return `answers ${what} with ${recordText(wrong, 0)}, which is not in the version`
  if (!probe.dnssec || probe.isReferral === true) return undefined
  const section = probe.expected.length > 0 ? answer.answer : [...answer.answer, ...answer.authority]
  return section.some((record) => storedType(record, 0) === TYPE.RRSIG) ? undefined : `answers ${what} without signatures`
}

const isSmall = ({ expected }: Probe): boolean =>
  expected.length <= MAX_RECORDS && expected.reduce((octets, { length }) => octets + length, 0) <= MAX_OCTETS

const hasDname = ({ answer }: SmallMessage): boolean => answer.some((record) => storedType(record, 0) === TYPE.DNAME)

const wildcardOf = (key: string): string => `\x01*${key}`

const copyOf = ({ data, at }: StoredAt): Buffer => Buffer.from(data.subarray(at, at + storedLength(data, at)))

/** Picks so many of the list, evenly. */
function spread<T>(list: readonly T[], most: number): T[] {
  if (list.length <= most) return [...list]
  return Array.from({ length: most }, (_, i) => list[Math.floor((i * list.length) / most)]!)
}
