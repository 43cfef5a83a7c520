/** The content of a node under its serial, as far as it is known. */
import { expect } from 'chai'
import {
  contentOf,
  doubtOf,
  joinContent,
  mayHaveOther,
  type NodeContentFacts,
  withTaken,
} from '../../../lib/fleet/node-content.js'

const RELEASED = { serial: 5, digest: 'ours' }
const taken = (serial: number, digest: string) => ({ taken: { serial, digest, at: 1 } })

describe('the content of a node that serves the released serial', () => {
  const CASES: readonly (readonly [content: string, node: Partial<NodeContentFacts>, torn?: boolean])[] = [
    ['released', taken(5, 'ours')],
    ['other', taken(5, 'theirs')],
    ['released', {}],
    ['released', taken(4, 'older')],
    ['elsewhere', { ...taken(4, 'older'), elsewhereAt: 2 }],
    ['unknown', {}, true],
    ['unknown', taken(4, 'older'), true],
    ['released', taken(5, 'ours'), true],
    ['other', taken(5, 'theirs'), true],
    ['released', { ...taken(5, 'ours'), elsewhereAt: 2 }],
  ]
  for (const [content, node, torn] of CASES)
    it(`is ${content} with ${JSON.stringify({ ...node, torn })}`, () => {
      expect(contentOf({ serial: 5, ...node }, { ...RELEASED, torn })).to.equal(content)
    })

  it('is undefined when the node serves another serial, or without a release', () => {
    expect(doubtOf({ serial: 4, ...taken(4, 'theirs') }, 'n1', RELEASED)).to.equal(undefined)
    expect(doubtOf({ serial: 4, ...taken(5, 'theirs') }, 'n1', RELEASED), 'it has not got there').to.equal(undefined)
    expect(doubtOf({ serial: 5 }, 'n1', undefined)).to.equal(undefined)
  })

  it('has a next step while it is in doubt', () => {
    expect(doubtOf({ serial: 5, ...taken(5, 'theirs') }, 'n1', RELEASED)).to.match(/^n1 serves other content .*new serial$/)
    expect(doubtOf({ serial: 5, elsewhereAt: 2 }, 'n1', RELEASED)).to.match(/from another server/)
    expect(doubtOf({ serial: 5 }, 'n1', { ...RELEASED, torn: true })).to.match(/^two contents were released under serial 5/)
    expect(doubtOf({ serial: 5 }, 'n1', RELEASED)).to.equal(undefined)
  })
})

describe('an IXFR to a node that may have other content', () => {
  const CASES: readonly (readonly [may: boolean, why: string, node: NodeContentFacts | undefined, kept?: string])[] = [
    [false, 'that was never seen', undefined],
    [false, 'that was sent this content', { serial: 5, ...taken(5, 'ours') }],
    [true, 'that was sent other content', { serial: 5, ...taken(5, 'theirs') }],
    [true, 'that went to the serial without this hub', { serial: 5, ...taken(4, 'ours'), elsewhereAt: 2 }],
    [true, 'that has a newer serial than it was sent', { serial: 4, ...taken(4, 'ours') }],
    [false, 'that went back to an older serial of this hub', { serial: 6, ...taken(6, 'ours') }],
    [false, 'with unknown deliveries', { serial: 5 }],
    [true, 'that went to the serial without this hub, and was sent nothing', { serial: 5, strayAt: 2 }],
    [false, 'that has another serial now', { serial: 6, strayAt: 2 }],
  ]
  for (const [may, why, node] of CASES)
    it(`is ${may ? 'not safe' : 'safe'} for a node ${why}`, () => {
      expect(mayHaveOther(node, 5, 'ours')).to.equal(may)
    })

  it('is safe for a node that was sent content which is no longer kept', () => {
    expect(mayHaveOther({ serial: 5, ...taken(5, 'theirs') }, 5, undefined)).to.equal(false)
  })
})

describe('a delivery to a node', () => {
  const stray = { serial: 5, strayAt: 2, elsewhereAt: 3 }

  /** The earliest time at which its answers are to have the serial. */
  const unproved = (node: NodeContentFacts, sent: NonNullable<NodeContentFacts['taken']>): number | undefined =>
    withTaken(node, sent).unprovedAt
  const clear = { strayAt: undefined, elsewhereAt: undefined, unprovedAt: undefined }

  it('is the origin of its serial when it reached that serial at the same time', () => {
    const { taken: sent } = taken(5, 'ours')
    for (const since of [0, 1, 2_000])
      expect(withTaken({ ...stray, since }, sent)).to.deep.equal({ serial: 5, since, taken: sent, ...clear })
  })

  it('is unconfirmed when the node had the serial long before', () => {
    const sent = { ...taken(5, 'ours').taken, at: 5_000 }
    expect(unproved({ ...stray, since: 3_999 }, sent)).to.equal(5_000)
    expect(unproved({ ...stray, since: 4_000 }, sent)).to.equal(undefined)
    expect(withTaken(stray, sent), 'since when it does is not known').to.deep.equal({
      serial: 5,
      taken: sent,
      ...clear,
      unprovedAt: 5_000,
    })
  })

  it('changes nothing when the same content was sent before', () => {
    const { taken: sent } = taken(5, 'ours')
    expect(unproved({ serial: 5, since: 1, taken: sent }, { ...sent, at: 9_000 })).to.equal(undefined)
  })

  it('is not the origin of another serial', () => {
    const { taken: sent } = taken(4, 'ours')
    expect(withTaken(stray, sent)).to.deep.equal({ ...stray, taken: sent })
  })

  const sent = (serial: number, at: number) => ({ serial, digest: `d${serial} ${at}`, at })
  const CASES: readonly (readonly [
    why: string,
    here: number[] | undefined,
    there: number[] | undefined,
    kept: 'here' | 'there',
  ])[] = [
    ['of one hub only', [5, 1], undefined, 'here'],
    ['of the other hub only', undefined, [5, 1], 'there'],
    ['is the newer serial', [5, 9], [6, 1], 'there'],
    ['is not the older serial', [6, 1], [5, 9], 'here'],
    ['is the later of two under one serial', [5, 1], [5, 2], 'there'],
    ['is not the earlier of two under one serial', [5, 2], [5, 1], 'here'],
    ['is the known one when they are equal', [5, 1], [5, 1], 'here'],
  ]
  for (const [why, here, there, kept] of CASES)
    it(`by two hubs ${why}`, () => {
      const of = (place: number[] | undefined) => (place === undefined ? {} : { taken: sent(place[0]!, place[1]!) })
      const later: NodeContentFacts = { serial: 5, strayAt: 7, ...of(here) }
      const joined = joinContent(later, { serial: 5, ...of(there) })
      if (kept === 'here') expect(joined).to.equal(later)
      else expect(joined).to.deep.equal(withTaken(later, sent(there![0]!, there![1]!)))
    })
})
