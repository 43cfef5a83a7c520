/** Commands and their arguments. */
import { expect } from 'chai'
import { resyncBody } from '../../../services/cli/commands/resync.js'
import { parseRoles, readyLine } from '../../../services/cli/commands/start.js'
import { parseSerial } from '../../../services/cli/commands/versions.js'
import { targetLine } from '../../../services/cli/follow-job.js'
import { expectError } from '../../support/expect-error.js'

const ROLES = ['watcher', 'worker', 'transfer', 'api'] as const

describe('the command line', () => {
  it('accepts the named roles of start, in the order of the flow', () => {
    expect(parseRoles('api, watcher', ROLES)).to.deep.equal(['watcher', 'api'])
  })

  for (const text of ['api,apis', '', 'api,'])
    it(`refuses "${text}" as the roles of start`, () => expectError('CLI_USAGE', () => parseRoles(text, ROLES)))

  it('prints every address in one line at the start', () => {
    const addresses = [
      { role: 'transfer', address: '127.0.0.1:5300' },
      { role: 'transfer', address: '[::1]:5300' },
      { role: 'api', address: 'http://127.0.0.1:8053/' },
    ]
    expect(readyLine(addresses)).to.equal('ready transfer=127.0.0.1:5300,[::1]:5300 api=http://127.0.0.1:8053/')
    expect(readyLine([])).to.equal('ready')
  })

  it('leaves out unnamed parts of a resync, and needs at least one', async () => {
    const none = { group: [], node: [], cloud: [], state: [], strength: 'notify' }
    await expectError('CLI_USAGE', () => resyncBody(undefined, none))
    expect(resyncBody('example.com', none)).to.deep.equal({ zones: ['example.com'], strength: 'notify' })
    expect(resyncBody(undefined, { ...none, node: ['a1', 'a2'], cloud: ['B'], reason: 'moved' })).to.deep.equal({
      nodes: ['a1', 'a2'],
      clouds: ['B'],
      strength: 'notify',
      reason: 'moved',
    })
    expect(resyncBody(undefined, { ...none, group: ['gold'] })).to.deep.equal({ groups: ['gold'], strength: 'notify' })
    expect(resyncBody(undefined, { ...none, state: ['stuck', 'ahead'] })).to.deep.equal({
      states: ['stuck', 'ahead'],
      strength: 'notify',
    })
  })

  it('accepts a serial of 32 bits', async () => {
    expect(parseSerial('4294967295')).to.equal(4_294_967_295)
    for (const text of ['4294967296', '-1', '1.5', 'x', '']) await expectError('CLI_USAGE', () => parseSerial(text))
  })

  it('names zone, node and step in the progress', () => {
    expect(targetLine({ zone: 'a.', node: 'n', step: 'confirmed', serial: 8 })).to.equal('a. on n: confirmed at serial 8')
    expect(targetLine({ zone: 'a.', node: 'n', step: 'failed', error: 'REFUSED' })).to.equal('a. on n: failed: REFUSED')
  })
})
