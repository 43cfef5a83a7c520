/**
 *   zones at rest ──▶ a sweep over every node, with deliveries, proofs and rollouts as in the worker ──▶ zones that were opened
 */
import { expect } from 'chai'
import { parseZoneName } from '../../../lib/dns/name.js'
import { Fleet, type FleetNode, type FleetZone } from '../../../lib/fleet/fleet.js'
import { FleetObserver } from '../../../lib/observe/fleet-observer.js'
import { noteAnswer, noteDelivered } from '../../../lib/observe/node-cells.js'
import { NodeProofs } from '../../../lib/observe/node-proofs.js'
import type { NodeObserver } from '../../../lib/observe/node-observer.js'
import { PushFleet } from '../../../lib/push/push-fleet.js'
import { RolloutDriver } from '../../../lib/release/rollout-driver.js'
import { createLogger } from '../../../lib/runtime/logger.js'
import { Board } from '../../../lib/state/board.js'
import { SignalBus } from '../../../lib/state/signals.js'
import { noteConfirmed } from '../../../lib/store/version.js'
import { ZoneStore } from '../../../lib/store/zone-store.js'
import { eventually } from '../../support/eventually.js'
import { contentsOf } from '../../support/record-lines.js'
import { scratchDirs } from '../../support/scratch-dir.js'
import { soa } from '../../support/transfer-script.js'
import { fleetNode } from '../fleet/facts.js'

const NODES = ['n1', 'n2'].map((id) => fleetNode(id))
const NAMES = Array.from({ length: 20 }, (_, i) => parseZoneName(`z${i}.example`))
const SERIAL = 3
const nothing = (): void => undefined
const listening = (): (() => void) => nothing

describe('a sweep over zones at rest', () => {
  const scratch = scratchDirs()
  const ends: (() => unknown)[] = []
  afterEach(async () => {
    for (const end of ends.splice(0)) await end()
  })

  /** A store in which each zone rests, confirmed by n1 and, unless `unconfirmed` names it, by n2. */
  async function storeAtRest(unconfirmed?: string): Promise<ZoneStore> {
    const options = { dataDir: scratch(), hub: 'hub-a', mode: 'write', warmOctets: 1e9 } as const
    const first = ZoneStore.open(options)
    for (const name of NAMES) {
      const zone = first.zone(name)
      const contents = contentsOf(name, [soa(SERIAL).replace('example.', name), `${name} 60 NS ns.${name}`].join('\n'))
      const provenance = { seenAt: 1, committedAt: 5, releasedAt: 7, from: 'hm1' }
      const version = await zone.commitFull(zone.draft(contents), undefined, async () => provenance)
      for (const { id } of NODES) if (name !== unconfirmed || id !== 'n2') noteConfirmed(version, id, 42)
    }
    await first.close()
    const store = ZoneStore.open(options)
    await store.loadRows(() => true)
    ends.push(() => store.close())
    return store
  }

  /** Every node answers for every zone with the serial that the store has. Returns the names of open zones. */
  async function sweep(store: ZoneStore): Promise<string[]> {
    const zones = NAMES.map((name) => ({ name, nodes: NODES, primaries: [] }) as unknown as FleetZone)
    const fleet = new Fleet(zones, NODES, [], [])
    const board = new Board()
    let now = 1_000_000
    const clock = { now: () => now }
    const log = createLogger({ level: 'silent', isTerminal: false })
    const asked = new Set<string>()
    const observer = {
      observe: async (node: FleetNode, zone: FleetZone) => {
        asked.add(`${zone.name} ${node.id}`)
        noteAnswer(board, zone.name, node.id, SERIAL, now)
        return SERIAL
      },
      isDown: () => false,
      noteSwept: nothing,
      noteSign: nothing,
      onUp: listening,
    } as unknown as NodeObserver
    // A delivery of which the content is known, as a packed pair has it.
    for (const name of NAMES) noteDelivered(board, name, 'n1', { serial: SERIAL, digest: store.resting(name)!.digest }, now)
    const parts = { store, board, bus: new SignalBus(), clock, log, observer, paths: { onSwitch: listening } }
    const push = new PushFleet(fleet, {
      ...parts,
      observe: { unknownAfterMissed: 3 },
      notifyRetries: { retriesMs: [] },
      handOver: nothing,
    } as never)
    const rules = { everyMs: 1_000, afterReleaseMs: 1_000, afterReleaseForMs: 1_000, budget: { total: 2_000, perNode: 2_000 } }
    const fleetObserver = new FleetObserver(rules, observer, push, store, clock)
    const proofs = new NodeProofs(fleet, { ...parts, prober: { prove: async () => [] } })
    const driver = new RolloutDriver(fleet, parts as never)
    ends.push(
      () => push.stop(),
      () => fleetObserver.stop(),
      () => proofs.stop(),
      () => driver.finish(),
    )
    await proofs.start()
    await driver.start()
    fleetObserver.start(fleet)
    await eventually(() => {
      now += 1_000
      expect(asked.size).to.equal(NAMES.length * NODES.length)
    })
    return Array.from(store.zones, ({ name }) => name)
  }

  it('opens none of them', async () => {
    expect(await sweep(await storeAtRest())).to.deep.equal([])
  })

  it('opens the zone that a node confirms for the first time', async () => {
    const store = await storeAtRest(NAMES[7])
    expect(await sweep(store)).to.deep.equal([NAMES[7]])
    expect(store.zone(NAMES[7]!).latest!.confirmed.has('n2')).to.equal(true)
  })
})
