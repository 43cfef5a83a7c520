/**
 * Changes to an audit chain that a person with an editor, or with the program's own code, could make: lines are edited, dropped,
 * moved, repeated and cut off, also with new hashes. The check must find each of them.
 */
import { readLine, writeLine } from '../../lib/audit/line.js'
import { type ChainFile, checkFiles, draftOf, makeChain, START } from '../support/audit-chain.js'
import type { Family, Note } from './family.js'
import type { Dice } from './mutate.js'

const NEWLINE = 10
const SIZES = [
  [1, 10],
  [7, 10],
  [20, 10],
  [24, 7],
  [40, 13],
] as const

/** The lines of a file, each with its newline. */
function linesOf(octets: Buffer): Buffer[] {
  const lines: Buffer[] = []
  for (let at = 0; at < octets.length; ) {
    const end = octets.indexOf(NEWLINE, at)
    lines.push(octets.subarray(at, end < 0 ? octets.length : end + 1))
    at += lines.at(-1)!.length
  }
  return lines
}

type Change = (lines: Buffer[], dice: Dice) => Buffer[]

const spliced = (lines: Buffer[], at: number, remove: number, ...add: Buffer[]): Buffer[] => [
  ...lines.slice(0, at),
  ...add,
  ...lines.slice(at + remove),
]

function editOctets(line: Buffer, dice: Dice): Buffer {
  const at = dice.roll(line.length)
  switch (dice.roll(4)) {
    case 0: {
      const copy = Buffer.from(line)
      copy[at]! ^= 1 << dice.roll(8)
      return copy
    }
    case 1:
      return Buffer.concat([line.subarray(0, at), line.subarray(at + 1 + dice.roll(3))])
    case 2:
      return Buffer.concat([line.subarray(0, at), Buffer.from([dice.roll(256)]), line.subarray(at)])
    default: {
      const copy = Buffer.from(line)
      copy[at] = dice.roll(256)
      return copy
    }
  }
}

/** The line with another text and a hash that fits, at the same place. */
function forged(line: Buffer, dice: Dice, prev?: string): Buffer {
  const reading = readLine(line.subarray(0, -1))
  if (!('line' in reading)) return line
  const { n, at, prev: own } = reading.line
  return writeLine(draftOf(100 + dice.roll(1_000)), { n, at: at + dice.roll(2), prev: prev ?? own }).octets
}

const hashOf = (line: Buffer): string => (JSON.parse(line.toString()) as { hash: string }).hash

const CHANGES: Readonly<Record<string, Change>> = {
  edit: (lines, dice) => {
    const at = dice.roll(lines.length)
    return spliced(lines, at, 1, editOctets(lines[at]!, dice))
  },
  forge: (lines, dice) => {
    const at = dice.roll(lines.length)
    return spliced(lines, at, 1, forged(lines[at]!, dice))
  },
  // One line is edited, and it and all behind it get new hashes.
  rewrite: (lines, dice) => {
    const at = dice.roll(lines.length)
    const changed = lines.slice(0, at)
    for (const line of lines.slice(at)) {
      const prev = changed.length === 0 ? undefined : hashOf(changed.at(-1)!)
      changed.push(forged(line, dice, prev))
    }
    return changed
  },
  drop: (lines, dice) => spliced(lines, dice.roll(lines.length), 1 + dice.roll(3)),
  swap: (lines, dice) => {
    const [a, b] = [dice.roll(lines.length), dice.roll(lines.length)]
    const copy = [...lines]
    ;[copy[a], copy[b]] = [copy[b]!, copy[a]!]
    return copy
  },
  move: (lines, dice) => {
    const at = dice.roll(lines.length)
    const line = lines[at]!
    return spliced(spliced(lines, at, 1), dice.roll(lines.length), 0, line)
  },
  reverse: (lines, dice) => {
    const at = dice.roll(lines.length)
    const part = lines.slice(at, at + 2 + dice.roll(5))
    return spliced(lines, at, part.length, ...part.reverse())
  },
  duplicate: (lines, dice) => spliced(lines, dice.roll(lines.length + 1), 0, lines[dice.roll(lines.length)]!),
  truncateLines: (lines, dice) => lines.slice(0, dice.roll(lines.length)),
  truncateOctets: (lines, dice) => {
    const octets = Buffer.concat(lines)
    return [octets.subarray(0, dice.roll(octets.length))]
  },
  insertText: (lines, dice) =>
    spliced(lines, dice.roll(lines.length + 1), 0, Buffer.from(dice.pick(['\n', '{}\n', 'x\n', '\r\n']))),
}

/** Changes of whole files. */
const FILE_CHANGES: Readonly<Record<string, (files: ChainFile[], dice: Dice) => ChainFile[]>> = {
  dropFile: (files, dice) => {
    const at = dice.roll(files.length)
    return files.filter((_, i) => i !== at)
  },
  swapFiles: (files, dice) => {
    const [a, b] = [dice.roll(files.length), dice.roll(files.length)]
    return files.map((file, i) => ({ ...file, octets: files[i === a ? b : i === b ? a : i]!.octets }))
  },
  emptyFile: (files, dice) => {
    const at = dice.roll(files.length)
    return files.map((file, i) => (i === at ? { ...file, octets: Buffer.alloc(0) } : file))
  },
  moveBetweenFiles: (files, dice) => {
    const [a, b] = [dice.roll(files.length), dice.roll(files.length)]
    const lines = linesOf(files[a]!.octets)
    const at = dice.roll(lines.length)
    return files.map((file, i) => {
      const own = i === a ? spliced(lines, at, 1) : linesOf(file.octets)
      return { ...file, octets: Buffer.concat(i === b ? [...own, lines[at]!] : own) }
    })
  },
}

const same = (a: readonly ChainFile[], b: readonly ChainFile[]): boolean =>
  a.length === b.length && a.every((file, i) => file.name === b[i]!.name && file.octets.equals(b[i]!.octets))

/** Changes a chain; undefined when the dice gave back what was there. Returns the names of the changes. */
export function change(files: readonly ChainFile[], dice: Dice): { files: ChainFile[]; names: string[] } | undefined {
  let changed = [...files]
  const names: string[] = []
  for (let count = 1 + (dice.roll(4) === 0 ? dice.roll(3) : 0); count > 0; count--) {
    const name = dice.pick([...Object.keys(CHANGES), ...Object.keys(FILE_CHANGES)])
    const usable = changed.flatMap((file, i) => (file.octets.length > 0 ? [i] : []))
    if (usable.length === 0) break
    names.push(name)
    if (Object.hasOwn(FILE_CHANGES, name)) {
      changed = changed.filter(({ octets }) => octets.length > 0)
      changed = FILE_CHANGES[name]!(changed, dice)
      continue
    }
    const at = dice.pick(usable)
    try {
      const octets = Buffer.concat(CHANGES[name]!(linesOf(changed[at]!.octets), dice))
      changed = changed.map((file, i) => (i === at ? { ...file, octets } : file))
    } catch (error) {
      // `rewrite` cannot read what an earlier change left.
      if (!(error instanceof SyntaxError)) throw error
    }
  }
  return same(files, changed) ? undefined : { files: changed, names }
}

export async function openAuditChain(): Promise<Family> {
  const chains = SIZES.map(([lines, perFile]) => makeChain(lines, perFile))
  return {
    play: (dice: Dice, note: Note) => {
      const { files, head } = dice.pick(chains)
      const block = dice.pick([1, 64, 4096])
      const clean = checkFiles(files, [head], block)
      if (clean.findings.length + clean.notes.length > 0) throw new Error(`an unchanged chain: ${JSON.stringify(clean)}`)
      const changed = change(files, dice)
      if (changed === undefined) return
      note(() => `${changed.names.join(', ')}\n${changed.files.map(({ name, octets }) => `${name}\n${octets}`).join('')}`)
      const { findings, notes } = checkFiles(changed.files, [head], block)
      if (findings.length + notes.length === 0) throw new Error(`not found: ${changed.names.join(', ')} (from ${START})`)
    },
  }
}
