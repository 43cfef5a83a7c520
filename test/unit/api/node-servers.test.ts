/** The name server of a node as it reports itself. */
import { expect } from 'chai'
import type { NodeControl } from '../../../lib/control/control.js'
import type { FleetNode } from '../../../lib/fleet/fleet.js'
import { Board } from '../../../lib/state/board.js'
import { isFrom, NodeServers } from '../../../services/api/node-servers.js'

const node = (id: string): FleetNode => ({
  id,
  cloud: 'A',
  site: undefined,
  paths: [{ id, address: { ip: '192.0.2.1', port: 53 }, key: undefined }],
  key: undefined,
  kind: 'nsd',
  control: { kind: 'nsd', address: { ip: '192.0.2.1', port: 8952 }, ca: '', cert: '', certKey: '' },
})

describe('the server of a node', () => {
  let now = 1_000_000
  let asked: string[] = []
  let atOnce = 0
  let most = 0
  const servers = (version: string): NodeServers => {
    asked = []
    atOnce = 0
    most = 0
    const control = (id: string) =>
      ({
        channel: `nsd-control of ${id}`,
        status: async () => {
          asked.push(id)
          most = Math.max(most, ++atOnce)
          await new Promise((resolve) => setTimeout(resolve, 5))
          atOnce -= 1
          return { kind: 'ok', value: { version, zones: 3, details: {} } }
        },
      }) as unknown as NodeControl
    return new NodeServers({
      controls: { of: ({ id }) => control(id) },
      querier: { ask: () => Promise.reject(new Error('no answer')) },
      board: new Board(),
      clock: { now: () => now },
    })
  }

  it('is asked once in a minute', async () => {
    const all = servers('4.15.4')
    const own = node('ams1')
    const [first, second] = await Promise.all([all.of(own, []), all.of(own, [])])
    expect(first).to.deep.equal(second)
    expect(first).to.deep.include({ make: 'nsd', version: '4.15.4', zones: 3, channel: 'nsd-control of ams1', error: null })
    expect(first.capabilities).to.deep.include({ catalog: true, xot: true, nsid: null, ixfr: null })
    now += 59_000
    await all.of(own, [])
    expect(asked).to.have.length(1)
    now += 2_000
    await all.of(own, [])
    expect(asked).to.have.length(2)
  })

  it('is asked at once when its control channel changed', async () => {
    const all = servers('4.6.1')
    await all.of(node('ams1'), [])
    expect((await all.of(node('ams1'), [])).capabilities.catalog).to.equal(false)
    expect(asked).to.have.length(2)
  })

  it('is one of four that are asked at once', async () => {
    const all = servers('4.6.1')
    await Promise.all(Array.from({ length: 30 }, (_, i) => all.of(node(`n${i}`), [])))
    expect([asked.length, most]).to.deep.equal([30, 4])
  })

  it('without a control channel has a sentence on what to do', async () => {
    const all = servers('4.6.1')
    const { error } = await all.of({ ...node('ams1'), control: undefined }, [])
    expect(error).to.equal('ams1 has no control channel: configure "control" for it')
  })
})

describe('a version', () => {
  for (const [version, first, result] of [
    ['4.15.4', '4.9', true],
    ['4.6.1', '4.9', false],
    ['9.18.49-1~deb12u3-Debian', '9.18', true],
    ['5', '4.7', true],
    ['3', '3.5', false],
    [undefined, '4.9', null],
    ['4.7.3', undefined, false],
  ] as const)
    it(`${version} ${result === true ? 'reaches' : 'does not reach'} ${first}`, () =>
      expect(isFrom(version, first)).to.equal(result))
})
