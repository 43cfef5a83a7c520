/**
 * Reads the entries of all chains that this hub has, its own and copies of others, as one list, newest first, each with its outcome.
 * A page reads a bounded number of lines: with filters it may be short, or empty, and have a next one.
 */
import { join } from 'node:path'
import { pause } from '../runtime/turns.js'
import { chainsIn, copiesFolder, hubOfChain } from './folders.js'
import type { EntryLine, Fact, Outcome, OutcomeLine, Target } from './line.js'
import { linesBackwards } from './read-backwards.js'

export interface AuditEntry extends EntryLine {
  chain: string
  hub: string
  /** Pending: the order is under way. */
  result: Outcome | 'pending'
  error: string | undefined
}

/** A place in the list of all entries. */
export interface AuditCursor {
  at: number
  chain: string
  n: number
}

export interface AuditQuery {
  zone?: string | undefined
  node?: string | undefined
  by?: string | undefined
  /** Milliseconds since 1970. */
  since?: number | undefined
  /** Entries about other targets are left out. */
  sees?: ((target: Target) => boolean) | undefined
  /** Entries older than this one. */
  after?: AuditCursor | undefined
  limit: number
  /** Milliseconds since 1970. */
  now: number
  /** Most lines to read. */
  mostLines?: number
}

export interface AuditPage {
  entries: AuditEntry[]
  next: AuditCursor | undefined
  /** Lines that cannot be trusted, and were left out. */
  damaged: number
}

const MOST_LINES = 20_000
/** No order takes longer: its outcome comes within this time after its entry. */
const OUTCOME_WITHIN_MS = 600_000
/** Outcomes whose entry has not come yet; more are beyond any order. */
const MOST_OUTCOMES = 10_000

interface Counts {
  lines: number
  damaged: number
}

export async function readEntries(folder: string, query: AuditQuery): Promise<AuditPage> {
  const { after, limit, since, mostLines = MOST_LINES } = query
  const counts: Counts = { lines: 0, damaged: 0 }
  const sources = await sourcesOf(folder, query, counts)
  const entries: AuditEntry[] = []
  let last: AuditCursor | undefined = after
  try {
    for (;;) {
      const newest = sources.reduce<Source | undefined>(
        (a, b) => (b.head !== undefined && isNewer(b.head, a?.head) ? b : a),
        undefined,
      )
      const entry = newest?.head
      if (newest === undefined || entry === undefined || (since !== undefined && entry.at < since))
        return { entries, next: undefined, damaged: counts.damaged }
      if (after === undefined || isNewer(after, entry)) {
        if (entries.length >= limit || counts.lines > mostLines) return { entries, next: last, damaged: counts.damaged }
        if (fits(entry, query)) entries.push(entry)
        last = { at: entry.at, chain: entry.chain, n: entry.n }
      }
      await newest.advance()
      await pause()
    }
  } finally {
    for (const source of sources) await source.close()
  }
}

async function sourcesOf(folder: string, query: AuditQuery, counts: Counts): Promise<Source[]> {
  const own = await chainsIn(folder)
  const copies = copiesFolder(folder)
  const others = (await chainsIn(copies)).filter((chain) => !own.includes(chain))
  const sources = [
    ...own.map((chain) => new Source(folder, chain, query, counts)),
    ...others.map((chain) => new Source(copies, chain, query, counts)),
  ]
  for (const source of sources) await source.advance()
  return sources
}

/** The first one comes before the second in the list. */
const isNewer = (a: AuditCursor, b: AuditCursor | undefined): boolean =>
  b === undefined || a.at > b.at || (a.at === b.at && (a.chain > b.chain || (a.chain === b.chain && a.n > b.n)))

function fits({ by, target }: AuditEntry, { zone, node, by: wanted, sees }: AuditQuery): boolean {
  if (sees?.(target) === false) return false
  if (wanted !== undefined && by !== wanted) return false
  if (zone !== undefined && !isAbout(zone, target.zone, target.zones, target.catalog)) return false
  return node === undefined || isAbout(node, target.node, target.nodes)
}

const isAbout = (name: string, ...facts: (Fact | undefined)[]): boolean =>
  facts.some((fact) => fact === name || (Array.isArray(fact) && fact.includes(name)))

/** The entries of one chain, newest first, with the outcomes, which are newer than their entries. */
class Source {
  readonly #chain: string
  readonly #lines: AsyncGenerator<Awaited<ReturnType<ReturnType<typeof linesBackwards>['next']>>['value']>
  readonly #outcomes = new Map<number, OutcomeLine>()
  readonly #counts: Counts
  readonly #now: number
  head: AuditEntry | undefined

  constructor(folder: string, chain: string, { after, now }: AuditQuery, counts: Counts) {
    this.#chain = chain
    this.#counts = counts
    this.#now = now
    const until = after === undefined ? undefined : after.at + OUTCOME_WITHIN_MS
    this.#lines = linesBackwards(join(folder, chain), until)
  }

  async advance(): Promise<void> {
    for (;;) {
      const { value, done } = await this.#lines.next()
      this.head = undefined
      if (done || value === undefined) return
      this.#counts.lines += 1
      if (value === 'damaged') this.#counts.damaged += 1
      else if (value.kind === 'outcome') this.#keep(value)
      else {
        this.head = this.#entryOf(value)
        return
      }
      await pause()
    }
  }

  #keep(outcome: OutcomeLine): void {
    if (this.#outcomes.size < MOST_OUTCOMES) this.#outcomes.set(outcome.of, outcome)
  }

  #entryOf(line: EntryLine): AuditEntry {
    const outcome = this.#outcomes.get(line.n)
    this.#outcomes.delete(line.n)
    const isOld = this.#now - line.at > OUTCOME_WITHIN_MS
    const result = line.open ? (outcome?.outcome ?? (isOld ? 'unknown' : 'pending')) : 'done'
    const after = outcome?.after === undefined ? line.after : outcome.after
    return { ...line, after, chain: this.#chain, hub: hubOfChain(this.#chain), result, error: outcome?.error }
  }

  async close(): Promise<void> {
    await this.#lines.return(undefined)
  }
}
