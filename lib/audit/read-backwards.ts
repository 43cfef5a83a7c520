/** Reads a chain from its newest line back, in blocks: what operators ask for is at the end of a long file. */
import { open } from 'node:fs/promises'
import { readAt, type Segment, segmentsOf } from './folders.js'
import { type AuditLine, MAX_LINE, readLine } from './line.js'

const BLOCK = 64 * 1024
const NEWLINE = 10
/** In most lines; a longer one is read whole. */
const HEAD = 1_024
const AT = /"at":"([^"]{20,30})"/

/**
 * The lines of a chain from the newest one not later than `until` (milliseconds since 1970) on, newest first; `damaged` for a line
 * that cannot be trusted. An incomplete last line is left out. Throws the error of the file system.
 */
export async function* linesBackwards(folder: string, until?: number): AsyncGenerator<AuditLine | 'damaged'> {
  const segments = await segmentsOf(folder)
  let newest = segments.length - 1
  if (until !== undefined)
    newest = (await lastNot(segments.length, async (i) => ((await timeAt(segments[i]!, 0)) ?? 0) > until)) ?? -1
  for (let i = newest; i >= 0; i--) yield* segmentBackwards(segments[i]!, i === newest ? until : undefined)
}

async function* segmentBackwards(segment: Segment, until: number | undefined): AsyncGenerator<AuditLine | 'damaged'> {
  const handle = await open(segment.file, 'r')
  try {
    const { size } = await handle.stat()
    let end = until === undefined ? size : await endBefore(segment, size, until)
    let rest: Buffer[] = []
    // Only complete lines: octets behind the last newline are a line that is being written.
    let isBehindLast = true
    while (end > 0) {
      const from = Math.max(0, end - BLOCK)
      const block = await readAt(handle, from, end - from)
      let to = block.length
      for (let at = block.lastIndexOf(NEWLINE); at >= 0; at = at === 0 ? -1 : block.lastIndexOf(NEWLINE, at - 1)) {
        const line = Buffer.concat([block.subarray(at + 1, to), ...rest])
        if (!isBehindLast && line.length > 0) yield lineOf(line)
        isBehindLast = false
        rest = []
        to = at
      }
      if (!isBehindLast) rest = [block.subarray(0, to), ...rest]
      if (rest.reduce((sum, { length }) => sum + length, 0) > 2 * MAX_LINE) rest = [Buffer.from('x')]
      end = from
    }
    const first = Buffer.concat(rest)
    if (first.length > 0) yield lineOf(first)
  } finally {
    await handle.close()
  }
}

function lineOf(octets: Buffer): AuditLine | 'damaged' {
  const reading = readLine(octets)
  return 'line' in reading ? reading.line : 'damaged'
}

/** Offset behind the last line that is not later than `until`. */
async function endBefore(segment: Segment, size: number, until: number): Promise<number> {
  let [low, high] = [0, size]
  while (high - low > BLOCK) {
    const middle = Math.floor((low + high) / 2)
    const at = await timeAt(segment, middle)
    if (at === undefined || at > until) high = middle
    else low = middle
  }
  return await newlineBehind(segment, high, size)
}

async function newlineBehind({ file }: Segment, at: number, size: number): Promise<number> {
  const handle = await open(file, 'r')
  try {
    for (let from = at; from < size; from += BLOCK) {
      const i = (await readAt(handle, from, BLOCK)).indexOf(NEWLINE)
      if (i >= 0) return from + i + 1
    }
    return size
  } finally {
    await handle.close()
  }
}

/** Time of the first line that begins at or behind the offset; undefined without one. */
async function timeAt({ file }: Segment, offset: number): Promise<number | undefined> {
  const handle = await open(file, 'r')
  try {
    for (const length of [HEAD, 2 * MAX_LINE]) {
      const octets = await readAt(handle, offset, length)
      const begin = offset === 0 ? 0 : octets.indexOf(NEWLINE) + 1
      const [, text] = (offset === 0 || begin > 0 ? AT.exec(octets.toString('latin1', begin)) : undefined) ?? []
      if (text !== undefined) return Date.parse(text)
    }
    return undefined
  } finally {
    await handle.close()
  }
}

/** The last index for which `isBeyond` is false, where it is true from some index on; undefined without one. */
async function lastNot(count: number, isBeyond: (i: number) => Promise<boolean>): Promise<number | undefined> {
  let [low, high] = [-1, count]
  while (high - low > 1) {
    const middle = (low + high) >> 1
    if (await isBeyond(middle)) high = middle
    else low = middle
  }
  return low < 0 ? undefined : low
}
