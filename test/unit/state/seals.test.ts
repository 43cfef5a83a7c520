/** Seals on decisions: the hubs whose seals are valid, and the limit of a seal to one value in one place. */
import { systemClock } from '../../../lib/runtime/clock.js'
import { chmodSync, mkdirSync, statSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { expect } from 'chai'
import { TsigKey } from '../../../lib/dns/tsig-record.js'
import { silentLogger } from '../../../lib/runtime/logger.js'
import { Metrics } from '../../../lib/runtime/metrics.js'
import { CellDoor } from '../../../lib/state/cell-door.js'
import { readSignal } from '../../../lib/state/schemas.js'
import type { SignalName } from '../../../lib/state/signals.js'
import { dataDirSecret, type Sealed, Seals } from '../../../lib/state/seals.js'
import type { ZoneOrders } from '../../../lib/rollout/record.js'
import { scratchDirs } from '../../support/scratch-dir.js'

const key = (secret: string): TsigKey => new TsigKey('hubs.', 'hmac-sha256', Buffer.from(secret))
const SHARED = new Map([
  ['east', [key('the hubs know it')]],
  ['west', [key('the hubs know it')]],
])
const secret = (fill: number): Buffer => Buffer.alloc(32, fill)
const hub = (name: string, keys = SHARED, own = name.length + name.charCodeAt(0)): Seals =>
  new Seals(secret(own), { hub: name, keys })

const ORDERS: ZoneOrders = {
  at: 7,
  decisions: [{ kind: 'approve', at: 7, by: 'ann', reason: 'compared', serial: 5, digest: 'd' }],
}

describe('a seal', () => {
  it('of a hub is valid for its own processes and its peer hubs', () => {
    const sealed = hub('east').seal('orders', 'example.', ORDERS)
    for (const reader of [hub('east'), hub('west')])
      expect(JSON.parse(reader.open('orders', 'example.', sealed)!)).to.deep.equal(ORDERS)
  })

  it('of a hub without a key is valid for its own processes alone', () => {
    const sealed = hub('east', new Map()).seal('orders', 'example.', ORDERS)
    expect(sealed.mac).to.equal(undefined)
    expect(hub('east', new Map()).open('orders', 'example.', sealed)).to.not.equal(undefined)
    expect(hub('west').open('orders', 'example.', sealed)).to.equal(undefined)
  })

  it("on a hub's findings on its own zones is valid for its own processes alone", () => {
    const sealed = hub('east').seal('zones', 'example.', ORDERS)
    expect(hub('east').open('zones', 'example.', sealed)).to.not.equal(undefined)
    expect(hub('west').open('zones', 'example.', sealed)).to.equal(undefined)
    const peer = { ...hub('west').seal('orders', 'example.', ORDERS), by: 'west' }
    expect(hub('east').open('zones', 'example.', peer)).to.equal(undefined)
  })

  const FORGED: readonly (readonly [id: string, change: (sealed: Sealed) => Sealed])[] = [
    ['another value', (sealed) => ({ ...sealed, value: sealed.value.replace('approve', 'reject') })],
    ['another hub', (sealed) => ({ ...sealed, by: 'west' })],
    ['no MAC', ({ mac: _, ...sealed }) => sealed],
    ['an empty MAC', (sealed) => ({ ...sealed, mac: '' })],
    [
      'the MAC of another key',
      (sealed) => ({ ...sealed, mac: hub('east', new Map([['east', [key('guessed')]]])).seal('orders', 'example.', ORDERS).mac }),
    ],
    ['letters that are no MAC', (sealed) => ({ ...sealed, mac: 'ü'.repeat(64) })],
  ]
  for (const [id, change] of FORGED)
    it(`with ${id} is not valid`, () => {
      const sealed = change(hub('east').seal('orders', 'example.', ORDERS))
      expect(hub('west').open('orders', 'example.', sealed)).to.equal(undefined)
    })

  it('is valid for no other zone and no other table', () => {
    const sealed = hub('east').seal('orders', 'example.', ORDERS)
    expect(hub('west').open('orders', 'other.', sealed)).to.equal(undefined)
    expect(hub('west').open('stages', 'example.', sealed)).to.equal(undefined)
    expect(hub('east').open('drains', 'example.', sealed)).to.equal(undefined)
  })

  it('is valid while the key is in the config', () => {
    const reader = hub('west')
    const sealed = hub('east').seal('orders', 'example.', ORDERS)
    reader.adopt({ hub: 'west', keys: new Map([['west', [key('the hubs know it')]]]) })
    expect(reader.open('orders', 'example.', sealed)).to.equal(undefined)
  })

  it('is valid with each key of a hub whose key is being replaced', () => {
    const [old, fresh] = [key('the hubs know it'), key('its successor')]
    const both = (first: TsigKey, second: TsigKey) =>
      new Map([
        ['east', [first, second]],
        ['west', [first, second]],
      ])
    const sealedBy = (keys: Map<string, TsigKey[]>): Sealed => hub('east', keys).seal('orders', 'example.', ORDERS)
    const reader = hub('west', both(old, fresh))
    for (const sealed of [sealedBy(SHARED), sealedBy(both(fresh, old)), sealedBy(new Map([['east', [fresh]]]))])
      expect(reader.open('orders', 'example.', sealed)).to.be.a('string')
    expect(hub('west', new Map([['east', [fresh]]])).open('orders', 'example.', sealedBy(SHARED))).to.equal(undefined)
    expect(hub('east', both(fresh, old)).isStale('orders', 'example.', sealedBy(SHARED))).to.equal(true)
  })
})

describe('a value in redis', () => {
  const metrics = new Metrics()
  const door = new CellDoor({
    seals: hub('west'),
    log: silentLogger,
    metrics,
    clock: systemClock,
    fleet: { hasZone: () => true, hasNode: (id) => id !== 'gone', zones: () => [] },
  })
  const foreign = async (what: string): Promise<number> =>
    (await metrics.foreignValues.get()).values.find(({ labels }) => labels.what === what)?.value ?? 0

  it('is read as it was written', () => {
    for (const [table, value] of [
      ['orders', ORDERS],
      ['drains', { at: 1, drained: true, by: 'ann', reason: undefined }],
      ['hubs', { at: 1, startedAt: 1, version: '1', config: 'c' }],
    ] as const) {
      const written = JSON.parse(JSON.stringify(door.written(table, 'key', value)))
      expect(door.read(table, 'key', written)).to.deep.equal(JSON.parse(JSON.stringify(value)))
    }
  })

  it('is dropped for a node that is not in the fleet, and for hubs beyond 256', () => {
    const node = { at: 1, serial: 5, since: 1, observedAt: 1, missed: 0 }
    expect(door.read('nodes', 'example. ams1', node)).to.not.equal(undefined)
    expect(door.read('nodes', 'example. gone', node)).to.equal(undefined)
    const cell = { at: 1, startedAt: 1, version: '1', config: 'c' }
    const taken = Array.from({ length: 300 }, (_, i) => door.read('hubs', `hub${i}`, cell)).filter((read) => read !== undefined)
    // An earlier test has read one.
    expect(taken.length).to.be.within(255, 256)
  })

  it('without a seal is no decision, whatever its content, and is counted', async () => {
    const before = await foreign('orders')
    expect(door.read('orders', 'example.', ORDERS)).to.equal(undefined)
    expect(door.read('drains', 'ams1', { at: 1, drained: true, by: 'ann' })).to.equal(undefined)
    expect(await foreign('orders')).to.equal(before + 1)
  })

  const NODE = { at: 1, serial: 5, since: 1, observedAt: 1, missed: 0 }
  const BAD: readonly (readonly [id: string, cell: unknown])[] = [
    ['null', null],
    ['a list', [NODE]],
    ['a time that is no date', { ...NODE, observedAt: 1e17 }],
    ['a time that is text', { ...NODE, since: 'now' }],
    ['a serial over 32 bits', { ...NODE, serial: 2 ** 32 }],
    ['a negative serial', { ...NODE, serial: -1 }],
    ['a serial with a fraction', { ...NODE, serial: 1.5 }],
    ['a push that is a number', { ...NODE, push: 7 }],
    ['an error of a mebibyte', { ...NODE, error: 'x'.repeat(1 << 20) }],
    ['a text whose length cannot be compared', { ...NODE, error: { length: { toString: 1 } } }],
    ['no count of what was missed', { at: 1, since: 1 }],
    ['a time later than all others for ever', { ...NODE, at: 8.64e15 }],
  ]
  for (const [id, cell] of BAD)
    it(`is refused in a node’s cell: ${id}`, () => expect(door.read('nodes', 'k', cell)).to.equal(undefined))

  it('is refused as a signal with the name of a built-in property', () => {
    for (const signal of ['constructor', '__proto__', 'toString'])
      expect(readSignal(signal as SignalName, { zone: 'example.' })).to.equal(undefined)
  })

  it('is refused with a time in the future', () => {
    const now = Date.now()
    const cell = { at: now, since: now, missed: 0 }
    expect(door.read('nodes', 'example. n1', { ...cell, serial: 5 })).to.not.equal(undefined)
    const far = now + 2 * 86_400_000
    for (const more of [{ at: far }, { since: far }, { strayAt: far }, { taken: { serial: 5, digest: 'd', at: far } }])
      expect(door.read('nodes', 'example. n1', { ...cell, ...more }), JSON.stringify(more)).to.equal(undefined)
  })

  it('may have fields of a newer hub, which are dropped', () => {
    expect(door.read('nodes', 'k', { ...NODE, added: 'later' })).to.deep.equal(NODE)
  })
})

describe('the secret of a dataDir', () => {
  const scratch = scratchDirs()

  it('is created once, and readable by its owner alone', async () => {
    const folder = scratch()
    const first = await dataDirSecret(folder)
    expect(first.length).to.equal(32)
    expect((await dataDirSecret(folder)).equals(first)).to.equal(true)
    const file = join(folder, 'hub.secret')
    expect(statSync(file).mode & 0o777).to.equal(0o600)
    chmodSync(file, 0o644)
    await dataDirSecret(folder)
    expect(statSync(file).mode & 0o777).to.equal(0o600)
  })

  it('is an error that names the file when it is malformed', async () => {
    const folder = scratch()
    writeFileSync(join(folder, 'hub.secret'), 'short')
    const error = await dataDirSecret(folder).catch((thrown: Error) => thrown)
    expect(String(error)).to.match(/hub\.secret has no secret/)
  })

  it('is awaited while another process creates it', async () => {
    const folder = join(scratch(), 'later')
    const waiting = dataDirSecret(folder, 5_000)
    await new Promise((resolve) => setTimeout(resolve, 120))
    mkdirSync(folder)
    const made = await dataDirSecret(folder)
    expect((await waiting).equals(made)).to.equal(true)
    const error = await dataDirSecret(join(folder, 'never'), 100).catch((thrown: Error) => thrown)
    expect(String(error)).to.match(/start the worker of this hub first/)
  })
})
