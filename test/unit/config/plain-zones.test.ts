/** Zone lists of which the plain entries are removed before the text is parsed: nothing else about them is different. */
import { writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { expect } from 'chai'
import fc from 'fast-check'
import { checkConfig } from '../../../config/load.js'
import { plainZonesIn } from '../../../config/plain-zones.js'
import { scratchDirs } from '../../support/scratch-dir.js'

const HEAD = `hub: east
primaries:
  hm1: { address: 127.0.0.1:5301 }
  hm2: { address: 127.0.0.1:5302 }
clouds:
  A: { addresses: [ 192.0.2.53 ] }
nodes:
  ams1: { cloud: A, address: 127.0.0.1:5311 }
  ams2: { cloud: A, address: 127.0.0.1:5312 }
zones:
`
/** Enough that plain entries are removed. */
const MANY = Array.from({ length: 120 }, (_, i) => `  - name: z${i}.example`)

describe('a long zone list', () => {
  const scratch = scratchDirs()
  const check = (text: string) => {
    const file = join(scratch(), 'zonecast.yaml')
    writeFileSync(file, text)
    const { config, findings } = checkConfig(file)
    return {
      zones: config && [...config.zones],
      says: findings.map(({ line, column, code, message }) => ({ line, column, code, message })),
    }
  }
  /** As `check` of the same text, but in a form that is left to YAML. */
  const checkWhole = (text: string) => check(`${text}\r\n`)

  const ENTRIES = [
    '  - name: plain.example',
    '  - { name: plain2.example. }',
    '  - { name: Mixed.EXAMPLE }',
    '  - name: z5.example',
    '  - name: one.example\n    primaries: [ hm1 ]',
    '  - { name: two.example, primaries: [ hm2 ], refresh: { min: 5s } }',
    '  - { name: three.example,\n      primaries: [ hm2 ] }',
    '  - name: "quoted.example"',
    '  - name: 1.5e3',
    '  - name: 7',
    '  - name: true',
    '  - name: -.example',
    '  - name: a..example',
    '  - name: 10.0.0.1',
    `  - name: ${'x'.repeat(64)}.example`,
    `  - name: ${'x.'.repeat(130)}example`,
    '  - name: bad.example\n    primary: hm1',
    '  - name: bad2.example\n    primaries: [ hm9 ]',
    '  - name: töst.example',
    '  - name: odd*.example',
    '  # a comment',
    '',
    '  - nam: misspelled.example',
    '  - name: one.example # again',
    '  - name: |\n      block.example',
    '  - name: "two\n      lines.example"',
    '  - &a { name: anchor.example }',
    ' - name: outdented.example',
    '   - name: indented.example',
    '  name: no.item',
    'log: { level: info }',
    'zones: []',
    '---',
  ]

  it('gives the same zones and the same findings at the same places as YAML alone', function () {
    this.timeout(60_000)
    const entry = fc.record({ at: fc.nat({ max: MANY.length }), text: fc.constantFrom(...ENTRIES) })
    fc.assert(
      fc.property(fc.array(entry, { maxLength: 4 }), (entries) => {
        const lines = [...MANY]
        for (const { at, text } of entries) lines.splice(at, 0, text)
        const text = `${HEAD}${lines.join('\n')}\nlog: { level: info }`
        expect(check(text)).to.deep.equal(checkWhole(text))
      }),
      { numRuns: 150 },
    )
  })

  const JSON_ENTRIES = [
    '{ "name": "plain.example" }',
    '{"name":"Mixed.EXAMPLE."}',
    '{\n      "name": "lines.example"\n    }',
    '{ "name": "one.example", "primaries": ["hm1"] }',
    '{ "name": "two.example", "refresh": { "min": "5s" } }',
    '{ "name": "bad.example", "primary": "hm1" }',
    '{ "name": "bad2.example", "primaries": [ "hm9" ] }',
    '{ "name": "1.5e3" }',
    '{ "name": 7 }',
    '{ "name": "z5.example" }',
    '{ "name": "a..example" }',
    '{ "name": "\\u0061.example" }',
    '{ "name": "töst.example" }',
    '{ "nam": "misspelled.example" }',
    '{ name: unquoted.example }',
    '{ "name": "a.example" "name": "b.example" }',
    '{ "name": "c.example", "name": "d.example" }',
    '"text.example"',
    '[ { "name": "deeper.example" } ]',
    'true',
    '',
    '} ] }',
    '] , "zones": [ { "name": "again.example" }',
    '# a comment\n',
  ]

  it('of a config in JSON gives the same zones and findings as YAML alone, and is removed', function () {
    this.timeout(60_000)
    const parts = [
      '"hub": "east"',
      '"primaries": { "hm1": { "address": "127.0.0.1:5301" }, "hm2": { "address": "127.0.0.1:5302" } }',
      '"clouds": { "A": { "addresses": [ "192.0.2.53" ] } }',
      '"nodes": { "ams1": { "cloud": "A", "address": "127.0.0.1:5311" }, "ams2": { "cloud": "A", "address": "127.0.0.1:5312" } }',
    ]
    const many = MANY.map((_, i) => `{ "name": "z${i}.example" }`)
    const entry = fc.record({ at: fc.nat({ max: MANY.length }), text: fc.constantFrom(...JSON_ENTRIES) })
    const textOf = (entries: readonly { at: number; text: string }[], place: number): string => {
      const list = [...many]
      for (const { at, text } of entries) list.splice(at, 0, text)
      return `{\n  ${parts.toSpliced(place, 0, `"zones": [\n    ${list.join(',\n    ')}\n  ]`).join(',\n  ')}\n}\n`
    }
    fc.assert(
      fc.property(fc.array(entry, { maxLength: 4 }), fc.nat({ max: parts.length }), (entries, place) => {
        const text = textOf(entries, place)
        expect(check(text)).to.deep.equal(checkWhole(text))
      }),
      { numRuns: 150 },
    )
    expect(check(textOf([], 2)).zones).to.have.lengthOf(MANY.length)
    for (const list of [
      textOf([], 2),
      textOf([], 4).replaceAll(/\{ ("name[^}]*) \}/g, '{\n      $1\n    }'),
      textOf([], 0).replaceAll(' ', ''),
    ])
      expect(
        plainZonesIn(list)
          ?.rest.match(/"zones": ?\[([^\]]*)\]/)?.[1]
          ?.trim(),
      ).to.equal('')
    expect(plainZonesIn(textOf([{ at: 60, text: JSON_ENTRIES[3]! }], 1))?.rest).to.match(/"zones": \[\s*\{ "name": "one.example"/)
  })

  it('of a part of the config is no list of zones', () => {
    expect(plainZonesIn(`{ "catalogs": { "zones": [ ${MANY.map((_, i) => `{ "name": "z${i}.example" }`).join()} ] } }`)).to.equal(
      undefined,
    )
  })

  it('is removed from the text, with and without braces, and at any indentation', () => {
    for (const item of ['  - name: z#.example', '- { name: z#.example. }', '      - {name: Z#.Example}']) {
      const list = MANY.map((_, i) => item.replace('#', String(i))).join('\n')
      const plain = plainZonesIn(`zones:\n${list}\n`)
      if (item.includes('{name')) expect(plain?.rest).to.equal('zones:\n')
      else expect([plain?.rest, plain?.names[7]]).to.deep.equal(['zones:\n', 'z7.example.'])
    }
  })

  it('warns at the line of a zone, of a hundred one by one', () => {
    const text = `${HEAD.replace(/ {2}hm2.*\n/, '')}${MANY.join('\n')}\n  - { name: last.example }\n`
    const { says } = check(text)
    const found = says.filter(({ code }) => code === 'CONFIG_ONE_PRIMARY')
    expect(found).to.have.lengthOf(101)
    expect([found[0], found[100]]).to.deep.equal([
      {
        line: 10,
        column: 5,
        code: 'CONFIG_ONE_PRIMARY',
        message: 'zone z0.example. has one primary: when it fails, changes stop; add a second one',
      },
      {
        line: 110,
        column: 5,
        code: 'CONFIG_ONE_PRIMARY',
        message: '21 more zones have one primary, this one first: add a second one',
      },
    ])
  })

  it('of fewer entries is left to YAML', () => {
    expect(plainZonesIn('zones:\n  - name: a.example\n')).to.equal(undefined)
  })
})
