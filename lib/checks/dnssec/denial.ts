/**
 * Denial of existence in a zone: its NSEC chain, its NSEC3 chains, or both during a migration. The NSEC chain counts when the
 * apex has an NSEC record, an NSEC3 chain when the apex has its NSEC3PARAM record (RFC 5155 §4). Other chains are not used yet,
 * or no longer.
 */
import { rdataStart } from '../../dns/record.js'
import { TYPE } from '../../dns/rrtype.js'
import type { Collected } from '../../names/collect-names.js'
import { Findings } from '../findings.js'
import type { NameChanges, StoredAt } from '../../names/name-changes.js'
import { StatusOnTheWay } from '../../names/name-status.js'
import type { NameStore } from '../../names/name-store.js'
import type { ZoneScan } from '../../names/zone-scan.js'
import { NsecChain } from './nsec-chain.js'
import { Nsec3Chain } from './nsec3-chain.js'
import { Nsec3Change } from './nsec3-change.js'
import type { Compute } from './compute.js'
import { withinLimits } from './limits.js'
import { type Nsec3Parameters, parametersOf, parametersOfText, parametersText } from './nsec3-hash.js'
import type { SeenName } from './seen-name.js'

/** Services that a denial check uses to compute and to yield. */
export interface Means {
  compute: Compute
  pause: () => Promise<void>
}

/** Awaits two promises at once; neither is left unhandled when the other fails. */
export const bothOf = async (one: Promise<void>, other: Promise<void>): Promise<void> => {
  await Promise.all([one, other])
}

/**
 * The chains that the apex names, in the form of ZoneFigures. An NSEC3PARAM record with flags names a chain that is incomplete or
 * unused (RFC 5155 §4.1.2). It counts only when no other record names a chain, because some signers set Opt-Out there.
 */
export function chainsAt(apexRecords: readonly StoredAt[]): string[] {
  const chains = new Set(apexRecords.some(({ type }) => type === TYPE.NSEC) ? ['nsec'] : [])
  const flagged = new Set<string>()
  for (const record of apexRecords) {
    const parameters = record.type === TYPE.NSEC3PARAM ? parametersOf(record) : undefined
    if (parameters !== undefined) (hasFlags(record) ? flagged : chains).add(parametersText(parameters))
  }
  return [...(chains.size > 0 ? chains : flagged)]
}

/** The Flags field of an NSEC3PARAM record is not zero (RFC 5155 §4.2). */
const hasFlags = ({ data, at }: StoredAt): boolean => data[rdataStart(data, at) + 1] !== 0

/** Parameters of the hashed chains; limits.ts has reported those above the limits. */
const parametersIn = (chains: readonly string[]): readonly Nsec3Parameters[] =>
  withinLimits(chains.map(parametersOfText).filter((parameters) => parameters !== undefined))

/** Judges all chains of the zone. */
export class WholeDenial {
  readonly findings = new Findings()
  readonly #nsec: NsecChain | undefined
  readonly #nsec3: Nsec3Chain[]

  constructor(apex: string, chains: readonly string[], means: Means) {
    this.#nsec = chains.includes('nsec') ? new NsecChain(apex, this.findings, true) : undefined
    this.#nsec3 = parametersIn(chains).map((parameters) => new Nsec3Chain(apex, parameters, this.findings, means))
    if (chains.length === 0)
      this.findings.add('hold', 'The zone is signed and has neither NSEC nor NSEC3PARAM at its apex (RFC 4035 §2.3)')
  }

  async begin(scan: ZoneScan): Promise<void> {
    if (this.#nsec3.length === 0) return
    await scan.records((record) => {
      if (record.type === TYPE.NSEC3) for (const chain of this.#nsec3) chain.add(record)
    })
    for (const chain of this.#nsec3) await chain.close()
  }

  /** The caller awaits the result. */
  see(name: SeenName): Promise<void> | undefined {
    this.#nsec?.see(name)
    let wait: Promise<void> | undefined
    for (const chain of this.#nsec3) {
      chain.see(name)
      const room = chain.room()
      if (room !== undefined) wait = wait === undefined ? room : bothOf(wait, room)
    }
    return wait
  }

  async finish(): Promise<void> {
    this.#nsec?.finish()
    for (const chain of this.#nsec3) await chain.finish()
  }

  /** Runs the complete check on a scan that has no other reader. */
  async run(scan: ZoneScan): Promise<Findings> {
    await this.begin(scan)
    const status = new StatusOnTheWay()
    await scan.names((name) => {
      const { key, records } = name
      return this.see({ key, records, status: status.of(name), change: undefined, isMoved: false })
    })
    await this.finish()
    return this.findings
  }
}

/** Judges the effect of a change on chains that were closed. */
export class ChangedDenial {
  readonly findings = new Findings()
  readonly #nsec: NsecChain | undefined
  readonly #nsec3: Nsec3Change[]
  readonly #pause: () => Promise<void>

  constructor(apex: string, chains: readonly string[], changes: NameChanges, { compute, pause }: Means) {
    this.#pause = pause
    this.#nsec = chains.includes('nsec') ? new NsecChain(apex, this.findings, false) : undefined
    this.#nsec3 = parametersIn(chains).map((parameters) => new Nsec3Change(apex, parameters, this.findings, changes, compute))
  }

  async owners(): Promise<string[]> {
    const owners: string[] = []
    for (const chain of this.#nsec3) for (const owner of await chain.owners(this.#pause)) owners.push(owner)
    return owners
  }

  emptied(): string[] {
    return this.#nsec3[0]?.emptied() ?? []
  }

  see(name: SeenName): undefined {
    this.#nsec?.see(name)
    for (const chain of this.#nsec3) chain.see(name)
  }

  /** `clear`: the findings are complete. `unclear`: only the complete chain can decide. */
  async finish(store: NameStore, nsec3: Collected['nsec3'], hadOptOut: boolean): Promise<'clear' | 'unclear'> {
    this.#nsec?.finish()
    let is: 'clear' | 'unclear' = 'clear'
    for (const chain of this.#nsec3) if ((await chain.finish(store, nsec3, hadOptOut)) === 'unclear') is = 'unclear'
    return is
  }
}
