/** Audit chains in memory and on disk, for tests and the fuzzer. */
import { type Anchor, ChainCheck, type ChainReport } from '../../lib/audit/chain-check.js'
import { segmentName } from '../../lib/audit/folders.js'
import { type Draft, NO_HASH, writeLine } from '../../lib/audit/line.js'
import { LineSplitter } from '../../lib/audit/line-splitter.js'

export interface ChainFile {
  name: string
  first: number
  octets: Buffer
}

export const START = Date.parse('2026-11-24T05:00:00Z')

export const draftOf = (i: number): Draft =>
  i % 5 === 4
    ? { of: i, outcome: 'done', after: { state: 'held' } }
    : {
        by: `noc-${i % 3}`,
        from: '192.0.2.7',
        action: 'hold',
        target: { zone: `z${i % 7}.example.` },
        before: null,
        reason: `reason ${i}`,
        open: i % 5 === 3,
      }

/** A chain of so many lines in files of so many. */
export function makeChain(lines: number, perFile: number): { files: ChainFile[]; head: Anchor } {
  const files: ChainFile[] = []
  let [prev, parts] = [NO_HASH, [] as Buffer[]]
  for (let n = 1; n <= lines; n++) {
    const { octets, hash } = writeLine(draftOf(n), { n, at: START + n * 1000, prev })
    prev = hash
    parts.push(octets)
    if (n % perFile !== 0 && n !== lines) continue
    const first = n - parts.length + 1
    files.push({ name: segmentName(first), first, octets: Buffer.concat(parts) })
    parts = []
  }
  return { files, head: { n: lines, hash: prev, where: 'its head file' } }
}

/** `block`: octets that are read at a time. */
export function checkFiles(files: readonly ChainFile[], anchors: readonly Anchor[], block = 64): ChainReport {
  const check = new ChainCheck(anchors)
  for (const { name, first, octets } of files) {
    check.beginFile(name, first)
    const splitter = new LineSplitter()
    for (let at = 0; at < octets.length; at += block)
      for (const line of splitter.push(octets.subarray(at, at + block))) check.feed(line.octets)
    const rest = splitter.end()
    if (rest !== undefined) check.feed(rest.octets, false)
  }
  return check.end()
}
