/** Follows a chain on disk, line by line, from a number on: for the process that sends it to others. */
import { join } from 'node:path'
import { blocksOf, segmentsOf } from './folders.js'
import { readLine } from './line.js'
import { LineSplitter } from './line-splitter.js'
import { pause } from '../runtime/turns.js'

export interface RawLine {
  n: number
  prev: string
  hash: string
  at: number
  /** Without the newline. */
  octets: Buffer
}

export class ChainFollower {
  readonly #folder: string
  /** The next line begins here. */
  #place: { file: string; offset: number } | undefined
  #last: number

  /** `after`: number of the last line that is known already. */
  constructor(folder: string, chain: string, after: number) {
    this.#folder = join(folder, chain)
    this.#last = after
  }

  get last(): number {
    return this.#last
  }

  /** The next lines, at most so many; none at the end of the chain, and behind a bad line. Throws the error of the file system. */
  async next(most: number): Promise<RawLine[]> {
    const lines: RawLine[] = []
    const segments = await segmentsOf(this.#folder)
    const begin = this.#place?.file ?? segments.findLast(({ first }) => first <= this.#last + 1)?.file ?? segments[0]?.file
    for (const { file } of segments.slice(
      Math.max(
        0,
        segments.findIndex((segment) => segment.file === begin),
      ),
    )) {
      const from = this.#place?.file === file ? this.#place.offset : 0
      if (!(await this.#read(file, from, most, lines))) break
    }
    return lines
  }

  /** False when nothing more is to be read now. */
  async #read(file: string, from: number, most: number, lines: RawLine[]): Promise<boolean> {
    const splitter = new LineSplitter(from)
    for await (const block of blocksOf(file, from))
      for (const { octets, at } of splitter.push(block)) {
        const reading = readLine(octets)
        if (!('line' in reading)) return false
        this.#place = { file, offset: at + octets.length + 1 }
        const { n, prev, hash, at: time } = reading.line
        if (n <= this.#last) continue
        this.#last = n
        lines.push({ n, prev, hash, at: time, octets })
        if (lines.length >= most) return false
        await pause()
      }
    return true
  }
}
