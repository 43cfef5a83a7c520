/**
 * The check `dnssec`: a validating resolver that follows the zone's chain of trust finds every answer valid (RFC 4035 §5). The
 * first check, a check after the keys or the chain changed, and a check after a failed version verify all records; others verify
 * what the change touches.
 */
import { TYPE } from '../../dns/rrtype.js'
import { compareSerials } from '../../dns/serial.js'
import type { CheckReport, DnssecFigures } from '../check.js'
import type { CheckInput } from '../check-input.js'
import type { Collected } from '../../names/collect-names.js'
import { Expirations, REMEMBERED } from '../../names/expirations.js'
import { counted, crashText, Findings } from '../findings.js'
import { hasType, type NameChanges, type StoredAt } from '../../names/name-changes.js'
import { keyText, ownerKey } from '../../names/name-key.js'
import type { NameStore } from '../../names/name-store.js'
import type { ZoneScan } from '../../names/zone-scan.js'
import { anchorsOf, fitsAnchor } from './anchors.js'
import { bothOf, ChangedDenial, chainsAt, WholeDenial } from './denial.js'
import { judgeParameters } from './limits.js'
import { ClosedError, StoppedError } from './compute.js'
import { isOptOut } from './nsec3-hash.js'
import { Rrsig } from './rrsig.js'
import type { SeenName } from './seen-name.js'
import { SignatureCheck } from './signature-check.js'
import { SignatureQueue } from './signature-queue.js'
import { ZoneKeys } from './zone-keys.js'

/** Types on which all other signatures depend: when one of these changed, every other verdict may change too. */
const FOUNDATION = [TYPE.DNSKEY, TYPE.NSEC3PARAM]

export class DnssecCheck {
  readonly #apex: string
  readonly #input: CheckInput
  readonly #changes: NameChanges | undefined
  readonly #isOn: boolean
  readonly #nowSeconds: number
  readonly #before: DnssecFigures | undefined
  readonly #findings = new Findings()
  #queue: SignatureQueue | undefined
  #keys: ZoneKeys | undefined
  #chains: string[] = []
  #signatures: SignatureCheck | undefined
  #whole: WholeDenial | undefined
  readonly #changed: ChangedDenial | undefined
  #expirations: Expirations
  #nsec3 = { count: 0, optOut: 0 }
  readonly #scanAgain: () => Promise<ZoneScan>
  /** Basis for the check of the next version; undefined until `finish`, and when the zone has faults. */
  figures: DnssecFigures | undefined
  /** Every signature is verified, not only those of the change. */
  readonly needsAll: boolean
  /** The check did not finish; the findings have the reason. */
  #isStopped = false

  constructor(apex: string, input: CheckInput, changes: NameChanges | undefined, scanAgain: () => Promise<ZoneScan>) {
    this.#apex = apex
    this.#input = input
    this.#changes = changes
    this.#scanAgain = scanAgain
    this.#isOn = input.settings.dnssec.mode !== 'off'
    this.#nowSeconds = Math.floor(input.now / 1000)
    this.#expirations = new Expirations(this.#nowSeconds)
    this.#before = input.previous?.figures?.dnssec
    this.needsAll = this.#isOn && (input.whole || changes === undefined || this.#before === undefined || this.#foundationMoved())
    if (this.#isOn && !this.needsAll && this.#before!.isSigned)
      this.#changed = new ChangedDenial(apex, this.#before!.chains, changes!, input)
  }

  #foundationMoved(): boolean {
    const change = this.#changes?.byName.get(this.#apex)
    if (change === undefined) return false
    const { removed, added } = change
    return (
      FOUNDATION.some((type) => hasType(removed, type) || hasType(added, type)) ||
      hasType(removed, TYPE.NSEC) !== hasType(added, TYPE.NSEC)
    )
  }

  /** Owners of NSEC3 records that must be checked because of the change. */
  async hashedNames(): Promise<string[]> {
    try {
      return (await this.#changed?.owners()) ?? []
    } catch (error) {
      this.#stop(error)
      return []
    }
  }

  /** The budget is used up, or this program failed: other checks go on. Rethrows an error that is not a verdict. */
  #stop(error: unknown): void {
    if (error instanceof ClosedError) throw error
    if (this.#isStopped) return
    this.#isStopped = true
    this.#signatures = undefined
    this.#findings.add('hold', error instanceof StoppedError ? error.message : crashText(error))
  }

  /** Names whose records are all gone: the names below them must be checked too. */
  emptiedNames(): string[] {
    return this.#isStopped ? [] : (this.#changed?.emptied() ?? [])
  }

  #begin(apexRecords: readonly StoredAt[]): void {
    const keys = new ZoneKeys(apexRecords, this.#findings)
    this.#keys = keys
    if (!keys.isSigned) return
    this.#chains = chainsAt(apexRecords)
    judgeParameters(apexRecords, this.#findings)
    const { compute, pause } = this.#input
    const queue = new SignatureQueue(compute, keys.keys)
    this.#queue = queue
    this.#signatures = new SignatureCheck(this.#apex, keys, this.#findings, this.#nowSeconds, queue, this.needsAll, pause)
  }

  /** Every name follows, in canonical order, the apex first. */
  async beginWhole(scan: ZoneScan): Promise<void> {
    if (!this.#isOn || this.#isStopped) return
    try {
      const apexRecords = await scan.apexRecords()
      this.#begin(apexRecords)
      if (!this.#keys!.isSigned) return
      this.#whole = new WholeDenial(this.#apex, this.#chains, this.#input)
      await this.#whole.begin(scan)
    } catch (error) {
      this.#stop(error)
    }
  }

  /** Only the names of the change follow. */
  beginChange({ expirations, nsec3 }: Collected, at: (key: string) => readonly StoredAt[]): void {
    if (!this.#isOn || this.#isStopped) return
    this.#expirations = expirations
    this.#nsec3 = nsec3
    try {
      this.#begin(at(this.#apex))
    } catch (error) {
      this.#stop(error)
    }
  }

  /** False in a zone without keys: nothing is to be checked. */
  get isLooking(): boolean {
    return this.#signatures !== undefined
  }

  /** The caller awaits the result, which rejects only with ClosedError. */
  see(name: SeenName): Promise<void> | undefined {
    try {
      return this.#see(name)?.catch((error: unknown) => this.#stop(error))
    } catch (error) {
      this.#stop(error)
      return undefined
    }
  }

  #see(name: SeenName): Promise<void> | undefined {
    if (this.#signatures === undefined) return undefined
    if (this.#whole !== undefined) {
      for (const record of name.records)
        if (record.type === TYPE.RRSIG) this.#expirations.note(record.data, record.at)
        else if (record.type === TYPE.NSEC3) {
          this.#nsec3.count += 1
          if (isOptOut(record)) this.#nsec3.optOut += 1
        }
    }
    const verified = this.#signatures.see(name)
    const denied = (this.#whole ?? this.#changed)?.see(name)
    return verified === undefined ? denied : denied === undefined ? verified : bothOf(verified, denied)
  }

  async finish(store: NameStore): Promise<CheckReport> {
    try {
      if (!this.#isStopped) return await this.#finish(store)
    } catch (error) {
      this.figures = undefined
      this.#stop(error)
    }
    return this.#findings.toReport('dnssec', this.#input.settings.dnssec.mode, '', true)
  }

  async #finish(store: NameStore): Promise<CheckReport> {
    const { mode } = this.#input.settings.dnssec
    if (this.#keys?.isSigned !== true) return this.#finishUnsigned()
    await this.#queue!.drain()
    this.#findings.take(await this.#judgeDenial(store))
    this.#judgeAnchors()
    if (this.#findings.worst !== 'hold')
      this.figures = {
        isSigned: true,
        earliestExpiration: this.#expirations.earliest,
        chains: this.#chains,
        hasOptOut: this.#nsec3.count > 0 && this.#nsec3.optOut === this.#nsec3.count,
      }
    await this.#judgeExpirations(store)
    const what = this.needsAll ? 'all records' : 'what changed'
    const chains = this.#chains.map((chain) => (chain === 'nsec' ? 'NSEC' : 'NSEC3')).join(' and ')
    const said = `${counted(this.#queue!.verified, 'signature')} of ${what} verified, the ${chains} chain is closed, the first signature expires at ${timeOf(this.#expirations.earliest)}.`
    return this.#findings.toReport('dnssec', mode, said)
  }

  #finishUnsigned(): CheckReport {
    const { mode, required, anchors } = this.#input.settings.dnssec
    const zone = keyText(this.#apex)
    if (this.#before?.isSigned === true)
      this.#findings.add(
        'hold',
        `${zone} has no DNSKEY record any more: without its DS record removed at the parent first, every validating resolver fails`,
      )
    else if (required)
      this.#findings.add('hold', `${zone} has no DNSKEY record, and checks.dnssec.required asks for a signed zone`)
    else if (anchorsOf(anchors, this.#apex).length > 0)
      this.#findings.add('hold', `${zone} has no DNSKEY record, and checks.dnssec.anchors has one for it`)
    if (this.#findings.worst !== 'hold')
      this.figures = { isSigned: false, earliestExpiration: undefined, chains: [], hasOptOut: false }
    return this.#findings.toReport('dnssec', mode, `${zone} is not signed.`)
  }

  async #judgeDenial(store: NameStore): Promise<Findings> {
    if (this.#whole !== undefined) {
      await this.#whole.finish()
      return this.#whole.findings
    }
    const changed = this.#changed!
    const is = await changed.finish(store, this.#nsec3, this.#before!.hasOptOut)
    if (is === 'clear') return changed.findings
    return await new WholeDenial(this.#apex, this.#chains, this.#input).run(await this.#scanAgain())
  }

  #judgeAnchors(): void {
    const anchors = anchorsOf(this.#input.settings.dnssec.anchors, this.#apex)
    if (anchors.length === 0) return
    const fits = this.#keys!.keys.filter((key) => anchors.some((anchor) => fitsAnchor(anchor, key, this.#apex)))
    if (fits.length === 0) this.#findings.add('hold', 'No DNSKEY of the zone fits a DS or DNSKEY record of checks.dnssec.anchors')
    else if (!fits.some((key) => this.#signatures!.keySigners.has(key)))
      this.#findings.add('hold', 'No DNSKEY that fits checks.dnssec.anchors signs the DNSKEY RRset (RFC 4035 §5.2)')
  }

  /**
   * A signature that another one of its RRset outlives is a leftover: a validator needs one valid signature (RFC 6840 §5.4). When
   * more signatures expire than are remembered, each counts, because the others cannot be checked.
   */
  async #judgeExpirations(store: NameStore): Promise<void> {
    const { holdUnderMs, warnUnderMs } = this.#input.settings.dnssec
    const soon = this.#expirations.under(warnUnderMs / 1000)
    const isKnown = soon.length < REMEMBERED || soon.at(-1)!.left * 1000 >= holdUnderMs
    const short = isKnown ? soon.filter(({ left }) => left * 1000 < holdUnderMs) : []
    const recordsAt = await store.lookup(new Set(short.map(({ data, at }) => ownerKey(data, at))))
    for (const one of soon) {
      const { data, at, left } = one
      if (short.includes(one) && isLeftOver(data, at, recordsAt(ownerKey(data, at)), this.#nowSeconds + holdUnderMs / 1000))
        this.#findings.addRecord('warn', 'Signatures run out beside another one of the same records, among them', data, at)
      else if (left <= 0) this.#findings.addRecord('hold', 'Signatures have expired, among them', data, at)
      else if (left * 1000 < holdUnderMs)
        this.#findings.addRecord('hold', `Signatures have less than ${hours(holdUnderMs)} left, among them`, data, at)
      else this.#findings.addRecord('warn', `Signatures have less than ${hours(warnUnderMs)} left, among them`, data, at)
    }
  }
}

/**
 * The signature is not needed: its records do not exist, or another one of its algorithm is valid at `until`, in seconds since
 * 1970.
 */
function isLeftOver(data: Buffer, at: number, records: readonly StoredAt[], until: number): boolean {
  const old = new Rrsig({ data, at, type: TYPE.RRSIG })
  if (!records.some(({ type }) => type === old.covered)) return true
  return records.some((record) => {
    if (record.type !== TYPE.RRSIG) return false
    const { covered, algorithm, inception, expiration } = new Rrsig(record)
    const isLonger = compareSerials(expiration, until >>> 0) !== 'older' && compareSerials(inception, until >>> 0) === 'older'
    return covered === old.covered && algorithm === old.algorithm && isLonger
  })
}

const hours = (ms: number): string => `${Math.round(ms / 360_000) / 10} h`

/** RRSIG times are seconds since 1970 and wrap in 2106. */
const timeOf = (seconds: number | undefined): string =>
  seconds === undefined ? 'no time' : new Date(seconds * 1000).toISOString().replace('.000', '')
