/**
 * The check `apex`: the zone can be served and resolved. It has one SOA and NS records at the apex, name servers in the zone have
 * an address, a name with a CNAME has no other records, and no names come from a missing final dot.
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

/** Returns all records of each name, or none. */
export type Lookup = (keys: ReadonlySet<string>) => Promise<(key: string) => readonly StoredAt[]>

const hasAddress = (records: readonly StoredAt[]): boolean => hasType(records, TYPE.A) || hasType(records, TYPE.AAAA)

export class ApexCheck {
  readonly #apex: string
  readonly #settings: CheckSettings['apex']
  readonly #hasPrevious: boolean
  readonly #changes: NameChanges | undefined
  readonly #findings = new Findings()
  readonly doubled: DoubledNames
  /** NS records by their target in the zone, and by their owner. */
  readonly #pointing = new Map<string, Map<string, StoredAt>>()
  /** Name servers in the zone; set when all names of the zone were read. */
  #targets: ReadonlySet<string> = new Set<string>()

  /** `changes`: those since the previous version, as far as they are known. */
  constructor(apex: string, settings: CheckSettings['apex'], hasPrevious: boolean, changes: NameChanges | undefined) {
    this.#apex = apex
    this.#settings = settings
    this.#hasPrevious = hasPrevious
    this.#changes = changes
    this.doubled = new DoubledNames(apex)
  }

  /** Called when all names of the zone were read. */
  takeWhole({ found, targets, doubled }: SurveyedZone): void {
    this.#findings.take({ found })
    this.#targets = targets
    // With a change, the new names are known already.
    if (this.#changes === undefined) this.doubled.adopt(doubled)
  }

  /** `servers`: NS records at the name whose addresses must be looked up. */
  see(status: NameStatus, records: readonly StoredAt[], servers: readonly StoredAt[]): void {
    if (records.length > 1) judgeTtls(listed(records), this.#findings)
    if (hasType(records, TYPE.CNAME) || hasType(records, TYPE.DNAME)) judgeAliases(records, this.#findings)
    if (status !== 'below-delegation' && status !== 'below-dname') for (const server of servers) this.lookFor(server)
  }

  /** Looks up the address of a server that is in the zone. */
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
        'A record came several times with different TTLs (RFC 2181 §5.2); the lowest is used, and the next version is transferred by AXFR',
        contents.copied,
      )
    if (apexNameServers === 0) findings.add('hold', `There is no NS record at the apex ${keyText(this.#apex)}`)
    await this.#judgeTargets(store.lookup)
    this.doubled.report(findings, this.#settings)
    const said = `One SOA with serial ${soa.serial}, ${counted(apexNameServers, 'NS record')} at the apex; every name server in the zone that was checked has an address.`
    return findings.toReport('apex', this.#settings.mode, said)
  }

  /** Reading all names noted only the targets. A second pass finds the records that point at a target without an address. */
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

  /** Judges a name server in the zone that has no address of its own. */
  #judgeTarget(target: string, recordsAt: (key: string) => readonly StoredAt[]): void {
    const findings = this.#findings
    const servers = this.#pointing.get(target)!
    let cut: string | undefined
    for (const name of [target, ...namesBetween(target, this.#apex)]) if (hasType(recordsAt(name), TYPE.NS)) cut = name
    // The servers of the delegated zone answer for names below a delegation.
    const isAlias =
      cut === undefined &&
      (hasType(recordsAt(target), TYPE.CNAME) ||
        [...namesBetween(target, this.#apex), this.#apex].some((name) => hasType(recordsAt(name), TYPE.DNAME)))
    for (const [owner, { data, at }] of servers) {
      if (isOccluded(owner, this.#apex, recordsAt)) continue
      if (isAlias) findings.addRecord('warn', 'An NS record points at an alias (RFC 2181 §10.3)', data, at)
      else if (cut === undefined && this.#isCovered(target, recordsAt)) continue
      else if (owner === this.#apex) {
        // Below a delegation the servers of that zone know the address, and only that delegation needs it as glue.
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

  /** A fault that the previous version had, or that the first version has, holds nothing. */
  #isNew(target: string, data: Buffer, at: number): boolean {
    if (!this.#hasPrevious) return false
    if (this.#changes === undefined) return true
    const { byName } = this.#changes
    const around = [target, ...namesBetween(target, this.#apex)]
    if (around.some((name) => byName.has(name) || byName.has(wildcardOf(name)))) return true
    if (byName.has(wildcardOf(this.#apex))) return true
    return byName.get(this.#apex)?.added.some((record) => sameRecord(record.data, record.at, data, at)) ?? false
  }

  /** Covered by a wildcard below the closest encloser (RFC 4592 §3.3.1). */
  #isCovered(target: string, recordsAt: (key: string) => readonly StoredAt[]): boolean {
    if (recordsAt(target).length > 0) return false
    for (const above of [...namesBetween(target, this.#apex), this.#apex]) {
      if (hasAddress(recordsAt(wildcardOf(above)))) return true
      if (recordsAt(above).length > 0) return false
    }
    return false
  }
}

/** Below a delegation or a DNAME: no resolver follows such an address. */
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
 * Names whose NS records must be checked again: names that lost their addresses or became an alias, names below a removed
 * delegation, and names that a removed wildcard covered.
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
