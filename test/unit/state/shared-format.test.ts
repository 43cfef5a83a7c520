/** State in Redis across upgrades and key changes: values that are valid, that are sealed again, and that stay unchanged. */
import { systemClock } from '../../../lib/runtime/clock.js'
import { expect } from 'chai'
import { TsigKey } from '../../../lib/dns/tsig-record.js'
import { silentLogger } from '../../../lib/runtime/logger.js'
import { Metrics } from '../../../lib/runtime/metrics.js'
import { CellDoor, inPackets } from '../../../lib/state/cell-door.js'
import { Seals } from '../../../lib/state/seals.js'

const key = (secret: string): TsigKey => new TsigKey('hubs.', 'hmac-sha256', Buffer.from(secret))
const secret = Buffer.alloc(32, 1)
const keys = (...names: string[]) => new Map(names.map((name) => [name, [key('shared')]]))
const DRAIN = { at: 5, drained: true, by: 'ann', reason: undefined }

const door = (seals: Seals): CellDoor =>
  new CellDoor({
    seals,
    log: silentLogger,
    metrics: new Metrics(),
    clock: systemClock,
    fleet: { hasZone: () => true, hasNode: (id) => id !== 'gone', zones: () => [] },
  })
const written = (seals: Seals): unknown => JSON.parse(JSON.stringify(door(seals).written('drains', 'ams1', DRAIN)))

describe('a sealed value in redis', () => {
  it('is sealed again when this hub gets its first key', () => {
    const seals = new Seals(secret, { hub: 'east', keys: new Map() })
    const stands = written(seals)
    expect(door(seals).keepsUntil('drains', 'ams1', stands, DRAIN)).to.equal(5)
    seals.adopt({ hub: 'east', keys: keys('east', 'west') })
    expect(door(seals).read('drains', 'ams1', stands)).to.deep.include({ drained: true })
    expect(door(seals).keepsUntil('drains', 'ams1', stands, DRAIN)).to.equal(Number.NEGATIVE_INFINITY)
    // The peer hub reads the new value.
    const peer = new Seals(Buffer.alloc(32, 2), { hub: 'west', keys: keys('east', 'west') })
    expect(door(peer).read('drains', 'ams1', written(seals))).to.deep.include({ drained: true })
  })

  it('of a peer hub with an unknown key is not replaced by an older one', () => {
    const peer = new Seals(Buffer.alloc(32, 2), { hub: 'west', keys: new Map([['west', [key('a new one')]]]) })
    const ours = door(new Seals(secret, { hub: 'east', keys: keys('east', 'west') }))
    const stands = written(peer)
    expect(ours.read('drains', 'ams1', stands)).to.equal(undefined)
    expect(ours.keepsUntil('drains', 'ams1', stands, undefined)).to.equal(5)
  })

  it('of an unknown hub is replaced', () => {
    const stranger = new Seals(Buffer.alloc(32, 3), { hub: 'unknown', keys: new Map() })
    const ours = door(new Seals(secret, { hub: 'east', keys: keys('east', 'west') }))
    expect(ours.keepsUntil('drains', 'ams1', written(stranger), undefined)).to.equal(Number.NEGATIVE_INFINITY)
  })
})

describe('messages between processes', () => {
  it('have all values, in order, and none of the messages is long', () => {
    const values = Array.from({ length: 100 }, (_, i) => ({ i, json: 'x'.repeat(50_000) }))
    const packets = [...inPackets(values)]
    expect(packets.flat().map(({ i }) => i)).to.deep.equal(values.map(({ i }) => i))
    expect(packets.every((part) => part.length * 50_000 <= 1 << 20)).to.equal(true)
    expect([...inPackets([{ i: 0, json: 'x'.repeat(3 << 20) }])]).to.deep.equal([[{ i: 0 }]])
    expect([...inPackets([])]).to.deep.equal([])
  })
})
