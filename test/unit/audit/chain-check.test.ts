/** The check of a chain: each kind of change is found, and named with its file and line. */
import { expect } from 'chai'
import { RETENTION } from '../../../lib/audit/chain-check.js'
import { MAX_LINE, NO_HASH, readLine, writeLine } from '../../../lib/audit/line.js'
import { LineSplitter } from '../../../lib/audit/line-splitter.js'
import { checkFiles, type ChainFile, draftOf, makeChain, START } from '../../support/audit-chain.js'

const linesOf = ({ octets }: ChainFile): Buffer[] => {
  const splitter = new LineSplitter()
  return [...splitter.push(octets)].map((line) => Buffer.concat([line.octets, Buffer.from('\n')]))
}

/** Lines 1 to 20 in two files of ten; `change` gets the lines of the second. */
function changed(change: (lines: Buffer[]) => Buffer[]) {
  const { files, head } = makeChain(20, 10)
  const [first, second] = files as [ChainFile, ChainFile]
  const octets = Buffer.concat(change(linesOf(second)))
  const { findings } = checkFiles([first, { ...second, octets }], [head])
  return findings.map(({ kind, file, line, what }) => `${kind} ${Number(file.slice(0, 12))}:${line} ${what}`)
}

describe('an audit line', () => {
  it('is read back as it was written', () => {
    const draft = { ...draftOf(1), target: { zone: 'ä.example.', nodes: ['a', 'b'] }, reason: 'line\nbreak "quoted"' }
    const { octets, hash } = writeLine(draft, { n: 1, at: START, prev: NO_HASH })
    expect(octets.indexOf(10)).to.equal(octets.length - 1)
    const reading = readLine(octets.subarray(0, -1))
    expect('line' in reading && reading.line).to.deep.include({
      n: 1,
      at: START,
      hash,
      prev: NO_HASH,
      kind: 'entry',
      open: false,
    })
    expect('line' in reading && reading.line).to.deep.include({ target: draft.target, reason: draft.reason })
    expect(JSON.parse(octets.toString())).to.include({ n: 1, by: 'noc-1', hash })
  })

  it('has a limited length, whatever the order names', () => {
    const names = Array.from({ length: 10_000 }, (_, i) => `${'\u20ac'.repeat(900)}${i}.example.`)
    const draft = { ...draftOf(1), target: { zones: names }, before: names, after: names, reason: '\u0001'.repeat(100_000) }
    const { octets } = writeLine(draft, { n: 1, at: START, prev: NO_HASH })
    expect(octets.length).to.be.lessThan(MAX_LINE)
    const short = writeLine(
      { ...draftOf(1), target: { zones: names.map((_, i) => `z${i}.`) } },
      { n: 1, at: START, prev: NO_HASH },
    )
    expect(JSON.parse(short.octets.toString()).target.zones.at(-1)).to.equal('… 9900 more, left out')
  })
})

describe('the check of an audit chain', () => {
  it('finds nothing in a chain as it was written, in blocks of any size', () => {
    const { files, head } = makeChain(23, 7)
    for (const block of [1, 3, 64, 1e6]) {
      const { findings, notes, lines, last, hash } = checkFiles(files, [head], block)
      expect({ findings, notes, lines, last, hash }).to.deep.equal({
        findings: [],
        notes: [],
        lines: 23,
        last: 23,
        hash: head.hash,
      })
    }
  })

  it('names an edited line', () => {
    const edit = (lines: Buffer[]) =>
      lines.map((line, i) => (i === 2 ? Buffer.from(line.toString().replace('noc-', 'bob-')) : line))
    expect(changed(edit)).to.deep.equal(['edited 11:3 the text does not match its hash'])
  })

  it('names a line that was written anew with a hash of its own', () => {
    const forge = (lines: Buffer[]) => {
      const prev = JSON.parse(lines[2]!.toString()).hash
      return lines.map((line, i) => (i === 3 ? writeLine(draftOf(99), { n: 14, at: START, prev }).octets : line))
    }
    expect(changed(forge)).to.deep.equal([
      'edited 11:5 line 15 does not follow the line before it: one of the two was written anew',
    ])
  })

  it('names a last line that was written anew', () => {
    const forge = (lines: Buffer[]) => {
      const prev = JSON.parse(lines[8]!.toString()).hash
      return [...lines.slice(0, 9), writeLine(draftOf(99), { n: 20, at: START, prev }).octets]
    }
    expect(changed(forge)).to.deep.equal([
      'edited 11:10 line 20 differs from the one that its head file has: the chain was written anew',
    ])
  })

  it('names dropped lines', () => {
    expect(changed((lines) => lines.filter((_, i) => i !== 4 && i !== 5))).to.deep.equal([
      'dropped 11:5 lines 15 to 16 are missing before this line',
    ])
  })

  it('names lines in another order', () => {
    const swap = ([a, b, c, ...rest]: Buffer[]) => [a!, c!, b!, ...rest]
    expect(changed(swap)).to.deep.equal(['reordered 11:3 line 12 comes after line 13'])
  })

  it('names a line that is there twice', () => {
    expect(changed((lines) => [...lines.slice(0, 4), lines[1]!, ...lines.slice(4)])).to.deep.equal([
      'duplicated 11:5 line 12 is there twice',
    ])
  })

  it('names missing lines at the end, and a line cut in two', () => {
    expect(changed((lines) => lines.slice(0, 7))).to.deep.equal([
      'truncated 11:7 lines 18 to 20 are missing at the end: its head file has line 20',
    ])
    expect(changed((lines) => [...lines.slice(0, 9), lines[9]!.subarray(0, 40)])).to.deep.equal([
      'truncated 11:10 line 20 is missing at the end: its head file has line 20',
    ])
  })

  it('names missing files, at the begin, in the middle and at the end', () => {
    const { files, head } = makeChain(30, 10)
    const kinds = (without: number) =>
      checkFiles(
        files.filter((_, i) => i !== without),
        [head],
      ).findings.map(({ kind }) => kind)
    expect([0, 1, 2].map(kinds)).to.deep.equal([['dropped'], ['dropped'], ['truncated']])
    expect(checkFiles([], [head]).findings.map(({ kind }) => kind)).to.deep.equal(['truncated'])
  })

  it('names a file with the name of another line', () => {
    const { files, head } = makeChain(20, 10)
    const renamed = files.map((file) => (file.first === 11 ? { ...file, first: 12 } : file))
    expect(checkFiles(renamed, [head]).findings.map(({ kind }) => kind)).to.deep.equal(['renamed'])
  })

  it('mentions the rest of a line that no place knows, and nothing while the chain is written', () => {
    const { files, head } = makeChain(20, 10)
    const torn = { ...files[1]!, octets: Buffer.concat([files[1]!.octets, Buffer.from('{"n":21,"at":"20')]) }
    const { findings, notes } = checkFiles([files[0]!, torn], [head])
    expect(findings).to.deep.equal([])
    expect(notes).to.have.length(1)
  })

  it('accepts a begin that the retention of the chain states, and no other', () => {
    const { files, head } = makeChain(20, 10)
    const last = JSON.parse(linesOf(files[0]!).at(-1)!.toString())
    const removal = (n: number, hash: string) => ({ ...draftOf(1), action: RETENTION, after: { n, hash } })
    const entry = writeLine(removal(10, last.hash), { n: 21, at: START, prev: head.hash })
    const kept = (octets: Buffer) => [{ ...files[1]!, octets: Buffer.concat([files[1]!.octets, octets]) }]
    expect(checkFiles(kept(entry.octets), [{ n: 21, hash: entry.hash, where: 'its head file' }]).findings).to.deep.equal([])
    const other = writeLine(removal(9, last.hash), { n: 21, at: START, prev: head.hash })
    expect(checkFiles(kept(other.octets), []).findings.map(({ what }) => what)).to.deep.equal([
      'lines 1 to 10 are missing, and no entry of the chain states their removal',
    ])
  })

  it('needs little memory for a line without an end', () => {
    const splitter = new LineSplitter()
    const block = Buffer.alloc(64 * 1024, 'x')
    for (let i = 0; i < 1_000; i++) expect([...splitter.push(block)]).to.deep.equal([])
    const [line] = [...splitter.push(Buffer.from('\n{"n":1'))]
    expect(line!.octets.length).to.be.lessThan(5 * MAX_LINE)
    expect(splitter.end()!.at).to.equal(64_000 * 1024 + 1)
  })
})
