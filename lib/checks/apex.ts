/**
 * The check `apex`: the zone can be served and entered. One SOA, name servers at the apex, those in the zone with an address; a name
 * with a CNAME has nothing else; no names that a missing dot made.
 */
import { TYPE } from '../dns/rrtype.js'
import { sameRecord } from '../zone/record-hash.js'
import type { ZoneContents } from '../zone/zone-contents.js'
import { judgeAliases } from './aliases.js'
import type { CheckReport, CheckSettings } from './check.js'
import { DoubledNames } from './doubled-names.js'
import { counted, Findings } from './findings.js'
import { hasType, type NameChanges, type StoredAt } from '../names/name-changes.js'
import { isWildcard, isWithin, keyText, namesBetween, ownerKey, parentKey, targetOf } from '../names/name-key.js'
import type { NameStatus } from '../names/name-status.js'
import type { NameStore } from '../names/name-store.js'
import { judgeTtls } from './ttls.js'
import type { SurveyedZone } from './zone-survey.js'

/** Looks names up, all their records or none. */
export type Lookup = (keys: ReadonlySet<string>) => Promise<(key: string) => readonly StoredAt[]>

const hasAddress = (records: readonly StoredAt[]): boolean => hasType(records, TYPE.A) || hasType(records, TYPE.AAAA)

export class ApexCheck {
  readonly #apex: string
  readonly #settings: CheckSettings['apex']
  readonly #hasPrevious: boolean
  readonly #changes: NameChanges | undefined
  readonly #findings = new Findings()
  readonly doubled: DoubledNames
  /** NS records by the name in the zone that they point at, and by their owner. */
  readonly #pointing = new Map<string, Map<string, StoredAt>>()
  /** Names in the zone that servers have, when the whole zone is seen. */
  #targets: ReadonlySet<string> = new Set<string>()

  /** `changes`: since the version before, as far as they are known. */
  constructor(apex: string, settings: CheckSettings['apex'], hasPrevious: boolean, changes: NameChanges | undefined) {
    this.#apex = apex
    this.#settings = settings
    this.#hasPrevious = hasPrevious
    this.#changes = changes
    this.doubled = new DoubledNames(apex)
  }

  /** All names of the zone were seen. */
  takeWhole({ found, targets, doubled }: SurveyedZone): void {
    this.#findings.take({ found })
    this.#targets = targets
    // Of a change, what is new is known.
    if (this.#changes === undefined) this.doubled.adopt(doubled)
  }

  /** `servers` are the NS records at the name whose addresses are to be looked for. */
  see(status: NameStatus, records: readonly StoredAt[], servers: readonly StoredAt[]): void {
    if (records.length > 1) judgeTtls(listed(records), this.#findings)
    if (hasType(records, TYPE.CNAME) || hasType(records, TYPE.DNAME)) judgeAliases(records, this.#findings)
    if (status !== 'below-delegation' && status !== 'below-dname') for (const server of servers) this.lookFor(server)
  }

  /** Has the address of the server looked for, when that is in the zone. */
  lookFor(server: StoredAt): void {
    const target = targetOf(server)
    if (!isWithin(target, this.#apex)) return
    const owner = ownerKey(server.data, server.at)
    const servers = this.#pointing.get(target)
    if (servers === undefined) this.#pointing.set(target, new Map([[owner, server]]))
    else servers.set(owner, server)
  }

  async finish(contents: ZoneContents, store: Pick<NameStore, 'lookup' | 'load'>): Promise<CheckReport> {
    const findings = this.#findings
    await this.#lookForTargets(store)
    const { apexNameServers, soa } = contents
    if (contents.copied !== undefined)
      findings.add(
        'warn',
        'A record came several times with different TTLs (RFC 2181 §5.2); the lowest is used, and the next version is transferred whole',
        contents.copied,
      )
    if (apexNameServers === 0) findings.add('hold', `There is no NS record at the apex ${keyText(this.#apex)}`)
    await this.#judgeTargets(store.lookup)
    this.doubled.report(findings, this.#settings)
    const said = `One SOA with serial ${soa.serial}, ${counted(apexNameServers, 'NS record')} at the apex; every name server in the zone that was looked at has an address.`
    return findings.toReport('apex', this.#settings.mode, said)
  }

  /** Of the whole zone only the targets were noted: who points at one that has no address is found in another pass. */
  async #lookForTargets(store: Pick<NameStore, 'lookup' | 'load'>): Promise<void> {
    if (this.#targets.size === 0) return
    const recordsAt = await store.lookup(this.#targets)
    const without = new Set([...this.#targets].filter((target) => !hasAddress(recordsAt(target))))
    if (without.size === 0) return
    const { pointing } = await store.load(new Set(), new Set(), without)
    for (const server of pointing) if (without.has(targetOf(server))) this.lookFor(server)
  }

  async #judgeTargets(lookup: Lookup): Promise<void> {
    const targets = new Set(this.#pointing.keys())
    if (targets.size === 0) return
    const recordsAt = await lookup(targets)
    const without = [...targets].filter((target) => !hasAddress(recordsAt(target)))
    if (without.length === 0) return
    const around = new Set(without)
    for (const target of without) {
      for (const above of [...namesBetween(target, this.#apex), this.#apex]) around.add(above).add(wildcardOf(above))
      for (const owner of this.#pointing.get(target)!.keys())
        for (const above of namesBetween(owner, this.#apex)) around.add(above)
    }
    const allAt = await lookup(around)
    for (const target of without) this.#judgeTarget(target, allAt)
  }

  /** A name server in the zone that has no address of its own. */
  #judgeTarget(target: string, recordsAt: (key: string) => readonly StoredAt[]): void {
    const findings = this.#findings
    const servers = this.#pointing.get(target)!
    let cut: string | undefined
    for (const name of [target, ...namesBetween(target, this.#apex)]) if (hasType(recordsAt(name), TYPE.NS)) cut = name
    // What is below a delegation is for the servers of that zone to say.
    const isAlias =
      cut === undefined &&
      (hasType(recordsAt(target), TYPE.CNAME) ||
        [...namesBetween(target, this.#apex), this.#apex].some((name) => hasType(recordsAt(name), TYPE.DNAME)))
    for (const [owner, { data, at }] of servers) {
      if (isOccluded(owner, this.#apex, recordsAt)) continue
      if (isAlias) findings.addRecord('warn', 'An NS record points at an alias (RFC 2181 §10.3)', data, at)
      else if (cut === undefined && this.#isCovered(target, recordsAt)) continue
      else if (owner === this.#apex) {
        // Below a delegation the servers of that zone know the address, and it must be there for nobody but them.
        if (cut === undefined)
          findings.addRecord(
            this.#isNew(target, data, at) ? 'hold' : 'warn',
            'An NS record at the apex points at a name in the zone that has no address',
            data,
            at,
          )
      } else if ((cut === undefined || cut === owner) && this.#settings.glue !== 'off')
        findings.addRecord(
          this.#settings.glue,
          'A delegation points at a name server in the zone or below itself that has no address',
          data,
          at,
        )
    }
  }

  /** What was so in the version before, or is so in the first one, keeps nothing from being served. */
  #isNew(target: string, data: Buffer, at: number): boolean {
    if (!this.#hasPrevious) return false
    if (this.#changes === undefined) return true
    const { byName } = this.#changes
    const around = [target, ...namesBetween(target, this.#apex)]
    if (around.some((name) => byName.has(name) || byName.has(wildcardOf(name)))) return true
    if (byName.has(wildcardOf(this.#apex))) return true
    return byName.get(this.#apex)?.added.some((record) => sameRecord(record.data, record.at, data, at)) ?? false
  }

  /** By a wildcard below the closest name that is there (RFC 4592 §3.3.1). */
  #isCovered(target: string, recordsAt: (key: string) => readonly StoredAt[]): boolean {
    if (recordsAt(target).length > 0) return false
    for (const above of [...namesBetween(target, this.#apex), this.#apex]) {
      if (hasAddress(recordsAt(wildcardOf(above)))) return true
      if (recordsAt(above).length > 0) return false
    }
    return false
  }
}

/** Below a delegation or a DNAME: nobody follows it. */
const isOccluded = (key: string, apex: string, recordsAt: (key: string) => readonly StoredAt[]): boolean =>
  (key !== apex && hasType(recordsAt(apex), TYPE.DNAME)) ||
  [...namesBetween(key, apex)].some((above) => hasType(recordsAt(above), TYPE.NS) || hasType(recordsAt(above), TYPE.DNAME))

const listed = (records: readonly StoredAt[]) => ({
  types: records.map(({ type }) => type),
  count: records.length,
  dataOf: (i: number) => records[i]!.data,
  atOf: (i: number) => records[i]!.at,
})

const wildcardOf = (key: string): string => `\x01*${key}`

/**
 * Names whose servers have to be looked at again: one that lost its addresses or became an alias, what lay below a delegation that is
 * gone, what a wildcard covered.
 */
export function weakenedNames(
  byName: ReadonlyMap<string, { removed: readonly StoredAt[]; added: readonly StoredAt[] }>,
): Set<string> {
  const names = new Set<string>()
  for (const [key, { removed, added }] of byName) {
    const lostAddress = hasAddress(removed) && !hasAddress(added)
    const lostCut = hasType(removed, TYPE.NS) && !hasType(added, TYPE.NS)
    const isAliased = hasType(added, TYPE.DNAME) || hasType(added, TYPE.CNAME)
    if (!lostAddress && !lostCut && !isAliased) continue
    names.add(isWildcard(key) ? parentKey(key) : key)
  }
  return names
}
