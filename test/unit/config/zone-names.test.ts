/** Mistyped zone names: refused when there is a correct form, and warned of when they are merely unusual. */
import { expect } from 'chai'
import { scratchDirs } from '../../support/scratch-dir.js'
import { checkText, withLine } from './config-text.js'

describe('the name of a zone', () => {
  const scratch = scratchDirs()
  const check = (name: string) => {
    const { config, findings } = checkText(scratch(), withLine(14, `  - { name: ${JSON.stringify(name)} }`))
    const own = findings.filter(({ line, code }) => line === 14 && code !== 'CONFIG_ONE_PRIMARY')
    return { zones: config && [...config.zones.keys()], codes: own.map(({ code }) => code), says: own[0]?.message ?? '' }
  }

  for (const [name, advice] of [
    ['töst.example', '"xn--tst-sna.example"'],
    ['TÖST.example.', '"xn--tst-sna.example."'],
    ['faß.example', '"xn--fa-hia.example"'],
    ['例え.テスト', '"xn--r8jz45g.xn--zckzah"'],
    ['a\u00adb.example', '"ab.example"'],
  ] as const)
    it(`RFC 5890 §2.3.2.1: is refused as ${name}, with ${advice} as advice`, () => {
      const { zones, codes, says } = check(name)
      expect({ zones, codes }).to.deep.equal({ zones: undefined, codes: ['CONFIG_VALUE'] })
      expect(says).to.include('is not ASCII').and.to.include(advice)
    })

  for (const name of [' example.net', 'example.net ', '\texample.net\n', '\u00a0example.net'])
    it(`is refused with blanks around it: ${JSON.stringify(name)}`, () => {
      const { codes, says } = check(name)
      expect(codes).to.deep.equal(['CONFIG_VALUE'])
      expect(says).to.include('write "example.net"')
    })

  for (const [name, odd] of [
    ['a b.example', 'a blank'],
    ['a\\032b.example', 'a blank'],
    ['http://example.net', 'the character ":"'],
    ['example.net/', 'the character "/"'],
    ['host@example.net', 'the character "@"'],
    ['a\\.b.example', 'the character "."'],
    ['t\\195\\182st.example', 'the octet 195'],
    ['*.example', 'a wildcard'],
    ['192.0.2.1', 'an IP address'],
  ] as const)
    it(`is accepted as ${name}, with a warning of ${odd}`, () => {
      const { zones, codes, says } = check(name)
      expect(zones).to.have.length(1)
      expect(codes).to.deep.equal(['CONFIG_ODD_NAME'])
      expect(says).to.include(odd)
    })

  for (const name of [
    '.',
    'example.net',
    '_msdcs.example.net.',
    'xn--tst-sna.example',
    '0/25.2.0.192.in-addr.arpa',
    '0-127.2.0.192.in-addr.arpa',
    'EXAMPLE.net',
  ])
    it(`is accepted without a warning as ${name}`, () => expect(check(name)).to.deep.include({ codes: [] }))
})
