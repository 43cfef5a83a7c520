/**
 * Proves a chain: each line follows the one before, none was edited, dropped, moved, repeated or cut off. Pure; needs the memory of
 * some lines, however long the chain is.
 */
import { type EntryLine, NO_HASH, readLine } from './line.js'

/** The number and hash of a line, known from another place than the chain itself. */
export interface Anchor {
  n: number
  hash: string
  /** For operators: `its head file`, `hub-west`, `redis`. */
  where: string
}

export type FindingKind = 'edited' | 'dropped' | 'reordered' | 'duplicated' | 'truncated' | 'renamed'

export interface Finding {
  kind: FindingKind
  file: string
  /** From 1 on. */
  line: number
  what: string
}

export interface ChainReport {
  /** Lines that belong to the chain. */
  lines: number
  first: number
  last: number
  hash: string
  /** Time of the last line, milliseconds since 1970. */
  at: number | undefined
  findings: Finding[]
  /** Findings beyond those listed. */
  more: number
  /** Facts that are no sign of a change. */
  notes: string[]
}

/** Action of the entry that is written before an old file is removed; its `after` has the last line of that file. */
export const RETENTION = 'audit-retention'

const MAX_FINDINGS = 100
/** Ranges of missing numbers that are remembered, to distinguish a moved line from a repeated one. */
const MAX_GAPS = 1_000

interface Gap {
  from: number
  to: number
  file: string
  line: number
}

export class ChainCheck {
  readonly #anchors: Anchor[]
  readonly #findings: Finding[] = []
  #more = 0
  readonly #notes: string[] = []
  #gaps: Gap[] = []
  #next: number | undefined
  /** Undefined behind a line whose hash is not known. */
  #prev: string | undefined
  #first = 0
  #firstPrev = ''
  #firstPlace = { file: '', line: 0 }
  #lines = 0
  #hash = NO_HASH
  #at: number | undefined
  /** The begin of the chain was removed by its retention. */
  #isRemovalKnown = false
  #place = { file: '', line: 0 }
  #hasNumber: number | undefined
  #rest: { file: string; line: number } | undefined

  constructor(anchors: readonly Anchor[] = []) {
    this.#anchors = [...anchors].sort((a, b) => a.n - b.n)
  }

  /** `firstNumber`: the number in the name of the file. `mayJump`: a copy, in which lines before the file may be missing. */
  beginFile(file: string, firstNumber: number, mayJump = false): void {
    if (mayJump && this.#next !== undefined && firstNumber > this.#next) {
      this.#notes.push(`${file}: ${linesText(this.#next, firstNumber - 1)} not in this copy`)
      this.#next = firstNumber
      this.#prev = undefined
    }
    this.#endFile()
    if (this.#rest !== undefined) this.#find('edited', this.#rest, 'the last line of the file has no end')
    this.#rest = undefined
    this.#hasNumber = firstNumber
    this.#place = { file, line: 0 }
  }

  /** A file without a line, which a rotation leaves until its first line, has its place in the chain too. */
  #endFile(): void {
    if (this.#hasNumber !== undefined && this.#next !== undefined && this.#hasNumber !== this.#next && this.#rest === undefined)
      this.#find('renamed', this.#place, `the file is empty, and its name has ${this.#hasNumber} instead of ${this.#next}`)
    this.#hasNumber = undefined
  }

  /** The next line of the file, without its newline. */
  feed(octets: Buffer, isComplete = true): void {
    this.#place = { file: this.#place.file, line: this.#place.line + 1 }
    if (!isComplete) {
      this.#rest = this.#place
      return
    }
    const reading = readLine(octets)
    if ('fault' in reading) {
      const what = reading.fault === 'hash' ? 'the text does not match its hash' : 'this is no line of an audit log'
      this.#find('edited', this.#place, what)
      // Its place in the chain is used up, whatever it was.
      if (this.#next !== undefined) this.#next += 1
      this.#prev = undefined
      this.#hasNumber = undefined
      return
    }
    const { line } = reading
    if (this.#hasNumber !== undefined && this.#hasNumber !== line.n)
      this.#find('renamed', this.#place, `the file begins with line ${line.n}, and its name has ${this.#hasNumber}`)
    this.#hasNumber = undefined
    if (this.#next === undefined) this.#begin(line.n, line.prev)
    this.#follow(line.n, line.prev, line.hash, line.at)
    if (line.kind === 'entry') this.#noteRemoval(line)
  }

  #begin(n: number, prev: string): void {
    const skipped = this.#findings.length + this.#more
    this.#first = n
    this.#firstPrev = prev
    this.#firstPlace = this.#place
    this.#isRemovalKnown = n === 1 && prev === NO_HASH && skipped === 0
    this.#next = n
    this.#prev = prev
  }

  #follow(n: number, prev: string, hash: string, at: number): void {
    const next = this.#next!
    if (n < next) {
      this.#judgeOld(n, hash)
      return
    }
    if (n > next) this.#miss({ from: next, to: n - 1, ...this.#place })
    else if (this.#prev !== undefined && prev !== this.#prev)
      this.#find('edited', this.#place, `line ${n} does not follow the line before it: one of the two was written anew`)
    this.#compareAnchors(n, hash)
    this.#next = n + 1
    this.#prev = hash
    this.#hash = hash
    this.#at = at
    this.#lines += 1
  }

  #judgeOld(n: number, hash: string): void {
    const i = this.#gaps.findIndex(({ from, to }) => n >= from && n <= to)
    if (i < 0) {
      this.#find('duplicated', this.#place, `line ${n} is there twice`)
      return
    }
    this.#find('reordered', this.#place, `line ${n} comes after line ${this.#next! - 1}`)
    this.#compareAnchors(n, hash)
    this.#lines += 1
    const { from, to, ...place } = this.#gaps[i]!
    const rest = [
      { from, to: n - 1, ...place },
      { from: n + 1, to, ...place },
    ]
    this.#gaps.splice(i, 1, ...rest.filter((gap) => gap.from <= gap.to))
  }

  #miss(gap: Gap): void {
    if (this.#gaps.length < MAX_GAPS) this.#gaps.push(gap)
    else this.#reportGap(gap)
  }

  #reportGap({ from, to, file, line }: Gap): void {
    this.#find('dropped', { file, line }, `${linesText(from, to)} missing before this line`)
  }

  #compareAnchors(n: number, hash: string): void {
    for (const anchor of this.#anchors)
      if (anchor.n === n && anchor.hash !== hash)
        this.#find('edited', this.#place, `line ${n} differs from the one that ${anchor.where} has: the chain was written anew`)
  }

  #noteRemoval({ action, after }: EntryLine): void {
    if (action !== RETENTION || typeof after !== 'object' || after === null) return
    const { n, hash } = after as { n?: unknown; hash?: unknown }
    if (n === this.#first - 1 && hash === this.#firstPrev) this.#isRemovalKnown = true
  }

  /**
   * Ends the check. `isLive`: a process writes the chain, and may be in the middle of a line. `mayBeginLate`: a copy, whose begin
   * was gone when copying began.
   */
  end({ isLive = false, mayBeginLate = false }: { isLive?: boolean; mayBeginLate?: boolean } = {}): ChainReport {
    this.#endFile()
    for (const gap of this.#gaps) this.#reportGap(gap)
    const last = (this.#next ?? 1) - 1
    if (this.#first > 0 && !this.#isRemovalKnown && !mayBeginLate)
      this.#find(
        this.#first === 1 ? 'edited' : 'dropped',
        this.#firstPlace,
        this.#first === 1
          ? 'the chain does not begin here'
          : `${linesText(1, this.#first - 1)} missing, and no entry of the chain states their removal`,
      )
    const beyond = this.#anchors.filter(({ n }) => n > last)
    const furthest = beyond.at(-1)
    if (furthest !== undefined)
      this.#find(
        'truncated',
        this.#rest ?? this.#place,
        `${linesText(last + 1, furthest.n)} missing at the end: ${furthest.where} has line ${furthest.n}`,
      )
    else if (this.#rest !== undefined && !isLive)
      this.#notes.push(`${this.#rest.file}:${this.#rest.line}: a crash cut off the last line; the next start sets it aside`)
    const report = { lines: this.#lines, first: this.#first, last, hash: this.#hash, at: this.#at }
    return { ...report, findings: this.#findings, more: this.#more, notes: this.#notes }
  }

  #find(kind: FindingKind, { file, line }: { file: string; line: number }, what: string): void {
    if (this.#findings.length < MAX_FINDINGS) this.#findings.push({ kind, file, line, what })
    else this.#more += 1
  }
}

const linesText = (from: number, to: number): string => (from === to ? `line ${from} is` : `lines ${from} to ${to} are`)
