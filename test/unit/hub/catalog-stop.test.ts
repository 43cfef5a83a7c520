/** A long change of members, and the end of the process meanwhile. */
import { expect } from 'chai'
import { Membership } from '../../../lib/catalog/membership.js'
import { parseZoneName } from '../../../lib/dns/name.js'
import { silentLogger } from '../../../lib/runtime/logger.js'
import { SignalBus } from '../../../lib/state/signals.js'
import { CatalogConsumer, type ConsumerParts } from '../../../services/fleet/catalog-consumer.js'
import { eventually } from '../../support/eventually.js'

const CATALOG = parseZoneName('cat.example')
const COUNT = 2_000

describe('a long change of the members of a catalog', () => {
  /** Changes that were written to disk, and that the roles got. */
  let written: number
  let carriedOut: number
  let consumer: CatalogConsumer
  let end: (() => Promise<void>) | undefined
  /** The end of the consumer that `end` began. */
  let ending: Promise<void> | undefined

  beforeEach(() => {
    written = carriedOut = 0
    end = ending = undefined
    const membership = new Membership([CATALOG])
    const overdue = Array.from({ length: COUNT }, (_, i) => {
      const zone = parseZoneName(`m${i}.example`)
      return { zone, after: { zone, catalog: CATALOG, id: `m${i}`, group: undefined, coo: undefined, since: 0, leftAt: 0 } }
    })
    membership.apply(overdue)
    consumer = new CatalogConsumer({
      bus: new SignalBus(),
      membership,
      log: silentLogger,
      audit: { note: () => undefined },
      clock: { now: () => 1_000 },
      board: { get: () => undefined },
      config: () => ({ catalogs: { consumed: new Map([[CATALOG, { graceMs: 0 }]]) } }),
      isTaken: () => false,
      store: { zone: () => ({ released: undefined }) },
      refresh: () => undefined,
      members: {
        tend: async () => undefined,
        append: async (rows: readonly unknown[]) => {
          written += rows.length
        },
      },
      onChange: async (changes: readonly { zone: string }[]) => {
        carriedOut += changes.length
        ending ??= end?.()
      },
    } as unknown as ConsumerParts)
  })
  const endAtFirstSlice = async (how: () => Promise<void>): Promise<void> => {
    end = () => {
      end = undefined
      return how()
    }
    consumer.start()
    await eventually(() => expect(carriedOut).to.be.greaterThan(0))
    await ending
    await consumer.finish(true)
  }

  it('is on disk first, and left to the next start when the process ends', async () => {
    await endAtFirstSlice(() => consumer.finish(true))
    expect(written).to.equal(COUNT)
    expect(carriedOut).to.be.within(1, COUNT / 4)
  })

  it('is carried out to its end when another worker gets the catalogs', async () => {
    await endAtFirstSlice(() => consumer.finish())
    expect(carriedOut).to.equal(COUNT)
  })
})
