/**
 * Reads every name of a zone in canonical order: counts them, and collects the data for the check `apex`. A caller that receives
 * the records in order can run it on the way, which saves a second pass.
 */
import { TYPE } from '../dns/rrtype.js'
import { judgeAliases } from './aliases.js'
import { DoubledNames, type SeenDoubled } from './doubled-names.js'
import { type Finding, Findings } from './findings.js'
import { GlueOnTheWay } from './glue-on-the-way.js'
import type { NameChange } from '../names/name-changes.js'
import { keyOctets, targetOf } from '../names/name-key.js'
import { type NameStatus, StatusOnTheWay } from '../names/name-status.js'
import { judgeTtls } from './ttls.js'
import { type NameCounts, Tally } from './tally.js'
import type { ScannedName } from '../names/zone-scan.js'

/** Plain data that can be sent between threads. */
export interface SurveyedZone {
  counts: NameCounts
  /** Findings about aliases and TTLs. */
  found: ReadonlyMap<string, Finding>
  /** Name servers in the zone whose addresses have not come. */
  targets: ReadonlySet<string>
  doubled: SeenDoubled
  /** The apex has DNSKEY records. */
  hasKeys: boolean
}

export class ZoneSurvey {
  readonly #tally: Tally
  readonly #status = new StatusOnTheWay()
  readonly #found = new Findings()
  readonly #targets = new Set<string>()
  readonly #doubled: DoubledNames
  readonly #glue: GlueOnTheWay
  #hasKeys = false

  constructor(apex: string, tally = new Tally()) {
    this.#tally = tally
    this.#doubled = new DoubledNames(apex)
    this.#glue = new GlueOnTheWay(keyOctets(apex), (server) => this.#targets.add(targetOf(server)))
  }

  /** `change` is given when the names are those of a change that covers all names. */
  see(name: ScannedName, change: NameChange | undefined): NameStatus {
    const status = this.#status.of(name)
    if (change === undefined) this.#tally.seeUntouched(name)
    else this.#tally.see(name, change)
    if (name.isApex) this.#hasKeys = name.has(TYPE.DNSKEY)
    if (name.has(TYPE.CNAME) || name.has(TYPE.DNAME)) judgeAliases(name.records, this.#found)
    if (name.count > 1) judgeTtls(name, this.#found)
    this.#glue.see(name, status)
    this.#doubled.lookAt(name)
    return status
  }

  finish(): SurveyedZone {
    this.#glue.finish()
    return {
      counts: this.#tally.now,
      found: this.#found.found,
      targets: this.#targets,
      doubled: this.#doubled.seen,
      hasKeys: this.#hasKeys,
    }
  }
}
