/** Nodes that have transferred a version are observed when the others have, too. */
import { expect } from 'chai'
import { parseZoneName } from '../../../lib/dns/name.js'
import type { FleetZone } from '../../../lib/fleet/fleet.js'
import { Delivery } from '../../../lib/push/delivery.js'
import type { Lane } from '../../../lib/push/delivery-parts.js'
import type { NotifyOutcome } from '../../../lib/push/notify-sender.js'
import { ServeDelays } from '../../../lib/push/serve-delay.js'
import { ServedTogether } from '../../../lib/push/served-together.js'
import { Alarms } from '../../../lib/runtime/alarms.js'
import { Board } from '../../../lib/state/board.js'
import { eventually } from '../../support/eventually.js'
import { fleetNode } from '../fleet/facts.js'

const ZONE = { name: parseZoneName('example.') } as unknown as FleetZone

class Scene {
  readonly alarms = new Alarms('test')
  readonly delays = new ServeDelays()
  /** Nodes in the order of their SOA queries. */
  readonly asked: string[] = []
  readonly #outcomes = new Map<string, (outcome: NotifyOutcome) => void>()
  isBusy = false
  readonly #parts = {
    board: new Board(),
    clock: { now: () => Date.now() },
    alarms: this.alarms,
    observer: {
      observe: async ({ id }: { id: string }) => {
        this.asked.push(id)
        return 1
      },
    },
    notify: {
      send: ({ id }: { id: string }, _zone: unknown, _soa: unknown, _waitMs: number, done: (outcome: NotifyOutcome) => void) => {
        this.#outcomes.set(id, done)
      },
    } as never,
    delays: this.delays,
    serving: new ServedTogether(),
    notifyRetries: { retriesMs: [60_000] },
  }

  start(...ids: string[]): Delivery[] {
    return ids.map((id) => {
      const lane: Lane = {
        node: fleetNode(id),
        isBusy: this.isBusy,
        takeMs: 0,
        onAnswer: () => undefined,
        onSilence: () => undefined,
        onRefusal: () => undefined,
        onEnd: () => undefined,
      }
      const delivery = new Delivery(lane, ZONE, 1, Buffer.alloc(0), this.#parts)
      delivery.start()
      return delivery
    })
  }

  answer(id: string, outcome: NotifyOutcome): void {
    this.#outcomes.get(id)!(outcome)
  }
}

const serve = (delivery: Delivery): boolean => delivery.onDelivered(1, 'digest', 'ixfr', Date.now())
const settle = (): Promise<void> => new Promise((resolve) => setTimeout(resolve, 5))

describe('nodes that transferred a version', () => {
  let scene: Scene
  beforeEach(() => {
    scene = new Scene()
  })
  afterEach(() => scene.alarms.stop())

  it('are observed together when the last has transferred it', async () => {
    const [a, b, c] = scene.start('a', 'b', 'c') as [Delivery, Delivery, Delivery]
    serve(a)
    serve(b)
    expect(scene.asked).to.deep.equal([])
    serve(c)
    expect(scene.asked).to.have.members(['a', 'b', 'c'])
    await settle()
    expect([a, b, c].every(({ isOver }) => isOver)).to.equal(true)
  })

  it('do not wait long for a node that does not transfer it', async () => {
    const [a] = scene.start('a', 'dead') as [Delivery]
    serve(a)
    await eventually(() => expect(scene.asked).to.deep.equal(['a']), { everyMs: 1 })
  })

  it('do not wait for a node that refuses the NOTIFY, is silent or gets another version', () => {
    const [a, , , d] = scene.start('a', 'b', 'c', 'd') as [Delivery, Delivery, Delivery, Delivery]
    serve(a)
    scene.answer('b', { kind: 'refused', reason: 'NOTAUTH' })
    scene.answer('c', { kind: 'silent', reason: 'no answer' })
    expect(scene.asked).to.deep.equal([])
    d.supersede()
    expect(scene.asked).to.deep.equal(['a'])
  })

  it('are observed one by one while the node has much to do', () => {
    scene.isBusy = true
    const [a, b] = scene.start('a', 'b') as [Delivery, Delivery]
    serve(a)
    b.supersede()
    // At the common moment of busy nodes.
    expect(scene.asked).to.deep.equal([])
  })

  it('teach nothing about a node that waited for others', async () => {
    const [a, b] = scene.start('a', 'b') as [Delivery, Delivery]
    serve(a)
    await settle()
    serve(b)
    await settle()
    expect(scene.delays.firstQueryMs('a')).to.equal(0)
  })

  it('of older versions are forgotten when a node transfers none of them', () => {
    const serving = new ServedTogether()
    const waited: number[] = []
    // The silent node begins with each version before it is superseded.
    for (let serial = 1; serial <= 100; serial++) {
      serving.begin(ZONE.name, serial)
      serving.begin(ZONE.name, serial)
      if (serial > 1) serving.end(ZONE.name, serial - 1)
      serving.end(ZONE.name, serial)
      expect(serving.wait(ZONE.name, serial, { onAllServed: () => waited.push(serial) })).to.equal(true)
      expect(serving.wait(ZONE.name, serial - 1, { onAllServed: () => waited.push(serial) })).to.equal(false)
    }
    serving.end(ZONE.name, 100)
    expect(waited).to.deep.equal([100])
  })
})
