/** The settings of the checks: a mode alone or a map, documented defaults, and mistakes with their name. */
import { expect } from 'chai'
import { parseZoneName } from '../../../lib/dns/name.js'
import { CHECK_NAMES } from '../../../lib/checks/verdicts.js'
import { checkSettingsFor, checksSchema } from '../../../config/checks-schema.js'

const ZONE = parseZoneName('example.com')
/** A check of catalog zones has no settings. */
const WITH_SETTINGS = CHECK_NAMES.filter((name) => name !== 'catalog')
const read = (raw: unknown) => checkSettingsFor(checksSchema.parse(raw), [ZONE])(ZONE)

describe('the settings of the checks', () => {
  it('have a default for each check', () => {
    const settings = read({})
    expect(Object.keys(settings).sort()).to.deep.equal([...WITH_SETTINGS].sort())
    expect(settings.shrink).to.deep.equal({ mode: 'hold', percent: 10, atLeast: 20, smallBelow: 100, smallPercent: 50 })
    expect(settings.growth).to.deep.equal({
      mode: 'hold',
      warnPercent: 25,
      warnFromRecords: 100,
      holdPercent: 100,
      fromRecords: 10_000,
    })
    expect(settings.churn).to.deep.equal({ mode: 'hold', percent: 30, fromRecords: 1000 })
    expect(settings.dnssec).to.deep.include({ mode: 'hold', holdUnderMs: 24 * 3_600_000, warnUnderMs: 72 * 3_600_000 })
    expect(settings.hook).to.deep.equal({ mode: 'off', command: [], timeoutMs: 60_000, input: 'stdin' })
  })

  it('are a mode alone, or a map that keeps the other defaults', () => {
    for (const check of WITH_SETTINGS.filter((name) => name !== 'hook'))
      expect(read({ [check]: 'warn' })[check]).to.deep.equal({ ...read({})[check], mode: 'warn' })
    expect(read({ shrink: { percent: 5 } }).shrink).to.deep.equal({ ...read({}).shrink, percent: 5 })
  })

  it('accept the trust anchors of the zone', () => {
    const anchors = ['example.com. DS 1 13 2 00', 'Example.COM DNSKEY 257 3 13 AAEC', 'other.example. DS 1 13 2 00']
    expect(read({ dnssec: { anchors } }).dnssec.anchors).to.deep.equal(anchors.slice(0, 2))
  })

  const MISTAKES: readonly { raw: unknown; path: string; says: RegExp }[] = [
    { raw: { shrimp: 'hold' }, path: '', says: /shrimp/ },
    { raw: { shrink: 'on' }, path: 'shrink', says: /write off, warn, hold or a map/ },
    { raw: { shrink: { mode: 'on' } }, path: 'shrink.mode', says: /write off, warn or hold/ },
    { raw: { shrink: { percents: 1 } }, path: 'shrink', says: /percents/ },
    { raw: { shrink: { percent: -1 } }, path: 'shrink.percent', says: /at least 0/ },
    { raw: { growth: { fromRecords: 1.5 } }, path: 'growth.fromRecords', says: /whole number/ },
    { raw: { dnssec: { holdUnder: '1 day' } }, path: 'dnssec.holdUnder', says: /duration/ },
    { raw: { dnssec: { holdUnder: '4d' } }, path: 'dnssec.warnUnder', says: /shorter/ },
    { raw: { dnssec: { anchors: ['a. A 192.0.2.1'] } }, path: 'dnssec.anchors.0', says: /DS or DNSKEY/ },
    { raw: { dnssec: { anchors: ['a. DS'] } }, path: 'dnssec.anchors.0', says: /DS or DNSKEY/ },
    { raw: { hook: 'hold' }, path: 'hook.command', says: /"command" is empty/ },
    { raw: { hook: { mode: 'warn', command: 'run me' } }, path: 'hook.command', says: /a list of words/ },
  ]
  for (const { raw, path, says } of MISTAKES)
    it(`refuse ${JSON.stringify(raw)}`, () => {
      const issues = checksSchema.safeParse(raw).error?.issues ?? []
      expect(issues.map((issue) => issue.path.join('.'))).to.include(path)
      expect(issues.map(({ message }) => message).join('\n')).to.match(says)
    })
})
