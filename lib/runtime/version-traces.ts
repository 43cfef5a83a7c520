/** Traces of versions under way: steps after the transfer go on in the trace of the announcement. */
import { noteSpan, type SpanFacts } from './trace.js'

/** Versions under way whose later steps go on in the trace. */
const MOST = 20_000

/** The traces of versions, from their transfer on. In memory: a restart ends them. */
export class VersionTraces {
  /** By zone, serial and digest, oldest first. */
  readonly #parents = new Map<string, string>()

  note(zone: string, version: { serial: number; digest: string }, parent: string | undefined): void {
    if (parent === undefined) return
    this.#parents.set(keyOf(zone, version), parent)
    if (this.#parents.size <= MOST) return
    const [oldest] = this.#parents.keys()
    this.#parents.delete(oldest!)
  }

  /** A later step of the version; nothing for one whose trace is not known. */
  step(name: string, zone: string, version: { serial: number; digest: string }, facts: SpanFacts): void {
    const parent = this.#parents.get(keyOf(zone, version))
    if (parent === undefined) return
    const { attributes } = facts
    noteSpan(name, parent, { ...facts, attributes: { zone, serial: version.serial, ...attributes } })
  }
}

const keyOf = (zone: string, { serial, digest }: { serial: number; digest: string }): string => `${zone} ${serial} ${digest}`

/** The traces of this process. */
export const versionTraces = new VersionTraces()
