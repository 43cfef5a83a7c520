/**
 * Copies of the chains of other hubs and machines: they outlive the disk of their hub, and show when a chain is written anew. A copy
 * takes only lines that continue it. One process of a dataDir writes copies.
 */
import { type FileHandle, open, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { syncDirectory, writeAll } from '../store/durable.js'
import {
  blocksOf,
  copiesFolder,
  type Head,
  headsFolder,
  headText,
  makeFolder,
  readHead,
  segmentName,
  segmentsOf,
  sizeOf,
} from './folders.js'
import type { RawLine } from './forward.js'
import { NO_HASH } from './line.js'
import { LineSplitter } from './line-splitter.js'

const ROTATE_AT = 16 * 2 ** 20

/** The lines do not continue the copy: the chain was written anew, there or on the way. */
export class OtherChain extends Error {
  override readonly name = 'OtherChain'
}

export class Copies {
  readonly #folder: string

  /** `folder`: that of the audit log. */
  constructor(folder: string) {
    this.#folder = copiesFolder(folder)
  }

  /** The last line that was copied; number 0 before it. Throws the error of the file system. */
  async head(chain: string): Promise<Head> {
    const head = await readHead(this.#folder, chain)
    return typeof head === 'object' ? head : { n: 0, hash: NO_HASH }
  }

  /** Durable when it resolves. Throws OtherChain, and the error of the file system; then nothing of it counts. */
  async append(chain: string, lines: readonly RawLine[]): Promise<Head> {
    const before = await this.head(chain)
    let { n, hash } = before
    for (const line of lines) {
      const isNext = line.n === n + 1
      // Lines that Redis does not have any more leave a gap.
      const isGap = n === before.n && line.n > n + 1
      if ((isNext && n > 0 && line.prev !== hash) || (!isNext && !isGap))
        throw new OtherChain(`line ${line.n} of ${chain} does not follow line ${n} of its copy`)
      ;({ n, hash } = line)
    }
    if (lines.length === 0) return before
    await makeFolder(this.#folder)
    await makeFolder(join(this.#folder, chain))
    await makeFolder(headsFolder(this.#folder))
    const octets = Buffer.concat(lines.flatMap((line) => [line.octets, Buffer.from('\n')]))
    await this.#write(chain, lines[0]!.n, before.n, octets)
    await writeFile(join(headsFolder(this.#folder), chain), headText({ n, hash }), { mode: 0o600 })
    return { n, hash }
  }

  async #write(chain: string, first: number, last: number, octets: Buffer): Promise<void> {
    const folder = join(this.#folder, chain)
    const newest = (await segmentsOf(folder)).at(-1)
    const size = newest === undefined ? 0 : await sizeOf(newest.file)
    const isNew = newest === undefined || first !== last + 1 || size >= ROTATE_AT
    let handle: FileHandle | undefined
    try {
      handle = await open(isNew ? join(folder, segmentName(first)) : newest.file, 'a', 0o600)
      // A crash, or a full disk, may have left a part of the lines that come again now.
      const from = isNew ? 0 : await endOf(newest.file, last)
      await handle.truncate(from)
      await writeAll(handle, octets)
      await handle.datasync()
      if (isNew) await syncDirectory(folder)
    } finally {
      await handle?.close()
    }
  }
}

/** Offset behind the line with this number, the last one that counts. */
async function endOf(file: string, last: number): Promise<number> {
  const splitter = new LineSplitter()
  let end = 0
  const number = Buffer.from(`{"n":${last},`)
  for await (const block of blocksOf(file))
    for (const { octets, at } of splitter.push(block))
      if (octets.subarray(0, number.length).equals(number)) end = at + octets.length + 1
  return end
}
