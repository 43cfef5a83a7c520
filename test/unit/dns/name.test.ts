/** Names: text and octets, limits, letter case. */
import { expect } from 'chai'
import fc from 'fast-check'
import {
  hashName,
  labelCount,
  lowerWire,
  nameToWire,
  parseZoneName,
  sameWireName,
  wireNameLength,
  wireToName,
  zoneNameOfWire,
} from '../../../lib/dns/name.js'
import { expectError } from '../../support/expect-error.js'
import { octets } from '../../support/raw-message.js'
import { seededRuns } from '../../support/seed.js'

const L63 = 'x'.repeat(63)
/** 255 octets: three labels of 63, one of 61, the root. */
const N255 = `${L63}.${L63}.${L63}.${'y'.repeat(61)}.`

/** Printed text and its octets, for both directions. */
const NAMES: readonly (readonly [text: string, hex: string])[] = [
  ['.', '00'],
  ['example.', '076578616d706c6500'],
  ['Example.', '074578616d706c6500'],
  ['a.b.', '0161016200'],
  ['*.example.', '012a076578616d706c6500'],
  ['_dmarc.example.', '065f646d617263076578616d706c6500'],
  ['dot\\.in.label.', '06646f742e696e056c6162656c00'],
  ['back\\\\slash.', '0a6261636b5c736c61736800'],
  ['\\"quote\\".', '072271756f74652200'],
  ['\\@\\;\\(\\)\\$.', '05403b28292400'],
  ['sp\\032ace.', '06737020616365 00'],
  ['\\000\\001\\031.', '0300011f00'],
  ['\\127\\128\\255.', '037f80ff00'],
]

/** Text that is read, but never printed. */
const SPELLINGS: readonly (readonly [text: string, printed: string])[] = [
  ['example', 'example.'],
  ['\\101xample.', 'example.'],
  ['\\e\\x\\ample', 'example.'],
  ['a\\046b.', 'a\\.b.'],
  ['caf\u00e9.', 'caf\\195\\169.'],
]

const BAD: readonly (readonly [id: string, text: string, reason: string])[] = [
  ['nothing at all', '', 'it is empty'],
  ['an empty label in the middle', 'a..b.', 'a label is empty'],
  ['an empty label in front', '.a.', 'a label is empty'],
  ['two dots', '..', 'a label is empty'],
  ['RFC 1035 §2.3.4: a label of 64 octets', `${'x'.repeat(64)}.example.`, 'a label is longer than 63 octets'],
  ['RFC 1035 §2.3.4: 256 octets', N255.replace('.y', '.yy'), 'it is longer than 255 octets'],
  ['RFC 1035 §2.3.4: 300 octets', `${`${'z'.repeat(59)}.`.repeat(5)}`, 'it is longer than 255 octets'],
  ['a backslash at the end', 'a\\', 'it ends in a lone backslash'],
  ['an escape of two digits', 'a\\12', 'an escape needs three digits'],
  ['an escape of two digits and a letter', 'a\\12x.', 'an escape needs three digits'],
  ['an escape over 255', 'a\\256.', 'an escape is over 255'],
]

describe('a name', () => {
  for (const [text, hex] of NAMES) {
    it(`RFC 1035 §5.1: ${text} is read and printed`, () => {
      expect(nameToWire(text).toString('hex')).to.equal(octets(hex).toString('hex'))
      expect(wireToName(octets(hex))).to.equal(text)
    })
  }

  for (const [text, printed] of SPELLINGS)
    it(`${text} is another spelling of ${printed}`, () => expect(wireToName(nameToWire(text))).to.equal(printed))

  for (const [id, text, reason] of BAD)
    it(`is not ${id}`, async () => {
      await expectError('WIRE_BAD_NAME', () => nameToWire(text), { reason })
    })

  it('RFC 1035 §2.3.4: may have 255 octets and labels of 63', () => {
    expect(nameToWire(N255).length).to.equal(255)
    expect(wireToName(nameToWire(N255))).to.equal(N255)
  })

  it('that is far too long is shortened in the error', async () => {
    const error = await expectError('WIRE_BAD_NAME', () => nameToWire('a'.repeat(100_000)))
    expect(error.message.length).to.be.lessThan(200)
  })

  it('of any octets survives printing and reading', () => {
    fc.assert(
      fc.property(fc.array(fc.uint8Array({ minLength: 1, maxLength: 40 }), { maxLength: 6 }), (labels) => {
        const wire = Buffer.from([...labels.flatMap((label) => [label.length, ...label]), 0])
        expect(nameToWire(wireToName(wire)).equals(wire)).to.equal(true)
        expect(wireNameLength(wire)).to.equal(wire.length)
        expect(labelCount(wire)).to.equal(labels.length)
      }),
      seededRuns(),
    )
  })
})

describe('the letter case of a name', () => {
  it('RFC 4343 §3: is ignored for A to Z, and for no other octet', () => {
    for (let a = 0; a < 256; a++)
      for (const b of [a, a ^ 0x20]) {
        const isLetter = (a | 0x20) >= 0x61 && (a | 0x20) <= 0x7a
        const same = sameWireName(Buffer.from([1, a, 0]), Buffer.from([1, b, 0]))
        expect(same, `octets ${a} and ${b}`).to.equal(a === b || isLetter)
        const [x, y] = [lowerWire(Buffer.from([1, a, 0])), lowerWire(Buffer.from([1, b, 0]))]
        expect(x.equals(y), `octets ${a} and ${b} in lower case`).to.equal(same)
      }
  })

  it('RFC 4343 §4.1: is kept on the wire and folded in the name of a zone', () => {
    expect(wireToName(nameToWire('WwW.Example.'))).to.equal('WwW.Example.')
    expect(parseZoneName('WwW.Example')).to.equal('www.example.')
    expect(zoneNameOfWire(nameToWire('EXAMPLE.'))).to.equal('example.')
  })

  it('makes no names equal that differ in length or in labels', () => {
    expect(sameWireName(nameToWire('a.b.'), nameToWire('a\\.b.'))).to.equal(false)
    expect(sameWireName(nameToWire('a.'), nameToWire('a.a.'))).to.equal(false)
  })

  it('does not change the hash of a name', () => {
    const [x, y] = [nameToWire('WWW.example.'), nameToWire('www.EXAMPLE.')]
    expect(hashName(x, 0, x.length)).to.equal(hashName(y, 0, y.length))
    expect(hashName(x, 0, x.length)).to.not.equal(hashName(x, 0, 5))
  })
})
