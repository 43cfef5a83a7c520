/** Zones signed by other programs (test/fixtures/signed) verify, and every missing or changed record in them is found. */
import { readdirSync, readFileSync } from 'node:fs'
import { expect } from 'chai'
import { checkFirst, reportOf } from '../../support/check-scene.js'
import { linesOf } from '../../support/record-lines.js'
import { contentsOfLines } from '../../support/signer.js'

const FOLDER = 'test/fixtures/signed'
/** A week after the signatures were made. */
const NOW = Date.UTC(2026, 11, 2)

const check = async (lines: readonly string[], now = NOW) =>
  reportOf(await checkFirst(contentsOfLines('signed.example.', lines), { now }), 'dnssec')

/** The signature with other last octets. */
const spoilt = (line: string): string => line.replace(/(.)(.{6})$/, (_, c, end) => `${c === 'A' ? 'B' : 'A'}${end}`)

/** All cores verify signatures while others are prepared. */
const atOnce = async (lines: readonly string[], look: (line: string, i: number) => Promise<void>): Promise<void> => {
  await Promise.all(lines.map(look))
}

describe('zones of other signers', () => {
  const files = readdirSync(FOLDER).filter((file) => file.endsWith('.zone'))

  it('are in the fixtures', () => expect(files.length).to.be.greaterThan(3))

  for (const file of files) {
    const lines = linesOf(readFileSync(`${FOLDER}/${file}`, 'utf8'))

    it(`verify: ${file}`, async () => {
      const report = await check(lines)
      expect(report.verdict, report.report).to.equal('pass')
    })

    it(`fail with any bogus signature: ${file}`, async () => {
      await atOnce(lines, async (line, i) => {
        if (!/ RRSIG /.test(line.slice(0, 120))) return
        const report = await check(lines.with(i, spoilt(line)))
        expect(report, line).to.deep.include({ verdict: 'hold' })
        expect(report.report).to.include('An RRSIG is bogus')
      })
    })

    it(`fail with any record removed: ${file}`, async () => {
      await atOnce(lines, async (line, i) => {
        // Signatures of a second key, delegations and glue may be removed; signed records may not.
        if (/ (RRSIG|SOA|DNSKEY|NSEC3PARAM) /.test(line.slice(0, 120)) || / NS (ns|NS)/.test(line) || /^ns\.secure/.test(line))
          return
        const report = await check(lines.toSpliced(i, 1))
        expect(report, line).to.deep.include({ verdict: 'hold' })
      })
    })

    it(`are held when they have expired: ${file}`, async () => {
      const report = await check(lines, Date.UTC(2037, 0, 1))
      expect(report.verdict).to.equal('hold')
      expect(report.report).to.include('Signatures have expired')
    })
  }
})
