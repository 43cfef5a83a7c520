/** Settings under an old name work, with a warning at their place. */
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { expect } from 'chai'
import { checkConfig } from '../../../config/load.js'
import { RENAMED } from '../../../config/renamed.js'

describe('a setting under its old name', () => {
  let folder: string
  beforeEach(() => {
    folder = mkdtempSync(join(tmpdir(), 'zonecast-test-'))
  })
  afterEach(() => rmSync(folder, { recursive: true, force: true }))

  const check = (...lines: string[]) => {
    const file = join(folder, 'zonecast.yaml')
    writeFileSync(file, ['zones: []', 'defaults:', ...lines.map((line) => `  ${line}`), ''].join('\n'), { mode: 0o600 })
    return checkConfig(file)
  }

  it('has the effect of the new name', () => {
    expect(check('drain: 3s').config!.defaults.shutdownGraceMs).to.equal(3_000)
    expect(check('unknownAfterLooks: 7').config!.defaults.unknownAfterMissed).to.equal(7)
  })

  it('causes a warning at its place', () => {
    const { findings } = check('drain: 3s')
    const [found] = findings.filter(({ code }) => code === 'CONFIG_RENAMED')
    expect(found).to.include({ severity: 'warning', line: 3, column: 3 })
    expect(found!.message).to.equal('"drain" is now called "shutdownGrace": rename it')
  })

  it('is refused beside the new name', () => {
    const { config, findings } = check('drain: 3s', 'shutdownGrace: 4s')
    expect(config).to.equal(undefined)
    expect(findings.find(({ severity }) => severity === 'error')).to.include({ code: 'CONFIG_DUPLICATE', line: 3 })
  })

  it('reports its mistakes at its place', () => {
    const { findings } = check('stuck: 5m', 'drain: soon')
    expect(findings.find(({ severity }) => severity === 'error')).to.include({ line: 4 })
  })

  it('is not mistaken for another setting', () => {
    expect(new Set(RENAMED.map(({ section, from }) => `${section}.${from}`)).size).to.equal(RENAMED.length)
  })
})
