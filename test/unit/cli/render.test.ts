/** Tables: aligned, coloured only when asked, and never steered by what a hub said. */
import { expect } from 'chai'
import { printable } from '../../../lib/runtime/printable.js'
import { moment, span, table } from '../../../services/cli/render.js'

describe('a table', () => {
  it('makes columns as wide as their widest cell and pads no line end', () => {
    const text = table(
      ['ZONE', 'SERIAL', 'STATE'],
      [
        ['example.com.', 7, 'in-sync'],
        ['a.', 2024010101, 'stuck'],
      ],
      false,
    )
    expect(text).to.equal(
      ['ZONE          SERIAL      STATE', 'example.com.           7  in-sync', 'a.            2024010101  stuck', ''].join('\n'),
    )
  })

  it('colours the text and not the padding', () => {
    const text = table(
      ['A', 'B'],
      [
        [{ text: 'x', colour: 'green' }, 'y'],
        ['long', 'z'],
      ],
      true,
    )
    expect(text).to.include('\u001b[32mx\u001b[0m     y')
  })

  it('shows what is not known as a dash', () => {
    expect(table(['A', 'B'], [[null, 'b']], false)).to.equal('A  B\n-  b\n')
    expect(table(['A', 'B'], [[undefined as unknown as null, 'b']], false)).to.equal('A  B\n-  b\n')
  })

  it('lets no control character through', () => {
    expect(table(['A'], [['\u001b[2Jx\n']], false)).to.equal('A\n?[2Jx?\n')
    expect(printable('a\u009bb\u0007')).to.equal('a?b?')
  })
})

describe('times', () => {
  for (const [seconds, words] of [
    [0, '0 s'],
    [119, '119 s'],
    [120, '2 min'],
    [7200, '2 h'],
    [172_800, '2 d'],
  ] as const)
    it(`${seconds} seconds are ${words}`, () => expect(span(seconds)).to.equal(words))

  it('are in UTC to the second', () => {
    expect(moment('2026-11-24T05:02:06.123Z')).to.equal('2026-11-24 05:02:06')
    expect(moment(null)).to.equal('-')
  })
})
