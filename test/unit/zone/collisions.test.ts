/** Records with the same hash, made on purpose: a zone with many of them is refused, and one with a few is kept in order. */
import { expect } from 'chai'
import { ZoneError } from '../../../lib/zone/errors.js'
import type { ZoneContents } from '../../../lib/zone/zone-contents.js'
import { contentsOfLines } from '../../support/signer.js'

/** The beginning of the RDATA of a TXT record of x.example. */
const HEAD = '3b616161'
/** One octet string of each row, in order: the record has the same 64-bit hash for every choice. */
const BLOCKS = [
  ['da4c53abd9b13f27', 'c3a2ae4e62d2878c'],
  ['6deee3fc0bb78be5', 'fe4cf5e43b68fc55'],
  ['fbfdad29ba94f561', 'e4cded312fcc1738'],
  ['4ee5b3e316c82982', '69d42455ba7adf75'],
  ['a37d2cf18e827c89', '30f7aef1e0cc4119'],
  ['9b2f7137786659da', '50b13de567b259cb'],
  ['b99163954f2580be', 'c0aa2fb8df44ff3e'],
]

/** All `2^blocks` records, in an order that is not canonical. */
function colliding(blocks: number): string[] {
  const texts = Array.from({ length: 2 ** blocks }, (_, n) =>
    [HEAD, ...BLOCKS.map((row, i) => row[i < blocks ? (n >> i) & 1 : 0]!)].join(''),
  )
  return texts.map((text) => `x.example. 300 TXT \\# ${text.length / 2} ${text}`)
}

const APEX = ['example. 300 SOA a.example. b.example. 1 60 60 600 60', 'example. 300 NS a.example.']
const rest = async (): Promise<void> => undefined
const contents = (blocks: number): ZoneContents => contentsOfLines('example.', [...APEX, ...colliding(blocks)])

function thrownBy(work: () => unknown): unknown {
  try {
    return work()
  } catch (error) {
    return error
  }
}

describe('records with the same hash', () => {
  it('are kept apart while they are few', async () => {
    const zone = contents(6)
    await zone.settle(rest)
    expect(zone.records).to.equal(64 + 2)
  })

  it('make the zone refused when they are many', () => {
    const error = thrownBy(() => contents(7))
    expect(error).to.be.instanceOf(ZoneError)
    expect((error as ZoneError).fault.code).to.equal('ZONE_COLLIDES')
    expect((error as ZoneError).nextMove).to.equal('operator')
  })
})
