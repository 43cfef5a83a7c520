/** Records in large buffers: the ends of chunks, and iteration across them. */
import { expect } from 'chai'
import { RecordArena } from '../../../lib/zone/record-arena.js'
import { record } from '../../support/record-lines.js'

/** A record of about this many octets. */
const large = (n: number, octets: number): Buffer => record(`r${n}.example. 60 TYPE65280 \\# ${octets} ${'ab'.repeat(octets)}`)

function offsetsIn(arena: RecordArena): number[] {
  const offsets: number[] = []
  for (let offset = arena.settle(0, arena.tail); offset < arena.tail; offset = arena.next(offset, arena.tail))
    offsets.push(offset)
  return offsets
}

describe('an arena of records', () => {
  it('gives each record an offset that stays valid while it grows', () => {
    const arena = new RecordArena()
    const records = Array.from({ length: 3000 }, (_, i) => record(`n${i}.example. 60 A 192.0.2.1`))
    const offsets = records.map((stored) => arena.append(stored, 0, stored.length))
    for (const [i, offset] of offsets.entries()) {
      const at = arena.at(offset)
      expect(
        arena
          .chunkOf(offset)
          .subarray(at, at + records[i]!.length)
          .equals(records[i]!),
        `${i}`,
      ).to.equal(true)
    }
    expect(offsetsIn(arena)).to.deep.equal(offsets)
  })

  it('never splits a record between two chunks of 16 MiB, and iterates over the gap', () => {
    const arena = new RecordArena()
    const big = large(0, 60_000)
    const offsets = Array.from({ length: 600 }, () => arena.append(big, 0, big.length))
    expect(offsetsIn(arena)).to.deep.equal(offsets)
    const chunks = new Set(offsets.map((offset) => offset >>> 24))
    expect([...chunks]).to.deep.equal([0, 1, 2])
    expect(arena.octets).to.equal(3 << 24)
    let octets = 0
    for (let offset = 0; offset < arena.tail; ) {
      const { data, next } = arena.stretch(offset)
      octets += data.length
      offset = next
    }
    expect(octets).to.equal(600 * big.length)
  })

  it('appends a run completely, or not at all when its chunk has no room', () => {
    const arena = new RecordArena()
    const run = Buffer.concat(Array.from({ length: 100 }, (_, i) => large(i, 60_000)))
    expect(arena.appendRun(run, 0, run.length)).to.equal(0)
    expect(arena.appendRun(run, 0, run.length)).to.equal(run.length)
    const { tail } = arena
    expect(arena.appendRun(run, 0, run.length)).to.equal(undefined)
    expect(arena.tail).to.equal(tail)
    expect(offsetsIn(arena).length).to.equal(200)
  })

  it('drops the records behind an offset, across chunks', () => {
    const arena = new RecordArena()
    const big = large(0, 60_000)
    for (let i = 0; i < 200; i++) arena.append(big, 0, big.length)
    const { tail } = arena
    for (let i = 0; i < 400; i++) arena.append(big, 0, big.length)
    expect(arena.octets).to.equal(3 << 24)
    arena.truncate(tail)
    expect(arena.octets).to.equal(1 << 24)
    expect(offsetsIn(arena).length).to.equal(200)
    for (let i = 0; i < 400; i++) arena.append(big, 0, big.length)
    expect(offsetsIn(arena).length).to.equal(600)
  })

  it('marks removed records, and undoes the marks', () => {
    const arena = new RecordArena()
    const stored = record('a.example. 60 A 192.0.2.1')
    const offset = arena.append(stored, 0, stored.length)
    expect(arena.isDead(offset)).to.equal(false)
    arena.mark(offset, 1)
    expect(arena.isDead(offset)).to.equal(true)
    arena.mark(offset, 0)
    expect(arena.isDead(offset)).to.equal(false)
  })
})

describe('an arena whose chunk fills to the last octet', () => {
  it('returns every octet of it, in order', () => {
    const arena = new RecordArena()
    // 64 octets divide a chunk of 16 MiB: the last record ends where the chunk does.
    const stored = record(`${'a'.repeat(9)}.example. 60 TXT "${'x'.repeat(64 - 2 - 19 - 10 - 1)}"`)
    expect(stored.length).to.equal(64)
    const count = (1 << 24) / 64 + 5
    for (let i = 0; i < count; i++) arena.append(stored, 0, stored.length)
    let octets = 0
    for (let offset = 0; offset < arena.tail; ) {
      const { data, next } = arena.stretch(offset)
      octets += data.length
      expect(next).to.be.greaterThan(offset)
      offset = next
    }
    expect(octets).to.equal(count * 64)
  })
})
