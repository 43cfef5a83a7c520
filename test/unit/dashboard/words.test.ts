/** Numbers, times and the chain of a release as the page prints them. */
import { expect } from 'chai'
import type { ChainAnswer, ChainStepAnswer } from '../../../lib/answers/zone-answers.js'
import {
  ago,
  chainEnd,
  chainLines,
  clock,
  count,
  moment,
  plural,
  shortSpan,
  shownText,
  span,
} from '../../../services/api/dashboard/words.js'

const chain = (steps: [step: ChainStepAnswer['step'], at: string | null][], waitingFor: string | null = null): ChainAnswer => ({
  serial: 7,
  state: 'in-sync',
  since: null,
  observedAt: null,
  lagSeconds: 0,
  error: null,
  verified: null,
  chain: steps.map(([step, at]) => ({ step, at, detail: `about ${step}` })),
  waitingFor,
})

describe('a text on the page', () => {
  for (const [seconds, words] of [
    [0, '0s'],
    [0.9, '0s'],
    [42, '42s'],
    [60, '1m'],
    [303, '5m 3s'],
    [7200, '2h'],
    [7261, '2h 1m'],
    [3 * 86_400 + 4 * 3600 + 59, '3d 4h'],
    [-5, '0s'],
  ] as const)
    it(`has ${seconds} seconds as ${words}`, () => expect(span(seconds)).to.equal(words))

  it('has one unit for a short span', () => expect(shortSpan(303)).to.equal('5m'))

  it('has times in UTC, and a dash for an unknown value', () => {
    expect(clock('2026-11-03T03:12:05.123Z')).to.equal('03:12:05')
    expect(moment('2026-11-03T03:12:05.123Z')).to.equal('2026-11-03 03:12:05')
    expect([clock(null), moment(null), count(null)]).to.deep.equal(['–', '–', '–'])
    expect(ago('2026-11-03T03:12:05.000Z', Date.parse('2026-11-03T03:14:05.500Z'))).to.equal('2m ago')
    expect(ago(null, 0)).to.equal('never')
  })

  it('has the noun of a count', () => {
    expect([plural(1, 'node'), plural(0, 'node'), plural(1000, 'zone')]).to.deep.equal(['1 node', '0 nodes', '1,000 zones'])
    expect(shownText(100, 1000, true)).to.equal('100 of 1,000 zones, scroll for more')
    expect(shownText(100, undefined, true)).to.equal('100 zones, scroll for more')
    expect(shownText(1, 1, false)).to.equal('1 zone')
  })

  it('has the time since the step before in a chain, also when clocks differ', () => {
    const lines = chainLines(
      chain([
        ['seen', '2026-11-03T03:00:00.000Z'],
        ['released', '2026-11-03T03:00:00.012Z'],
        ['notified', null],
        ['taken', '2026-11-03T03:00:00.010Z'],
        ['confirmed', '2026-11-03T03:01:00.010Z'],
      ]),
    )
    expect(lines.map(({ title, gap }) => `${title}${gap}`)).to.deep.equal([
      'Announced',
      'Released+12 ms',
      'Node notified',
      'Node transferred it−2 ms',
      'Node confirmed+1m',
    ])
    expect(lines[2]).to.include({ at: 'time unknown' })
    expect(lines[0]).to.include({ at: '03:00:00.000', detail: 'about seen' })
  })

  it('ends a chain with the event that it waits for, or with its duration', () => {
    const whole: [ChainStepAnswer['step'], string][] = [
      ['seen', '2026-11-03T03:00:00.000Z'],
      ['confirmed', '2026-11-03T03:00:00.042Z'],
    ]
    expect(chainEnd(chain(whole))).to.equal('Waits for nothing: 42 ms from announcement to confirmation.')
    expect(chainEnd(chain(whole.slice(1)))).to.equal('Waits for nothing.')
    expect(chainEnd(chain([], 'a first version from a primary'))).to.equal('Waits for a first version from a primary.')
  })

  it('keeps the name of an unknown step of a newer hub', () => {
    expect(chainLines(chain([['checked' as 'seen', null]]))[0]).to.include({ title: 'checked' })
  })
})
