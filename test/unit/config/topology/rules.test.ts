/** The example of a dual wagon wheel is sound; each broken place is reported with advice. */
import { readFileSync } from 'node:fs'
import { expect } from 'chai'
import { scratchDirs } from '../../../support/scratch-dir.js'
import { SOUND } from '../config-text.js'
import { findingsOf, placeOf, reportOf, WHEEL_FILE, wheelWith } from './wheel-text.js'

interface Case {
  id: string
  text: string
  code: string
  /** The place of the finding begins with this text. */
  at: string
  says: RegExp
  /** Kind and name of the element with the finding. */
  about: string[]
  /** Findings in total; 1 by default. */
  of?: number
}

/** A node of cloud A without a rim link: its spoke is its only link. */
const NO_RIM: readonly (readonly [string, string])[] = [
  ['    lax-nrt: { between: [LAX, NRT], risks: [pacific] }\n', ''],
  ['    nrt-sin: { between: [NRT, SIN] }\n', ''],
]
const PACIFIC = 'nrt-iad: { between: [NRT, IAD], risks: [pacific] }'

const CASES: Case[] = [
  {
    id: 'a node at the end of one link',
    text: wheelWith(...NO_RIM),
    code: 'TOPOLOGY_SINGLE_POINT',
    at: 'site: NRT',
    says: /node "nrt1" in NRT is cut off from every hub when any of site IAD, link nrt-iad fails: add a link/,
    about: ['node nrt1', 'site IAD', 'link nrt-iad'],
  },
  {
    id: 'two links that share a cable',
    text: wheelWith(['nrt-sin: { between: [NRT, SIN] }', 'nrt-sin: { between: [NRT, SIN], risks: [pacific] }']),
    code: 'TOPOLOGY_SINGLE_POINT',
    at: 'site: NRT',
    says: /cut off from every hub when risk pacific \(with every link that names it\) fails/,
    about: ['node nrt1', 'risk pacific'],
  },
  {
    id: 'both hubs in one site',
    text: wheelWith(['hubs: [hub-america]', 'hubs: [hub-america, hub-europe]'], ['hubs: [hub-europe], ', '']),
    code: 'TOPOLOGY_SINGLE_POINT',
    at: 'site: LHR',
    says: /when site IAD fails: add a hub in another site/,
    about: ['node lhr1', 'site IAD'],
    of: 12,
  },
  {
    id: 'a single hub',
    text: wheelWith(['hubs: [hub-europe], ', '']),
    code: 'TOPOLOGY_SINGLE_POINT',
    at: 'site: LHR',
    says: /when any of site IAD, hub hub-america fails/,
    about: ['node lhr1', 'site IAD', 'hub hub-america'],
    of: 12,
  },
  {
    id: 'a node without any link',
    text: wheelWith(...NO_RIM, [`    ${PACIFIC}\n`, '']),
    code: 'TOPOLOGY_NO_PATH',
    at: 'site: NRT',
    says: /no link leads from node "nrt1" in NRT to a hub/,
    about: ['node nrt1'],
    of: 2,
  },
  {
    id: 'no hub anywhere',
    text: wheelWith(['hubs: [hub-europe], ', ''], ['hubs: [hub-america], ', '']),
    code: 'TOPOLOGY_NO_PATH',
    at: 'sites:\n',
    says: /no site has a hub/,
    about: [],
    of: 2,
  },
  {
    id: 'a node without a site',
    text: wheelWith(['cloud: A, site: MIA, ', 'cloud: A, ']),
    code: 'TOPOLOGY_UNPLACED',
    at: 'mia1: ',
    says: /node "mia1" has no site.*write "site: NAME"/,
    about: ['node mia1'],
  },
  {
    id: 'a primary without a site',
    text: wheelWith([', primaries: [hm2] }', ' }']),
    code: 'TOPOLOGY_UNPLACED',
    at: 'hm2: ',
    says: /primary "hm2" has no site/,
    about: ['primary hm2'],
  },
  {
    id: 'this hub without a site',
    text: wheelWith(['hub: hub-america', 'hub: hub-asia']),
    code: 'TOPOLOGY_UNPLACED',
    at: 'hub: hub-asia',
    says: /this hub, "hub-asia", has no site/,
    about: ['hub hub-asia'],
  },
  {
    id: 'both primaries in one site',
    text: wheelWith(['primaries: [hm1]', 'primaries: [hm1, hm2]'], [', primaries: [hm2] }', ' }']),
    code: 'TOPOLOGY_PRIMARIES_TOGETHER',
    at: 'primaries: [hm1, hm2]',
    says: /every primary is in IAD/,
    about: ['site IAD', 'primary hm1', 'primary hm2'],
  },
  {
    id: 'a risk of one link only',
    text: wheelWith(['hkg-jnb: { between: [HKG, JNB] }', 'hkg-jnb: { between: [HKG, JNB], risks: [pasific] }']),
    code: 'CONFIG_UNUSED',
    at: 'risks: [pasific]',
    says: /no other link names the risk "pasific"/,
    about: ['link hkg-jnb'],
  },
  {
    id: 'a node that lacks one of the transits',
    text: wheelWith(['AS174, AS3356] }\n  nrt1', 'AS174, AS9002] }\n  nrt1']),
    code: 'TOPOLOGY_TRANSITS',
    at: 'A: { addresses',
    says: /cloud "A" .* nearest is AS174 and AS3356, but lax1 lacks AS3356/,
    about: ['cloud A', 'node lax1'],
  },
  {
    id: 'a node without a transit',
    text: wheelWith([', transits: [AS1299, AS2914] }\n\nzones', ' }\n\nzones']),
    code: 'TOPOLOGY_TRANSITS',
    at: 'B: { addresses',
    says: /arn1 lacks AS1299 and AS2914/,
    about: ['cloud B', 'node arn1'],
  },
  {
    id: 'one transit for a whole cloud',
    text: wheelWith(...Array<[string, string]>(6).fill(['[AS174, AS3356]', '[as 174]'])),
    code: 'TOPOLOGY_TRANSITS',
    at: 'A: { addresses',
    says: /cloud "A" has AS174 as its only transit/,
    about: ['cloud A'],
  },
  {
    id: 'an address of one cloud in the /24 of another',
    text: wheelWith(['198.51.100.53', '192.0.2.54']),
    code: 'TOPOLOGY_SHARED_PREFIX',
    at: '192.0.2.54',
    says: /192\.0\.2\.54 of cloud "B" is inside 192\.0\.2\.0\/24, which cloud "A" announces/,
    about: ['cloud B', 'cloud A'],
  },
  {
    id: 'an address of one cloud in the /48 of another',
    text: wheelWith(['2001:db8:b::53', '2001:db8:a:1::53']),
    code: 'TOPOLOGY_SHARED_PREFIX',
    at: '"2001:db8:a:1::53"',
    says: /inside 2001:db8:a::\/48/,
    about: ['cloud B', 'cloud A'],
  },
  {
    id: 'an address of one cloud in the wider prefix that another announces',
    text: wheelWith(['B: { addr', 'B: { prefixes: [192.0.0.0/16, 198.51.100.0/24], addr']),
    code: 'TOPOLOGY_SHARED_PREFIX',
    at: '192.0.2.53',
    says: /192\.0\.2\.53 of cloud "A" is inside 192\.0\.0\.0\/16, which cloud "B" announces/,
    about: ['cloud A', 'cloud B'],
  },
]

describe('the rules of the topology', () => {
  const scratch = scratchDirs()

  it('find nothing in the example', () =>
    expect(reportOf(findingsOf(scratch(), readFileSync(WHEEL_FILE, 'utf8')))).to.deep.equal([]))

  for (const { id, text, code, at, says, about, of } of CASES)
    it(`find ${id}`, () => {
      const findings = findingsOf(scratch(), text)
      const all = reportOf(findings).join('\n')
      expect(findings, all).to.have.length(of ?? 1)
      const found = findings.find((finding) => finding.code === code && `${finding.line}:${finding.column}` === placeOf(text, at))
      expect(found, `${code} at ${placeOf(text, at)} in\n${all}`).to.include({ severity: 'warning' })
      expect(found!.message).to.match(says)
      expect((found!.about ?? []).map(({ kind, name }) => `${kind} ${name}`)).to.deep.equal(about)
    })

  describe('on clouds in the same sites', () => {
    const clouds = (...sites: string[][]): string => {
      const ids = 'ABC'.slice(0, sites.length).split('')
      const nodes = sites.flatMap((list, i) =>
        list.map((site, j) => `  n${i}${j}: { cloud: ${ids[i]}, ${site}address: 10.0.${i}.${j + 1} }`),
      )
      const entries = ids.map((id, i) => `${id}: { addresses: [192.0.${i}.53] }`).join(', ')
      return SOUND.replace(/clouds:[\s\S]*zones:/, () => `clouds: { ${entries} }\nnodes:\n${nodes.join('\n')}\nzones:`)
    }
    const sites = (...names: string[]) => names.map((name) => (name === '' ? '' : `site: ${name}, `))
    const says = (text: string) =>
      findingsOf(scratch(), text)
        .filter(({ code }) => code !== 'WEAK_LINK')
        .map(({ code, message }) => `${code} ${message}`)

    it('report two clouds that share all sites, once', () => {
      const [one, ...more] = says(clouds(sites('AMS', 'LHR'), sites('LHR', 'AMS')))
      expect(one).to.match(/^TOPOLOGY_SHARED_SITES clouds "A" and "B" have the same sites \(LHR, AMS\)/)
      expect(more).to.deep.equal([])
    })

    it('report the cloud without a site of its own', () => {
      const [one, ...more] = says(clouds(sites('AMS', 'LHR', 'FRA'), sites('LHR', 'AMS')))
      expect(one).to.match(/^TOPOLOGY_SHARED_SITES every site of cloud "B" \(LHR, AMS\) is also a site of cloud "A"/)
      expect(more).to.deep.equal([])
    })

    it('report nothing when each cloud has its own site, a site is unknown, or no zone has both', () => {
      expect(says(clouds(sites('AMS', 'LHR'), sites('LHR', 'FRA')))).to.deep.equal([])
      expect(says(clouds(sites('AMS', 'LHR'), sites('LHR', '')))).to.deep.equal([])
      const apart = clouds(sites('AMS', 'LHR'), sites('LHR', 'AMS')).replace(
        '- { name: example.com }',
        '- { name: a.example, clouds: [A] }\n  - { name: b.example, clouds: [B] }',
      )
      expect(says(apart)).to.deep.equal([])
    })
  })
})
