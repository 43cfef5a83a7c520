/** TSIG keys as other servers write them: names and algorithms in any form, and one name for several secrets. */
import { expect } from 'chai'
import { scratchDirs } from '../../support/scratch-dir.js'
import { checkText, withLine } from './config-text.js'

const SECRET = 'c2VjcmV0LXNlY3JldC1zZWNyZXQ='
const OTHER = 'b3RoZXItb3RoZXItb3RoZXItb3RoZXI='

describe('a TSIG key in the config', () => {
  const scratch = scratchDirs()
  /** Adds `lines` to hm-key. */
  const check = (...lines: string[]) => {
    const { config, findings } = checkText(
      scratch(),
      withLine(4, `  hm-key: { algorithm: hmac-sha256, secret: ${SECRET} }`, ...lines),
    )
    const errors = findings.filter(({ severity }) => severity === 'error')
    return { keys: config?.keys, errors }
  }
  const key = (id: string, parts: string, secret = OTHER) => `  ${id}: { ${parts}, secret: ${secret} }`

  for (const [text, algorithm] of [
    ['hmac-sha256', 'hmac-sha256'],
    ['hmac-sha256.', 'hmac-sha256'],
    ['HMAC-SHA512', 'hmac-sha512'],
    ['hmac-md5.sig-alg.reg.int', 'hmac-md5'],
    ['HMAC-MD5.SIG-ALG.REG.INT.', 'hmac-md5'],
  ])
    it(`RFC 8945 §6: has the algorithm ${algorithm} when written as ${text}`, () =>
      expect(check(key('a', `algorithm: ${text}`)).keys?.get('a')?.algorithm).to.equal(algorithm))

  for (const [text, name] of [
    ['axfr.', 'axfr.'],
    ['_Transfer.Example', '_transfer.example.'],
    ['*.example', '*.example.'],
    ['a/b', 'a/b.'],
    ['.', '.'],
    [`${'a'.repeat(63)}.${'b'.repeat(63)}.${'c'.repeat(63)}.${'d'.repeat(61)}`, undefined],
  ] as const)
    it(`RFC 8945 §4.2: may have any domain name: ${text.slice(0, 20)}`, () => {
      const { keys, errors } = check(key('a', `algorithm: hmac-sha256, name: "${text}"`))
      expect(errors).to.deep.equal([])
      expect(keys?.get('a')?.name).to.equal(name ?? `${text}.`)
    })

  it('may share the name of another key when its secret differs', () => {
    const { keys, errors } = check(
      key('a', 'name: axfr., algorithm: hmac-sha256'),
      key('b', 'name: axfr., algorithm: hmac-sha256', 'dGhpcmQtdGhpcmQtdGhpcmQtdGhpcmQ='),
    )
    expect(errors).to.deep.equal([])
    expect([keys?.get('a')?.name, keys?.get('b')?.name]).to.deep.equal(['axfr.', 'axfr.'])
  })

  for (const [id, lines] of [
    ['with the same secret', [key('a', 'name: axfr., algorithm: hmac-sha256'), key('b', 'name: axfr., algorithm: hmac-sha256')]],
    ['as its id in other letter case', [key('HM-KEY', 'algorithm: hmac-sha256')]],
  ] as const)
    it(`may not share the name of another key ${id}`, () => {
      const { errors } = check(...lines)
      expect(errors.map(({ code }) => code)).to.deep.equal(['CONFIG_DUPLICATE'])
      expect(JSON.stringify(errors)).to.not.match(/b3RoZXI|axfr/)
    })

  it('is not printed when its secret is in the place of the name', () => {
    const { errors } = check(key('a', `algorithm: hmac-sha256, name: "${OTHER}.."`))
    expect(errors).to.have.length(1)
    expect(JSON.stringify(errors)).to.not.include('b3RoZXI')
  })
})
