/** Weaknesses of a config that works: each is reported at its place with advice; a config without weaknesses has none. */
import { chmodSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { expect } from 'chai'
import { checkConfig } from '../../../config/load.js'
import { isLocalTarget } from '../../../config/weaknesses.js'
import { scratchDirs } from '../../support/scratch-dir.js'

const secret = (octets: number): string => Buffer.alloc(octets, 65).toString('base64')
const hash = (digit: string): string => digit.repeat(64)

const SOUND = {
  hub: 'east',
  redis: 'rediss://zonecast:pass@10.0.0.9:6379/0',
  api: {
    listen: '127.0.0.1:8053',
    tokens: [{ name: 'noc', role: 'operator', sha256: hash('a'), subnets: ['10.0.0.0/8'], expires: '2099-01-01' }],
  },
  transfer: { listen: ['10.0.0.1:53'] },
  keys: {
    hm: { algorithm: 'hmac-sha256', secret: secret(32) },
    n1: { algorithm: 'hmac-sha256', secret: secret(33) },
    n2: { algorithm: 'hmac-sha512', secret: secret(34) },
    hubs: { algorithm: 'hmac-sha256', secret: secret(35) },
  },
  primaries: { hm1: { address: '10.0.0.2', key: 'hm' }, hm2: { address: '10.0.0.3', key: 'hm' } },
  hubs: { east: { address: '10.0.0.1', key: 'hubs' }, west: { address: '10.0.1.1', key: 'hubs' } },
  clouds: { A: { addresses: ['192.0.2.53'] } },
  nodes: { n1: { cloud: 'A', address: '10.1.0.1', key: 'n1' }, n2: { cloud: 'A', address: '10.1.0.2', key: 'n2' } },
  webhooks: { ops: { url: 'https://hooks.example/x', secret: secret(32) } },
  zones: [{ name: 'example.com' }],
}

type Changes = Record<string, unknown>

describe('the weaknesses of a config', () => {
  const scratch = scratchDirs()

  function findings(changes: Changes, mode = 0o600): string[] {
    const file = join(scratch(), 'zonecast.yaml')
    writeFileSync(file, JSON.stringify({ ...SOUND, ...changes }, undefined, 1))
    chmodSync(file, mode)
    const { findings: all } = checkConfig(file)
    expect(all.every(({ line }) => line > 0)).to.equal(true)
    return all
      .filter(({ code }) => /^WEAK_|SECRET|WEBHOOK/.test(code))
      .map(({ code, severity, message }) => `${severity} ${code} ${message}`)
  }

  it('are none in a sound config', () => expect(findings({})).to.deep.equal([]))

  const { tokens } = SOUND.api
  const CASES: readonly (readonly [id: string, changes: Changes, says: RegExp])[] = [
    ['an API in the clear', { api: { listen: '0.0.0.0:8053', tokens } }, /WEAK_API the API is served in the clear/],
    [
      'a token without subnets',
      { api: { listen: '10.0.0.1:8053', tokens: [{ ...tokens[0], subnets: [] }] } },
      /WEAK_TOKEN .*from anywhere/,
    ],
    [
      'a token for every address',
      { api: { listen: '10.0.0.1:8053', tokens: [{ ...tokens[0], subnets: ['0.0.0.0/0'] }] } },
      /WEAK_TOKEN .*from anywhere/,
    ],
    [
      'a token that never expires',
      { api: { listen: '10.0.0.1:8053', tokens: [{ ...tokens[0], expires: undefined }] } },
      /WEAK_TOKEN .*never expires/,
    ],
    [
      'a token that has expired',
      { api: { listen: '10.0.0.1:8053', tokens: [{ ...tokens[0], expires: '2020-01-01' }] } },
      /WEAK_TOKEN .*has expired/,
    ],
    [
      'two tokens that are one',
      { api: { listen: '10.0.0.1:8053', tokens: [tokens[0], { ...tokens[0], name: 'twin' }] } },
      /WEAK_TOKEN token "twin" is token "noc"/,
    ],
    ['Redis without TLS', { redis: 'redis://zonecast:pass@10.0.0.9/0' }, /WEAK_REDIS .*without TLS/],
    ['Redis without a password', { redis: 'rediss://10.0.0.9/0' }, /WEAK_REDIS .*without a password/],
    [
      'a shared Redis and no key of this hub',
      { hubs: {}, keys: { ...SOUND.keys, hubs: undefined } },
      /WEAK_REDIS this hub has no key under "hubs"/,
    ],
    ['a transfer server on every address', { transfer: { listen: ['0.0.0.0:53'] } }, /WEAK_LISTEN/],
    [
      'a key of one octet',
      { keys: { ...SOUND.keys, n1: { algorithm: 'hmac-sha256', secret: secret(1) } } },
      /WEAK_KEY the secret of key "n1" has one octet/,
    ],
    [
      'hmac-md5',
      { keys: { ...SOUND.keys, n1: { algorithm: 'hmac-md5', secret: secret(16) } } },
      /WEAK_KEY key "n1" uses hmac-md5/,
    ],
    [
      'hmac-sha1',
      { keys: { ...SOUND.keys, n1: { algorithm: 'hmac-sha1', secret: secret(20) } } },
      /WEAK_KEY key "n1" uses hmac-sha1/,
    ],
    [
      'one key for two nodes',
      { nodes: { ...SOUND.nodes, n2: { cloud: 'A', address: '10.1.0.2', key: 'n1' } } },
      /WEAK_KEY key "n1" is used by node "n1", node "n2"/,
    ],
    [
      'one key for a primary and a node',
      { nodes: { ...SOUND.nodes, n2: { cloud: 'A', address: '10.1.0.2', key: 'hm' } } },
      /WEAK_KEY key "hm" is used by a primary and node "n2"/,
    ],
    [
      'a primary without a key',
      { primaries: { ...SOUND.primaries, hm2: { address: '10.0.0.3' } } },
      /WEAK_LINK primary "hm2" has no TSIG key/,
    ],
    [
      'a node without a key',
      { nodes: { ...SOUND.nodes, n2: { cloud: 'A', address: '10.1.0.2' } } },
      /WEAK_LINK node "n2" has no TSIG key/,
    ],
    [
      'a webhook over http',
      { webhooks: { ops: { url: 'http://hooks.example/x', secret: secret(32) } } },
      /WEAK_WEBHOOK events go in the clear/,
    ],
    [
      'a webhook secret of one octet',
      { webhooks: { ops: { url: 'https://hooks.example/x', secret: secret(1) } } },
      /WEAK_WEBHOOK the secret has one octet/,
    ],
    [
      'checks that are off',
      { checks: Object.fromEntries(['apex', 'shrink', 'growth', 'churn', 'zonemd'].map((check) => [check, { mode: 'off' }])) },
      /WEAK_CHECKS 5 checks are off/,
    ],
    ['the log level trace', { log: { level: 'trace' } }, /WEAK_LOG/],
  ]
  for (const [id, changes, says] of CASES)
    it(`include ${id}, as a warning`, () => {
      const found = findings(changes)
      expect(
        found.some((text) => says.test(text)),
        found.join('\n'),
      ).to.equal(true)
      expect(
        found.every((text) => text.startsWith('warning')),
        found.join('\n'),
      ).to.equal(true)
    })

  it('include secrets in a file that others can read, at their place', () => {
    const found = findings({}, 0o644)
    expect(found.filter((text) => text.includes('WEAK_SECRET')).length).to.equal(1)
    expect(found.join()).to.not.include(secret(32))
  })

  for (const mode of [0o644, 0o640, 0o604, 0o660])
    it(`do not include a secret file of mode ${mode.toString(8)}, which is refused`, () => {
      const folder = scratch()
      writeFileSync(join(folder, 'n1.key'), secret(32), { mode: 0o600 })
      chmodSync(join(folder, 'n1.key'), mode)
      const found = findings({ keys: { ...SOUND.keys, n1: { algorithm: 'hmac-sha256', secretFile: join(folder, 'n1.key') } } })
      expect(
        found.filter((text) => /^error CONFIG_SECRET_READABLE the secret file is readable by .*: chmod 600 it$/.test(text))
          .length,
      ).to.equal(1)
    })

  for (const url of [
    'http://127.0.0.1:8053/v1/reload',
    'http://localhost/x',
    'http://[::1]/x',
    'http://169.254.169.254/latest',
    'http://[fe80::1]/x',
    'http://0.0.0.0/x',
  ])
    it(`do not include a webhook to ${url}, which is refused unless it is allowed`, () => {
      const webhook = { url, secret: secret(32) }
      expect(
        findings({ webhooks: { ops: webhook } }).filter((text) => text.startsWith('error CONFIG_WEBHOOK_LOCAL')).length,
      ).to.equal(1)
      expect(findings({ webhooks: { ops: { ...webhook, allowLocal: true } } })).to.deep.equal([])
    })

  it('distinguish local addresses from others', () => {
    for (const ip of [
      '127.0.0.1',
      '127.9.9.9',
      '169.254.1.1',
      '::1',
      'fe80::5',
      '0.0.0.0',
      '::ffff:127.0.0.1',
      '::ffff:a9fe:a9fe',
      '64:ff9b::a9fe:a9fe',
      '100.100.100.200',
    ])
      expect(isLocalTarget(ip), ip).to.equal(true)
    for (const ip of ['10.0.0.1', '192.0.2.1', '2001:db8::1', '128.0.0.1']) expect(isLocalTarget(ip), ip).to.equal(false)
  })
})
