/**
 * Removes old lines: whole files, oldest first, whose last line is older than the limit. An entry of the chain names the last line of
 * each file before it goes, so that the check of the chain can begin behind it.
 */
import { open, rm } from 'node:fs/promises'
import { join } from 'node:path'
import { RETENTION } from './chain-check.js'
import type { ChainWriter } from './chain-writer.js'
import { lockFileOf } from './check-folder.js'
import { chainsIn, copiesFolder, headsFolder, readAt, type Segment, segmentsOf } from './folders.js'
import { type AuditLine, MAX_LINE, readLine } from './line.js'
import { FileLock } from '../store/file-lock.js'

/** Action of the entry before a chain is removed, whose last line is older than the limit. */
export const CHAIN_REMOVED = 'audit-chain-removed'

/** `before`: milliseconds since 1970. Throws the error of the file system, and AuditError. */
export async function removeOld(folder: string, writer: ChainWriter, hub: string, before: number): Promise<void> {
  await removeFiles(folder, writer, hub, before)
  for (const chain of await chainsIn(folder))
    if (chain !== writer.chain) await removeChain(folder, folder, chain, writer, hub, before)
  const copies = copiesFolder(folder)
  for (const chain of await chainsIn(copies)) await trimCopy(folder, copies, chain, writer, hub, before)
}

async function removeFiles(folder: string, writer: ChainWriter, hub: string, before: number): Promise<void> {
  const path = join(folder, writer.chain)
  for (;;) {
    const [oldest, ...others] = await segmentsOf(path)
    if (oldest === undefined || others.length === 0) return
    const last = await lastLineOf(oldest)
    if (last === undefined || last.at >= before) return
    await writer.append({
      by: 'zonecast',
      from: hub,
      action: RETENTION,
      target: { chain: writer.chain, file: oldest.name },
      before: { first: oldest.first },
      after: { n: last.n, hash: last.hash },
      reason: 'older than audit.keep',
    })
    await writer.removeOldest(oldest.file)
  }
}

/** A chain that no process writes any more. */
async function removeChain(
  folder: string,
  parent: string,
  chain: string,
  writer: ChainWriter,
  hub: string,
  before: number,
): Promise<void> {
  if (['alive', 'silent'].includes(new FileLock(lockFileOf(parent, chain)).state())) return
  const newest = (await segmentsOf(join(parent, chain))).at(-1)
  const last = newest && (await lastLineOf(newest))
  if (last === undefined || last.at >= before) return
  await writer.append({
    by: 'zonecast',
    from: hub,
    action: CHAIN_REMOVED,
    target: { chain, ...(parent === folder ? {} : { copy: true }) },
    before: { n: last.n, hash: last.hash },
    reason: 'older than audit.keep',
  })
  await rm(join(parent, chain), { recursive: true, force: true })
  await rm(join(headsFolder(parent), chain), { force: true })
}

/** A copy is no proof of its own begin: its old files go without an entry. */
async function trimCopy(
  folder: string,
  copies: string,
  chain: string,
  writer: ChainWriter,
  hub: string,
  before: number,
): Promise<void> {
  const segments = await segmentsOf(join(copies, chain))
  for (const oldest of segments.slice(0, -1)) {
    const last = await lastLineOf(oldest)
    if (last === undefined || last.at >= before) return
    await rm(oldest.file)
  }
  await removeChain(folder, copies, chain, writer, hub, before)
}

/** The last complete line; undefined for a file without one, or with a bad one. */
export async function lastLineOf({ file }: Pick<Segment, 'file'>): Promise<AuditLine | undefined> {
  const handle = await open(file, 'r')
  try {
    const { size } = await handle.stat()
    const from = Math.max(0, size - 2 * MAX_LINE)
    const octets = await readAt(handle, from, size - from)
    const end = octets.lastIndexOf(10)
    if (end < 0) return undefined
    const begin = end === 0 ? 0 : octets.lastIndexOf(10, end - 1) + 1
    const reading = readLine(octets.subarray(begin, end))
    return 'line' in reading ? reading.line : undefined
  } finally {
    await handle.close()
  }
}
