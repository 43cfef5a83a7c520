/** The settings of a vantage point: options before the environment before the file, and mistakes with their places. */
import { chmodSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { expect } from 'chai'
import { readEnvironment } from '../../../config/env.js'
import { ConfigError, formatFinding } from '../../../config/errors.js'
import { checkConfig } from '../../../config/load.js'
import { loadVantage, type VantageOptions } from '../../../config/vantage.js'
import { scratchDirs } from '../../support/scratch-dir.js'

describe('the token of a vantage point in the config of a hub', () => {
  const scratch = scratchDirs()
  const findings = (more: object, token: object = {}): string[] => {
    const file = join(scratch(), 'zonecast.yaml')
    const tokens = [{ name: 'tokyo', role: 'vantage', sha256: 'ab'.repeat(32), ...token }]
    const node = { cloud: 'A', address: '127.0.0.1:5311' }
    writeFileSync(
      file,
      JSON.stringify({
        hub: 'a',
        transfer: { listen: ['127.0.0.1:5300'] },
        api: { tokens },
        clouds: { A: {} },
        nodes: { node },
        ...more,
      }),
    )
    return checkConfig(file).findings.flatMap(({ message }) => (/vantage/.test(message) ? [message] : []))
  }

  it('has a use while the hub has probes', () => {
    expect(findings({ probe: {} })).to.deep.equal([])
    expect(findings({})[0]).to.include('vantage point "tokyo" has nothing to ask: set "probe"')
  })

  it('has no scope', () => {
    expect(findings({ probe: {} }, { clouds: ['A'] })[0]).to.equal(
      '"clouds" has no use for a vantage point, which only reports: remove the line',
    )
  })
})

describe('the settings of a vantage point', () => {
  const scratch = scratchDirs()
  const written = (text: string, token = 'from-file\n', mode = 0o600): string => {
    const folder = scratch()
    const file = join(folder, 'vantage.yaml')
    writeFileSync(file, text)
    writeFileSync(join(folder, 'v.token'), token)
    chmodSync(join(folder, 'v.token'), mode)
    return file
  }
  const load = (options: Partial<VantageOptions>, env: Record<string, string> = {}) =>
    loadVantage({ hubs: [], ...options }, readEnvironment(env))
  const mistakes = (options: Partial<VantageOptions>, env: Record<string, string> = {}): string[] => {
    try {
      load(options, env)
      return []
    } catch (error) {
      expect(error).to.be.instanceOf(ConfigError)
      return (error as ConfigError).mistakes.map((each) => formatFinding(each).replace(/^.*vantage\.yaml/, 'vantage.yaml'))
    }
  }

  it('come from a file', () => {
    const file = written(
      'name: tokyo\nhubs: [http://127.0.0.1:8053, https://west.example:8053]\ntokenFile: v.token\nlog: { level: warn }\n',
    )
    expect(load({ file })).to.deep.equal({
      name: 'tokyo',
      hubs: ['http://127.0.0.1:8053', 'https://west.example:8053'],
      token: 'from-file',
      ca: undefined,
      logLevel: 'warn',
    })
  })

  it('come from the environment, with hubs separated by commas', () => {
    const env = { ZONECAST_VANTAGE: 'lima', ZONECAST_URL: 'http://a.example, http://b.example', ZONECAST_TOKEN: 't' }
    expect(load({}, env)).to.include({ name: 'lima', token: 't', logLevel: 'info' })
    expect(load({}, env).hubs).to.deep.equal(['http://a.example', 'http://b.example'])
    expect(load({ file: written('# no settings yet\n') }, env)).to.include({ name: 'lima' })
  })

  it('come from options first', () => {
    const file = written('name: tokyo\nhubs: [http://a.example]\ntokenFile: other.token\n')
    const options = { file, name: 'x', hubs: ['http://c.example'], tokenFile: join(file, '../v.token') }
    expect(load(options, { ZONECAST_VANTAGE: 'y', ZONECAST_TOKEN: 'z' })).to.deep.include({
      name: 'x',
      hubs: ['http://c.example'],
      token: 'from-file',
    })
  })

  for (const [what, text, expected] of [
    [
      'an unknown setting',
      'name: a\nhubs: [http://a.example]\ntoken: t\nredis: x\n',
      ['vantage.yaml:4:1', 'there is no setting "redis"'],
    ],
    ['no hub', 'name: a\ntoken: t\nhubs: []\n', ['vantage.yaml:3:1', 'write at least one URL']],
    [
      'a password in a URL',
      'name: a\ntoken: t\nhubs: [http://u:pw@a.example]\n',
      ['vantage.yaml:3:', 'without a user or password'],
    ],
    ['no token', 'name: a\nhubs: [http://a.example]\n', ['"token" is missing']],
    [
      'two tokens',
      'name: a\nhubs: [http://a.example]\ntoken: t\ntokenFile: v.token\n',
      ['vantage.yaml:4:1', 'keep one of the two'],
    ],
    [
      'no file of the token',
      'name: a\nhubs: [http://a.example]\ntokenFile: w.token\n',
      ['vantage.yaml:3:1', 'cannot be read (ENOENT)'],
    ],
    ['no PEM', 'name: a\nhubs: [http://a.example]\ntoken: t\nca: v.token\n', ['vantage.yaml:4:1', 'in PEM']],
    ['YAML that is none', 'name: [', ['vantage.yaml:1:']],
  ] as const)
    it(`are refused with ${what}`, () => {
      const [first] = mistakes({ file: written(text) })
      for (const part of expected) expect(first).to.include(part)
      expect(first).to.not.include('pw')
    })

  it('are refused when others can read the token', () => {
    const file = written('name: a\nhubs: [http://a.example]\ntokenFile: v.token\n', 'secret', 0o644)
    expect(mistakes({ file })[0]).to.include('readable by group and others: chmod 600 it').and.not.include('secret"')
  })

  it('are refused without a file that is named', () => {
    expect(mistakes({ file: '/no/such/vantage.yaml' })[0]).to.include('cannot be read (ENOENT)')
    expect(mistakes({})).to.have.length(2)
  })
})
