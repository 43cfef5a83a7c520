/**
 * The check `dnssec`: a validating resolver that follows the zone's chain of trust will find every answer valid (RFC 4035 §5). All of
 * it is verified the first time, when the keys or the chain change, and after a version that failed; else what the change touches.
 */
import { TYPE } from '../../dns/rrtype.js'
import type { CheckInput, CheckReport, DnssecFigures } from '../check.js'
import type { Collected } from '../collect-names.js'
import { Expirations } from '../expirations.js'
import { counted, Findings } from '../findings.js'
import { hasType, type NameChanges, type StoredAt } from '../name-changes.js'
import { keyText } from '../name-key.js'
import type { NameStore } from '../name-store.js'
import type { ZoneScan } from '../zone-scan.js'
import { anchorsOf, fitsAnchor } from './anchors.js'
import { ChangedDenial, chainsAt, WholeDenial } from './denial.js'
import { isOptOut } from './nsec3-hash.js'
import type { SeenName } from './seen-name.js'
import { SignatureCheck } from './signature-check.js'
import { SignatureQueue } from './signature-queue.js'
import { ZoneKeys } from './zone-keys.js'

/** What all other signatures hang on: when one of these changed, so may every other verdict. */
const FOUNDATION = [TYPE.DNSKEY, TYPE.NSEC3PARAM]

export class DnssecCheck {
  readonly #apex: string
  readonly #input: CheckInput
  readonly #changes: NameChanges | undefined
  readonly #isOn: boolean
  readonly #nowSeconds: number
  readonly #before: DnssecFigures | undefined
  readonly #findings = new Findings()
  readonly #queue = new SignatureQueue()
  #keys: ZoneKeys | undefined
  #chains: string[] = []
  #signatures: SignatureCheck | undefined
  #whole: WholeDenial | undefined
  readonly #changed: ChangedDenial | undefined
  #expirations: Expirations
  #nsec3 = { count: 0, optOut: 0 }
  readonly #scanAgain: () => Promise<ZoneScan>
  /** What the next version may build on; undefined until `finish`, and when something is wrong. */
  figures: DnssecFigures | undefined
  /** Every signature is verified, not only those of the change. */
  readonly needsAll: boolean

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
      this.#changed = new ChangedDenial(apex, this.#before!.chains, changes!)
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

  /** Owners of NSEC3 records that the change makes worth a look. */
  async hashedNames(): Promise<string[]> {
    return (await this.#changed?.owners(this.#input.pause)) ?? []
  }

  /** Names with everything gone: what is below them is worth a look, too. */
  emptiedNames(): string[] {
    return this.#changed?.emptied() ?? []
  }

  #begin(apexRecords: readonly StoredAt[]): void {
    const keys = new ZoneKeys(apexRecords, this.#findings)
    this.#keys = keys
    if (!keys.isSigned) return
    this.#chains = chainsAt(apexRecords)
    this.#signatures = new SignatureCheck(this.#apex, keys, this.#findings, this.#nowSeconds, this.#queue, this.needsAll)
  }

  /** Every name is going to be seen, in canonical order, the apex first. */
  async beginWhole(scan: ZoneScan): Promise<void> {
    if (!this.#isOn) return
    const apexRecords = scan.apexRecords()
    this.#begin(apexRecords)
    if (!this.#keys!.isSigned) return
    this.#whole = new WholeDenial(this.#apex, this.#chains)
    await this.#whole.begin(scan)
  }

  /** Only the names of the change are going to be seen. */
  beginChange({ expirations, nsec3 }: Collected, at: (key: string) => readonly StoredAt[]): void {
    if (!this.#isOn) return
    this.#begin(at(this.#apex))
    this.#expirations = expirations
    this.#nsec3 = nsec3
  }

  /** Nothing is to be seen in a zone without keys. */
  get isLooking(): boolean {
    return this.#signatures !== undefined
  }

  see(name: SeenName): Promise<void> | undefined {
    if (this.#signatures === undefined) return undefined
    if (this.#whole !== undefined) {
      for (const record of name.records)
        if (record.type === TYPE.RRSIG) this.#expirations.note(record.data, record.at)
        else if (record.type === TYPE.NSEC3) {
          this.#nsec3.count += 1
          if (isOptOut(record)) this.#nsec3.optOut += 1
        }
    }
    this.#signatures.see(name)
    ;(this.#whole ?? this.#changed)?.see(name)
    return this.#queue.room()
  }

  async finish(store: NameStore): Promise<CheckReport> {
    const { mode } = this.#input.settings.dnssec
    if (this.#keys?.isSigned !== true) return this.#finishUnsigned()
    await this.#queue.drain()
    this.#findings.take(await this.#judgeDenial(store))
    this.#judgeAnchors()
    if (this.#findings.worst !== 'hold')
      this.figures = {
        isSigned: true,
        earliestExpiration: this.#expirations.earliest,
        chains: this.#chains,
        hasOptOut: this.#nsec3.count > 0 && this.#nsec3.optOut === this.#nsec3.count,
      }
    this.#judgeExpirations()
    const what = this.needsAll ? 'the whole zone' : 'what changed'
    const chains = this.#chains.map((chain) => (chain === 'nsec' ? 'NSEC' : 'NSEC3')).join(' and ')
    const said = `${counted(this.#queue.verified, 'signature')} of ${what} verified, the ${chains} chain is closed, the first signature expires at ${timeOf(this.#expirations.earliest)}.`
    return this.#findings.toReport('dnssec', mode, said)
  }

  #finishUnsigned(): CheckReport {
    const { mode, required, anchors } = this.#input.settings.dnssec
    const zone = keyText(this.#apex)
    if (this.#before?.isSigned === true)
      this.#findings.add(
        'hold',
        `${zone} has no DNSKEY record any more: without its DS record taken out at the parent first, every validating resolver fails`,
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
      this.#whole.finish()
      return this.#whole.findings
    }
    const changed = this.#changed!
    const is = await changed.finish(store, this.#nsec3, this.#before!.hasOptOut)
    if (is === 'clear') return changed.findings
    return await new WholeDenial(this.#apex, this.#chains).run(await this.#scanAgain())
  }

  #judgeAnchors(): void {
    const anchors = anchorsOf(this.#input.settings.dnssec.anchors, this.#apex)
    if (anchors.length === 0) return
    const fits = this.#keys!.keys.filter((key) => anchors.some((anchor) => fitsAnchor(anchor, key, this.#apex)))
    if (fits.length === 0) this.#findings.add('hold', 'No DNSKEY of the zone fits a DS or DNSKEY record of checks.dnssec.anchors')
    else if (!fits.some((key) => this.#signatures!.keySigners.has(key)))
      this.#findings.add('hold', 'No DNSKEY that fits checks.dnssec.anchors signs the DNSKEY RRset (RFC 4035 §5.2)')
  }

  #judgeExpirations(): void {
    const { holdUnderMs, warnUnderMs } = this.#input.settings.dnssec
    for (const { data, at, left } of this.#expirations.under(warnUnderMs / 1000)) {
      if (left <= 0) this.#findings.addRecord('hold', 'Signatures have expired, among them', data, at)
      else if (left * 1000 < holdUnderMs)
        this.#findings.addRecord('hold', `Signatures have less than ${hours(holdUnderMs)} left, among them`, data, at)
      else this.#findings.addRecord('warn', `Signatures have less than ${hours(warnUnderMs)} left, among them`, data, at)
    }
  }
}

const hours = (ms: number): string => `${Math.round(ms / 360_000) / 10} h`

/** RRSIG times are seconds since 1970 and wrap in 2106. */
const timeOf = (seconds: number | undefined): string =>
  seconds === undefined ? 'no time' : new Date(seconds * 1000).toISOString().replace('.000', '')
