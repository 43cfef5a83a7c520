/** Retention of versions. */
import { NodeTimes } from '../../../lib/store/node-times.js'
import { expect } from 'chai'
import { firstKept, isDueForTidying } from '../../../lib/store/retention.js'
import type { Version } from '../../../lib/store/version.js'

const version = (serial: number, releasedAt: number | undefined): Version => ({
  serial,
  digest: String(serial),
  records: 3,
  octets: 100,
  soa: Buffer.alloc(0),
  seenAt: 0,
  committedAt: 0,
  releasedAt,
  releasedTo: {},
  rollout: undefined,
  confirmed: new NodeTimes(),
  checks: undefined,
  from: 'hm1',
  sources: {},
  isTorn: false,
  hasCopies: false,
  kind: 'ixfr',
})
/** Serials 1 to `n`, each with 10 octets of difference sequence, released up to `released`. */
const rows = (n: number, released = n) =>
  Array.from({ length: n }, (_, i) => ({
    version: version(i + 1, i < released ? 1 : undefined),
    snapshot: i === 0 ? 'contents-1' : undefined,
    place: { differencesOctets: 10 },
  }))
const rule = { versions: 20, octets: 1e9, since: 1, inUse: new Set<number>() }

describe('retention', () => {
  const CASES: [id: string, rows: ReturnType<typeof rows>, rule: typeof rule, first: number][] = [
    ['keeps all while they are few', rows(20), rule, 0],
    ['keeps the newest of many', rows(30), rule, 10],
    ['keeps the version that a node serves, and all later ones', rows(30), { ...rule, inUse: new Set([4]) }, 3],
    ['keeps the released version, however many are newer', rows(30, 2), rule, 1],
    ['keeps as many as fit by their differences', rows(30), { ...rule, octets: 35 }, 26],
    [
      'keeps young versions, whatever their number',
      rows(30).map((row, i) => ({ ...row, version: { ...row.version, committedAt: i } })),
      { ...rule, since: 5 },
      5,
    ],
    ['keeps the newest even when none fits', rows(30), { ...rule, octets: 0 }, 29],
    ['drops nothing when there are no versions', [], rule, 0],
  ]
  for (const [id, list, kept, first] of CASES)
    it(id, () => {
      expect(firstKept(list, kept)).to.equal(first)
    })

  it('deletes files when that frees enough space', () => {
    expect(isDueForTidying(rows(30), 1000, 0, rule)).to.equal(false)
    expect(isDueForTidying(rows(30), 2 << 20, 0, rule)).to.equal(true)
    expect(isDueForTidying(rows(30), 1000, 0.5, rule)).to.equal(true)
    expect(isDueForTidying(rows(501), 1000, 0, rule)).to.equal(true)
    expect(isDueForTidying(rows(10), 2 << 20, 0.5, rule)).to.equal(false)
  })
})
