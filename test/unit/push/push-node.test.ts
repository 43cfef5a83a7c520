/** The window of a node: the versions that it is announced, and has not transferred yet. */
import { expect } from 'chai'
import { parseZoneName, type ZoneName } from '../../../lib/dns/name.js'
import type { FleetZone } from '../../../lib/fleet/fleet.js'
import type { NotifyOutcome } from '../../../lib/push/notify-sender.js'
import { NodePusher } from '../../../lib/push/push-node.js'
import { PushRoom } from '../../../lib/push/push-room.js'
import { ServeDelays } from '../../../lib/push/serve-delay.js'
import { ServedTogether } from '../../../lib/push/served-together.js'
import { NumberedZones } from '../../../lib/push/zone-queue.js'
import { Alarms } from '../../../lib/runtime/alarms.js'
import { Board } from '../../../lib/state/board.js'
import { eventually } from '../../support/eventually.js'
import { fleetNode } from '../fleet/facts.js'

class Scene {
  serial = 1
  isDown = false
  readonly alarms = new Alarms('test')
  readonly notified: { node: string; zone: ZoneName; done: (outcome: NotifyOutcome) => void }[] = []
  readonly ended: string[] = []
  readonly #parts = {
    board: new Board(),
    clock: { now: () => Date.now() },
    alarms: this.alarms,
    observer: { observe: async () => undefined },
    notify: {
      send: (
        { id }: { id: string },
        { name }: FleetZone,
        _soa: Buffer,
        _waitMs: number,
        done: (outcome: NotifyOutcome) => void,
      ) => this.notified.push({ node: id, zone: name, done }),
    } as never,
    delays: new ServeDelays(),
    serving: new ServedTogether(),
    notifyRetries: { retriesMs: [60_000] },
    room: new PushRoom(),
    numbers: new NumberedZones(),
    wanted: () => ({ serial: this.serial, soa: Buffer.alloc(0) }),
    isDown: () => this.isDown,
    onSign: () => undefined,
    onDone: (node: { id: string }, { name }: FleetZone, outcome: string, target: number) =>
      this.ended.push(`${name} ${node.id} ${outcome} ${target}`),
  }

  pusher(id: string): NodePusher {
    return new NodePusher(fleetNode(id), this.#parts)
  }

  /** Number of NOTIFYs when no more are sent. */
  async rest(): Promise<number> {
    for (let before = -1; before !== this.notified.length; ) {
      before = this.notified.length
      await new Promise((resolve) => setTimeout(resolve, 20))
    }
    return this.notified.length
  }

  /** Starting many takes several turns. */
  async settled(count: number): Promise<void> {
    await eventually(() => expect(this.notified).to.have.length(count), { everyMs: 1 })
    await new Promise((resolve) => setTimeout(resolve, 20))
    expect(this.notified).to.have.length(count)
  }
}

const zones = Array.from({ length: 500 }, (_, i) => ({ name: parseZoneName(`z${i}.example.`) }) as unknown as FleetZone)

describe('the window of a node', () => {
  let scene: Scene
  let pusher: NodePusher
  beforeEach(() => {
    scene = new Scene()
    pusher = scene.pusher('n1')
  })
  afterEach(() => {
    pusher.stop()
    scene.alarms.stop()
  })

  it('does not hold up a catalog, without which the node may know no zone', async () => {
    for (const zone of zones) pusher.push(zone)
    await scene.settled(64)
    const catalog = { name: parseZoneName('nodes.example.'), catalog: 'published' } as unknown as FleetZone
    pusher.push(catalog)
    expect(scene.notified.at(-1)!.zone).to.equal(catalog.name)
    scene.serial = 2
    pusher.push(catalog)
    expect(scene.ended).to.deep.equal(['nodes.example. n1 superseded 1'])
    await scene.settled(66)
    expect(scene.notified.at(-1)!.zone).to.equal(catalog.name)
  })

  it('bounds the NOTIFYs, and a transferred version makes room for the next', async () => {
    for (const zone of zones) pusher.push(zone)
    await scene.settled(64)
    pusher.onDelivered(zones[0]!.name, 1, 'digest', 'ixfr', Date.now())
    // It grows with a node that is quick.
    await scene.settled(66)
    expect(scene.notified.map(({ zone }) => zone)).to.deep.equal(zones.slice(0, 66).map(({ name }) => name))
  })

  it('shrinks while the node is silent', async () => {
    for (const zone of zones) pusher.push(zone)
    await scene.settled(64)
    for (const { done } of scene.notified) done({ kind: 'silent', reason: 'no answer' })
    for (const zone of zones.slice(0, 32)) pusher.onDelivered(zone.name, 1, 'digest', 'ixfr', Date.now())
    await scene.settled(64)
  })

  it('is not filled by zones that the node refuses', async () => {
    for (const zone of zones) pusher.push(zone)
    await scene.settled(64)
    for (const { done } of scene.notified.slice(0, 10)) done({ kind: 'refused', reason: 'NOTAUTH' })
    await scene.settled(74)
  })

  it('has the newest version of a zone that waited', async () => {
    for (const zone of zones.slice(0, 100)) pusher.push(zone)
    await scene.settled(64)
    scene.serial = 2
    for (const zone of zones.slice(0, 100)) pusher.push(zone)
    // Deliveries under way are replaced; each waiting zone is announced once.
    for (let n = 0; n < 100; n++) {
      const { zone } = scene.notified.at(-1)!
      pusher.onDelivered(zone, 2, 'digest', 'ixfr', Date.now())
      await new Promise((resolve) => setImmediate(resolve))
    }
    const second = scene.notified.slice(64).map(({ zone }) => zone)
    expect(new Set(second).size).to.equal(second.length)
    expect(scene.ended.filter((line) => line.endsWith('superseded 1'))).to.have.length(64)
  })

  it('of a node that is down opens when it answers again', async () => {
    scene.isDown = true
    for (const zone of zones.slice(0, 20)) pusher.push(zone)
    await scene.settled(2)
    scene.isDown = false
    pusher.resume()
    await scene.settled(20)
  })

  it('leaves room for nodes that answer, however many are silent', async () => {
    const silent = Array.from({ length: 100 }, (_, i) => scene.pusher(`silent${i}`))
    for (const each of silent) for (const zone of zones.slice(0, 64)) each.push(zone)
    const most = await scene.rest()
    // The first ones may fill the room before the others ask for their least.
    expect(most).to.be.within(1024, 1024 + 2 * silent.length)
    for (const zone of zones) pusher.push(zone)
    await scene.settled(most + 2)
    for (const each of silent) each.stop()
    await scene.settled(most + 64)
  })
})
