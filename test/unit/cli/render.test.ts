/** Tables: aligned, coloured on request, and without control characters from a hub. */
import { expect } from 'chai'
import { printable } from '../../../lib/runtime/printable.js'
import { moment, span, table } from '../../../services/cli/render.js'

const PIPE = { hasColour: false, isLive: false, columns: 20 }
const COLOURED = { hasColour: true, isLive: false, columns: 80 }

describe('a table', () => {
  it('has columns as wide as their widest cell, and no padding at line ends', () => {
    const text = table(
      ['ZONE', 'SERIAL', 'STATE'],
      [
        ['example.com.', 7, 'in-sync'],
        ['a.', 2024010101, 'stuck'],
      ],
      PIPE,
    )
    expect(text).to.equal(
      ['ZONE          SERIAL      STATE', 'example.com.           7  in-sync', 'a.            2024010101  stuck', ''].join('\n'),
    )
  })

  it('has colours on the text and not on the padding', () => {
    const text = table(
      ['A', 'B'],
      [
        [{ text: 'x', colour: 'green' }, 'y'],
        ['long', 'z'],
      ],
      COLOURED,
    )
    expect(text).to.include('\u001b[32mx\u001b[0m     y')
  })

  it('has a dash for an unknown value', () => {
    expect(table(['A', 'B'], [[null, 'b']], PIPE)).to.equal('A  B\n-  b\n')
    expect(table(['A', 'B'], [[undefined as unknown as null, 'b']], PIPE)).to.equal('A  B\n-  b\n')
  })

  it('fits a live terminal: the widest columns are cut, the first one last', () => {
    const row = ['a-zone-with-a-name.example.', 'in-sync', 'connect ECONNREFUSED 192.0.2.53:53']
    const lines = (columns: number) => table(['ZONE', 'STATE', 'ERROR'], [row], { ...PIPE, isLive: true, columns }).split('\n')
    expect(lines(80)[1]).to.equal(row.join('  '))
    expect(lines(60)[1]).to.equal('a-zone-with-a-name.example.  in-sync  connect ECONNREFUSED …')
    expect(lines(40)[1]).to.equal('a-zone-with-a-name…  in-sync  connect E…')
    // A program that reads the output gets all of it.
    expect(table(['ZONE', 'STATE', 'ERROR'], [row], PIPE)).to.include(row.join('  '))
  })

  it('has no control character', () => {
    expect(table(['A'], [['\u001b[2Jx\n']], PIPE)).to.equal('A\n?[2Jx?\n')
    expect(printable('a\u009bb\u0007')).to.equal('a?b?')
  })
})

describe('a time in a table', () => {
  for (const [seconds, words] of [
    [0, '0 s'],
    [119, '119 s'],
    [120, '2 min'],
    [7200, '2 h'],
    [172_800, '2 d'],
  ] as const)
    it(`has ${seconds} seconds as ${words}`, () => expect(span(seconds)).to.equal(words))

  it('is in UTC to the second', () => {
    expect(moment('2026-11-24T05:02:06.123Z')).to.equal('2026-11-24 05:02:06')
    expect(moment(null)).to.equal('-')
  })
})
