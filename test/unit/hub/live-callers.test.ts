/** A reload that takes long: removed callers of the API are refused from its first step on, as the API keeps the live list. */
import { writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { expect } from 'chai'
import { loadConfig } from '../../../config/load.js'
import { adoptLive, liveSettings } from '../../../services/hub/live-settings.js'
import { scratchDirs } from '../../support/scratch-dir.js'

describe('the callers of the API', () => {
  const scratch = scratchDirs()
  const configWith = (...names: string[]) => {
    const file = join(scratch(), 'zonecast.yaml')
    const tokens = names.map((name, i) => ({ name, role: 'viewer', sha256: String(i).repeat(64) }))
    const zones = [{ name: 'example.com' }]
    const nodes = { n1: { cloud: 'A', address: '127.0.0.1:5311' } }
    writeFileSync(
      file,
      JSON.stringify({ api: { tokens }, primaries: { hm1: { address: '127.0.0.1:5301' } }, clouds: { A: {} }, nodes, zones }),
    )
    return loadConfig(file)
  }

  it('change with the live settings, in the objects that the API keeps', () => {
    const live = liveSettings(configWith('ann', 'bob'))
    const { callers } = live
    adoptLive(live, configWith('bob'))
    expect(callers.tokens.map(({ name }) => name)).to.deep.equal(['bob'])
  })
})
