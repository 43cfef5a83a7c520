/** The plan of probe rounds over reloads. */
import { expect } from 'chai'
import { silentLogger } from '../../../lib/runtime/logger.js'
import type { Matrix } from '../../../services/api/matrix.js'
import type { Identities } from '../../../services/api/probes/identities.js'
import { ProbeRounds } from '../../../services/api/probes/probe-rounds.js'
import { eventually } from '../../support/eventually.js'

const pause = (ms: number) => new Promise((resolve) => setTimeout(resolve, ms))

describe('rounds of probes', () => {
  const scene = () => {
    let rounds = 0
    const config: { probe: { everyMs: number } | undefined } = { probe: { everyMs: 400 } }
    const matrix = { config, fleet: { clouds: new Map(), zones: new Map() }, now: () => 0 } as unknown as Matrix
    const learn = async () => {
      rounds += 1
    }
    const identities = { learn } as unknown as Identities
    const probes = new ProbeRounds({
      querier: { ask: () => Promise.reject(new Error('no server is asked')) },
      matrix,
      identities,
      log: silentLogger,
      onChange: () => undefined,
    })
    return { config, probes, count: () => rounds }
  }

  it('go on while reloads come faster than the interval', async () => {
    const { config, probes, count } = scene()
    config.probe = undefined
    probes.start()
    config.probe = { everyMs: 400 }
    probes.adopt()
    for (let i = 0; i < 8; i++) {
      await pause(100)
      probes.adopt()
    }
    expect(count()).to.be.greaterThan(0)
    probes.stop()
  })

  it('end when probes are off, and their results go', async () => {
    const { config, probes, count } = scene()
    probes.start()
    await eventually(() => expect(count()).to.equal(1))
    probes.results.keep({ cloud: 'A', address: '1', zone: 'a.', state: 'silent', at: null } as never, 0)
    config.probe = undefined
    probes.adopt()
    expect(probes.list()).to.deep.equal([])
    await pause(1_200)
    expect(count()).to.equal(1)
    probes.stop()
  })
})
