/** Receiving an IXFR: every form of the answer (RFC 1995 §4), and the answers that are refused. */
import { expect } from 'chai'
import type { Difference } from '../../../lib/zone/difference.js'
import { expectError } from '../../support/expect-error.js'
import { octets, question, rawRecord } from '../../support/raw-message.js'
import {
  APEX,
  receive,
  runTexts,
  type ScriptedMessage,
  soa,
  stored,
  textsOf,
  type TransferScript,
} from '../../support/transfer-script.js'

const OLD = 'a.example. 300 A 192.0.2.10\nb.example. 300 A 192.0.2.20'
const NEW = 'a.example. 300 A 192.0.2.11\nc.example. 300 A 192.0.2.30'
const NEWER = 'd.example. 300 A 192.0.2.40'
const WHOLE = `S3\nexample. 300 NS ns1.example.\n${NEW}\nS3`

/** A difference sequence as text: `1→2 −2 +2`. */
const words = (d: Difference): string => `${d.from}→${d.to} −${runTexts(d.removed).length} +${runTexts(d.added).length}`

/** `up-to-date SERIAL`, `full SERIAL`, the difference sequences as text, or `more` when the answer is incomplete. */
function cameOf(script: TransferScript): string {
  const { outcome } = receive(script)
  if (outcome === undefined) return 'more'
  if (outcome.kind === 'up-to-date') return `up-to-date ${outcome.servedSerial}`
  if (outcome.kind === 'full') return `full ${outcome.soa.serial}`
  expect(outcome.soa.serial).to.equal(outcome.differences.at(-1)!.to)
  return outcome.differences.map(words).join(', ')
}

const ONE = `S2\nS1\n${OLD}\nS2\n${NEW}\nS2`
const TWO = `S3\nS1\n${OLD}\nS2\n${NEW}\nS2\n${NEW}\nS3\n${NEWER}\nS3`
const WRAPPED = `S5\nS4294967290\n${OLD}\nS5\n${NEW}\nS5`

const FORMS: readonly (readonly [id: string, current: number, messages: readonly ScriptedMessage[], outcome: string])[] = [
  ['RFC 1995 §2: the current SOA means that there is no newer version', 1, ['S1'], 'up-to-date 1'],
  ['RFC 1995 §2: an older SOA means that there is no newer version', 5, ['S1'], 'up-to-date 1'],
  ['RFC 1982 §3.2: an SOA without order to the current one is not newer', 1, [soa(0x80000001)], 'up-to-date 2147483649'],
  ['an older SOA and differences between others are not newer', 5, ['S1\nS2\nS1'], 'up-to-date 1'],
  ['an AXFR under the current serial, which may have other content', 3, [WHOLE], 'full 3'],
  ['RFC 1995 §4: one difference sequence', 1, [ONE], '1→2 −2 +2'],
  ['RFC 1995 §4: two difference sequences', 1, [TWO], '1→2 −2 +2, 2→3 −2 +1'],
  ['RFC 1995 §5: two steps condensed', 1, [`S3\nS1\n${OLD}\nS3\n${NEWER}\nS3`], '1→3 −2 +1'],
  ['a difference of the SOA alone', 1, ['S2\nS1\nS2\nS2'], '1→2 −0 +0'],
  ['a difference that only adds', 1, [`S2\nS1\nS2\n${NEW}\nS2`], '1→2 −0 +2'],
  ['a difference that only removes', 1, [`S2\nS1\n${OLD}\nS2\nS2`], '1→2 −2 +0'],
  ['RFC 1982 §3: a difference across the wrap', 4294967290, [WRAPPED], '4294967290→5 −2 +2'],
  ['with the question in every message', 1, ['S2', `S1\n${OLD}`, `S2\n${NEW}\nS2`], '1→2 −2 +2'],
  ['without a question', 1, [{ questions: [], text: ONE }], '1→2 −2 +2'],
  [
    'records outside the zone are dropped',
    1,
    [`S2\nS1\nout. 1 A 192.0.2.1\n${OLD}\nS2\nout. 1 A 192.0.2.2\n${NEW}\nS2`],
    '1→2 −2 +2',
  ],
  ['RFC 1995 §4: the form of an AXFR', 1, [WHOLE], 'full 3'],
  ['RFC 1995 §4: the form of an AXFR in several messages', 1, ['S3', 'example. 300 NS ns1.example.', NEW, 'S3'], 'full 3'],
  ['the form of an AXFR of the SOA alone', 1, ['S3\nS3'], 'full 3'],
  ['a newer SOA alone may be the beginning of more', 1, ['S2'], 'more'],
  ['a difference may be cut at any message', 1, ['S2', 'S1'], 'more'],
]

describe('an answer to IXFR', () => {
  for (const [id, current, messages, outcome] of FORMS)
    it(`gives ${outcome}: ${id}`, () => expect(cameOf({ current, messages })).to.equal(outcome))

  for (const [id, text, current] of [
    ['one difference', ONE, 1],
    ['two differences', TWO, 1],
    ['a difference across the wrap', WRAPPED, 4294967290],
    ['a whole zone', WHOLE, 1],
  ] as const)
    it(`is the same for any split into messages: ${id}`, () => {
      const records = stored(text).map((octets) => octets.subarray(2))
      const whole = cameOf({ current, messages: [text] })
      for (let cut = 1; cut < records.length; cut++)
        expect(
          cameOf({ current, messages: [{ answers: records.slice(0, cut) }, { answers: records.slice(cut) }] }),
          `${cut}`,
        ).to.equal(whole)
      expect(cameOf({ current, messages: records.map((record) => ({ answers: [record] })) })).to.equal(whole)
    })

  it('has the difference sequences that were sent', () => {
    const { outcome } = receive({ current: 1, messages: [TWO] })
    if (outcome?.kind !== 'incremental') throw new Error('no differences')
    const [first, second] = outcome.differences
    const text = (lines: string): string[] => lines.split('\n').map((line) => line.replace(/ (300) /, ' $1 IN '))
    expect(runTexts(first!.removed)).to.deep.equal(text(OLD))
    expect(runTexts(first!.added)).to.deep.equal(text(NEW))
    expect(runTexts(second!.removed)).to.deep.equal(text(NEW))
    expect(runTexts(second!.added)).to.deep.equal(text(NEWER))
    expect(first!.toSoa.equals(second!.fromSoa)).to.equal(true)
  })

  it('in the form of an AXFR has all records of the zone', () => {
    const { contents } = receive({ current: 1, messages: [WHOLE] })
    expect(textsOf(contents!).length).to.equal(4)
  })

  it('RFC 1995 §2: with a lone newer SOA is reported as such, until more arrives', () => {
    const lone = receive({ current: 1, messages: ['S2'] })
    expect(lone.inbound.isLoneSoa).to.equal(true)
    expect(receive({ current: 1, messages: ['S2', 'S1'] }).inbound.isLoneSoa).to.equal(false)
  })

  it('without changes, but with records behind its SOA, makes the connection unusable for another query', () => {
    expect(receive({ current: 5, messages: ['S1\nS2\nS1'] }).inbound.surplus).to.equal(true)
    expect(receive({ current: 3, messages: ['S3'] }).inbound.surplus).to.equal(false)
  })
})

const ERRORS: readonly (readonly [id: string, code: string, script: TransferScript, data?: Record<string, unknown>])[] = [
  ['NOTIMP', 'XFR_RCODE', { current: 1, messages: [{ flags: 0x8004 }] }, { rcode: 4 }],
  ['FORMERR without a question', 'XFR_RCODE', { current: 1, messages: [{ flags: 0x8001, questions: [] }] }, { rcode: 1 }],
  ['no records', 'XFR_EMPTY_ANSWER', { current: 1, messages: [''] }],
  ['the question of an AXFR', 'XFR_HEADER', { current: 1, messages: [{ questions: [question('example.', 'AXFR')], text: ONE }] }],
  ['no SOA at its beginning', 'XFR_NO_LEADING_SOA', { current: 1, messages: [OLD] }],
  [
    'a first difference from another serial than the current one',
    'XFR_SERIAL_MISMATCH',
    { current: 1, messages: [`S3\nS2\n${OLD}\nS3\n${NEW}\nS3`] },
    { reason: 'first sequence' },
  ],
  [
    'RFC 1995 §4: a gap between differences',
    'XFR_SERIAL_MISMATCH',
    { current: 1, messages: [`S4\nS1\n${OLD}\nS2\n${NEW}\nS3\n${NEW}\nS4\nS4`] },
    { reason: 'gap' },
  ],
  ['a difference back to an older serial', 'XFR_SERIAL_MISMATCH', { current: 5, messages: [`S9\nS5\nS4\n${NEW}\nS4\nS9\nS9`] }],
  ['a difference to the serial it comes from', 'XFR_SERIAL_MISMATCH', { current: 5, messages: ['S9\nS5\nS5\nS5\nS9\nS9'] }],
  [
    'a difference to a serial without order to it',
    'XFR_SERIAL_MISMATCH',
    { current: 1, messages: [`${soa(5)}\nS1\n${soa(0x80000001)}\n${soa(0x80000001)}\nS5\nS5`] },
  ],
  [
    'differences that go beyond the announced serial',
    'XFR_SERIAL_MISMATCH',
    { current: 1, messages: ['S3\nS1\nS4\nS4\nS3\nS3'] },
  ],
  [
    'another closing SOA of the same serial',
    'XFR_SERIAL_MISMATCH',
    { current: 1, messages: [`S2\nS1\nS2\n${NEW}\n${soa(2, 61)}`] },
    { reason: 'closing SOA' },
  ],
  ['a record behind the last SOA', 'XFR_TRAILING', { current: 1, messages: [`${ONE}\n${NEWER}`] }],
  ['a message behind the last SOA', 'XFR_TRAILING', { current: 1, messages: [ONE, NEWER] }],
  [
    'a difference of class CH',
    'XFR_BAD_RECORD',
    { current: 1, messages: ['S2\nS1', { answers: [rawRecord(APEX, 16, octets('0161'), { klass: 3 })] }] },
    { reason: 'class' },
  ],
  [
    'the SOA of a child among its records',
    'XFR_BAD_RECORD',
    { current: 1, messages: [`S2\nS1\nsub.example. 1 SOA . . 1 2 3 4 5\nS2\nS2`] },
  ],
  [
    'more records than the limit',
    'XFR_LIMIT',
    { current: 1, messages: ['S2', 'S1', OLD, 'S2', NEW, 'S2'], limits: { records: 4 } },
  ],
]

describe('an answer to IXFR is refused for', () => {
  for (const [id, code, script, data = {}] of ERRORS)
    it(`${id}: ${code}`, async () => {
      const error = await expectError(code, () => receive(script), { asked: 'ixfr', ...data })
      expect(error.nextMove).to.equal('axfr')
    })

  it('an end in the middle: XFR_ENDED_EARLY', async () => {
    const records = stored(TWO)
    for (let n = 0; n < records.length; n++) {
      const messages = records.slice(0, n).map((record) => ({ answers: [record.subarray(2)] }))
      const { inbound, outcome } = receive({ current: 1, messages })
      expect(outcome, `${n} records`).to.equal(undefined)
      await expectError('XFR_ENDED_EARLY', () => inbound.end(), { asked: 'ixfr', records: n })
    }
  })

  it('any error after a good beginning, and has no outcome then', async () => {
    const script = { current: 1, messages: [`S2\nS1\n${OLD}\nS2`] }
    const { inbound } = receive(script)
    await expectError('XFR_HEADER', () => inbound.accept(Buffer.alloc(12)))
    expect(inbound.outcome).to.equal(undefined)
  })
})
