/** Serial numbers: a partial order that wraps (RFC 1982 with SERIAL_BITS 32). */
import { expect } from 'chai'
import fc from 'fast-check'
import { addToSerial, compareSerials, type SerialOrder } from '../../../lib/dns/serial.js'
import { seededRuns } from '../../support/seed.js'

const LOWEST = 0
const BELOW_MIDDLE = 0x7fffffff
const MIDDLE = 0x80000000
const ABOVE_MIDDLE = 0x80000001
const HIGHEST = 0xffffffff

const NAMED = {
  0: 'lowest',
  2147483647: 'just below the middle',
  2147483648: 'middle',
  2147483649: 'just above it',
  4294967295: 'highest',
}
const words = (serial: number): string => (NAMED as Record<number, string>)[serial] ?? String(serial)

/** The order of the first compared with the second; the reverse follows. */
const PAIRS: readonly (readonly [a: number, b: number, order: SerialOrder])[] = [
  [LOWEST, LOWEST, 'equal'],
  [5, 5, 'equal'],
  [HIGHEST, HIGHEST, 'equal'],
  [1, LOWEST, 'newer'],
  [BELOW_MIDDLE, LOWEST, 'newer'],
  [MIDDLE, LOWEST, 'unordered'],
  [ABOVE_MIDDLE, LOWEST, 'older'],
  [HIGHEST, LOWEST, 'older'],
  [MIDDLE, 1, 'newer'],
  [ABOVE_MIDDLE, 1, 'unordered'],
  [MIDDLE, BELOW_MIDDLE, 'newer'],
  [HIGHEST, BELOW_MIDDLE, 'unordered'],
  [HIGHEST, MIDDLE, 'newer'],
  [HIGHEST - 1, HIGHEST, 'older'],
  [5, 4294967290, 'newer'],
  [2026010100, 2025123199, 'newer'],
  [1, 2026010100, 'older'],
]
const REVERSE: Record<SerialOrder, SerialOrder> = { newer: 'older', older: 'newer', equal: 'equal', unordered: 'unordered' }

const serial = fc.oneof(
  fc.constantFrom(LOWEST, BELOW_MIDDLE, MIDDLE, ABOVE_MIDDLE, HIGHEST),
  fc.integer({ min: 0, max: HIGHEST }),
)

describe('serials', () => {
  for (const [a, b, order] of PAIRS)
    it(`RFC 1982 §3.2: ${words(a)} is ${order} compared with ${words(b)}`, () => {
      expect(compareSerials(a, b)).to.equal(order)
      expect(compareSerials(b, a)).to.equal(REVERSE[order])
    })

  it('RFC 1982 §3.1: become newer when up to 2³¹−1 is added, across the wrap too', () => {
    expect(addToSerial(HIGHEST, 1)).to.equal(0)
    expect(addToSerial(4294967290, 10)).to.equal(4)
    fc.assert(
      fc.property(serial, fc.integer({ min: 1, max: BELOW_MIDDLE }), (from, n) => {
        const to = addToSerial(from, n)
        expect(to).to.be.within(LOWEST, HIGHEST)
        expect(compareSerials(to, from)).to.equal('newer')
      }),
      seededRuns(),
    )
  })

  it('RFC 1982 §3.2: have no order when 2³¹ is added', () => {
    fc.assert(
      fc.property(serial, (from) => compareSerials((from + MIDDLE) >>> 0, from) === 'unordered'),
      seededRuns(),
    )
  })

  it('have the reverse order when the pair is reversed', () => {
    fc.assert(
      fc.property(serial, serial, (a, b) => compareSerials(b, a) === REVERSE[compareSerials(a, b)]),
      seededRuns(),
    )
  })
})
