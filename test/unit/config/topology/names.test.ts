/** Mistakes in a topology are reported with their place, all at once, and never as a warning. */
import { expect } from 'chai'
import { scratchDirs } from '../../../support/scratch-dir.js'
import { findingsOf, placeOf, wheelWith } from './wheel-text.js'

/** The text, its replacement, the place of the finding, and words of its message. */
const CASES: { id: string; change: [string, string]; at: string; code: string; says: RegExp }[] = [
  {
    id: 'a link to a site that does not exist',
    change: ['axle: { between: [IAD, AMS]', 'axle: { between: [IAD, AMX]'],
    at: 'AMX',
    code: 'CONFIG_DANGLING',
    says: /there is no site "AMX" under "topology.sites": add it there, or write one of "IAD", "AMS"/,
  },
  {
    id: 'a node in a site that does not exist',
    change: ['site: MIA', 'site: MIX'],
    at: 'site: MIX',
    code: 'CONFIG_DANGLING',
    says: /there is no site "MIX"/,
  },
  {
    id: 'a primary that does not exist',
    change: ['primaries: [hm2] }', 'primaries: [hm9] }'],
    at: 'hm9',
    code: 'CONFIG_DANGLING',
    says: /there is no primary "hm9" under "primaries"/,
  },
  {
    id: 'a hub in two sites',
    change: ['hubs: [hub-europe]', 'hubs: [hub-america]'],
    at: 'hub-america], primaries: [hm2]',
    code: 'CONFIG_DUPLICATE',
    says: /"hub-america" is in site "IAD" too/,
  },
  {
    id: 'a primary twice in one site',
    change: ['primaries: [hm1]', 'primaries: [hm1, hm1]'],
    at: 'hm1] }\n    AMS',
    code: 'CONFIG_DUPLICATE',
    says: /in this list twice/,
  },
  {
    id: 'a link from a site to itself',
    change: ['axle: { between: [IAD, AMS]', 'axle: { between: [IAD, IAD]'],
    at: 'between: [IAD, IAD]',
    code: 'CONFIG_VALUE',
    says: /link "axle" joins "IAD" to itself: write two sites/,
  },
  {
    id: 'a link with three ends',
    change: ['axle: { between: [IAD, AMS]', 'axle: { between: [IAD, AMS, LHR]'],
    at: '[IAD, AMS, LHR]',
    code: 'CONFIG_VALUE',
    says: /write the two sites it joins: \[ A, B \]/,
  },
  {
    id: 'a risk named twice',
    change: ['risks: [atlantic-north] }\n    # rim', 'risks: [atlantic-north, atlantic-north] }\n    # rim'],
    at: 'atlantic-north] }\n    # rim',
    code: 'CONFIG_DUPLICATE',
    says: /in this list twice/,
  },
  {
    id: 'an unknown setting',
    change: ['    LHR: {}', '    LHR: { hub: [x] }'],
    at: 'hub: [x]',
    code: 'CONFIG_UNKNOWN_KEY',
    says: /did you mean "hubs"/,
  },
  {
    id: 'an address outside the prefixes of its cloud',
    change: ['A: { addr', 'A: { prefixes: [198.18.0.0/15, "2001:db8:a::/48"], addr'],
    at: '192.0.2.53',
    code: 'CONFIG_VALUE',
    says: /192\.0\.2\.53 is in no prefix of cloud "A" \(198\.18\.0\.0\/15\)/,
  },
]

describe('a mistake in the topology', () => {
  const scratch = scratchDirs()

  for (const { id, change, at, code, says } of CASES)
    it(`is reported with its place: ${id}`, () => {
      const text = wheelWith(change)
      const findings = findingsOf(scratch(), text).filter(({ severity }) => severity === 'error')
      expect(findings.map((f) => `${f.line}:${f.column} ${f.code}`)).to.deep.equal([`${placeOf(text, at)} ${code}`])
      expect(findings[0]!.message).to.match(says)
    })

  it('hides no other mistake', () => {
    const text = wheelWith(...CASES.filter(({ id }) => !/itself|three ends/.test(id)).map(({ change }) => change), [
      'lhr-mia: { between: [LHR, MIA]',
      'lhr-mia: { between: [LHR]',
    ])
    expect(findingsOf(scratch(), text).filter(({ severity }) => severity === 'error')).to.have.length(CASES.length - 1)
  })
})
