/** TLS and rolling keys in the config: mistakes with their places, and certificates that expire. */
import { chmodSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { expect } from 'chai'
import { type ExpiringCertificate, expiringCertificates } from '../../../config/certificate-lint.js'
import { type LabCa, type LabCertificate, makeCa } from '../../../lab/certificates.js'
import { runCommand } from '../../../lab/run-command.js'
import { expiredCertificates } from '../../../services/api/certificate-watch.js'
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
      'TLS of a peer hub without that of the hub',
      withLine(12, `hubs: { west: { address: 127.0.0.2, key: hm-key, tls: { name: a.lab } } }`),
      'CONFIG_MISSING',
      '12:',
      /peer hub has "tls", and the hub does not listen for TLS/,
    ],
    [
      'a primary that every public CA may vouch for',
      withLine(6, '  hm1: { address: 127.0.0.1, tls: { name: a.lab } }'),
      'WEAK_LINK',
      '6:',
      /every public CA may issue the certificate of primary "hm1": write "ca"/,
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

  it('finds no weakness in a primary with a pin', () => {
    const text = withLine(6, `  hm1: { address: 127.0.0.1, tls: { name: a.lab, pin: "${PIN}" } }`)
    const { findings } = checkText(scratch(), text)
    expect(findings.filter(({ code }) => code === 'WEAK_LINK')).to.deep.equal([])
  })

  describe('with files', () => {
    let ca: LabCa
    let own: LabCertificate
    before(async () => {
      ca = await makeCa()
      own = await ca.issue('hub.lab')
    })
    const withServer = (more: string, ...lines: string[]) =>
      withLine(2, `transfer: { tls: { listen: [127.0.0.1:8853], cert: ${own.cert}, key: ${own.key}${more} } }`, ...lines)
    const EAST = 'hub-east: { address: 127.0.0.3, key: hm-key }'
    const WEST = `hubs: { ${EAST}, west: { address: 127.0.0.2, key: hm-key, tls: { name: west.lab } } }`

    it('reports a name of a peer hub without CAs', () => {
      const { findings } = checkText(scratch(), withServer('', WEST))
      const found = findings.find(({ code }) => code === 'CONFIG_MISSING')
      expect(found?.message).to.match(/accepted by name only from a known CA: write transfer\.tls\.clientCa/)
    })

    it('verifies a peer hub by clientCa, and not by the public CAs', () => {
      const { config, findings } = checkText(scratch(), withServer(`, clientCa: ${ca.file}`, WEST))
      expect(config, JSON.stringify(findings)).to.not.equal(undefined)
      expect(config!.hubs.get('west')!.tls!.ca).to.equal(config!.transfer.tls!.clientCa)
    })

    const UNUSABLE: [what: string, make: (dir: string) => Promise<{ cert: string; key: string }>, says: RegExp][] = [
      ['the key of another certificate', async () => ({ ...own, key: (await ca.issue('other.lab')).key }), /does not belong to/],
      [
        'a certificate that is no PEM',
        async (dir) => {
          writeFileSync(join(dir, 'bad.pem'), '-----BEGIN CERTIFICATE-----\nAAAA\n-----END CERTIFICATE-----\n')
          return { cert: join(dir, 'bad.pem'), key: own.key }
        },
        /certificate 1 in .* cannot be read/,
      ],
      [
        'a key that OpenSSL finds too short',
        async (dir) => {
          const [cert, key] = [join(dir, 'weak.pem'), join(dir, 'weak.key')]
          const made = ['-newkey', 'rsa:512', '-nodes', '-keyout', key, '-out', cert, '-subj', '/CN=hub.lab', '-days', '90']
          await runCommand('openssl', ['req', '-x509', ...made])
          chmodSync(key, 0o600)
          return { cert, key }
        },
        /OpenSSL refuses the certificate .* \(ee key too small\): make a new key and certificate/,
      ],
    ]
    for (const [what, make, says] of UNUSABLE)
      it(`reports ${what}`, async () => {
        const dir = scratch()
        const { cert, key } = await make(dir)
        const { config, findings } = checkText(
          dir,
          withLine(2, `transfer: { tls: { listen: [127.0.0.1:8853], cert: ${cert}, key: ${key} } }`),
        )
        expect(config).to.equal(undefined)
        const [found] = findings.filter(({ code }) => code === 'CONFIG_CERTIFICATE')
        expect(found?.message).to.match(says)
        expect(found?.line).to.equal(2)
      })

    it('watches the certificates of a control channel', async () => {
      const { cert, key } = await ca.issue('nsd', { days: 5 })
      const control = `{ nsd: "127.0.0.1:8952", ca: ${ca.file}, cert: ${cert}, certKey: ${key} }`
      const { config, findings } = checkText(
        scratch(),
        withLine(11, `  ams1: { cloud: A, address: 127.0.0.1, kind: nsd, control: ${control} }`),
      )
      expect(config!.certificates.map(({ use }) => use)).to.deep.equal(['nodes.ams1.control.ca', 'nodes.ams1.control.cert'])
      const found = findings.filter(({ code }) => code === 'CERT_CRITICAL')
      expect(found.map(({ line }) => line)).to.deep.equal([11])
      expect(found[0]!.message).to.match(/nodes\.ams1\.control\.cert expires in 4 days.*make new ones on the node/)
      expect(expiredCertificates(config!, Date.now() + 10 * DAY)).to.deep.equal([])
    })
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
