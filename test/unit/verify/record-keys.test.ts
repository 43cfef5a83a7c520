/** The records of a version as hashes: each record that arrives is one of them, with its TTL or another, or unknown. */
import { expect } from 'chai'
import { ignoredRecords, isIgnorable } from '../../../lib/dns/ignored-records.js'
import { storedTtl } from '../../../lib/dns/record.js'
import { TYPE } from '../../../lib/dns/rrtype.js'
import { ContentSum } from '../../../lib/zone/content-sum.js'
import { RecordKeys } from '../../../lib/zone/record-keys.js'
import { record } from '../../support/record-lines.js'
import { contentsOfLines } from '../../support/signer.js'

const LINES = ['example. 60 SOA ns. h. 7 3600 600 604800 60', 'example. 60 NS ns.example.', 'a.example. 60 A 192.0.2.1']

describe('the keys of records', () => {
  const keysOf = (lines: readonly string[]): RecordKeys => {
    const keys = RecordKeys.for(lines.length)
    for (const stored of lines.map(record)) keys.add(stored, 0, storedTtl(stored, 0))
    return keys
  }
  const meet = (keys: RecordKeys, line: string): string => keys.meet(record(line), 0, storedTtl(record(line), 0))

  it('find each record once, in any letter case, through the shared memory of another thread', () => {
    const keys = keysOf(LINES)
    const there = RecordKeys.on(keys.memory)
    expect(meet(there, 'A.Example. 60 A 192.0.2.1')).to.equal('same')
    expect(meet(there, 'a.example. 60 A 192.0.2.1')).to.equal('again')
    expect(meet(there, 'a.example. 60 A 192.0.2.2')).to.equal('unknown')
    expect(meet(there, 'example. 5 NS ns.example.')).to.equal('ttl')
    const left = LINES.map(record).filter((stored) => keys.isMissing(stored, 0))
    expect(left).to.deep.equal([record(LINES[0]!)])
    expect(keys.hasOtherTtl(record(LINES[1]!), 0)).to.equal(true)
  })

  it('hold thousands without a collision', () => {
    const lines = Array.from({ length: 20_000 }, (_, i) => `h${i}.example. 60 A 10.0.${i >> 8}.${i & 255}`)
    const keys = keysOf(lines)
    expect(new Set(lines.map((line) => meet(keys, line)))).to.deep.equal(new Set(['same']))
    expect(meet(keys, 'h20000.example. 60 A 10.0.0.1')).to.equal('unknown')
  })
})

describe('the sum of received records', () => {
  const sumOf = (lines: readonly string[], words: readonly string[] = []): string => {
    const sum = new ContentSum(ignoredRecords(words))
    for (const stored of lines.map(record)) sum.addRun(stored, 0, stored.length)
    return sum.digest
  }

  it('is the digest of the version, in any order', () => {
    const { digest } = contentsOfLines('example.', LINES)
    expect(sumOf(LINES)).to.equal(digest)
    expect(sumOf(LINES.toReversed())).to.equal(digest)
    expect(sumOf(LINES.slice(1))).not.to.equal(digest)
  })

  it('leaves out what is ignored', () => {
    const other = [...LINES.slice(0, 2), 'a.example. 5 A 192.0.2.1', 'b.example. 60 TXT "x"']
    expect(sumOf(other)).not.to.equal(sumOf(LINES))
    expect(sumOf(other, ['ttl', 'TXT'])).to.equal(sumOf(LINES, ['ttl', 'TXT']))
  })

  it('has a closed list of words', () => {
    expect(['ttl', 'dnssec', 'zonemd', 'soa', 'TXT', 'TYPE65534'].every(isIgnorable)).to.equal(true)
    expect(['everything', 'TTLs', 'ANY', 'AXFR', ''].some(isIgnorable)).to.equal(false)
    expect([...ignoredRecords(['dnssec']).types]).to.include.members([TYPE.RRSIG, TYPE.NSEC, TYPE.NSEC3, TYPE.DNSKEY])
  })
})
