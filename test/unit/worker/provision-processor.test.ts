/** Provision jobs run in turn, and their results name each zone. */
import { expect } from 'chai'
import { DONE, type NodeControl, ok } from '../../../lib/control/control.js'
import { parseZoneName, type ZoneName } from '../../../lib/dns/name.js'
import type { Fleet, FleetNode } from '../../../lib/fleet/fleet.js'
import type { ProvisionJob, ProvisionProgress } from '../../../lib/queue/jobs.js'
import type { NodeSetup } from '../../../lib/render/node-setup.js'
import { silentLogger } from '../../../lib/runtime/logger.js'
import { ZoneTurns } from '../../../lib/runtime/zone-turns.js'
import { type ProvisionParts, runProvision } from '../../../services/worker/provision-processor.js'
import { expectError } from '../../support/expect-error.js'

const NOW = 1_000_000_000
const NODE = {
  id: 'b1',
  cloud: 'A',
  paths: [],
  key: undefined,
  site: undefined,
  control: { kind: 'bind' },
} as unknown as FleetNode
const SETUP = {
  node: 'b1',
  make: 'bind',
  hubs: [{ id: 'east', address: { ip: '10.0.0.5', port: 53 }, senders: ['10.0.0.5'] }],
  sources: ['10.1.0.1'],
  listen: [],
  key: { name: 'b1-key.', algorithm: 'hmac-sha256' },
} as unknown as NodeSetup
const SHRINK = { mode: 'hold', percent: 10, atLeast: 20, smallBelow: 100, smallPercent: 50 }

/** A BIND in memory. */
class Server {
  readonly zones = new Set<ZoneName>()
  readonly orders: string[] = []
  refuses: ZoneName | undefined

  get control(): NodeControl {
    return {
      status: async () => ok({ version: '9.20.3', zones: undefined, details: {} }),
      zoneStatus: async (zone: ZoneName) =>
        ok({ isConfigured: this.zones.has(zone), serial: 1, state: undefined, details: { type: 'secondary' } }),
      addZone: async ({ name, file, primaries }: Parameters<NodeControl['addZone']>[0]) => {
        this.orders.push(`add ${name} ${file} ${primaries.map(({ address, key }) => `${address.ip} ${key}`).join()}`)
        if (name === this.refuses) return { kind: 'refused', error: 'b1: rndc refuses: failure', words: 'failure' } as const
        this.zones.add(name)
        return DONE
      },
      removeZone: async (zone: ZoneName) => {
        this.orders.push(`remove ${zone}`)
        this.zones.delete(zone)
        return DONE
      },
    } as unknown as NodeControl
  }
}

function partsFor(server: Server, carried: readonly string[], known: readonly string[] = []): ProvisionParts {
  const zones = carried.map((text) => ({ name: parseZoneName(text), nodes: [NODE], checks: { shrink: SHRINK } }))
  const fleet = {
    nodes: new Map([['b1', NODE]]),
    zones: new Map(zones.map((zone) => [zone.name, zone])),
    zonesOf: () => zones,
  } as unknown as Fleet
  return {
    fleet: () => fleet,
    setup: () => SETUP,
    controls: { of: (node) => (node.control === undefined ? undefined : server.control) },
    ways: () => ({ sources: [], limits: { connectMs: 1, answerMs: 1, octets: 1 }, now: () => NOW }),
    known: async () => known.map(parseZoneName),
    confirm: async (zone, _node, action) => {
      const name = typeof zone === 'string' ? zone : zone.name
      return server.zones.has(name) === (action === 'add') ? undefined : 'is not shown'
    },
    inTurn: new ZoneTurns<string>().run,
    log: silentLogger,
  }
}

function jobOf(more: Partial<ProvisionJob> = {}): ProvisionJob {
  return { node: 'b1', apply: true, yes: false, by: 'noc', reason: undefined, at: NOW, id: '1', seal: 'ab', ...more }
}

const NAMES = ['a.test.', 'b.test.', 'c.test.', 'd.test.']

describe('a provision job', () => {
  let server: Server
  let reports: ProvisionProgress[]
  const run = (job: ProvisionJob, parts: ProvisionParts): Promise<ProvisionProgress> =>
    runProvision(job, parts, async (progress) => void reports.push(structuredClone(progress)))

  beforeEach(() => {
    server = new Server()
    reports = []
  })

  it('changes nothing without apply', async () => {
    const { add, remove, isApplied } = await run(jobOf({ apply: false }), partsFor(server, NAMES))
    expect({ add, remove, isApplied, orders: server.orders }).to.deep.equal({ add: 4, remove: 0, isApplied: false, orders: [] })
  })

  it('adds zones from the hub, with the name of the key', async () => {
    const { confirmed } = await run(jobOf(), partsFor(server, ['a.test.']))
    expect(confirmed).to.equal(1)
    expect(server.orders).to.deep.equal(['add a.test. a.test.zone 10.0.0.5 b1-key'])
    expect((await run(jobOf(), partsFor(server, ['a.test.']))).changes).to.deep.equal([])
  })

  it('reports each zone that fails, and goes on with the others', async () => {
    server.refuses = parseZoneName('b.test.')
    await expectError('WORKER_PROVISION_FAILED', () => run(jobOf(), partsFor(server, NAMES)))
    const { confirmed, failed, changes } = reports.at(-1)!
    expect({ confirmed, failed }).to.deep.equal({ confirmed: 3, failed: 1 })
    expect(changes[0]).to.deep.equal({ zone: 'b.test.', action: 'add', step: 'failed', error: 'b1: rndc refuses: failure' })
  })

  it('removes nothing over the limit without yes, and adds nothing either', async () => {
    for (const text of NAMES) server.zones.add(parseZoneName(text))
    const parts = partsFor(server, ['a.test.', 'new.test.'], NAMES)
    await expectError('WORKER_PROVISION_FAILED', () => run(jobOf(), parts))
    expect(server.orders).to.deep.equal([])
    expect(reports.at(-1)!.isApplied).to.equal(false)
    await run(jobOf({ yes: true }), parts)
    expect([...server.zones]).to.have.members(['a.test.', 'new.test.'])
  })

  it('waits for another one of the node', async () => {
    const parts = partsFor(server, NAMES)
    const [first, second] = await Promise.all([run(jobOf(), parts), run(jobOf(), parts)])
    expect([first.changes.length, second.changes.length]).to.deep.equal([4, 0])
  })

  it('names the node that is gone, or has no control channel', async () => {
    const parts = partsFor(server, NAMES)
    await expectError('WORKER_PROVISION_FAILED', () => run(jobOf({ node: 'gone' }), parts))
    await expectError('WORKER_PROVISION_FAILED', () => run(jobOf(), { ...parts, controls: { of: () => undefined } }))
  })
})
