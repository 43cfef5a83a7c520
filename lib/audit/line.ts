/**
 * The lines of the audit log: JSON with a number, the hash of the line before, and a hash over the rest of the line. An entry is an
 * order or an automatic act, written before it takes effect; an outcome is a later line about an entry. Pure.
 */
import { createHash } from 'node:crypto'
import { z } from 'zod'

/** Plain JSON. */
export type Fact = string | number | boolean | null | readonly Fact[] | { readonly [name: string]: Fact | undefined }

/** The object of an act. Filters use `zone` and `node`, and the lists `zones` and `nodes`. */
export type Target = Readonly<Record<string, Fact | undefined>>

export interface Act {
  /** Name of the token, `local` for the token under dataDir, `zonecast` for an automatic act. */
  by: string
  /** Address of the caller; for an automatic act the name of the hub. */
  from: string
  /** As in the API: `hold`, `drain`; or the name of an automatic act. */
  action: string
  target: Target
  before?: Fact | undefined
  after?: Fact | undefined
  reason?: string | undefined
}

export type Outcome = 'done' | 'failed' | 'unknown'

export interface EntryLine extends Act {
  kind: 'entry'
  /** From 1 on, without a gap in a chain. */
  n: number
  /** Milliseconds since 1970; never earlier than the line before. */
  at: number
  /** An outcome follows. */
  open: boolean
  /** Time of an automatic act that could not be written at once. */
  actedAt?: number | undefined
  /** Automatic acts before this one that were lost, because too many could not be written. */
  lost?: number | undefined
  prev: string
  hash: string
}

export interface OutcomeLine {
  kind: 'outcome'
  n: number
  at: number
  /** Number of the entry. */
  of: number
  outcome: Outcome
  after?: Fact | undefined
  error?: string | undefined
  prev: string
  hash: string
}

export type AuditLine = EntryLine | OutcomeLine

/** A line before it has its place in a chain. */
export type EntryDraft = Act & { open?: boolean; actedAt?: number | undefined; lost?: number | undefined }
export type OutcomeDraft = Pick<OutcomeLine, 'of' | 'outcome' | 'after' | 'error'>
export type Draft = EntryDraft | OutcomeDraft

/** `prev` of the first line. */
export const NO_HASH = '0'.repeat(64)
/** Octets of a line; a reader needs no more memory than a few of them. */
export const MAX_LINE = 128 * 1024
/** Characters of `target`, `before` and `after`, each. */
const MAX_FACT = 8 * 1024
const MAX_TEXT = 1_000
/** Members of a list in a fact. */
const MAX_LIST = 100

/** `,"hash":"` 64 digits `"}` */
const TAIL = 75
const TAIL_PATTERN = /^,"hash":"([0-9a-f]{64})"\}$/

const sha256 = (octets: Buffer): string => createHash('sha256').update(octets).digest('hex')

/** The line at its place in the chain, with the final newline, and its hash. `at`: milliseconds since 1970. */
export function writeLine(draft: Draft, place: { n: number; at: number; prev: string }): { octets: Buffer; hash: string } {
  const { n, prev } = place
  const at = new Date(place.at).toISOString()
  const json = JSON.stringify('of' in draft ? outcomeJson(draft, { n, at, prev }) : entryJson(draft, { n, at, prev }))
  const covered = Buffer.from(json.slice(0, -1))
  const hash = sha256(covered)
  return { octets: Buffer.concat([covered, Buffer.from(`,"hash":"${hash}"}\n`)]), hash }
}

interface Place {
  n: number
  at: string
  prev: string
}

function entryJson({ by, from, action, target, before, after, reason, open, actedAt, lost }: EntryDraft, { n, at, prev }: Place) {
  return {
    n,
    at,
    by: cut(by),
    from: cut(from),
    action: cut(action),
    target: bounded(target),
    before: bounded(before),
    after: bounded(after),
    reason: reason === undefined ? undefined : cut(reason),
    open: open === true ? true : undefined,
    actedAt: actedAt === undefined ? undefined : new Date(actedAt).toISOString(),
    lost,
    prev,
  }
}

const outcomeJson = ({ of, outcome, after, error }: OutcomeDraft, { n, at, prev }: Place) => ({
  n,
  at,
  of,
  outcome,
  after: bounded(after),
  error: error === undefined ? undefined : cut(error),
  prev,
})

const cut = (text: string): string => (text.length <= MAX_TEXT ? text : `${text.slice(0, MAX_TEXT)}…`)

/** An order may name thousands of zones: a list keeps its first members, and the number of the others. */
function bounded(fact: Fact | undefined): Fact | undefined {
  if (fact === undefined || fact === null) return fact
  const short = shortened(fact)
  return JSON.stringify(short).length <= MAX_FACT ? short : { tooLong: true, octets: JSON.stringify(fact).length }
}

function shortened(fact: Fact): Fact {
  if (typeof fact === 'string') return cut(fact)
  if (typeof fact !== 'object' || fact === null) return fact
  if (Array.isArray(fact)) {
    const list = fact.slice(0, MAX_LIST).map(shortened)
    return fact.length > MAX_LIST ? [...list, `… ${fact.length - MAX_LIST} more, left out`] : list
  }
  return Object.fromEntries(
    Object.entries(fact).flatMap(([name, value]) => (value === undefined ? [] : [[name, shortened(value as Fact)]])),
  )
}

export type LineReading = { line: AuditLine } | { fault: 'not-a-line' | 'hash' }

/** Reads one line without its newline. `hash`: the hash does not match the rest of the line. */
export function readLine(octets: Buffer): LineReading {
  if (octets.length <= TAIL) return { fault: 'not-a-line' }
  const covered = octets.subarray(0, octets.length - TAIL)
  const [, hash] = TAIL_PATTERN.exec(octets.toString('latin1', octets.length - TAIL)) ?? []
  if (hash === undefined) return { fault: 'not-a-line' }
  if (sha256(covered) !== hash) return { fault: 'hash' }
  const line = lineOf(octets, hash)
  return line === undefined ? { fault: 'not-a-line' } : { line }
}

function lineOf(octets: Buffer, hash: string): AuditLine | undefined {
  let value: unknown
  try {
    value = JSON.parse(octets.toString('utf8'))
  } catch {
    return undefined
  }
  if (typeof value !== 'object' || value === null) return undefined
  if ('of' in value) {
    const { data } = outcomeSchema.safeParse(value)
    return data && { ...data, kind: 'outcome', hash }
  }
  const { data } = entrySchema.safeParse(value)
  return data && { ...data, kind: 'entry', hash }
}

const number = z.int().positive()
const time = z.string().transform((text, context) => {
  const at = Date.parse(text)
  if (Number.isFinite(at)) return at
  context.issues.push({ code: 'custom', message: 'not a time', input: text })
  return z.NEVER
})
/** Each value of JSON is one: not walked, as its depth is the writer's choice. */
const fact = z.custom<Fact>((value) => value !== undefined).optional()
const placed = { n: number, at: time, prev: z.string() }

const entrySchema = z.object({
  ...placed,
  by: z.string(),
  from: z.string(),
  action: z.string(),
  target: z.custom<Target>((value) => typeof value === 'object' && value !== null),
  before: fact,
  after: fact,
  reason: z.string().optional(),
  open: z.boolean().default(false),
  actedAt: time.optional(),
  lost: number.optional(),
})

const outcomeSchema = z.object({
  ...placed,
  of: number,
  // A later version may have more words.
  outcome: z.enum(['done', 'failed', 'unknown']).catch('unknown'),
  after: fact,
  error: z.string().optional(),
})
