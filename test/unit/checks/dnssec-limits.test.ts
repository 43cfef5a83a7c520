/** Limits of the computation in the check `dnssec`, and checks that are stopped or crash. */
import { expect } from 'chai'
import type { ZoneFigures } from '../../../lib/checks/check.js'
import type { CheckInput } from '../../../lib/checks/check-input.js'
import { ClosedError, type Compute, computeHere, StoppedError } from '../../../lib/checks/dnssec/compute.js'
import { bitsOf } from '../../../lib/checks/dnssec/limits.js'
import { runChecks } from '../../../lib/checks/run-checks.js'
import { bombBase, dnskeyLine, hostLines, keysOfOneTag, nsec3paramLines, rrsigLines, textLines } from '../../support/bombs.js'
import { checkFirst, inputOf, NOW, pause, reportOf, settingsOf } from '../../support/check-scene.js'
import { DENIALS, expectReport, KEY, signed, zone } from '../../support/signed-example.js'
import { makeKey } from '../../support/signer.js'

const APEX = 'example.'

interface Counted extends Compute {
  signatures: number
  names: number
}

function counting(): Counted {
  const counted: Counted = {
    signatures: 0,
    names: 0,
    verify: (keys, batch) => {
      counted.signatures += batch.count
      return computeHere.verify(keys, batch)
    },
    hash: (batch) => {
      counted.names += batch.count
      return computeHere.hash(batch)
    },
  }
  return counted
}

const inputFor = (lines: readonly string[], compute: Compute): CheckInput => ({
  zone: APEX,
  contents: zone(lines),
  previous: undefined,
  change: undefined,
  settings: settingsOf({}, APEX),
  now: NOW,
  whole: false,
  pause,
  compute,
})

async function reportFor(lines: readonly string[], compute: Compute = computeHere) {
  return reportOf(await runChecks(inputFor(lines, compute)), 'dnssec')
}

const at = (type: string, owner = 'ns1.example.') => ({ owner, type, apex: APEX, now: NOW })

describe('the check dnssec computes nothing', () => {
  it('with NSEC3 iterations above 100', async () => {
    for (const iterations of [101, 65_535]) {
      const counted = counting()
      const lines = [...signed(1), `example. 0 NSEC3PARAM 1 0 ${iterations} aabb`]
      const says = /^An NSEC3PARAM record has more than 100 iterations.*RFC 9276.*: example\. 0 IN NSEC3PARAM 1 0 \d+ AABB/im
      expectReport(await reportFor(lines, counted), 'hold', says)
      expect(counted.names).to.equal(0)
    }
    const counted = counting()
    expectReport(await reportFor(signed(1, '', { denial: { iterations: 100, salt: '-' } }), counted), 'pass')
    expect(counted.names).to.be.greaterThan(30)
  })

  it('with more than two NSEC3 chains', async () => {
    for (const [chains, isHashed] of [
      [2, true],
      [3, false],
      [20, false],
    ] as const) {
      const counted = counting()
      const report = await reportFor([...signed(1), ...nsec3paramLines(APEX, chains, 0)], counted)
      expect(report.verdict).to.equal('hold')
      expect(/more than 2 NSEC3 chains/.test(report.report)).to.equal(!isHashed)
      expect(counted.names > 0).to.equal(isHashed)
    }
  })

  it('for chains above the limits in the figures of an older version', async () => {
    const lines = (serial: number, more = '') => signed(serial, more, { denial: DENIALS.NSEC3 })
    const { figures } = await checkFirst(zone(lines(1)))
    for (const chains of [['nsec3 65535 -'], ['nsec3 1 -', 'nsec3 2 -', 'nsec3 3 -']]) {
      const carried: ZoneFigures = { ...figures!, dnssec: { ...figures!.dnssec!, chains } }
      const counted = counting()
      const input = await inputOf(zone(lines(1)), zone(lines(2, 'new.example. 300 A 192.0.2.9')), { figures: carried })
      await runChecks({ ...input, compute: counted })
      expect(counted.names).to.equal(0)
      expect(counted.signatures).to.be.greaterThan(0)
    }
  })

  it('with an RSA exponent over 64 bits or a modulus over 4,096 bits', async () => {
    for (const [options, says] of [
      [{ exponent: 9 }, 'A DNSKEY has an RSA exponent of more than 64 bits'],
      [{ bits: 3072, exponent: 384 }, 'A DNSKEY has an RSA exponent of more than 64 bits'],
      [{ bits: 4104 }, 'A DNSKEY has an RSA modulus of more than 4,096 bits'],
    ] as const) {
      const counted = counting()
      const keys = keysOfOneTag(1, options)
      const lines = [...bombBase(APEX, 1), ...keys.map((key) => dnskeyLine(APEX, key)), ...rrsigLines(5, at('A'))]
      const report = await reportFor(lines, counted)
      expectReport(report, 'hold', says)
      expect(report.report).not.to.include('is not in the DNSKEY RRset')
      expect(counted.signatures).to.equal(0)
    }
    const counted = counting()
    const keys = keysOfOneTag(1, { bits: 4096, exponent: 8 })
    await reportFor([...bombBase(APEX, 1), dnskeyLine(APEX, keys[0]!), ...rrsigLines(1, at('A'))], counted)
    expect(counted.signatures).to.equal(1)
  })

  it('with more than four keys for a signature', async () => {
    for (const [count, computed] of [
      [4, 1],
      [5, 0],
    ] as const) {
      const counted = counting()
      const keys = keysOfOneTag(count).map((key) => dnskeyLine(APEX, key))
      const report = await reportFor([...bombBase(APEX, 1), ...keys, ...rrsigLines(1, at('A'))], counted)
      expectReport(report, 'hold', computed === 0 ? /An RRSIG fits more than 4 DNSKEY records.*: ns1\.example\. / : 'is bogus')
      expect(counted.signatures).to.equal(computed)
    }
  })

  it('with more than eight signatures of one algorithm over an RRset', async () => {
    for (const [count, computed] of [
      [8, 8],
      [9, 0],
    ] as const) {
      const counted = counting()
      const lines = [...bombBase(APEX, 1), dnskeyLine(APEX, keysOfOneTag(1)[0]!), ...rrsigLines(count, at('A'))]
      expectReport(await reportFor(lines, counted), 'hold', computed === 0 ? 'more than 8 RRSIGs of one algorithm' : 'is bogus')
      expect(counted.signatures).to.equal(computed)
    }
  })

  it('with keys beyond the 32nd', async () => {
    const keys = keysOfOneTag(33, { bits: 512 }).map((key) => dnskeyLine(APEX, key))
    expectReport(await reportFor([...bombBase(APEX, 1), ...keys]), 'hold', 'The apex has more than 32 DNSKEY records')
    expect((await reportFor([...bombBase(APEX, 1), ...keys.slice(1)])).report).not.to.include('more than 32')
  })

  it('for an RRset that does not fit a message', async () => {
    const counted = counting()
    const lines = [...bombBase(APEX, 1), dnskeyLine(APEX, keysOfOneTag(1)[0]!), ...textLines('ns1.example.', 330)]
    const report = await reportFor([...lines, ...rrsigLines(8, at('TXT'))], counted)
    expectReport(report, 'hold', 'Records of one name and type are more than a message can hold')
    expect(counted.signatures).to.equal(0)
    const computed = counting()
    await reportFor(
      [
        ...bombBase(APEX, 1),
        dnskeyLine(APEX, keysOfOneTag(1)[0]!),
        ...textLines('ns1.example.', 300),
        ...rrsigLines(8, at('TXT')),
      ],
      computed,
    )
    expect(computed.signatures).to.equal(8)
  })

  it('with too many bits, which it counts without leading zeros', () => {
    for (const [hex, bits] of [
      ['', 0],
      ['00', 0],
      ['0001', 1],
      ['010001', 17],
      ['ffffffffffffffff', 64],
      ['01ffffffffffffffff', 65],
    ] as const)
      expect(bitsOf(Buffer.from(hex, 'hex')), hex).to.equal(bits)
  })
})

describe('the check dnssec', () => {
  it('names each signature of one name with many RRsets, and each left-over one', async () => {
    const rests: number[] = []
    const types = Array.from({ length: 400 }, (_, i) => `TYPE${1000 + i}`)
    const lines = [
      ...bombBase(APEX, 1),
      dnskeyLine(APEX, keysOfOneTag(1)[0]!),
      ...types.map((type) => `ns1.example. 300 ${type} \\# 1 00`),
      ...types.flatMap((type) => rrsigLines(1, at(type))),
    ]
    const counted = counting()
    const resting = { ...inputFor(lines, counted), pause: async () => void rests.push(1) }
    expectReport(reportOf(await runChecks(resting), 'dnssec'), 'hold', /is bogus.*\(400 times\)/)
    expect(counted.signatures).to.equal(400)
    expect(rests.length).to.be.greaterThan(400)
  })

  it('compares TTLs once for each signed TTL', async () => {
    const lines = [...signed(1, '', { keys: [KEY, makeKey(8), makeKey(8)] })].map((line) =>
      line.replace(/^ns1\.example\. 300 A /, 'ns1.example. 200 A '),
    )
    expectReport(await reportFor(lines), 'warn', /another TTL .*\): ns1\.example\. 200 IN A 192\.0\.2\.1\.$/m)
  })

  it('reports a fault of many NSEC3 records in one sentence', async () => {
    const lines = signed(1, '', { denial: DENIALS.NSEC3 }).map((line) => line.replace(/( NSEC3 .*) A RRSIG$/, '$1 AAAA RRSIG'))
    const { report } = await reportFor(lines)
    expect(report.match(/lists other types/g)).to.have.length(1)
    expect(report).to.match(/\(\d\d times\): \S+\.example\.: .* and \d+ more\./)
  })
})

describe('a check that does not finish', () => {
  const failing = (error: Error): Compute => ({ verify: () => Promise.reject(error), hash: () => Promise.reject(error) })

  for (const [name, denial] of Object.entries(DENIALS)) {
    it(`holds the version when its budget is used up, with ${name}`, async () => {
      const input = inputFor(signed(1, '', { denial }), failing(new StoppedError('No more than 60 s')))
      const { reports, verdict, figures } = await runChecks(input)
      expect(verdict).to.equal('hold')
      expect(figures?.dnssec).to.equal(undefined)
      expect(reports.find(({ check }) => check === 'dnssec')?.report).to.equal('No more than 60 s.')
      expect(reports.filter((report) => report.check !== 'dnssec').map((report) => report.verdict)).not.to.include('hold')
    })

    it(`holds the version of a change, too, with ${name}`, async () => {
      const make = (serial: number, more = '') => zone(signed(serial, more, { denial }))
      const input = await inputOf(make(1), make(2, 'new.example. 300 A 192.0.2.9'))
      const outcome = await runChecks({ ...input, compute: failing(new StoppedError('No more than 60 s')) })
      expectReport(reportOf(outcome, 'dnssec'), 'hold', 'No more than 60 s.')
    })
  }

  it('holds the version when a computation fails', async () => {
    const report = await reportFor(signed(1), failing(new TypeError('a fault')))
    expectReport(report, 'hold', /^The check crashed: .*a fault; the version is not checked/)
  })

  it('holds the version when another check throws, and reports the other checks', async () => {
    const input = inputFor(signed(1), computeHere)
    const outcome = await runChecks(
      Object.defineProperty({ ...input }, 'zonemd', {
        get: () => {
          throw new RangeError('a fault')
        },
      }),
    )
    expect(outcome.verdict).to.equal('hold')
    expectReport(reportOf(outcome, 'zonemd'), 'hold', 'The check crashed:')
    expectReport(reportOf(outcome, 'dnssec'), 'pass')
  })

  it('holds the version when the pass for all checks throws', async () => {
    const input = inputFor(signed(1), computeHere)
    const faulty = Object.defineProperty({ ...input }, 'seen', {
      get: () => {
        throw new RangeError('a fault')
      },
    })
    const { verdict, figures, reports } = await runChecks(faulty)
    expect([verdict, figures]).to.deep.equal(['hold', undefined])
    expect(reports[0]?.report).to.include('a fault')
  })

  it('has no result for the version when the process ends', async () => {
    const outcome = runChecks(inputFor(signed(1), failing(new ClosedError('going down'))))
    expect(await outcome.catch((error: unknown) => error)).to.be.instanceOf(ClosedError)
  })

  it('holds the version also in mode warn: unchecked parts are unknown', async () => {
    const input = inputFor(signed(1), failing(new StoppedError('No more than 60 s')))
    const outcome = await runChecks({ ...input, settings: settingsOf({ dnssec: 'warn' }, APEX) })
    expect(outcome.verdict).to.equal('hold')
  })
})

describe('unsigned hosts in a signed zone', () => {
  it('are findings, and cost no hashing', async () => {
    const counted = counting()
    const lines = [
      ...bombBase(APEX, 1),
      dnskeyLine(APEX, keysOfOneTag(1)[0]!),
      ...nsec3paramLines(APEX, 1, 65_535),
      ...hostLines(APEX, 500),
    ]
    expectReport(await reportFor(lines, counted), 'hold', /Records are not signed .*\(5\d\d times\)/)
    expect(counted.names).to.equal(0)
  })
})
