/**
 * Opens a chain for writing: takes one whose last writer is gone, sets aside what a crash cut off, and closes entries without an
 * outcome. A chain that was changed is left as it is, and a new one begins, whose first entry names it.
 */
import { createHash, randomBytes } from 'node:crypto'
import { type FileHandle, open, readdir, rename } from 'node:fs/promises'
import { basename, join } from 'node:path'
import { pause } from '../runtime/turns.js'
import { syncDirectory, writeAll } from '../store/durable.js'
import { FileLock } from '../store/file-lock.js'
import { ChainCheck, type Finding } from './chain-check.js'
import { ChainWriter, type ChainEnd, type WriterOptions } from './chain-writer.js'
import { lockFileOf } from './check-folder.js'
import { blocksOf, chainsIn, isUnused, makeFolder, readHead, type Segment, segmentsOf, sizeOf } from './folders.js'
import { type EntryDraft, NO_HASH, readLine } from './line.js'
import { LineSplitter } from './line-splitter.js'

export interface OpenedChain {
  writer: ChainWriter
  /** Bad chains that were found and left alone. */
  broken: { chain: string; finding: Finding }[]
  /** Name of the file with the torn rest of the last line. */
  torn: string | undefined
}

interface TailReading {
  end: ChainEnd
  /** Entries that wait for an outcome. */
  open: number[]
  finding: Finding | undefined
}

/** Entry of a start that found a torn line. */
export const HEALED = 'audit-healed'
/** Entry of a new chain that replaces one that was changed. */
export const BROKEN = 'audit-broken'

/** Throws the error of the file system, and StoreError STORE_IO for a lock that cannot be written. */
export async function openChain(folder: string, hub: string, options: WriterOptions): Promise<OpenedChain> {
  await makeFolder(folder)
  const broken: OpenedChain['broken'] = []
  for (const chain of await chainsIn(folder)) {
    if (!chain.startsWith(`${hub}-`) || chain.length !== hub.length + 9) continue
    await makeFolder(join(folder, chain))
    const lock = new FileLock(lockFileOf(folder, chain))
    if (!lock.take()) continue
    let isKept = false
    try {
      const tail = await readTail(folder, chain)
      if (tail.finding === undefined) {
        const opened = await begin(folder, chain, lock, tail, hub, options)
        isKept = true
        return { ...opened, broken }
      }
      broken.push({ chain, finding: tail.finding })
    } finally {
      if (!isKept) lock.release()
    }
  }
  const chain = `${hub}-${randomBytes(4).toString('hex')}`
  await makeFolder(join(folder, chain))
  await syncDirectory(folder)
  const lock = new FileLock(lockFileOf(folder, chain))
  lock.take()
  const end = { n: 0, hash: NO_HASH, at: 0, size: 0, file: undefined }
  const writer = new ChainWriter(folder, chain, lock, end, options)
  for (const { chain: bad, finding } of broken)
    await writer.append({ ...automatic(hub, BROKEN), target: { chain: bad }, before: { ...finding }, reason: finding.what })
  return { writer, broken, torn: undefined }
}

const automatic = (hub: string, action: string): Pick<EntryDraft, 'by' | 'from' | 'action'> => ({
  by: 'zonecast',
  from: hub,
  action,
})

async function begin(
  folder: string,
  chain: string,
  lock: FileLock,
  { end, open: without }: TailReading,
  hub: string,
  options: WriterOptions,
): Promise<{ writer: ChainWriter; torn: string | undefined }> {
  const path = join(folder, chain)
  // A file behind the one with the last line has no complete line.
  for (const { file, first } of await segmentsOf(path))
    if (file === end.file) await setTornAside(path, file, end.size)
    else if (first > end.n) await setTornAside(path, file, 0)
  const writer = new ChainWriter(folder, chain, lock, end, options)
  try {
    let torn: string | undefined
    for (const name of await unfinishedIn(path)) {
      torn = name.replace(/\.part$/, '')
      const { octets, sha256 } = await summary(join(path, name))
      const reason = 'a crash cut off the last line'
      await writer.append({ ...automatic(hub, HEALED), target: { chain, file: torn }, before: { octets, sha256 }, reason })
      await rename(join(path, name), join(path, torn))
    }
    for (const of of without)
      await writer.append({ of, outcome: 'unknown', error: 'the hub ended before the outcome was written' })
    return { writer, torn }
  } catch (error) {
    await writer.close().catch(() => undefined)
    throw error
  }
}

/** Reads the newest file with a line: where the chain goes on, and whether it is what was written. */
async function readTail(folder: string, chain: string): Promise<TailReading> {
  const head = await readHead(folder, chain)
  const anchors = typeof head === 'object' && head.n > 0 ? [{ ...head, where: 'its head file' }] : []
  const segments = await segmentsOf(join(folder, chain))
  const check = new ChainCheck(anchors)
  let read: { segment: Segment; size: number; waiting: Set<number> } | undefined
  for (let i = segments.length - 1; i >= 0 && (read === undefined || read.size === 0); i--) {
    const segment = segments[i]!
    read = { segment, ...(await readSegment(check, segment, `${chain}/${segment.name}`)) }
  }
  const { last, hash, at, findings } = check.end({ isLive: true, mayBeginLate: true })
  const end = { n: last, hash: last === 0 ? NO_HASH : hash, at: at ?? 0, size: read?.size ?? 0, file: read?.segment.file }
  const lost: Finding = { kind: 'truncated', file: `heads/${chain}`, line: 1, what: 'the head file is missing or damaged' }
  const hasHead = typeof head === 'object' || isUnused(head, segments)
  return { end, open: [...(read?.waiting ?? [])], finding: findings[0] ?? (hasHead ? undefined : lost) }
}

async function readSegment(
  check: ChainCheck,
  { file, first }: Segment,
  name: string,
): Promise<{ size: number; waiting: Set<number> }> {
  check.beginFile(name, first)
  const splitter = new LineSplitter()
  const waiting = new Set<number>()
  let size = 0
  for await (const block of blocksOf(file))
    for (const { octets, at } of splitter.push(block)) {
      check.feed(octets)
      size = at + octets.length + 1
      const reading = readLine(octets)
      if ('line' in reading && reading.line.kind === 'entry' && reading.line.open) waiting.add(reading.line.n)
      if ('line' in reading && reading.line.kind === 'outcome') waiting.delete(reading.line.of)
      await pause()
    }
  return { size, waiting }
}

/** Copies octets behind the last complete line to a file of their own, then cuts them off. */
async function setTornAside(folder: string, file: string, size: number): Promise<void> {
  const actual = await sizeOf(file)
  if (actual <= size) return
  const name = `torn-${basename(file, '.jsonl')}-${size}.part`
  const copy = await open(join(folder, name), 'w', 0o600)
  let source: FileHandle | undefined
  try {
    for await (const block of blocksOf(file, size)) await writeAll(copy, block)
    await copy.datasync()
    await syncDirectory(folder)
    source = await open(file, 'r+')
    await source.truncate(size)
    await source.datasync()
  } finally {
    await source?.close()
    await copy.close()
  }
}

/** Torn rests that no entry names yet: a crash may come between. */
const unfinishedIn = async (folder: string): Promise<string[]> =>
  (await readdir(folder)).filter((name) => /^torn-.*\.part$/.test(name)).sort()

async function summary(file: string): Promise<{ octets: number; sha256: string }> {
  const hash = createHash('sha256')
  let octets = 0
  for await (const block of blocksOf(file)) {
    hash.update(block)
    octets += block.length
  }
  return { octets, sha256: hash.digest('hex') }
}
