/** The propagation time of releases: the releases that are measured, their start, and the nodes that count. */
import { expect } from 'chai'
import { parseZoneName } from '../../../lib/dns/name.js'
import type { FleetZone } from '../../../lib/fleet/fleet.js'
import { nodeCell, noteAnswer, noteSilence, noteDelivered } from '../../../lib/observe/node-cells.js'
import { Propagation } from '../../../lib/push/propagation.js'
import { Board } from '../../../lib/state/board.js'
import type { Version } from '../../../lib/store/version.js'

const NAME = parseZoneName('example.')
const zoneOf = (...ids: string[]): FleetZone => ({ name: NAME, nodes: ids.map((id) => ({ id })) }) as unknown as FleetZone
const stage = (name: string, ...nodes: string[]) => ({ name, nodes, soakMs: 0, mayLack: 0 })

class Scene {
  now = 10_000
  readonly board = new Board()
  readonly samples: string[] = []
  readonly loads: number[] = []
  readonly propagation = new Propagation({
    board: this.board,
    clock: { now: () => this.now },
    metrics: {
      propagation: { observe: (seconds: number) => this.samples.push(`all ${seconds}`) },
      loadTime: { observe: (seconds: number) => this.loads.push(seconds) },
      stagePropagation: {
        observe: ({ stage: name }: { stage: string }, seconds: number) => this.samples.push(`${name} ${seconds}`),
      },
    } as never,
    unknownAfterMissed: () => 3,
    onWhole: () => undefined,
  })

  version(serial: number, stages: ReturnType<typeof stage>[] = []): Version {
    const rollout = stages.length === 0 ? undefined : { stages }
    const base = { digest: `d${serial}`, seenAt: this.now, isTorn: false, releasedTo: {}, releasedAt: undefined }
    return { serial, ...base, rollout } as unknown as Version
  }

  /** Releases the version to these nodes, or to all; `newer`: versions that came later. */
  release(zone: FleetZone, version: Version, to: 'all' | string[], newer: Version[] = []): void {
    if (to === 'all') version.releasedAt = this.now
    else version.releasedTo = { ...version.releasedTo, ...Object.fromEntries(to.map((id) => [id, this.now])) }
    this.propagation.noteReleases(zone, [version, ...newer])
  }

  /** The node answers after so many milliseconds. */
  shows(node: string, serial: number, afterMs = 1_000): void {
    this.now += afterMs
    noteAnswer(this.board, NAME, node, serial, this.now)
    this.propagation.review(NAME, node, nodeCell(this.board, NAME, node))
  }

  silent(node: string): void {
    for (let i = 0; i < 3; i++) noteSilence(this.board, NAME, node, 'silence', true, this.now)
  }
}

describe('propagation', () => {
  it('is the time from the announcement to the last node', () => {
    const scene = new Scene()
    const zone = zoneOf('n1', 'n2')
    const version = scene.version(2)
    scene.now += 500
    scene.release(zone, version, 'all')
    scene.shows('n1', 2)
    expect(scene.samples).to.deep.equal([])
    scene.shows('n2', 2)
    expect(scene.samples).to.deep.equal(['all 2.5'])
    scene.shows('n2', 2)
    expect(scene.samples).to.have.length(1)
  })

  it('is known for 95 % of the nodes before that, once, and silent nodes count', () => {
    const scene = new Scene()
    const ids = Array.from({ length: 40 }, (_, i) => `n${i}`)
    scene.release(zoneOf(...ids), scene.version(2), 'all')
    for (const id of ids.slice(0, 37)) scene.shows(id, 2)
    for (const id of ids.slice(38)) scene.silent(id)
    expect(scene.loads).to.deep.equal([])
    scene.shows('n37', 2)
    expect(scene.loads).to.deep.equal([38])
    scene.shows('n38', 2)
    expect(scene.loads).to.have.length(1)
  })

  it('has the same start for its stages as for 95 % of the nodes', () => {
    const scene = new Scene()
    const zone = zoneOf('n1', 'n2', 'n3')
    const version = staged(scene)
    scene.release(zone, version, ['n1'])
    scene.shows('n1', 2)
    scene.release(zone, version, 'all')
    scene.shows('n2', 2)
    scene.shows('n3', 2)
    expect(scene.loads).to.deep.equal([3])
  })

  const staged = (scene: Scene) => scene.version(2, [stage('canary', 'n1'), stage('middle', 'n2'), stage('rest', 'n3')])

  it('with stages is measured for each from its release, and in total', () => {
    const scene = new Scene()
    const zone = zoneOf('n1', 'n2', 'n3')
    const version = staged(scene)
    scene.release(zone, version, ['n1'])
    scene.shows('n1', 2)
    scene.now += 60_000
    scene.release(zone, version, ['n2'])
    scene.shows('n2', 2)
    scene.release(zone, version, 'all')
    scene.shows('n3', 2)
    expect(scene.samples).to.deep.equal(['canary 1', 'middle 1', 'rest 1', 'all 63'])
  })

  it('continues while a newer version is held or waits', () => {
    const scene = new Scene()
    const zone = zoneOf('n1', 'n2', 'n3')
    const version = staged(scene)
    scene.release(zone, version, ['n1'])
    scene.shows('n1', 2)
    const newer = scene.version(3, [stage('canary', 'n1')])
    scene.release(zone, version, ['n2'], [newer])
    scene.shows('n2', 2)
    scene.release(zone, version, 'all', [newer])
    scene.shows('n3', 2)
    expect(scene.samples).to.deep.equal(['canary 1', 'middle 1', 'rest 1', 'all 3'])
    scene.now += 1_000
    scene.release(zone, newer, ['n1'])
    noteDelivered(scene.board, NAME, 'n1', newer, scene.now)
    scene.shows('n1', 3)
    expect(scene.samples.slice(4)).to.deep.equal(['canary 1'])
  })

  it('has no sample of a node that was added during the rollout or a day later, with or without stages', () => {
    const scene = new Scene()
    const version = staged(scene)
    const grown = zoneOf('n1', 'n2', 'n3', 'added')
    scene.release(zoneOf('n1', 'n2', 'n3'), version, ['n1'])
    scene.shows('n1', 2)
    scene.release(grown, version, ['n2', 'added'])
    scene.shows('n2', 2)
    scene.release(grown, version, 'all')
    scene.shows('n3', 2)
    const samples = ['canary 1', 'middle 1', 'rest 1', 'all 3']
    expect(scene.samples).to.deep.equal(samples)
    scene.now += 86_000_000
    const more = zoneOf('n1', 'n2', 'n3', 'added', 'later')
    scene.release(more, version, 'all')
    scene.shows('later', 2)
    scene.shows('added', 2)
    expect(scene.samples).to.deep.equal(samples)
  })

  it('after a restart during a rollout is measured for the later stages, and not in total', () => {
    const before = new Scene()
    const zone = zoneOf('n1', 'n2', 'n3')
    const version = staged(before)
    before.release(zone, version, ['n1'])
    const scene = new Scene()
    scene.now += 1
    scene.propagation.forget(NAME)
    scene.shows('n1', 2)
    scene.release(zone, version, ['n2'])
    scene.shows('n2', 2)
    scene.release(zone, version, 'all')
    scene.shows('n3', 2)
    expect(scene.samples).to.deep.equal(['middle 1', 'rest 1'])
  })

  it('leaves out nodes that do not answer', () => {
    const scene = new Scene()
    scene.silent('dead')
    scene.release(zoneOf('n1', 'dead'), scene.version(2), 'all')
    scene.shows('n1', 2)
    expect(scene.samples).to.deep.equal(['all 1'])
  })

  it('counts a node that has a newer version, and waits for one with other content', () => {
    const scene = new Scene()
    scene.release(zoneOf('n1', 'n2'), scene.version(2), 'all')
    scene.shows('n1', 3)
    scene.shows('n2', 1)
    expect(scene.samples).to.deep.equal([])
    // From 1 to 2 without a delivery of 2: its content is unknown.
    scene.shows('n2', 2)
    expect(scene.samples).to.deep.equal([])
  })

  it('has no sample of a version that was released before a reload added the zone again', () => {
    const scene = new Scene()
    const version = scene.version(2)
    version.releasedAt = scene.now
    scene.propagation.drop(NAME)
    scene.now += 1
    scene.propagation.forget(NAME)
    scene.propagation.noteReleases(zoneOf('n1'), [version])
    scene.shows('n1', 2)
    expect(scene.samples).to.deep.equal([])
  })

  it('has no sample of a node that was added later, nor of a version that was released before the start', () => {
    const scene = new Scene()
    const version = scene.version(2)
    version.releasedAt = 1
    scene.propagation.noteReleases(zoneOf('n1'), [version])
    scene.release(zoneOf('n1', 'n2'), version, 'all')
    scene.shows('n2', 2)
    expect(scene.samples).to.deep.equal([])
  })
})
