/** Proves the chains in a folder of the audit log, line by line from the disk, with the anchors that are known of each. */
import { join } from 'node:path'
import { pause } from '../runtime/turns.js'
import { FileLock } from '../store/file-lock.js'
import { type Anchor, ChainCheck, type ChainReport } from './chain-check.js'
import { blocksOf, chainsIn, copiesFolder, hubOfChain, isUnused, readHead, segmentsOf } from './folders.js'
import { LineSplitter } from './line-splitter.js'

export interface NamedReport extends ChainReport {
  chain: string
  hub: string
  /** Own: a process with this dataDir writes it. Copy: received from another hub or machine. */
  kind: 'own' | 'copy'
  /** The places whose number and hash of a line were compared. */
  anchors: string[]
}

/** An anchor with the chain that it is about. */
export type ChainAnchor = Anchor & { chain: string }

const LINES_PER_SLICE = 64

export const lockFileOf = (folder: string, chain: string): string => join(folder, chain, 'writer.lock')

/** All chains under `audit`, those of this dataDir first. */
export async function checkAudit(folder: string, anchors: readonly ChainAnchor[] = []): Promise<NamedReport[]> {
  const own = await checkChains(folder, 'own', anchors)
  return [...own, ...(await checkChains(copiesFolder(folder), 'copy', anchors))]
}

async function checkChains(folder: string, kind: NamedReport['kind'], anchors: readonly ChainAnchor[]): Promise<NamedReport[]> {
  const reports: NamedReport[] = []
  for (const chain of await chainsIn(folder))
    reports.push(
      await checkChain(
        folder,
        chain,
        kind,
        anchors.filter((anchor) => anchor.chain === chain),
      ),
    )
  return reports
}

/** The head file is an anchor of its own. A chain that a running process writes may end in the middle of a line. */
export async function checkChain(
  folder: string,
  chain: string,
  kind: NamedReport['kind'],
  others: readonly Anchor[],
): Promise<NamedReport> {
  const head = await readHead(folder, chain)
  const anchors = [...others, ...(typeof head === 'object' && head.n > 0 ? [{ ...head, where: 'its head file' }] : [])]
  const check = new ChainCheck(anchors)
  const path = join(folder, chain)
  const segments = await segmentsOf(path)
  for (const { name, file, first } of segments) {
    check.beginFile(`${chain}/${name}`, first, kind === 'copy')
    await feedSegment(check, file)
  }
  const isLive = ['alive', 'silent'].includes(new FileLock(lockFileOf(folder, chain)).state())
  const report = check.end({ isLive, mayBeginLate: kind === 'copy' })
  if (typeof head !== 'object' && !isUnused(head, segments))
    report.findings.push({
      kind: 'truncated',
      file: `heads/${chain}`,
      line: 1,
      what: `the head file ${head === undefined ? 'is missing' : 'is damaged'}, so an end of the chain could be missing`,
    })
  return { ...report, chain, hub: hubOfChain(chain), kind, anchors: anchors.map(({ where }) => where) }
}

async function feedSegment(check: ChainCheck, file: string): Promise<void> {
  const splitter = new LineSplitter()
  let lines = 0
  for await (const block of blocksOf(file))
    for (const { octets } of splitter.push(block)) {
      check.feed(octets)
      if (++lines % LINES_PER_SLICE === 0) await pause()
    }
  const rest = splitter.end()
  if (rest !== undefined) check.feed(rest.octets, false)
}
