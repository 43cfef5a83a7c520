/** The differences of a zone's versions, from memory or from the journal, and the serials from which they lead. */
import { compareSerials, type Serial } from '../dns/serial.js'
import type { Difference } from '../zone/difference.js'
import { readDifferences } from './journal-file.js'
import type { LoggedVersion } from './logged-version.js'

export class DifferenceReader {
  readonly #file: string
  readonly #reading = new Map<LoggedVersion, Promise<Difference[]>>()

  constructor(file: string) {
    this.#file = file
  }

  /** Concurrent callers for the differences of a version share one read. */
  async of(row: LoggedVersion): Promise<Difference[]> {
    if (row.loaded !== undefined) return row.loaded
    if (row.differences === 0) return []
    let reading = this.#reading.get(row)
    if (reading === undefined) {
      reading = readDifferences(this.#file, row.place).finally(() => this.#reading.delete(row))
      this.#reading.set(row, reading)
    }
    return await reading
  }

  /**
   * The gapless chain of differences from `from` to the row at `last`, oldest first. Undefined when there is none, or when its
   * serials do not rise throughout, which IXFR requires (RFC 1982 §3.2).
   */
  async chain(rows: readonly LoggedVersion[], from: Serial, last: number): Promise<Difference[] | undefined> {
    if (isTorn(rows, from)) return undefined
    const parts: Difference[][] = []
    let wanted = rows[last]?.version.serial
    for (let i = last; i >= 0; i--) {
      const differences = await this.of(rows[i]!)
      if (differences.length === 0 || differences.at(-1)!.to !== wanted) return undefined
      const start = differences.findIndex((d) => d.from === from)
      if (start >= 0) return rising([differences.slice(start), ...parts].flat(), from, rows[last]!.version.serial)
      parts.unshift(differences)
      wanted = differences[0]!.from
    }
    return undefined
  }
}

/** Two contents were released under the serial: a node may have either, and no difference fits both. */
const isTorn = (rows: readonly LoggedVersion[], serial: Serial): boolean =>
  rows.some(({ version }) => version.isTorn && version.serial === serial)

function rising(chain: Difference[], from: Serial, to: Serial): Difference[] | undefined {
  const rises = chain.every((step) => compareSerials(step.to, step.from) === 'newer')
  return rises && compareSerials(to, from) === 'newer' ? chain : undefined
}

/** Octets of the differences from a serial to the row at `last`; undefined when none lead there. Reads nothing. */
export function octetsFrom(rows: readonly LoggedVersion[], from: Serial, last: number): number | undefined {
  if (isTorn(rows, from)) return undefined
  let octets = 0
  for (let i = last; i >= 0; i--) {
    const { differences, steps, place } = rows[i]!
    if (differences === 0) return undefined
    octets += place.differencesOctets
    if (rows[i - 1]?.version.serial === from || steps?.includes(from)) return octets
  }
  return undefined
}
