/**
 * Runs all checks of one new version except the hook, which has effects (lib/release/check-hook.ts). Checks judge the change
 * alone where they can: the names that it touches are collected by index or in a pass over the zone. The zone is read name by
 * name when the caller requires it, when the previous version is unknown, or when the change is so large that the work is the
 * same.
 */
import { TYPE } from '../dns/rrtype.js'
import type { ZoneView } from '../zone/contents-view.js'
import { ApexCheck, weakenedNames } from './apex.js'
import type { CheckOutcome, CheckReport, Mode, ZoneFigures } from './check.js'
import type { CheckName } from './verdicts.js'
import type { CheckInput } from './check-input.js'
import { DnssecCheck } from './dnssec/dnssec-check.js'
import { ClosedError } from './dnssec/compute.js'
import { crashText, Findings, worse } from './findings.js'
import { hasType, type NameChange, NameChanges, NO_RECORDS, type StoredAt } from '../names/name-changes.js'
import { isChild, isWithin, keyOfText, namesBetween, targetOf } from '../names/name-key.js'
import { statusOf } from '../names/name-status.js'
import { NameStore } from '../names/name-store.js'
import { checkProtected, protectedIn } from './protected.js'
import { checkSerialForward } from './serial-forward.js'
import { checkGrowth, checkShrink } from './size.js'
import { type Counts, Tally, type TalliedName } from './tally.js'
import { checkZonemd } from './zonemd.js'
import { ZoneSurvey } from './zone-survey.js'
import { ZoneScan } from '../names/zone-scan.js'

/** A change of this share of the records touches so many names that reading all of them in order costs no more. */
const LARGE_SHARE = 1 / 20
/** A change of so many records is small in any zone. */
const SMALL_CHANGE = 2_000
/** Names above those of a change that are looked up: deep names have a hundred each. */
const MOST_NAMES_ABOVE = 500_000
/** Some 1 ms of work; with signatures to verify, the pauses are more frequent. */
const NAMES_PER_SLICE = 250

export async function runChecks(input: CheckInput): Promise<CheckOutcome> {
  const view = input.contents.view('pending')
  try {
    const changes = input.change === undefined ? undefined : await NameChanges.of(input.change, input.pause)
    return await new CheckRun(input, view, changes).run()
  } catch (error) {
    if (error instanceof ClosedError) throw error
    // All checks share this step, so its failure holds the version.
    return { verdict: 'hold', reports: [crashed('apex', 'hold', error)], figures: undefined }
  } finally {
    view.release()
  }
}

function crashed(check: CheckName, mode: Mode, error: unknown): CheckReport {
  const findings = new Findings()
  findings.add('hold', crashText(error))
  return findings.toReport(check, mode, '', true)
}

/** A check that throws holds the version; the others go on. */
async function reportOf(
  check: CheckName,
  mode: Mode,
  run: () => CheckReport | Promise<CheckReport>,
): Promise<CheckReport | undefined> {
  if (mode === 'off') return undefined
  try {
    return await run()
  } catch (error) {
    if (error instanceof ClosedError) throw error
    return crashed(check, mode, error)
  }
}

class CheckRun {
  readonly #input: CheckInput
  readonly #view: ZoneView
  readonly #apexKey: string
  readonly #store: NameStore
  readonly #changes: NameChanges | undefined
  readonly #tally: Tally
  readonly #name = { key: '', isApex: false, types: [] as number[], count: 0 }
  readonly #apex: ApexCheck
  readonly #dnssec: DnssecCheck
  readonly #protected

  constructor(input: CheckInput, view: ZoneView, changes: NameChanges | undefined) {
    const { dnssec } = input.settings
    const soonSeconds = dnssec.mode === 'off' ? undefined : dnssec.warnUnderMs / 1000
    const figured = { nowSeconds: Math.floor(input.now / 1000), soonSeconds }
    this.#input = input
    this.#view = view
    this.#apexKey = keyOfText(input.zone)
    this.#store = new NameStore(input.contents, view, figured, input.pause, changes?.byName)
    this.#changes = changes
    this.#tally = new Tally()
    this.#apex = new ApexCheck(this.#apexKey, input.settings.apex, input.previous !== undefined, changes)
    const known = input.isOwnersChange === true ? undefined : changes
    this.#dnssec = new DnssecCheck(this.#apexKey, input, known, () => ZoneScan.of(input.contents, view, input.pause))
    this.#protected = protectedIn(input.settings.protected.records, this.#apexKey)
  }

  async run(): Promise<CheckOutcome> {
    const { contents, previous, settings } = this.#input
    const changes = this.#changes
    const isWhole = this.#needsAll()
    if (changes !== undefined) await this.#apex.doubled.lookAtChange(changes, this.#input.pause)
    if (isWhole) await this.#readAll()
    else await this.#readTouched(changes!)
    const counts = isWhole ? this.#tally.total(contents.records) : this.#tally.carriedOn(contents.records, previous!.figures!)
    const before = this.#countsBefore(counts)
    const protectedNames = new Set(this.#protected.map(({ key }) => key))
    const { apex, churn, dnssec, growth, shrink, zonemd } = settings
    const reports: (CheckReport | undefined)[] = [
      await reportOf('serial-forward', settings['serial-forward'].mode, () => checkSerialForward(this.#input)),
      await reportOf('apex', apex.mode, () => this.#apex.finish(contents, this.#store)),
      await reportOf('shrink', shrink.mode, () => checkShrink(counts, before, shrink, this.#input.recent)),
      await reportOf('growth', growth.mode, () => checkGrowth(counts, before, growth)),
      await reportOf('churn', churn.mode, () => this.#tally.checkChurn(before, changes !== undefined, churn)),
      await reportOf('zonemd', zonemd.mode, () => checkZonemd(this.#input)),
      await reportOf('dnssec', dnssec.mode, () => this.#dnssec.finish(this.#store)),
      await reportOf('protected', settings.protected.mode, async () =>
        checkProtected(this.#protected, await this.#store.lookup(protectedNames), settings.protected),
      ),
    ]
    const given = reports.filter((report) => report !== undefined)
    const figures: ZoneFigures = { ...counts, dnssec: this.#dnssec.figures }
    return {
      verdict: given.reduce((worst, { verdict }) => worse(worst, verdict), 'pass' as CheckReport['verdict']),
      reports: given,
      figures,
    }
  }

  #needsAll(): boolean {
    const { whole, previous, contents } = this.#input
    const changes = this.#changes
    if (
      whole ||
      changes === undefined ||
      this.#input.isOwnersChange === true ||
      previous?.figures === undefined ||
      this.#dnssec.needsAll
    )
      return true
    if (namesAbove(changes, this.#apexKey) > MOST_NAMES_ABOVE) return true
    return changes.removed + changes.added > Math.max(SMALL_CHANGE, contents.records * LARGE_SHARE)
  }

  /** Without a change to subtract, only the number of records is known. */
  #countsBefore(now: Counts): Counts | undefined {
    const { previous } = this.#input
    if (previous === undefined) return undefined
    if (this.#changes !== undefined) return this.#tally.before(now, previous.records)
    return previous.figures ?? { ...now, records: previous.records }
  }

  async #readAll(): Promise<void> {
    const { contents, pause, seen, settings } = this.#input
    const byName = this.#changes?.byName
    // Signatures are checked together with the names that have them.
    if (seen !== undefined && byName === undefined && (!seen.hasKeys || settings.dnssec.mode === 'off')) {
      this.#tally.adopt(seen.counts)
      this.#apex.takeWhole(seen)
      return
    }
    const scan = await ZoneScan.of(contents, this.#view, pause)
    await this.#dnssec.beginWhole(scan)
    const look = new ZoneSurvey(this.#apexKey, this.#tally)
    const gone = new Set(byName?.keys())
    await scan.names((name) => {
      const change = byName === undefined ? undefined : byName.get(name.key)
      if (change !== undefined) gone.delete(name.key)
      const is = look.see(name, change)
      if (!this.#dnssec.isLooking) return undefined
      return this.#dnssec.see({ key: name.key, records: name.records, status: is, change, isMoved: false })
    })
    this.#apex.takeWhole(look.finish())
    for (const key of gone) this.#tally.see(this.#tallied(key, []), byName?.get(key))
  }

  /** Valid until the next call. */
  #tallied(key: string, records: readonly StoredAt[]): TalliedName {
    const name = this.#name
    name.key = key
    name.isApex = key === this.#apexKey
    name.count = records.length
    for (let i = 0; i < records.length; i++) name.types[i] = records[i]!.type
    return name
  }

  async #readTouched({ byName }: NameChanges): Promise<void> {
    const wanted = new Set<string>([this.#apexKey])
    const want = (key: string): void => {
      if (!byName.has(key)) wanted.add(key)
    }
    /** Where a delegation or a DNAME was added or removed, the status of the names below changes. */
    const moving = new Set<string>()
    let prepared = 0
    for (const change of byName.values()) {
      if (++prepared % NAMES_PER_SLICE === 0) await this.#input.pause()
      const { key } = change
      if (!isChild(key, this.#apexKey)) for (const above of namesBetween(key, this.#apexKey)) want(above)
      if (key !== this.#apexKey && (comesOrGoes(change, TYPE.NS) || comesOrGoes(change, TYPE.DNAME))) moving.add(key)
      for (const record of change.added)
        if (record.type === TYPE.NS && isWithin(targetOf(record), this.#apexKey)) want(targetOf(record))
    }
    for (const { key } of this.#protected) want(key)
    for (const key of await this.#dnssec.hashedNames()) want(key)
    const below = new Set([...moving, ...this.#dnssec.emptiedNames()])
    const collected = await this.#store.loadTouched(wanted, below, weakenedNames(byName))
    const moved = new Set(await this.#store.lookupBelow(moving))
    this.#dnssec.beginChange(collected, this.#store.at)
    let done = 0
    for (const change of byName.values()) {
      if (++done % NAMES_PER_SLICE === 0) await this.#input.pause()
      const { key } = change
      const room = this.#readName(key, change.now ?? this.#store.at(key), change, moved.has(key))
      if (room !== undefined) await room
    }
    for (const key of moved) {
      if (byName.has(key)) continue
      if (++done % NAMES_PER_SLICE === 0) await this.#input.pause()
      const room = this.#readName(key, this.#store.at(key), undefined, true)
      if (room !== undefined) await room
    }
    for (const server of collected.pointing) this.#apex.lookFor(server)
  }

  /** `isMoved`: the name was below a delegation, so it was never checked before. */
  #readName(
    key: string,
    records: readonly StoredAt[],
    change: NameChange | undefined,
    isMoved: boolean,
  ): Promise<void> | undefined {
    const status = statusOf(key, this.#apexKey, records, this.#store.at)
    this.#tally.see(this.#tallied(key, records), change)
    this.#apex.see(status, records, serversIn(isMoved ? records : (change?.added ?? NO_RECORDS)))
    return this.#dnssec.isLooking ? this.#dnssec.see({ key, records, status, change, isMoved }) : undefined
  }
}

function namesAbove({ byName }: NameChanges, apex: string): number {
  let count = 0
  for (const key of byName.keys()) for (let o = 0; key.length - o > apex.length; o += 1 + key.charCodeAt(o)) count += 1
  return count
}

const comesOrGoes = ({ removed, added }: NameChange, type: number): boolean => hasType(removed, type) !== hasType(added, type)

const serversIn = (records: readonly StoredAt[]): readonly StoredAt[] =>
  hasType(records, TYPE.NS) ? records.filter(({ type }) => type === TYPE.NS) : NO_RECORDS
