/** Versions of a signed zone, sound or broken, and the result of the check `dnssec` for one after another: by change and by all records. */
import { expect } from 'chai'
import type { CheckReport, ZoneFigures } from '../../lib/checks/check.js'
import type { Verdict } from '../../lib/checks/verdicts.js'
import { checkFirst, checkNext, reportOf } from './check-scene.js'
import { linesOf } from './record-lines.js'
import { contentsOfLines, makeKey, type SignOptions, signZone } from './signer.js'

export const DAY = 86_400_000

/** Enough that no change here is large enough to require a check of all records. */
const MANY = Array.from({ length: 24 }, (_, i) => `m${i}.example. 300 A 192.0.2.1`).join('\n')

export const plain = (serial: number, more = ''): string[] =>
  linesOf(`
    example. 300 SOA ns1.example. host.example. ${serial} 7200 900 1209600 60
    example. 300 NS ns1.example.
    example. 300 NS Ns2.Example.
    example. 300 MX 10 Mail.example.
    ns1.example. 300 A 192.0.2.1
    ns2.example. 300 A 192.0.2.2
    ns2.example. 300 AAAA 2001:db8::2
    mail.example. 300 A 192.0.2.3
    *.wild.example. 300 TXT "w"
    a.b.c.example. 300 TXT "below two names that are empty"
    www.example. 300 CNAME mail.example.
    other.example. 300 DNAME other.test.
    secure.example. 300 NS ns.secure.example.
    secure.example. 300 DS 1 13 2 ${'ab'.repeat(32)}
    ns.secure.example. 300 A 192.0.2.4
    insecure.example. 300 NS ns.test.
    deep.in.example. 300 NS ns.test.
    ${MANY}
    ${more}`)

/** Its signatures are the same each time: unchanged records keep their signatures. */
export const KEY = makeKey(8)
export const DENIALS = {
  NSEC: 'nsec',
  NSEC3: { iterations: 0, salt: '-' },
  'NSEC3 with iterations and salt': { iterations: 3, salt: 'aabb' },
  'NSEC3 with Opt-Out': { iterations: 0, salt: '-', optOut: true },
} as const

export const signed = (serial: number, more = '', options: Partial<SignOptions> = {}): string[] =>
  signZone('example.', plain(serial, more), { keys: [KEY], ...options })

export const zone = (lines: readonly string[]) => contentsOfLines('example.', lines)

/** Many cases start with the same version. */
const FIRST = new Map<string, ZoneFigures>()

export async function judged(
  before: readonly string[],
  after: readonly string[],
  options: { checks?: unknown; now?: number } = {},
): Promise<CheckReport> {
  const [from, to] = [zone(before), zone(after)]
  const id = JSON.stringify([before, options])
  const figures = FIRST.get(id) ?? (await checkFirst(from, options)).figures
  FIRST.set(id, figures!)
  const change = await checkNext(from, to, { ...options, figures })
  const whole = await checkNext(from, to, { ...options, figures, whole: true })
  const report = reportOf(change, 'dnssec')
  expect(reportOf(whole, 'dnssec').verdict, `whole: ${reportOf(whole, 'dnssec').report}\nchange: ${report.report}`).to.equal(
    report.verdict,
  )
  expect(whole.figures).to.deep.equal(change.figures)
  return report
}

export const expectReport = (report: CheckReport, verdict: Verdict, says?: string | RegExp): void => {
  expect(report.verdict, report.report).to.equal(verdict)
  if (typeof says === 'string') expect(report.report).to.include(says)
  else if (says !== undefined) expect(report.report).to.match(says)
}

/** With letters changed in the signature of the matching RRSIG lines. */
export const spoil = (lines: readonly string[], fits: RegExp): string[] => {
  const spoilt = lines.map((line) =>
    fits.test(line) ? line.replace(/(.)(.{5})$/, (_, c, end) => `${c === 'A' ? 'B' : 'A'}${end}`) : line,
  )
  expect(spoilt, String(fits)).not.to.deep.equal(lines)
  return spoilt
}
export const without = (lines: readonly string[], fits: RegExp): string[] => {
  const left = lines.filter((line) => !fits.test(line))
  expect(left.length, String(fits)).to.be.lessThan(lines.length)
  return left
}
export const replaced = (lines: readonly string[], fits: RegExp, by: string): string[] => {
  const changed = lines.map((line) => line.replace(fits, by))
  expect(changed, String(fits)).not.to.deep.equal(lines)
  return changed
}
