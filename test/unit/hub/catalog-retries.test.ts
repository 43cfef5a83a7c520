/**
 *   ticks, reloads and new versions ──▶ CatalogConsumer ──▶ a store that fails: attempts stay few
 */
import { mock } from 'node:test'
import { expect } from 'chai'
import { parseZoneName } from '../../../lib/dns/name.js'
import { Membership } from '../../../lib/catalog/membership.js'
import { silentLogger } from '../../../lib/runtime/logger.js'
import { SignalBus } from '../../../lib/state/signals.js'
import type { MemberStore } from '../../../lib/store/member-rows.js'
import { CatalogConsumer, type ConsumerParts } from '../../../services/fleet/catalog-consumer.js'

const CATALOG = parseZoneName('cat.example')
const ZONE = parseZoneName('m1.example')
const MINUTE = 60

describe('catalogs whose store fails', () => {
  let attempts: { tend: number; append: number; read: number }
  let seconds: number
  let bus: SignalBus
  let membership: Membership
  let consumer: CatalogConsumer

  beforeEach(() => {
    mock.timers.enable({ apis: ['setInterval', 'setTimeout'] })
    attempts = { tend: 0, append: 0, read: 0 }
    seconds = 0
    bus = new SignalBus()
    membership = new Membership([CATALOG])
    const fail = (what: keyof typeof attempts) => {
      attempts[what] += 1
      return new Error('no space left on device')
    }
    const parts = {
      bus,
      membership,
      log: silentLogger,
      clock: { now: () => seconds * 1_000 },
      config: () => ({ catalogs: { consumed: new Map([[CATALOG, { graceMs: 0 }]]) } }),
      isTaken: () => false,
      store: {
        zone: () => {
          throw fail('read')
        },
      },
      members: {
        tend: () => Promise.reject(fail('tend')),
        append: (rows) => (rows.length > 0 ? Promise.reject(fail('append')) : Promise.resolve()),
      } as Partial<MemberStore>,
    }
    consumer = new CatalogConsumer(parts as unknown as ConsumerParts)
  })
  afterEach(async () => {
    await consumer.finish()
    mock.timers.reset()
  })

  const settle = () => new Promise((resolve) => setImmediate(resolve))
  const minute = async (each: () => void = () => undefined): Promise<void> => {
    for (seconds = 1; seconds <= MINUTE; seconds++) {
      each()
      mock.timers.tick(1_000)
      await settle()
    }
  }

  it('are tended, and rid of overdue members, once at each tick', async () => {
    const member = { zone: ZONE, catalog: CATALOG, id: 'm1', group: undefined, coo: undefined, since: 0, leftAt: 0 }
    membership.apply([{ zone: ZONE, after: member }])
    consumer.start()
    await minute()
    expect(attempts.tend).to.be.within(MINUTE, MINUTE + 1)
    expect(attempts.append).to.equal(MINUTE)
  })

  it('have one retry under way, however many versions and reloads come', async () => {
    consumer.start()
    await minute(() => {
      bus.emit('committed', { zone: CATALOG, serial: 1 as never, at: 0 })
      consumer.adopt()
    })
    const early = attempts.read
    await minute()
    // One retry of the review and one of the reload, each after 5 s.
    expect(attempts.read - early).to.be.within(MINUTE / 5, (2 * MINUTE) / 5 + 2)
  })
})
