/**
 * Checks the signatures at a name (RFC 4035 §5.3): each RRset that the zone is authoritative for has a valid one, and none is
 * bogus. Unchanged signatures are read and not verified again.
 */
import { rdataStart, storedTtl } from '../../dns/record.js'
import { compareSerials } from '../../dns/serial.js'
import { TYPE } from '../../dns/rrtype.js'
import { compareRdata } from '../../zone/canonical-order.js'
import { type Findings, grouped } from '../findings.js'
import type { StoredAt } from '../../names/name-changes.js'
import { keyText, signedLabels, wireKey } from '../../names/name-key.js'
import { fitsMessage, MOST_AT_NAME, MOST_CANDIDATES, MOST_SIGNATURES } from './limits.js'
import { Rrsig } from './rrsig.js'
import { coveredType, isInZone, type SeenName } from './seen-name.js'
import type { SignatureQueue } from './signature-queue.js'

import { isKnownAlgorithm, type ZoneKey, type ZoneKeys } from './zone-keys.js'

const FAULT = {
  missing: 'Records are not signed (RFC 4035 §2.2)',
  nothing: 'An RRSIG covers records that are not there',
  notOurs: 'An RRSIG covers records that the zone is not authoritative for (RFC 4035 §2.2)',
  labels: 'An RRSIG counts other labels than its owner has (RFC 4035 §5.3.1)',
  signer: 'An RRSIG is signed by another zone (RFC 4035 §5.3.1)',
  early: 'An RRSIG is not valid yet (RFC 4035 §5.3.1)',
  bogus: 'An RRSIG is bogus: no DNSKEY with its key tag and algorithm verifies it (RFC 4035 §5.3.3)',
  noKey: 'An RRSIG was made with a key that is not in the DNSKEY RRset, and nothing else signs the records',
  spare: 'An RRSIG was made with a key that is not in the DNSKEY RRset; another one is valid',
  unverified: 'An RRSIG has an algorithm that is not verified here',
  ttl: 'Records have another TTL than the one that was signed (RFC 4034 §3.1.4)',
  candidates: `An RRSIG fits more than ${MOST_CANDIDATES} DNSKEY records; it was not verified (CVE-2023-50387)`,
  signatures: `Records have more than ${MOST_SIGNATURES} RRSIGs of one algorithm; none was verified (CVE-2023-50387)`,
  large: 'Records of one name and type are more than a message can hold; their signatures were not verified (RFC 1035 §4.2.2)',
  crowded: `A name has more than ${grouped(MOST_AT_NAME)} records; they were not checked`,
  algorithm: 'Records have no signature of one of the algorithms in the DNSKEY RRset (RFC 4035 §2.2)',
} as const

/** The clock of a signer may be this many seconds ahead of this one. */
const CLOCK_SKEW_SECONDS = 60

/** Names with more records than this are checked with pauses. */
const FEW_RECORDS = 256

/** One RRset whose signatures are being verified. */
interface Judged {
  first: StoredAt
  /** In canonical order. */
  rrset: readonly StoredAt[]
  /** TTLs of signatures that the records were compared with. */
  ttls: Set<number>
  open: number
  valid: Set<number>
  bogus: number
  noKey: StoredAt[]
  unverified: number
}

export class SignatureCheck {
  readonly #apex: string
  readonly #keys: ZoneKeys
  readonly #findings: Findings
  readonly #nowSeconds: number
  readonly #queue: SignatureQueue
  readonly #isWhole: boolean
  readonly #pause: () => Promise<void>
  /** Keys that verified a signature over the DNSKEY RRset. */
  readonly keySigners = new Set<ZoneKey>()

  /** `isWhole`: every signature is verified, not only those of what changed. */
  constructor(
    apex: string,
    keys: ZoneKeys,
    findings: Findings,
    nowSeconds: number,
    queue: SignatureQueue,
    isWhole: boolean,
    pause: () => Promise<void>,
  ) {
    this.#apex = apex
    this.#pause = pause
    this.#keys = keys
    this.#findings = findings
    this.#nowSeconds = nowSeconds
    this.#queue = queue
    this.#isWhole = isWhole
  }

  /** The caller awaits the result. */
  see(name: SeenName): Promise<void> | undefined {
    const { status, records } = name
    // Names below a DNAME are never in an answer; some signers sign them, and some do not.
    if (status === 'below-dname') return undefined
    if (records.length > MOST_AT_NAME) {
      this.#findings.add('hold', FAULT.crowded, () => keyText(name.key))
      return undefined
    }
    const rrsets = new Map<number, StoredAt[]>()
    const signatures = new Map<number, StoredAt[]>()
    for (const record of records) {
      const [group, type] = record.type === TYPE.RRSIG ? [signatures, coveredType(record)] : [rrsets, record.type]
      const list = group.get(type)
      if (list === undefined) group.set(type, [record])
      else list.push(record)
    }
    for (const [type, list] of signatures) {
      // No answer has it (RFC 4035 §3.1.1): a leftover of removed records.
      if (!rrsets.has(type)) for (const { data, at } of list) this.#findings.addRecord('warn', FAULT.nothing, data, at)
      else if (!isSigned(name, type)) for (const { data, at } of list) this.#findings.addRecord('hold', FAULT.notOurs, data, at)
    }
    if (records.length > FEW_RECORDS) return this.#verifyResting(name, rrsets, signatures)
    const changed = this.#changedTypes(name)
    for (const [type, rrset] of rrsets) {
      const list = this.#toVerify(name, type, rrset, signatures, changed)
      const judged = list === undefined ? undefined : this.#judgedOf(rrset, list)
      if (judged === undefined) continue
      for (const record of list!) this.#start(name.key, new Rrsig(record), judged)
      this.#close(judged)
    }
    return this.#queue.room()
  }

  /** The same with pauses, for a name with many records. */
  async #verifyResting(
    name: SeenName,
    rrsets: ReadonlyMap<number, StoredAt[]>,
    signatures: ReadonlyMap<number, StoredAt[]>,
  ): Promise<void> {
    const changed = this.#changedTypes(name)
    for (const [type, rrset] of rrsets) {
      const list = this.#toVerify(name, type, rrset, signatures, changed)
      const judged = list === undefined ? undefined : this.#judgedOf(rrset, list)
      await this.#pause()
      if (judged === undefined) continue
      for (const record of list!) {
        this.#start(name.key, new Rrsig(record), judged)
        await (this.#queue.room() ?? this.#pause())
      }
      this.#close(judged)
    }
  }

  /** Undefined: all types. */
  #changedTypes(name: SeenName): ReadonlySet<number> | undefined {
    return this.#isWhole || name.isMoved ? undefined : changedTypes(name)
  }

  /** The signatures of the RRset, when they must be verified. */
  #toVerify(
    name: SeenName,
    type: number,
    rrset: readonly StoredAt[],
    signatures: ReadonlyMap<number, StoredAt[]>,
    changed: ReadonlySet<number> | undefined,
  ): readonly StoredAt[] | undefined {
    if (!isSigned(name, type)) return undefined
    const list = signatures.get(type)
    if (list === undefined) {
      this.#findings.addRecord('hold', FAULT.missing, rrset[0]!.data, rrset[0]!.at)
      return undefined
    }
    // The signers of the DNSKEY RRset are checked each time: the trust anchors may have changed.
    return changed === undefined || changed.has(type) || type === TYPE.DNSKEY ? list : undefined
  }

  /** Undefined when the RRset or the number of its signatures is above the limits; reports that. */
  #judgedOf(records: readonly StoredAt[], signatures: readonly StoredAt[]): Judged | undefined {
    const first = records[0]!
    const excess = signatures.length > MOST_SIGNATURES ? beyondLimit(signatures) : undefined
    if (excess !== undefined) {
      this.#findings.addRecord('hold', FAULT.signatures, excess.data, excess.at)
      return undefined
    }
    if (records.length > 1 && !fitsMessage(records)) {
      this.#findings.addRecord('hold', FAULT.large, first.data, first.at)
      return undefined
    }
    return { first, rrset: inOrder(records), ttls: new Set(), open: 1, valid: new Set(), bogus: 0, noKey: [], unverified: 0 }
  }

  #start(key: string, rrsig: Rrsig, judged: Judged): void {
    const { data, at } = rrsig.record
    const invalid = (fault: string): void => {
      judged.bogus += 1
      this.#findings.addRecord('hold', fault, data, at)
    }
    const fault = this.#faultOf(key, rrsig)
    if (fault !== undefined) {
      invalid(fault)
      return
    }
    if (!isKnownAlgorithm(rrsig.algorithm)) {
      judged.unverified += 1
      this.#findings.addRecord('warn', FAULT.unverified, data, at)
      return
    }
    const candidates = this.#keys.candidates(rrsig.tag, rrsig.algorithm, rrsig.covered)
    if (this.#keys.isRefused(rrsig.tag, rrsig.algorithm)) {
      judged.unverified += 1
      return
    }
    if (candidates.length === 0) {
      judged.noKey.push(rrsig.record)
      return
    }
    if (candidates.length > MOST_CANDIDATES) {
      invalid(FAULT.candidates)
      return
    }
    if (!judged.ttls.has(rrsig.originalTtl)) this.#compareTtls(judged, rrsig.originalTtl)
    judged.open += 1
    this.#queue.start(rrsig, judged.rrset, candidates, (by) => {
      if (by === undefined) invalid(FAULT.bogus)
      else {
        judged.valid.add(by.algorithm)
        if (rrsig.covered === TYPE.DNSKEY) this.keySigners.add(by)
      }
      this.#close(judged)
    })
  }

  #compareTtls({ rrset, ttls }: Judged, signed: number): void {
    ttls.add(signed)
    for (const { data, at } of rrset) if (storedTtl(data, at) !== signed) this.#findings.addRecord('warn', FAULT.ttl, data, at)
  }

  /** Fault that is found without arithmetic. lib/names/expirations.ts reports expiring signatures for all names. */
  #faultOf(key: string, rrsig: Rrsig): string | undefined {
    if (wireKey(rrsig.record.data, rrsig.signerAt) !== this.#apex) return FAULT.signer
    if (rrsig.labels !== signedLabels(key)) return FAULT.labels
    // RRSIG times compare as serials (RFC 4034 §3.1.5).
    return compareSerials(rrsig.inception, (this.#nowSeconds + CLOCK_SKEW_SECONDS) >>> 0) === 'newer' ? FAULT.early : undefined
  }

  #close(judged: Judged): void {
    judged.open -= 1
    if (judged.open > 0) return
    const { valid, bogus, noKey, unverified, first } = judged
    for (const { data, at } of noKey)
      this.#findings.addRecord(valid.size > 0 ? 'warn' : 'hold', valid.size > 0 ? FAULT.spare : FAULT.noKey, data, at)
    if (bogus > 0 || unverified > 0 || valid.size === 0) return
    for (const algorithm of this.#keys.algorithms)
      if (!valid.has(algorithm)) this.#findings.addRecord('warn', FAULT.algorithm, first.data, first.at)
  }
}

/** Records of the type at the name must be signed; at a delegation only those of the parent side. */
function isSigned({ status }: SeenName, type: number): boolean {
  if (!isInZone(status)) return false
  return status !== 'delegation' || type === TYPE.DS || type === TYPE.NSEC
}

/** The first signature above the limit of its algorithm. */
function beyondLimit(signatures: readonly StoredAt[]): StoredAt | undefined {
  const counts = new Uint32Array(256)
  return signatures.find(({ data, at }) => ++counts[data[rdataStart(data, at) + 2]!]! > MOST_SIGNATURES)
}

/** RFC 4034 §6.3. */
function inOrder(rrset: readonly StoredAt[]): readonly StoredAt[] {
  if (rrset.length === 1) return rrset
  return [...rrset].sort((x, y) => compareRdata(x.data, x.at, y.data, y.at))
}

/** RRsets whose records or signatures changed. */
function changedTypes({ change }: SeenName): ReadonlySet<number> {
  const types = new Set<number>()
  for (const side of [change?.removed ?? [], change?.added ?? []])
    for (const record of side) types.add(record.type === TYPE.RRSIG ? coveredType(record) : record.type)
  return types
}
