/** From a file to a frozen Config: all mistakes at once, warnings, overrides, and secrets that are never printed. */
import { readFileSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { expect } from 'chai'
import { ConfigError } from '../../../config/errors.js'
import { checkConfig, findConfigFile, loadConfig } from '../../../config/load.js'
import { defaultChecks } from '../../support/check-rules.js'
import { scratchDirs } from '../../support/scratch-dir.js'
import { checkText, SOUND, withLine } from './config-text.js'

describe('loading the config', () => {
  const scratch = scratchDirs()
  /** The error of loading a file with this text. */
  const refusalOf = (text: string): unknown => {
    const file = join(scratch(), 'zonecast.yaml')
    writeFileSync(file, text, { mode: 0o600 })
    try {
      loadConfig(file)
    } catch (error) {
      return error
    }
    return undefined
  }

  it('accepts the example without a warning', () => {
    // As installed by an operator: the checkout is readable by all users.
    expect(checkText(scratch(), readFileSync('config/zonecast.example.yaml', 'utf8')).findings).to.deep.equal([])
  })

  it('sets every default and freezes the result', () => {
    const config = checkText(scratch(), SOUND).config!
    expect(config.redis).to.deep.equal({ kind: 'private' })
    expect(config.api.listen).to.deep.equal({ ip: '127.0.0.1', port: 8053 })
    expect(config.transfer.source).to.deep.equal(['127.0.0.1'])
    expect([...config.zones]).to.deep.equal([
      [
        'example.com.',
        {
          primaries: ['hm1', 'hm2'],
          clouds: ['A'],
          refresh: { minMs: 1000, maxMs: 3_600_000 },
          limits: {},
          checks: defaultChecks('example.com.'),
        },
      ],
    ])
    expect(config.keys.get('hm-key')).to.deep.include({ name: 'hm-key.', secret: Buffer.from('secret-secret-secret') })
    expect(config.nodes.get('ams1')!.paths).to.deep.equal([{ ip: '127.0.0.1', port: 5311 }])
    expect(config.defaults.notify.retriesMs).to.deep.equal([2000, 4000, 8000, 16_000, 32_000])
    expect(
      Object.isFrozen(config) && Object.isFrozen(config.defaults.limits) && Object.isFrozen(config.zones.values().next().value),
    ).to.equal(true)
  })

  it('uses no fixed source address when it listens on wildcards', () => {
    expect(
      checkText(scratch(), withLine(2, 'transfer: { listen: ["0.0.0.0:53", "[::]:53"] }')).config!.transfer.source,
    ).to.deep.equal([])
  })

  it('reports all mistakes at once, in the order of the file', () => {
    const text = `hub: 7
frob: 1
api: { listen: 0.0.0.0 }
keys: { k: { algorithm: hmac-sha256, secret: "***" } }
primaries:
  hm1: { address: nowhere }
  hm2: { address: 127.0.0.1, key: gone, adress: 1 }
clouds: { A: {} }
nodes:
  n1: { cloud: B, address: 127.0.0.1 }
zones:
  - { nam: x }
  - { name: example.com, primaries: [hm1, hm9] }
`
    const thrown = refusalOf(text)
    expect(thrown).to.be.instanceOf(ConfigError)
    const { mistakes, message, nextMove } = thrown as ConfigError
    expect(mistakes.map((m) => `${m.line} ${m.code}`)).to.deep.equal([
      '1 CONFIG_VALUE',
      '2 CONFIG_UNKNOWN_KEY',
      '3 CONFIG_OPEN_API',
      '4 CONFIG_SECRET',
      '6 CONFIG_VALUE',
      '7 CONFIG_DANGLING',
      '7 CONFIG_UNKNOWN_KEY',
      '10 CONFIG_DANGLING',
      '10 CONFIG_DUPLICATE',
      '12 CONFIG_MISSING',
      '12 CONFIG_UNKNOWN_KEY',
      '13 CONFIG_DANGLING',
    ])
    expect(message).to.match(/^the config has 12 mistakes:/)
    expect(nextMove).to.equal('operator')
  })

  it('reports the other mistakes of an entry and of a section as well', () => {
    const text = `api:
  listen: 0.0.0.0
  tokens: [{ name: noc, role: king, sha256: "" }]
primaries: { hm1: { address: 127.0.0.1 } }
clouds: { A: { addresses: [192.0.2.1] } }
nodes:
  n1: { cloud: B, address: 127.0.0.2, site: [], key: gone, paths: [127.0.0.2, nowhere] }
zones:
  - { name: a.example, primaries: [hm9], clouds: A }
  - 7
  - { name: b.example, primaries: [hm8] }
defaults: { refresh: { min: never, max: 1h }, notify: { retries: [1s, x] } }
`
    const thrown = refusalOf(text)
    expect((thrown as ConfigError).mistakes.map((m) => `${m.line} ${m.message.slice(0, 24)}`)).to.deep.equal([
      '2 the API would be open to',
      '3 "role": write vantage, v',
      '3 "sha256": write the SHA-',
      '7 there is no cloud "B": w',
      '7 "site": write a name',
      '7 there is no key of that ',
      '7 item 2 of "paths": "nowh',
      '9 there is no primary "hm9',
      '9 "clouds": write a list o',
      '10 item 2 of "zones": write',
      '11 there is no primary "hm8',
      '12 "min": "never" does not ',
      '12 item 2 of "retries": "x"',
    ])
  })

  it('finds each section of a bad type', () => {
    const dir = scratch()
    for (const text of ['7', '[]', 'zones: 7\nnodes: []\nprimaries: x\nclouds: 1\nkeys: 2\napi: 3\ndefaults: 4\nhub: []']) {
      writeFileSync(join(dir, 'zonecast.yaml'), text, { mode: 0o600 })
      expect(() => loadConfig(join(dir, 'zonecast.yaml')), text).to.throw(ConfigError)
    }
  })

  it('warns of settings without redundancy', () => {
    const text = `transfer: { listen: [127.0.0.1:5300] }
keys: { spare: { algorithm: hmac-sha256, secretFile: open.key } }
primaries: { hm1: { address: 127.0.0.1:5301 }, hm2: { address: 127.0.0.1:5302 } }
clouds: { A: {}, B: {} }
nodes: { n1: { cloud: A, address: 127.0.0.1:5303 } }
zones: [{ name: example.com, primaries: [hm1] }]
`
    const dir = scratch()
    writeFileSync(join(dir, 'open.key'), 'c2VjcmV0LXNlY3JldC1zZWNyZXQ=\n', { mode: 0o600 })
    const { config, findings } = checkText(dir, text)
    expect(config).to.not.equal(undefined)
    expect(findings.every((f) => f.severity === 'warning' && f.line > 0 && f.column > 0)).to.equal(true)
    expect(findings.map((f) => f.code).sort()).to.deep.equal([
      'CONFIG_NO_NODES',
      'CONFIG_ONE_NODE',
      'CONFIG_ONE_PRIMARY',
      'CONFIG_UNUSED',
      'CONFIG_UNUSED',
    ])
  })

  it('reads a secret from a file beside the config', () => {
    const dir = scratch()
    writeFileSync(join(dir, 'hm.key'), '  c2VjcmV0\nLXNlY3JldA==\n', { mode: 0o600 })
    const { config } = checkText(dir, withLine(4, '  hm-key: { algorithm: HMAC-SHA256, secretFile: hm.key }'))
    expect(config!.keys.get('hm-key')!.secret.toString()).to.equal('secret-secret')
  })

  it("reads a token's hash from a file written by sha256sum", () => {
    const dir = scratch()
    writeFileSync(join(dir, 'noc.sha256'), `${'ab'.repeat(32)}  -\n`)
    const text = (file: string) => withLine(1, `api: { tokens: [{ name: noc, role: operator, sha256File: ${file} }] }`)
    expect(checkText(dir, text('noc.sha256')).config!.api.tokens[0]!.sha256).to.deep.equal(Buffer.alloc(32, 0xab))
    writeFileSync(join(dir, 'bad.sha256'), 'ab'.repeat(33))
    expect(checkText(dir, text('bad.sha256')).findings[0]!.message).to.match(/does not begin with 64 hex digits/)
  })

  it('prefers flags to the environment, and the environment to the file', () => {
    const dir = scratch()
    const file = join(dir, 'zonecast.yaml')
    writeFileSync(file, SOUND, { mode: 0o600 })
    process.env.ZONECAST_HUB = 'from-env'
    try {
      expect(loadConfig(file).hub).to.equal('from-env')
      expect(loadConfig(file, [{ path: ['hub'], value: 'from-flag', from: '--hub' }]).hub).to.equal('from-flag')
      process.env.ZONECAST_HUB = 'not a name'
      expect(checkConfig(file).findings.map((f) => f.file)).to.deep.equal(['ZONECAST_HUB'])
    } finally {
      delete process.env.ZONECAST_HUB
    }
  })

  it('names a file that cannot be read', () => {
    expect(checkConfig('/no/such/file.yaml').findings[0]).to.include({ code: 'CONFIG_FILE' })
    expect(findConfigFile('some.yaml')).to.match(/^\/.*\/some\.yaml$/)
  })

  it('accepts an empty file as a hub without zones', () => {
    expect(checkText(scratch(), '').findings).to.deep.equal([])
    expect(checkText(scratch(), '[1, 2]').findings.map((f) => f.code)).to.deep.equal(['CONFIG_VALUE'])
  })

  it('returns a mistake, without a crash, at any depth of nesting', () => {
    for (const open of ['? ', '- ', '[', '{a: ', 'a: '])
      for (const levels of [101, 1_600, 20_000]) {
        const { config, findings } = checkText(scratch(), `zones: ${open.repeat(levels)}`)
        expect(config).to.equal(undefined)
        expect(findings.map(({ code }) => code)).to.include('CONFIG_SYNTAX')
      }
  })

  it('accepts no name of a built-in property', () => {
    for (const line of ['hub: { length: { toString: 1 } }', 'zones: { length: [{ toString: {} }] }'])
      expect(checkText(scratch(), withLine(1, line)).findings.map(({ code }) => code)).to.include('CONFIG_VALUE')
  })

  it('finds a duplicate key at its second place', () => {
    const { findings } = checkText(scratch(), withLine(1, 'hub: a', '"hub": b'))
    expect(findings.map(({ code, line, column }) => `${code} ${line}:${column}`)).to.deep.equal(['CONFIG_DUPLICATE 2:1'])
  })

  it('reads no secret from a device, which may have no end', () => {
    const text = withLine(4, '  hm-key: { algorithm: hmac-sha256, secretFile: /dev/zero }')
    const { findings } = checkText(scratch(), text)
    expect(findings.map(({ message }) => message).join('\n')).to.include('the secret file "/dev/zero" is not a file')
  })

  it('prints nothing for a key that is no text', () => {
    const printed: string[] = []
    const emit = process.emitWarning
    process.emitWarning = ((warning: string | Error) => printed.push(String(warning))) as typeof process.emitWarning
    try {
      checkText(scratch(), withLine(1, '? { hub: a }', ': x'))
    } finally {
      process.emitWarning = emit
    }
    expect(printed).to.deep.equal([])
  })

  describe('of a file with a secret', () => {
    const SECRET = 'Tm90Rm9yWW91ckV5ZXMxMjM0'
    const URL_SECRET = 'hunter2hunter2'
    const WITH_SECRET = [
      withLine(4, `  hm-key: { algorithm: hmac-sha256, secret: "${SECRET}*" }`),
      withLine(4, `  hm-key: { algorithm: ${SECRET}, secret: x }`),
      withLine(4, `  hm-key: ${SECRET}`),
      withLine(4, `  hm-key: [${SECRET}]`),
      withLine(4, `  hm-key: { algorithm: hmac-sha256, ${SECRET}: secret }`),
      withLine(4, `  hm-key: { algorithm: hmac-sha256, secretFile: ${SECRET} }`),
      withLine(4, `  hm-key: { algorithm: hmac-sha256, secret: *${SECRET} }`),
      withLine(4, `  hm-key: { algorithm: hmac-sha256, secret: !${SECRET} }`),
      withLine(4, `  hm-key: { algorithm: hmac-sha256, secret: "${SECRET} }`),
      withLine(4, `  hm-key: { algorithm: hmac-sha256, secret: |${SECRET} }`),
      withLine(4, '  hm-key:', `    secret: ${SECRET}`, `   algorithm: ${SECRET}`),
      withLine(6, `  hm1: { address: 127.0.0.1, key: ${SECRET} }`),
      withLine(6, `  hm1: { address: ${SECRET} }`),
      withLine(1, `redis: http://:${URL_SECRET}@127.0.0.1`),
      withLine(1, `redis: { sentinels: [a:1], name: x, password: [${URL_SECRET}] }`),
      withLine(1, `redis: { sentinels: [a:1], name: x, pasword: ${URL_SECRET} }`),
      withLine(1, `redis: [${URL_SECRET}]`),
      withLine(1, `api: { tokens: [{ name: a, role: viewer, sha256: ${SECRET} }] }`),
      withLine(1, `api: { tokens: [{ name: a, role: ${SECRET}, token: ${SECRET} }] }`),
      withLine(1, `api: { tokens: [${SECRET}] }`),
      withLine(1, `api: { ${URL_SECRET}: 1 }`),
      withLine(1, `? { secret: ${SECRET} }`, ': x'),
      withLine(1, `? [${SECRET}]`, ': x'),
      withLine(1, `hu${SECRET}b: a`),
      withLine(10, `  ams1: { cloud: A, site: ${SECRET}, address: 127.0.0.1:5311 }`),
      `${SOUND}topology: { sites: { ${SECRET}: {} }, links: { l: { between: [${SECRET}, x] } } }\n`,
      withLine(6, `  hm1: { address: "127.0.0.1 ${SECRET}" }`),
    ]

    for (const [i, text] of WITH_SECRET.entries()) {
      it(`never prints the secret (${i + 1})`, () => {
        const { config, findings } = checkText(scratch(), text)
        expect(config).to.equal(undefined)
        const failure = new ConfigError(findings)
        expect(JSON.stringify([findings, failure.message, failure.fault]))
          .to.not.contain(SECRET)
          .and.not.contain(URL_SECRET)
      })
    }
  })
})
