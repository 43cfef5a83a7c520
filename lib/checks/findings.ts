/**
 * The findings of a check, for the operator who reads them at night: one sentence for each kind of fault, with records that have
 * it and the number of further ones.
 */
import { describeError } from '../errors.js'
import { recordText } from '../dns/record-text.js'
import type { CheckReport, Mode } from './check.js'
import type { CheckName, Verdict } from './verdicts.js'

/** Records named in one sentence. */
const NAMED = 10
/** Signatures and keys are long; their first characters distinguish them. */
const TEXT_CHARACTERS = 160

export interface Finding {
  severity: 'warn' | 'hold'
  count: number
  named: string[]
}

export class Findings {
  readonly #byFault = new Map<string, Finding>()

  /** `fault` is a sentence without its full stop; equal faults are reported together. */
  add(severity: 'warn' | 'hold', fault: string, named?: string | (() => string)): void {
    let finding = this.#byFault.get(fault)
    if (finding === undefined) {
      finding = { severity, count: 0, named: [] }
      this.#byFault.set(fault, finding)
    }
    finding.severity = worse(finding.severity, severity) === 'hold' ? 'hold' : 'warn'
    finding.count += 1
    if (named !== undefined && finding.named.length < NAMED) finding.named.push(clip(typeof named === 'string' ? named : named()))
  }

  addRecord(severity: 'warn' | 'hold', fault: string, data: Buffer, at: number): void {
    this.add(severity, fault, () => recordText(data, at))
  }

  /** By the sentence of the fault; plain data that can be sent between threads. */
  get found(): ReadonlyMap<string, Finding> {
    return this.#byFault
  }

  /** Adds all findings of another instance. */
  take({ found }: { found: ReadonlyMap<string, Finding> }): void {
    for (const [fault, finding] of found) this.#byFault.set(fault, finding)
  }

  get worst(): Verdict {
    let worst: Verdict = 'pass'
    for (const { severity } of this.#byFault.values()) worst = worse(worst, severity)
    return worst
  }

  /** Holds first. `otherwise` is the report without findings; a check that is `isUnfinished` holds in any mode. */
  toReport(check: CheckName, mode: Mode, otherwise: string, isUnfinished = false): CheckReport {
    const findings = [...this.#byFault].sort(([, a], [, b]) => Number(b.severity === 'hold') - Number(a.severity === 'hold'))
    const sentences = findings.map(([fault, finding]) => sentenceOf(fault, finding))
    const verdict = mode === 'warn' && this.worst === 'hold' && !isUnfinished ? 'warn' : this.worst
    return { check, verdict, report: sentences.length === 0 ? otherwise : sentences.join('\n') }
  }
}

function sentenceOf(fault: string, { count, named }: Finding): string {
  if (named.length === 0) return `${fault}.`
  const more = count - named.length
  const times = count === 1 ? '' : ` (${grouped(count)} times)`
  const list = `${named.join('; ')}${more > 0 ? ` and ${grouped(more)} more` : ''}`
  // A name ends with its dot already.
  return `${fault}${times}: ${list}${list.endsWith('.') ? '' : '.'}`
}

/** Report of a check that threw: this program failed, and the version must not pass for it. */
export const crashText = (error: unknown): string =>
  `The check crashed: ${describeError(error)}; the version is not checked. Report this; approve the version when it is right`

const clip = (text: string): string => (text.length > TEXT_CHARACTERS ? `${text.slice(0, TEXT_CHARACTERS)}…` : text)

const RANK: Record<Verdict, number> = { pass: 0, warn: 1, hold: 2 }

export const worse = (a: Verdict, b: Verdict): Verdict => (RANK[b] > RANK[a] ? b : a)

/** 1000000 → 1,000,000. */
export const grouped = (count: number): string => String(count).replace(/\B(?=(\d{3})+$)/g, ',')

/** `1 record`, `1,000 records`. */
export const counted = (count: number, noun: string): string => `${grouped(count)} ${noun}${count === 1 ? '' : 's'}`

/** A share as a percentage: `12.5 %`. */
export const percentOf = (part: number, whole: number): string =>
  whole === 0 ? '100 %' : `${Math.round((part / whole) * 1000) / 10} %`
