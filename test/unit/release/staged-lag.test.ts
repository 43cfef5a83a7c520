/** Lag with stages: it counts from the release to that node, also when the version is released to all others later. */
import { join } from 'node:path'
import { expect } from 'chai'
import { parseZoneName } from '../../../lib/dns/name.js'
import { standingOf } from '../../../lib/fleet/zone-view.js'
import { Board } from '../../../lib/state/board.js'
import type { Version } from '../../../lib/store/version.js'
import type { StoredZone } from '../../../lib/store/stored-zone.js'
import { noteConfirmed } from '../../../lib/store/version.js'
import { chainOf } from '../../../services/api/chain.js'
import { noteProgress } from '../../../lib/release/zone-cells.js'
import { openZone } from '../../support/kept-zone.js'
import { contentsOf } from '../../support/record-lines.js'
import { scratchDirs } from '../../support/scratch-dir.js'

const ZONE = parseZoneName('example.')
const RULES = { lagWarnMs: 1e6, stuckMs: 1e9, unknownAfterMissed: 3, staleMs: 1e12 }

describe('lag with stages', () => {
  const newDir = scratchDirs()
  let zone: StoredZone
  const board = new Board()

  const commit = async (serial: number): Promise<Version> => {
    const contents = contentsOf('example.', `example. 300 SOA a. b. ${serial} 7200 900 1209600 60`)
    const provenance = async () => ({ seenAt: 1, committedAt: 2, from: 'hm1' })
    return await zone.commitFull(zone.draft(contents), zone.latest, provenance)
  }
  const release = async (version: Version, to: Record<string, number> | number): Promise<void> => {
    await zone.advance(version, () => (typeof to === 'number' ? { releasedAt: to } : { releasedTo: to }))
    noteProgress(board, zone, 1)
  }
  const judged = (id: string, serial: number, now: number) => {
    const { releases, staged } = board.get('zones', ZONE)!
    const node = { id, serial, since: 0, observedAt: now, missed: 0, error: undefined, drained: false }
    const { state, behindSince } = standingOf({ releases, staged, conflict: false, expired: false }, node, RULES, now)
    return { state, lag: behindSince === undefined ? 0 : now - behindSince }
  }

  beforeEach(async () => {
    zone = openZone(join(newDir(), 'zone'))
    await release(await commit(1), 1_000)
  })

  it('continues when the last stage is released', async () => {
    const version = await commit(2)
    await release(version, { early: 10_000 })
    expect(judged('early', 1, 60_000)).to.deep.equal({ state: 'syncing', lag: 50_000 })
    await release(version, 70_000)
    expect(judged('early', 1, 70_000)).to.deep.equal({ state: 'syncing', lag: 60_000 })
    expect(judged('late', 1, 80_000)).to.deep.equal({ state: 'syncing', lag: 10_000 })
    expect(judged('early', 2, 80_000)).to.deep.equal({ state: 'in-sync', lag: 0 })
  })

  it('counts from the oldest version that the node lacks when newer ones follow', async () => {
    const [second, third] = [await commit(2), await commit(3)]
    await release(second, { early: 10_000 })
    await release(second, 20_000)
    await release(third, { other: 30_000 })
    await release(third, 40_000)
    expect(judged('early', 1, 50_000).lag).to.equal(40_000)
    expect(judged('late', 1, 50_000).lag).to.equal(30_000)
    expect(judged('early', 2, 50_000).lag).to.equal(10_000)
    expect(judged('other', 2, 50_000).lag).to.equal(20_000)
    expect(judged('early', 3, 50_000)).to.deep.equal({ state: 'in-sync', lag: 0 })
  })

  it('counts from a version that was superseded during its rollout', async () => {
    const [second, third] = [await commit(2), await commit(3)]
    await release(second, { early: 10_000 })
    await release(third, 40_000)
    expect(judged('early', 1, 50_000).lag).to.equal(40_000)
    expect(judged('late', 1, 50_000).lag).to.equal(10_000)
    expect(judged('early', 2, 50_000).state).to.equal('syncing')
    expect(judged('early', 3, 50_000).state).to.equal('in-sync')
  })

  it('has no releases of older versions for nodes that have confirmed them', async () => {
    const [second, third] = [await commit(2), await commit(3)]
    await release(second, { early: 10_000 })
    noteConfirmed(second, 'early', 11_000)
    await release(second, 20_000)
    await release(third, 40_000)
    expect(board.get('zones', ZONE)!.staged).to.deep.equal([])
  })

  it('lets `why` name the version that the node should have', async () => {
    const [second, third, fourth] = [await commit(2), await commit(3), await commit(4)]
    await release(second, { early: 10_000 })
    await release(third, 40_000)
    await release(fourth, { other: 50_000 })
    const cell = board.get('zones', ZONE)!
    const releasedOf = (id: string) => {
      const view = { serial: 1, state: 'lagging', since: 0, observedAt: 1, lagSeconds: 1, error: undefined }
      const facts = { zone: { name: ZONE }, node: { id }, cell, at: undefined, view, held: undefined }
      return chainOf(facts as never).chain.find(({ step }) => step === 'released')
    }
    expect(releasedOf('early')).to.deep.include({ at: new Date(40_000).toISOString() })
    expect(releasedOf('early')!.detail).to.match(/^serial 3,/)
    expect(releasedOf('other')!.detail).to.match(/^serial 4,/)
    expect(releasedOf('late')!.detail).to.match(/^serial 3,/)
  })
})
