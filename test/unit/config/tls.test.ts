/** TLS and rolling keys in the config: mistakes with their places, and certificates that expire. */
import { expect } from 'chai'
import { type ExpiringCertificate, expiringCertificates } from '../../../config/certificate-lint.js'
import { scratchDirs } from '../../support/scratch-dir.js'
import { checkText, withLine } from './config-text.js'

const SECRET = 'c2VjcmV0LXNlY3JldC1zZWNyZXQ='
const PIN = '6NHHtSSxJNDWHDw+4T1FtkNCrRDdtYA2aGBeJ2V2x7A='
const KEYS = [
  `  hm-key: { algorithm: hmac-sha256, secret: ${SECRET} }`,
  '  new-key: { algorithm: hmac-sha256, secret: b3RoZXItb3RoZXItb3RoZXI= }',
]

describe('TLS and rolling keys in the config', () => {
  const scratch = scratchDirs()
  const CASES: [what: string, text: string, code: string, at: string, says: RegExp][] = [
    [
      'TLS of a primary without a proof',
      withLine(6, '  hm1: { address: 127.0.0.1, tls: {} }'),
      'CONFIG_MISSING',
      '6:30',
      /"name" is missing.*or "pin"/,
    ],
    [
      'a CA without a name',
      withLine(6, `  hm1: { address: 127.0.0.1, tls: { pin: "${PIN}", ca: none.pem } }`),
      'CONFIG_VALUE',
      '6:',
      /"ca" has no use/,
    ],
    [
      'a file that is not there',
      withLine(6, '  hm1: { address: 127.0.0.1, tls: { name: a.lab, ca: none.pem } }'),
      'CONFIG_CERTIFICATE',
      '6:',
      /cannot be read \(ENOENT\)/,
    ],
    [
      'a pin that is none',
      withLine(6, '  hm1: { address: 127.0.0.1, tls: { pin: abc } }'),
      'CONFIG_VALUE',
      '6:',
      /SHA-256 of its public key/,
    ],
    [
      'TLS of a node without that of the hub',
      withLine(11, '  ams1: { cloud: A, address: 127.0.0.1, tls: { name: a.lab } }'),
      'CONFIG_MISSING',
      '11:',
      /write transfer\.tls with "listen"/,
    ],
    [
      'key and keys',
      withLine(6, '  hm1: { address: 127.0.0.1, key: hm-key, keys: [hm-key] }'),
      'CONFIG_VALUE',
      '6:',
      /keep one of the two/,
    ],
    ['an empty list of keys', withLine(6, '  hm1: { address: 127.0.0.1, keys: [] }'), 'CONFIG_VALUE', '6:', /"keys" is empty/],
    [
      'an unknown key in the list',
      withLine(6, '  hm1: { address: 127.0.0.1, keys: [hm-key, other] }'),
      'CONFIG_DANGLING',
      '6:',
      /there is no key of that name/,
    ],
    [
      'a key that rolls',
      withLine(4, ...KEYS).replace('key: hm-key }', 'keys: [new-key, hm-key] }'),
      'KEY_ROLLING',
      '7:',
      /hm-key.* still accepted from "hm1"/,
    ],
    ['a weak key', withLine(4, `  hm-key: { algorithm: hmac-sha224, secret: ${SECRET} }`), 'WEAK_KEY', '4:', /write hmac-sha256/],
    [
      'a weak key that is refused',
      withLine(1, 'tsig: { weaker: refuse, leastSecretBits: 512 }', 'hub: hub-east'),
      'CONFIG_WEAK_KEY',
      '5:',
      /make one of 64/,
    ],
  ]
  for (const [what, text, code, at, says] of CASES)
    it(`reports ${what}`, () => {
      const { findings } = checkText(scratch(), text)
      const found = findings.find((finding) => finding.code === code && says.test(finding.message))
      expect(found, JSON.stringify(findings)).to.not.equal(undefined)
      expect(`${found!.line}:${found!.column}`).to.match(new RegExp(`^${at}`))
    })

  it('gives a server with TLS the port 853, and one without 53', () => {
    const { config } = checkText(scratch(), withLine(6, `  hm1: { address: 127.0.0.1, tls: { pin: "${PIN}" } }`))
    expect(config?.primaries.get('hm1')?.address.port).to.equal(853)
    expect(checkText(scratch(), withLine(6, '  hm1: { address: "[::1]" }')).config?.primaries.get('hm1')?.address.port).to.equal(
      53,
    )
  })

  const DAY = 86_400_000
  const levels = (days: number): ExpiringCertificate['level'][] =>
    expiringCertificates(
      { certificates: [{ use: 'transfer.tls.cert', path: [], subject: 'CN=hub', expiresAt: days * DAY }] },
      0,
    ).map(({ level }) => level)
  for (const [days, level] of [
    [31, []],
    [30, ['warning']],
    [7.5, ['warning']],
    [7, ['critical']],
    [-1, ['critical']],
  ] as const)
    it(`finds a certificate with ${days} days left: ${level.join() || 'nothing'}`, () =>
      expect(levels(days)).to.deep.equal(level))
})
