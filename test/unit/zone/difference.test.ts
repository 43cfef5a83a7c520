/** Difference sequences: reversed, condensed and measured; and the digest that follows them. */
import { expect } from 'chai'
import { compareContents } from '../../../lib/zone/compare.js'
import { condense, type Difference, differenceOctets, invertDifference } from '../../../lib/zone/difference.js'
import { ZoneDigest } from '../../../lib/zone/digest.js'
import { RecordHash, sameRecord } from '../../../lib/zone/record-hash.js'
import { recordsIn, RunBuilder } from '../../../lib/zone/record-run.js'
import { rawMessage, readStored } from '../../support/raw-message.js'
import { contentsOf, record } from '../../support/record-lines.js'
import { runTexts, soa, stored } from '../../support/transfer-script.js'
import { RDATA_CASES, storedCase } from '../dns/rdata-cases.js'

const pause = async (): Promise<void> => undefined

const run = (...lines: string[]): ReturnType<RunBuilder['finish']> => {
  const builder = new RunBuilder()
  for (const octets of stored(lines.join('\n'))) builder.add(octets, 0)
  return builder.finish()
}

const step = (from: number, to: number, removed: string[], added: string[]): Difference => ({
  from,
  to,
  fromSoa: record(soa(from)),
  toSoa: record(soa(to)),
  removed: run(...removed),
  added: run(...added),
})

const A = 'a.example. 60 A 192.0.2.1'
const A90 = 'a.example. 90 A 192.0.2.1'
const B = 'b.example. 60 A 192.0.2.2'
const texts = (...lines: string[]): string[] => lines.map((line) => line.replace(/ (\d+) /, ' $1 IN ')).sort()

describe('a difference sequence', () => {
  it('is the same after it is reversed twice', () => {
    const difference = step(1, 2, [A], [B])
    expect(invertDifference(invertDifference(difference))).to.deep.equal(difference)
    expect(invertDifference(difference)).to.deep.include({ from: 2, to: 1, removed: difference.added, added: difference.removed })
  })

  it('has the octets of its records and both SOAs', () => {
    expect(differenceOctets(step(1, 2, [A], [B]))).to.equal(
      [A, B, soa(1), soa(2)].reduce((sum, line) => sum + record(line).length, 0),
    )
  })
})

describe('condensed difference sequences', () => {
  const CASES: readonly (readonly [id: string, chain: Difference[], removed: string[], added: string[]])[] = [
    ['are unchanged when there is one', [step(1, 2, [A], [B])], [A], [B]],
    ['have all records of two without common ones', [step(1, 2, [A], []), step(2, 3, [], [B])], [A], [B]],
    ['leave out a record that is added and removed', [step(1, 2, [], [A]), step(2, 3, [A], [])], [], []],
    ['leave out a record that is removed and added', [step(1, 2, [A], []), step(2, 3, [], [A])], [], []],
    ['remove and add a record that returns with another TTL', [step(1, 2, [A], []), step(2, 3, [], [A90])], [A], [A90]],
    [
      'have one change for two of a TTL',
      [step(1, 2, [A], [A90]), step(2, 3, [A90], [A.replace('60', '120')])],
      [A],
      [A.replace('60', '120')],
    ],
    ['leave out a TTL that is changed and restored', [step(1, 2, [A], [A90]), step(2, 3, [A90], [A])], [], []],
    [
      'add a record that is added, removed and added',
      [step(1, 2, [], [A]), step(2, 3, [A], [B]), step(3, 4, [], [A])],
      [],
      [A, B],
    ],
  ]
  for (const [id, chain, removed, added] of CASES)
    it(`RFC 1995 §5: ${id}`, async () => {
      const condensed = await condense(chain, async () => undefined)
      expect(runTexts(condensed.removed)).to.deep.equal(texts(...removed))
      expect(runTexts(condensed.added)).to.deep.equal(texts(...added))
      expect([condensed.from, condensed.to]).to.deep.equal([chain[0]!.from, chain.at(-1)!.to])
      expect(condensed.toSoa.equals(chain.at(-1)!.toSoa)).to.equal(true)
    })
})

describe('a difference sequence between two versions of a zone', () => {
  it('is abandoned when it needs more octets than allowed', async () => {
    const older = contentsOf('example.', [soa(1), A].join('\n'))
    const newer = contentsOf(
      'example.',
      [soa(2), ...Array.from({ length: 100 }, (_, i) => `n${i}.example. 60 A 192.0.2.1`)].join('\n'),
    )
    expect(await compareContents(older, newer, 500, pause)).to.equal(undefined)
    const difference = await compareContents(older, newer, 1e6, pause)
    expect([difference!.removed.count, difference!.added.count]).to.deep.equal([1, 100])
  })

  it('has a change of a TTL as a removal and an addition', async () => {
    const [older, newer] = [contentsOf('example.', `${soa(1)}\n${A}`), contentsOf('example.', `${soa(2)}\n${A90}`)]
    const { removed, added } = (await compareContents(older, newer, 1e6, pause))!
    expect([runTexts(removed), runTexts(added)]).to.deep.equal([texts(A), texts(A90)])
  })
})

describe('the hash of a record', () => {
  const hashOf = (octets: Buffer): string => {
    const hash = new RecordHash()
    hash.of(octets, 0)
    expect(hash.length).to.equal(octets.length)
    return `${hash.a} ${hash.b}`
  }
  /** The record with the letter case of its owner, and of all its names, reversed. */
  const swapped = (octets: Buffer, from: number, to: number): Buffer => {
    const out = Buffer.from(octets)
    for (let i = from; i < to; i++) if (/[A-Za-z]/.test(String.fromCharCode(out[i]!))) out[i]! ^= 0x20
    return out
  }

  /** A malformed record is never hashed: reading refuses it. */
  const isRecord = (octets: Buffer): boolean => {
    try {
      return readStored(rawMessage({ answers: [octets.subarray(2)] }), 12).stored.length === octets.length
    } catch {
      return false
    }
  }

  for (const row of RDATA_CASES) {
    const octets = storedCase(row)
    const rdata = 2 + octets[0]! + 10
    it(`RFC 4343 §3: ignores the letter case of the owner: ${row.id}`, () => {
      const other = swapped(octets, 2, 2 + octets[0]!)
      expect(hashOf(other)).to.equal(hashOf(octets))
      expect(sameRecord(octets, 0, other, 0)).to.equal(true)
    })

    it(`RFC 4034 §6.2: covers every octet of the RDATA that is no letter of a name: ${row.id}`, () => {
      for (let at = rdata; at < octets.length; at++) {
        const other = Buffer.from(octets)
        other[at]! ^= 0x80
        if (!isRecord(other)) continue
        if (sameRecord(octets, 0, other, 0) || hashOf(other) === hashOf(octets)) expect.fail(`octet ${at - rdata}`)
      }
    })

    it(`agrees with comparison about letter case in RDATA: ${row.id}`, () => {
      for (let at = rdata; at < octets.length; at++) {
        const other = swapped(octets, at, at + 1)
        expect(hashOf(other) === hashOf(octets), `octet ${at - rdata}`).to.equal(sameRecord(octets, 0, other, 0))
      }
    })
  }

  it('leaves the TTL out, while the digest covers it', () => {
    const [x, y] = [record(A), record(A90)]
    expect(hashOf(x)).to.equal(hashOf(y))
    const digestOf = (octets: Buffer, ttl: number): string => {
      const [hash, digest] = [new RecordHash(), new ZoneDigest()]
      hash.of(octets, 0)
      digest.add(hash, ttl)
      return digest.toString()
    }
    expect(digestOf(x, 60)).to.not.equal(digestOf(y, 90))
  })
})

describe('a digest', () => {
  it('is zero without records, and zero again when all records are removed', () => {
    const [hash, digest] = [new RecordHash(), new ZoneDigest()]
    expect(digest.toString()).to.equal('0'.repeat(32))
    for (const sign of ['add', 'remove'] as const)
      for (const line of [A, B, A90]) {
        hash.of(record(line), 0)
        digest[sign](hash, Number(line.split(' ')[1]))
      }
    expect(digest.toString()).to.equal('0'.repeat(32))
  })

  it('is 32 hexadecimal digits, and does not change with its copy', () => {
    const [hash, digest] = [new RecordHash(), new ZoneDigest()]
    hash.of(record(A), 0)
    digest.add(hash, 60)
    const copy = digest.clone()
    digest.remove(hash, 60)
    expect(copy.toString()).to.match(/^[0-9a-f]{32}$/)
    expect(copy.toString()).to.not.equal(digest.toString())
  })
})

describe('a run of records', () => {
  it('returns its records, without the marks of their origin', () => {
    const marked = record(A)
    marked[1] = 1
    const builder = new RunBuilder()
    builder.add(marked, 0)
    for (let i = 0; i < 100; i++) builder.add(record(B), 0)
    const { data, count } = builder.finish()
    expect([count, Array.from(recordsIn({ data, count })).length, data[1]]).to.deep.equal([101, 101, 0])
  })
})
