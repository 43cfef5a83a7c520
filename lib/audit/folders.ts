/**
 * The folder of the audit log, and the names in it:
 *
 *   audit/CHAIN/000000000001.jsonl   the lines of a chain from that number on; later ones in the next file
 *   audit/CHAIN/writer.lock          the process that appends
 *   audit/CHAIN/torn-…               the rest of a line that a crash cut off
 *   audit/heads/CHAIN                number and hash of the last line
 *   audit/copies/CHAIN/…             the same for chains of other hubs and machines, received through Redis
 */
import { type FileHandle, mkdir, open, readdir, readFile, stat } from 'node:fs/promises'
import { join } from 'node:path'
import { NO_HASH } from './line.js'

export const auditFolder = (dataDir: string): string => join(dataDir, 'audit')
export const headsFolder = (folder: string): string => join(folder, 'heads')
export const copiesFolder = (folder: string): string => join(folder, 'copies')

/** `hub-east-1f2e3d4c`: the hub, and a random part, as each writing process has a chain. */
const CHAIN = /^([A-Za-z0-9][A-Za-z0-9_.-]{0,62})-([0-9a-f]{8})$/
const SEGMENT = /^(\d{12})\.jsonl$/

export const isChainName = (name: string): boolean => CHAIN.test(name)
export const hubOfChain = (chain: string): string => CHAIN.exec(chain)?.[1] ?? chain
export const segmentName = (first: number): string => `${String(first).padStart(12, '0')}.jsonl`

export interface Segment {
  file: string
  /** Its name in the folder. */
  name: string
  /** Number of its first line, as its name has it. */
  first: number
}

/** Makes a folder closed to others, unless it is there. Throws the error of the file system, and with it its real reason. */
export async function makeFolder(folder: string): Promise<void> {
  try {
    await mkdir(folder, { mode: 0o700 })
  } catch (error) {
    const { code } = error as { code?: string }
    // With `recursive` Node.js reports a read-only file system as ENOENT.
    if (code === 'ENOENT') await mkdir(folder, { recursive: true, mode: 0o700 })
    else if (code !== 'EEXIST') throw error
  }
}

/** The names in a folder; none when there is no such folder. */
async function namesIn(folder: string): Promise<string[]> {
  try {
    return await readdir(folder)
  } catch (error) {
    if ((error as { code?: string }).code === 'ENOENT') return []
    throw error
  }
}

/** Oldest first. */
export async function segmentsOf(folder: string): Promise<Segment[]> {
  return (await namesIn(folder))
    .flatMap((name) => {
      const [, first] = SEGMENT.exec(name) ?? []
      return first === undefined ? [] : [{ file: join(folder, name), name, first: Number(first) }]
    })
    .sort((a, b) => a.first - b.first)
}

/** The chains in a folder. One of which only the head file is left counts too. */
export async function chainsIn(folder: string): Promise<string[]> {
  const names = [...(await namesIn(folder)), ...(await namesIn(headsFolder(folder)))]
  return [...new Set(names.filter(isChainName))].sort()
}

export interface Head {
  n: number
  hash: string
}

const HEAD = /^(\d{12}) ([0-9a-f]{64})\n$/
/** Always of the same length, so that it is written in place. */
export const headText = ({ n, hash }: Head): string => `${String(n).padStart(12, '0')} ${hash}\n`

/** `damaged` for a file that is none; undefined without a file. */
export async function readHead(folder: string, chain: string): Promise<Head | 'damaged' | undefined> {
  try {
    const [, n, hash] = HEAD.exec(await readFile(join(headsFolder(folder), chain), 'latin1')) ?? []
    return n === undefined ? 'damaged' : { n: Number(n), hash: hash ?? NO_HASH }
  } catch (error) {
    if ((error as { code?: string }).code === 'ENOENT') return undefined
    throw error
  }
}

/** A process ended between the begin of a chain and its first line. */
export const isUnused = (head: Head | 'damaged' | undefined, segments: readonly Segment[]): boolean =>
  head === undefined && segments.length === 0

const BLOCK = 64 * 1024

/** The octets of a file from an offset on, in blocks. */
export async function* blocksOf(file: string, from = 0): AsyncGenerator<Buffer> {
  const handle = await open(file, 'r')
  try {
    for (let at = from; ; ) {
      const block = Buffer.allocUnsafe(BLOCK)
      const { bytesRead } = await handle.read(block, 0, BLOCK, at)
      if (bytesRead === 0) return
      yield block.subarray(0, bytesRead)
      at += bytesRead
    }
  } finally {
    await handle.close()
  }
}

export const sizeOf = async (file: string): Promise<number> => (await stat(file)).size

/** Reads up to `length` octets at an offset. */
export async function readAt(handle: FileHandle, at: number, length: number): Promise<Buffer> {
  const block = Buffer.allocUnsafe(length)
  const { bytesRead } = await handle.read(block, 0, length, at)
  return block.subarray(0, bytesRead)
}
