/** The settings of catalogs: what they become, and their mistakes. */
import { expect } from 'chai'
import { parseZoneName } from '../../../lib/dns/name.js'
import { scratchDirs } from '../../support/scratch-dir.js'
import { checkText, SOUND } from './config-text.js'

const NAME = parseZoneName('cat.example')

describe('catalogs in the config', () => {
  const scratch = scratchDirs()
  const check = (...lines: string[]) => checkText(scratch(), `${SOUND}catalogs:\n${lines.map((line) => `  ${line}\n`).join('')}`)
  const found = (...lines: string[]) => check(...lines).findings.map(({ code, message }) => `${code} ${message}`)

  it('have every primary, every cloud and a week of grace by default', () => {
    const { config, findings } = check('- { name: cat.example }')
    expect(findings).to.deep.equal([])
    const { zone, members, graceMs, maxMembers } = config!.catalogs.consumed.get(NAME)!
    expect([zone.clouds, members.primaries, members.clouds]).to.deep.equal([[], ['hm1', 'hm2'], ['A']])
    expect([graceMs, maxMembers]).to.deep.equal([604_800_000, 1_000_000])
  })

  it('give members of a group its settings, and those of the catalog where it has none', () => {
    const { config } = check(
      '- name: cat.example',
      '  primaries: [hm2]',
      '  checks: { shrink: warn }',
      '  groups: { gold: { checks: { growth: off } }, silver: { primaries: [hm1, hm2], clouds: [] } }',
    )
    const { groups } = config!.catalogs.consumed.get(NAME)!
    const [gold, silver] = [groups.get('gold')!, groups.get('silver')!]
    expect([gold.primaries, gold.clouds, gold.checks.shrink.mode, gold.checks.growth.mode]).to.deep.equal([
      ['hm2'],
      ['A'],
      'warn',
      'off',
    ])
    expect([silver.primaries, silver.clouds, silver.checks.growth.mode]).to.deep.equal([['hm1', 'hm2'], [], 'hold'])
  })

  it('give members of a group its rollout, else that of the catalog, else none of their own', () => {
    const { config, findings } = check(
      '- name: cat.example',
      '  primaries: [hm1, hm2]',
      '  groups: { gold: { rollout: { stages: [ { nodes: [ams1] }, { cloud: A } ], soak: 5m } }, silver: {} }',
      '- { name: other.example, rollout: { stages: [ { cloud: A } ] }, groups: { plain: { rollout: {} }, same: {} } }',
    )
    expect(findings).to.deep.equal([])
    const [first, second] = [...config!.catalogs.consumed.values()]
    const gold = first!.groups.get('gold')!.rollout!
    expect(gold.stages.map(({ nodes, cloud, soakMs }) => [nodes, cloud, soakMs])).to.deep.equal([
      [['ams1'], undefined, 300_000],
      [undefined, 'A', 300_000],
    ])
    expect([first!.members.rollout, first!.groups.get('silver')!.rollout]).to.deep.equal([undefined, undefined])
    expect(second!.groups.get('same')!.rollout).to.deep.equal(second!.members.rollout)
    expect(second!.groups.get('plain')!.rollout!.stages).to.deep.equal([])
  })

  it('name the stage of a group that has no such node or cloud, or nothing', () => {
    const texts = found(
      '- { name: cat.example, primaries: [hm1, hm2], groups: { gold: { rollout: { stages: [ { nodes: [nowhere] }, { cloud: Z } ] } } } }',
    )
    expect(texts.join('\n')).to.match(/there is no node "nowhere": write one of "ams1"/)
    expect(texts.join('\n')).to.match(/there is no cloud "Z": write one of "A"/)
    expect(found('- { name: cat.example, rollout: { stages: [ {} ] } }').join()).to.match(/a stage needs nodes/)
    expect(found('- { name: cat.example, publish: A, rollout: { stages: [ { cloud: A } ] } }').join()).to.match(
      /a catalog with "publish" has no "rollout"/,
    )
  })

  it('give a member its trust anchors and protected records, and not those of a zone of the config', () => {
    const { config } = checkText(
      scratch(),
      `${SOUND}catalogs: [ { name: cat.example } ]
checks: { protected: { records: [ "www.member.example. A", "www.example.com. A", "a.b.sub.example. TXT" ] } }
`,
    )
    const { members } = config!.catalogs.consumed.get(NAME)!
    const checks = (zone: string) => (members.own.get(parseZoneName(zone)) ?? members).checks
    const records = (zone: string) => checks(zone).protected.records
    expect(records('member.example')).to.deep.equal(['www.member.example. A'])
    expect(records('b.sub.example')).to.deep.equal(['a.b.sub.example. TXT'])
    expect(records('com')).to.deep.equal([])
    expect(checks('other.example')).to.equal(members.checks)
  })

  it('are published for a cloud or a node', () => {
    const { config, findings } = check('- { name: a.example, publish: A }', '- { name: ams1.example, publish: ams1 }')
    expect(findings).to.deep.equal([])
    expect([...config!.catalogs.published.values()].map(({ cloud, node }) => [cloud, node])).to.deep.equal([
      ['A', undefined],
      [undefined, 'ams1'],
    ])
  })

  it('need no signature or ZONEMD where zones do', () => {
    const { config } = checkText(
      scratch(),
      `${SOUND}catalogs: [ { name: cat.example } ]\nchecks: { dnssec: { required: true }, zonemd: { required: true } }\n`,
    )
    const { zone, members } = config!.catalogs.consumed.get(NAME)!
    expect([zone.checks.dnssec.required, zone.checks.zonemd.required, members.checks.dnssec.required]).to.deep.equal([
      false,
      false,
      true,
    ])
  })

  for (const [what, lines, says] of [
    [
      'a catalog twice',
      ['- { name: cat.example }', '- { name: CAT.example. }'],
      /^CONFIG_DUPLICATE catalog cat\.example\. is here twice/,
    ],
    ['a catalog that is a zone', ['- { name: example.com }'], /^CONFIG_DUPLICATE catalog example\.com\. is in "zones" too/],
    [
      'an unknown primary',
      ['- { name: cat.example, primaries: [hm9] }'],
      /CONFIG_DANGLING there is no primary "hm9": write one of "hm1", "hm2"/,
    ],
    ['no primary', ['- { name: cat.example, primaries: [] }'], /^CONFIG_MISSING the catalog has no primary/],
    [
      'an unknown cloud of a group',
      ['- { name: cat.example, groups: { gold: { clouds: [Z] } } }'],
      /^CONFIG_DANGLING there is no cloud "Z"/,
    ],
    ['an unknown cloud to deliver to', ['- { name: cat.example, deliver: [Z] }'], /^CONFIG_DANGLING there is no cloud "Z"/],
    ['an unknown target', ['- { name: cat.example, publish: Z }'], /^CONFIG_DANGLING there is no cloud or node "Z"/],
    [
      'one target twice',
      ['- { name: a.example, publish: A }', '- { name: b.example, publish: A }'],
      /^CONFIG_DUPLICATE catalog a\.example\. is published for "A" too/,
    ],
    [
      'primaries of a published catalog',
      ['- { name: a.example, publish: A, primaries: [hm1] }'],
      /^CONFIG_VALUE .*a catalog with "publish" has no "primaries"/,
    ],
    ['a hook without a command', ['- { name: cat.example, checks: { hook: hold } }'], /^CONFIG_VALUE "hook" has no command/],
    ['an unknown check', ['- { name: cat.example, checks: { shrinc: hold } }'], /unknown key "shrinc"/],
    ['a mode that is none', ['- { name: cat.example, checks: { shrink: maybe } }'], /write off, warn or hold/],
    ['no name', ['- { publish: A }'], /"name" is missing/],
  ] as const)
    it(`with ${what} are a mistake`, () => {
      const { config, findings } = check(...lines)
      expect(config).to.equal(undefined)
      expect(findings.map(({ code, message }) => `${code} ${message}`).join('\n')).to.match(says)
    })

  it('warn of members with one primary', () => {
    expect(found('- { name: cat.example, primaries: [hm1] }'))
      .to.have.length(1)
      .and.match(/CATALOG_ONE_PRIMARY/)
  })

  it('warn of an NSD node that may transfer two', () => {
    const text = SOUND.replace('127.0.0.1:5311 }', '127.0.0.1:5311, kind: nsd }')
    const two = 'catalogs: [ { name: a.example, publish: A }, { name: ams1.example, publish: ams1 } ]\n'
    const { findings } = checkText(scratch(), text + two)
    expect(findings.map(({ code }) => code)).to.deep.equal(['CATALOG_NSD_ONE'])
    expect(checkText(scratch(), SOUND + two).findings).to.deep.equal([])
  })

  it('warn of a PowerDNS node with a key, as members get none', () => {
    const keyed = (kind: string) => SOUND.replace('127.0.0.1:5311 }', `127.0.0.1:5311, key: hm-key, kind: ${kind} }`)
    const catalogs = 'catalogs: [ { name: a.example, publish: A } ]\n'
    const codes = (text: string) => checkText(scratch(), text).findings.map(({ code }) => code)
    expect(codes(keyed('powerdns') + catalogs)).to.include('CATALOG_POWERDNS_KEY')
    expect(codes(keyed('powerdns'))).to.not.include('CATALOG_POWERDNS_KEY')
    expect(codes(keyed('knot') + catalogs)).to.not.include('CATALOG_POWERDNS_KEY')
  })
})
