/**
 * The names of all zones in order, for pages of zones. Some changed names are put in place at once; many are sorted in slices.
 * A list that was handed out never changes.
 */
import type { ZoneName } from '../../lib/dns/name.js'
import { pause } from '../../lib/runtime/turns.js'

/** Most names put in place one by one: each moves the rest of the list. */
const FEW = 16
/** Names sorted in one turn, and names merged before other work runs. */
const RUN = 1_000

export class SortedNames {
  #names: readonly ZoneName[] = []
  #added = new Set<ZoneName>()
  #removed = new Set<ZoneName>()
  #sorting: Promise<void> | undefined

  /** `removed` were in the list; `added` were not, or are removed by the same call. */
  change(added: Iterable<ZoneName>, removed: Iterable<ZoneName>): void {
    for (const name of removed) if (!this.#added.delete(name)) this.#removed.add(name)
    for (const name of added) if (!this.#removed.delete(name)) this.#added.add(name)
  }

  /** All names, with every change before the call. */
  async list(): Promise<readonly ZoneName[]> {
    while (this.#sorting !== undefined || this.#added.size + this.#removed.size > 0) {
      this.#sorting ??= this.#apply().finally(() => {
        this.#sorting = undefined
      })
      await this.#sorting
    }
    return this.#names
  }

  async #apply(): Promise<void> {
    const [added, removed] = [this.#added, this.#removed]
    this.#added = new Set()
    this.#removed = new Set()
    if (added.size + removed.size > FEW) {
      this.#names = await merged(await without(this.#names, removed), await sorted([...added]))
      return
    }
    const names = [...this.#names]
    for (const name of removed) {
      const at = placeOf(names, name)
      if (names[at] === name) names.splice(at, 1)
    }
    for (const name of added) names.splice(placeOf(names, name), 0, name)
    this.#names = names
  }
}

/** Index of the first name that is not before this text. */
function placeOf(names: readonly string[], text: string): number {
  let [from, to] = [0, names.length]
  while (from < to) {
    const middle = (from + to) >>> 1
    if (names[middle]! < text) from = middle + 1
    else to = middle
  }
  return from
}

/** Index of the first name after this text. */
export function placeAfter(names: readonly string[], text: string): number {
  const at = placeOf(names, text)
  return names[at] === text ? at + 1 : at
}

async function without(names: readonly ZoneName[], removed: ReadonlySet<ZoneName>): Promise<readonly ZoneName[]> {
  if (removed.size === 0) return names
  const left: ZoneName[] = []
  for (const [i, name] of names.entries()) {
    if (!removed.has(name)) left.push(name)
    if (i % RUN === 0) await pause()
  }
  return left
}

async function sorted(names: readonly ZoneName[]): Promise<readonly ZoneName[]> {
  let runs: (readonly ZoneName[])[] = []
  for (let from = 0; from < names.length; from += RUN) {
    runs.push(names.slice(from, from + RUN).sort())
    await pause()
  }
  while (runs.length > 1) {
    const longer: (readonly ZoneName[])[] = []
    for (let i = 0; i < runs.length; i += 2) longer.push(await merged(runs[i]!, runs[i + 1] ?? []))
    runs = longer
  }
  return runs[0] ?? []
}

async function merged(a: readonly ZoneName[], b: readonly ZoneName[]): Promise<readonly ZoneName[]> {
  if (a.length === 0) return b
  if (b.length === 0) return a
  const both: ZoneName[] = []
  for (let i = 0, j = 0; i < a.length || j < b.length; ) {
    const isFirst = j === b.length || (i < a.length && a[i]! <= b[j]!)
    both.push(isFirst ? a[i++]! : b[j++]!)
    if (both.length % RUN === 0) await pause()
  }
  return both
}
