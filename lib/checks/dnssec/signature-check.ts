/**
 * The signatures at a name (RFC 4035 §5.3): each RRset that the zone is authoritative for has a valid one, and none is bogus. What did
 * not change is not computed again, only looked at.
 */
import { storedTtl } from '../../dns/record.js'
import { compareSerials } from '../../dns/serial.js'
import { TYPE } from '../../dns/rrtype.js'
import type { Findings } from '../findings.js'
import type { StoredAt } from '../name-changes.js'
import { signedLabels, wireKey } from '../name-key.js'
import { coveredType, isInZone, type SeenName } from './seen-name.js'
import type { SignatureQueue } from './signature-queue.js'
import { Rrsig, SignedData } from './signed-data.js'
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
  algorithm: 'Records have no signature of one of the algorithms in the DNSKEY RRset (RFC 4035 §2.2)',
} as const

/** One RRset whose signatures are being verified. */
interface Judged {
  first: StoredAt
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
  readonly #signed = new SignedData()
  /** Those that verified a signature over the DNSKEY RRset. */
  readonly keySigners = new Set<ZoneKey>()

  /** `isWhole`: every signature is verified, not only those of what changed. */
  constructor(apex: string, keys: ZoneKeys, findings: Findings, nowSeconds: number, queue: SignatureQueue, isWhole: boolean) {
    this.#apex = apex
    this.#keys = keys
    this.#findings = findings
    this.#nowSeconds = nowSeconds
    this.#queue = queue
    this.#isWhole = isWhole
  }

  see(name: SeenName): void {
    const { status, records } = name
    // Nobody gets to see what is below a DNAME; some signers sign it, and some do not.
    if (status === 'below-dname') return
    const rrsets = new Map<number, StoredAt[]>()
    const signatures = new Map<number, StoredAt[]>()
    for (const record of records) {
      const [group, type] = record.type === TYPE.RRSIG ? [signatures, coveredType(record)] : [rrsets, record.type]
      const list = group.get(type)
      if (list === undefined) group.set(type, [record])
      else list.push(record)
    }
    for (const [type, list] of signatures) {
      if (!rrsets.has(type)) for (const { data, at } of list) this.#findings.addRecord('hold', FAULT.nothing, data, at)
      else if (!isSigned(name, type)) for (const { data, at } of list) this.#findings.addRecord('hold', FAULT.notOurs, data, at)
    }
    const changed = this.#isWhole || name.isMoved ? undefined : changedTypes(name)
    for (const [type, rrset] of rrsets) {
      if (!isSigned(name, type)) continue
      const list = signatures.get(type)
      if (list === undefined) this.#findings.addRecord('hold', FAULT.missing, rrset[0]!.data, rrset[0]!.at)
      // Who signs the DNSKEY RRset is asked each time: the trust anchors may be others.
      else if (changed === undefined || changed.has(type) || type === TYPE.DNSKEY) this.#verify(name.key, rrset, list)
    }
  }

  #verify(key: string, rrset: readonly StoredAt[], signatures: readonly StoredAt[]): void {
    const judged: Judged = { first: rrset[0]!, open: 1, valid: new Set(), bogus: 0, noKey: [], unverified: 0 }
    for (const record of signatures) this.#start(key, rrset, new Rrsig(record), judged)
    this.#close(judged)
  }

  #start(key: string, rrset: readonly StoredAt[], rrsig: Rrsig, judged: Judged): void {
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
    if (candidates.length === 0) {
      judged.noKey.push(rrsig.record)
      return
    }
    for (const record of rrset)
      if (storedTtl(record.data, record.at) !== rrsig.originalTtl)
        this.#findings.addRecord('warn', FAULT.ttl, record.data, record.at)
    judged.open += 1
    this.#queue.start(this.#signed.of(rrsig, rrset), rrsig.signature, candidates, (by) => {
      if (by === undefined) invalid(FAULT.bogus)
      else {
        judged.valid.add(by.algorithm)
        if (rrsig.covered === TYPE.DNSKEY) this.keySigners.add(by)
      }
      this.#close(judged)
    })
  }

  /** What is wrong before anything is computed. That a signature expires is told for the whole zone (../expirations.ts). */
  #faultOf(key: string, rrsig: Rrsig): string | undefined {
    if (wireKey(rrsig.record.data, rrsig.signerAt) !== this.#apex) return FAULT.signer
    if (rrsig.labels !== signedLabels(key)) return FAULT.labels
    return compareSerials(rrsig.inception, this.#nowSeconds) === 'newer' ? FAULT.early : undefined
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

/** Whether records of the type at the name are to be signed: of a delegation only what belongs to this side of it. */
function isSigned({ status }: SeenName, type: number): boolean {
  if (!isInZone(status)) return false
  return status !== 'delegation' || type === TYPE.DS || type === TYPE.NSEC
}

/** RRsets that changed, or whose signatures did. */
function changedTypes({ change }: SeenName): ReadonlySet<number> {
  const types = new Set<number>()
  for (const side of [change?.removed ?? [], change?.added ?? []])
    for (const record of side) types.add(record.type === TYPE.RRSIG ? coveredType(record) : record.type)
  return types
}
