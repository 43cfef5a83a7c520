/**
 * Any change to a sound zone: the check of the change returns the same as the check of all records, by index or in a pass. Random
 * hosts, deep names, delegations and glue are added and removed, the signer signs, and then one thing is broken, or none.
 */
import { expect } from 'chai'
import fc from 'fast-check'
import { checkFirst, checkNext, inputOf, pause, reportOf, withoutIndex } from '../../support/check-scene.js'
import { runChecks } from '../../../lib/checks/run-checks.js'
import type { CheckOutcome } from '../../../lib/checks/check.js'
import { seededRuns } from '../../support/seed.js'
import { contentsOfLines, makeKey, type SignOptions, signZone } from '../../support/signer.js'

const KEY = makeKey(8)

const NAMES = ['a', 'b', 'b.a', 'c.b.a', 'x.e', 'y.e', 'z.y.e', 'ns.d', 'd', 'f.d', '*.w', 'o.f.g'].map(
  (name) => `${name}.example.`,
)
const DATA = ['A 192.0.2.1', 'A 192.0.2.2', 'AAAA 2001:db8::1', 'TXT "t"', 'MX 1 b.example.', 'CNAME a.example.']
const CUTS = ['d', 'a', 'y.e', 'g', 'f.g'].map((name) => `${name}.example.`)
const SERVERS = [
  'NS ns.d.example.',
  'NS a.example.',
  'NS ns.test.',
  'NS q.y.e.example.',
  `DS 1 13 2 ${'ab'.repeat(32)}`,
  'DNAME other.test.',
]

/** Enough that a few changes are a small part of the zone. */
const BASE = [
  'example. 300 NS ns1.example.',
  'example. 300 NS x.e.example.',
  'ns1.example. 300 A 192.0.2.1',
  'x.e.example. 300 AAAA 2001:db8::e',
  ...Array.from({ length: 30 }, (_, i) => `m${i}.example. 300 A 192.0.2.1`),
]

const line = fc.oneof(
  fc.tuple(fc.constantFrom(...NAMES), fc.constantFrom(...DATA)).map(([name, data]) => `${name} 300 ${data}`),
  fc.tuple(fc.constantFrom(...CUTS), fc.constantFrom(...SERVERS)).map(([name, data]) => `${name} 300 ${data}`),
)

const denial: fc.Arbitrary<NonNullable<SignOptions['denial']>> = fc.constantFrom(
  'nsec' as const,
  { iterations: 0, salt: '-' },
  { iterations: 1, salt: 'ab' },
  { iterations: 0, salt: '-', optOut: true },
)

/** Faults between signer and hub: lines that are lost, kept or damaged. */
const mishap = fc.record({
  lost: fc.array(fc.nat(10_000), { maxLength: 2 }),
  kept: fc.array(fc.nat(10_000), { maxLength: 2 }),
  damaged: fc.array(fc.nat(10_000), { maxLength: 1 }),
})

const signed = (serial: number, lines: readonly string[], how: NonNullable<SignOptions['denial']>): string[] =>
  signZone(
    'example.',
    [`example. 300 SOA ns1.example. host.example. ${serial} 7200 900 1209600 60`, ...BASE, ...new Set(lines)],
    { keys: [KEY], denial: how },
  )

const isDnssec = (text: string): boolean => / (RRSIG|NSEC|NSEC3) /.test(text)

/** Findings on signatures come in the order of verification, which varies. */
const verdictsOf = ({ reports, figures }: CheckOutcome): unknown => ({
  verdicts: reports.map(({ check, verdict }) => `${check} ${verdict}`),
  figures,
})

describe('a check of a change', () => {
  for (const broken of [false, true])
    it(`returns the same as a check of all records when ${broken ? 'the zone is broken' : 'the zone is sound'}`, async function () {
      this.timeout(60_000)
      let seen = 0
      await fc.assert(
        fc.asyncProperty(
          fc.array(line, { maxLength: 8 }),
          fc.array(line, { maxLength: 3 }),
          fc.array(fc.nat(100), { maxLength: 3 }),
          denial,
          mishap,
          async (start, come, go, how, { lost, kept, damaged }) => {
            const before = signed(1, start, how)
            const left = start.filter((_, i) => !go.some((pick) => pick % Math.max(1, start.length) === i))
            let after = signed(2, [...left, ...come], how)
            if (broken) {
              const fresh = after.filter((text) => !before.includes(text) && !/ SOA /.test(text))
              const gone = before.filter((text) => !after.includes(text) && isDnssec(text) && !/ SOA /.test(text))
              const lose = lost.map((pick) => fresh[pick % Math.max(1, fresh.length)])
              after = after.filter((text) => !lose.includes(text))
              after = [...after, ...kept.flatMap((pick) => gone[pick % Math.max(1, gone.length)] ?? [])]
              const hurt = damaged.map((pick) => fresh[pick % Math.max(1, fresh.length)])
              after = after.map((text) =>
                hurt.includes(text) && text.includes(' RRSIG ') ? text.replace(/.{8}==$/, 'AAAAAAAA==') : text,
              )
            }
            const [from, to] = [contentsOfLines('example.', before), contentsOfLines('example.', after)]
            const first = await checkFirst(from)
            // A change does not find again a fault of the version before.
            if (reportOf(first, 'dnssec').verdict !== 'pass') return
            const isServed = reportOf(first, 'apex').verdict === 'pass'
            const input = await inputOf(from, to, { figures: first.figures })
            const change = await runChecks(input)
            const whole = await checkNext(from, to, { figures: first.figures, whole: true })
            seen += isServed ? 1 : 0
            for (const check of [isServed ? 'apex' : 'dnssec', 'dnssec', 'churn', 'shrink'] as const) {
              const [one, all] = [reportOf(change, check), reportOf(whole, check)]
              expect(one.verdict, `change: ${one.report}\nwhole: ${all.report}`).to.equal(all.verdict)
            }
            expect(change.figures).to.deep.equal(whole.figures)
            const passed = withoutIndex(contentsOfLines('example.', after))
            expect(verdictsOf(await runChecks({ ...input, contents: passed }))).to.deep.equal(verdictsOf(change))
            const applied = contentsOfLines('example.', before)
            await applied.indexOwners(pause)
            applied.begin()
            applied.apply(input.change!)
            const pending = await runChecks({ ...input, contents: applied })
            expect(verdictsOf(pending)).to.deep.equal(verdictsOf(change))
            if (!broken) expect(reportOf(whole, 'dnssec').verdict, reportOf(whole, 'dnssec').report).to.equal('pass')
          },
        ),
        seededRuns(60),
      )
      expect(seen).to.be.greaterThan(10)
    })
})
