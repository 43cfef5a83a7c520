/** Log lines of refused peers: a node with a valid signature by zone and in `why`; everything that can be forged in one line. */
import { setTimeout as sleep } from 'node:timers/promises'
import { expect } from 'chai'
import { Metrics } from '../../../lib/runtime/metrics.js'
import { SignalBus, type Signals } from '../../../lib/state/signals.js'
import { TsigKey } from '../../../lib/dns/tsig-record.js'
import type { Logger } from '../../../lib/runtime/logger.js'
import { Misplaced } from '../../../services/transfer/misplaced.js'
import { SummedLines } from '../../../services/transfer/summed-lines.js'
import { question, rawMessage } from '../../support/raw-message.js'
import { fleetOf, NODE_KEY, STRANGER } from '../../support/transfer-scene.js'
import { NOW, signBy } from '../../support/tsig-maker.js'

const FORGED = new TsigKey(NODE_KEY.name, 'hmac-sha256', Buffer.from('a guess at the secret'))
const query = (zone = 'example.', flags = 0): Buffer => rawMessage({ id: 7, flags, questions: [question(zone, 'SOA')] })

class Scene {
  readonly lines: Record<string, unknown>[] = []
  readonly signals: Signals['refused'][] = []
  readonly metrics = new Metrics()
  readonly clock = { at: NOW * 1000, now: () => this.clock.at }
  readonly fleet
  readonly misplaced: Misplaced

  constructor(zones = ['example.']) {
    this.fleet = fleetOf(zones, [])
    const bus = new SignalBus()
    bus.on('refused', (signal) => this.signals.push(signal))
    const log = { warn: (line: Record<string, unknown>) => this.lines.push(line) } as unknown as Logger
    const { clock, metrics } = this
    const lines = new SummedLines(clock, { waitMs: 5, everyMs: 60_000 })
    this.misplaced = new Misplaced({ bus, clock, log, metrics }, lines)
  }

  hears(octets: Buffer, ip = STRANGER): void {
    this.misplaced.noteStranger(this.fleet, octets, ip)
  }

  async written(): Promise<Record<string, unknown>[]> {
    await sleep(20)
    return this.lines.splice(0)
  }
}

describe('a refused peer', () => {
  it("is named with its node when the node's signature verifies", async () => {
    const scene = new Scene()
    scene.hears(signBy(NODE_KEY, query()))
    expect(scene.signals.map(({ zone, nodes }) => ({ zone, nodes }))).to.deep.equal([{ zone: 'example.', nodes: ['signer'] }])
    expect(scene.signals[0]!.why).to.contain(`the key of signer came from ${STRANGER}`)
    const [line] = await scene.written()
    expect(line).to.deep.include({ remote: STRANGER, nodes: ['signer'], zones: 1, times: 1 })
  })

  for (const [what, octets] of [
    ['a signature that does not verify', signBy(FORGED, query())],
    ['a signature of an hour ago', signBy(NODE_KEY, query(), { time: NOW - 3600 })],
    ['no signature', query()],
    ['a NOTIFY', signBy(NODE_KEY, query('example.', 4 << 11))],
  ] as const)
    it(`with ${what} affects no node`, async () => {
      const scene = new Scene()
      scene.hears(octets)
      expect(scene.signals).to.deep.equal([])
      const [line] = await scene.written()
      expect(line).to.not.have.property('nodes')
      expect(line!.why).to.not.match(/paths|with the key of signer/)
      expect(await scene.metrics.registry.metrics()).to.contain('zonecast_refused_peers_total{node="none"} 1')
    })

  it('claims a key when its signature does not verify', async () => {
    const scene = new Scene()
    scene.hears(signBy(FORGED, query()))
    expect((await scene.written())[0]!.why).to.contain('claims the key of signer, but its signature does not verify')
  })

  it('is one line for all zones of a node, and is signalled once for each zone of the node', async () => {
    const zones = Array.from({ length: 5_000 }, (_, i) => `z${i}.example.`)
    const scene = new Scene(zones)
    for (let round = 0; round < 3; round++)
      for (const zone of scene.fleet.zones.values()) scene.misplaced.note(zone, STRANGER, NODE_KEY)
    const written = await scene.written()
    expect(written).to.have.length(1)
    expect(written[0]).to.deep.include({ zones: 5_000, times: 15_000 })
    expect(scene.signals).to.have.length(5_000)
    for (const zone of scene.fleet.zones.values()) scene.misplaced.note(zone, STRANGER, NODE_KEY)
    expect(await scene.written()).to.deep.equal([])
  })

  it('is one line for any number of forged addresses', async () => {
    const scene = new Scene()
    for (let i = 0; i < 900; i++) scene.hears(signBy(FORGED, query()), `10.${i >> 8}.${i & 255}.1`)
    expect(await scene.written()).to.have.length(1)
  })

  it('is named during a flood that claims its key from another address', () => {
    const scene = new Scene()
    const flood = signBy(FORGED, query())
    for (let i = 0; i < 5_000; i++) scene.hears(flood, '198.51.100.7')
    for (let i = 0; i < 500; i++) scene.hears(flood, `10.${i >> 8}.${i & 255}.1`)
    scene.hears(signBy(NODE_KEY, query()))
    expect(scene.signals).to.have.length(1)
  })

  it('with the name of a node key and the secret of another peer is not that node', () => {
    const scene = new Scene()
    scene.misplaced.note([...scene.fleet.zones.values()][0]!, '127.0.0.4', FORGED)
    expect(scene.signals).to.deep.equal([])
  })
})

describe('summed lines', () => {
  it('are one for each subject and interval, for a bounded number of subjects', async () => {
    const clock = { at: 0, now: () => clock.at }
    const lines = new SummedLines(clock, { waitMs: 1, everyMs: 30 })
    const written: string[] = []
    const note = (name: string, zone = 'example.') =>
      lines.note(name, zone as never, ({ zones, times }) => written.push(`${name} ${zones} ${times}`))
    expect(note('a')).to.equal(true)
    expect(note('a')).to.equal(false)
    await sleep(10)
    expect(written.splice(0)).to.deep.equal(['a 1 2'])
    clock.at += 10
    note('a')
    await sleep(10)
    expect(written).to.deep.equal([])
    await sleep(40)
    expect(written.splice(0)).to.deep.equal(['a 1 1'])
    for (let i = 0; i < 2_000; i++) note(`s${i}`)
    await sleep(40)
    expect(written.length).to.be.within(999, 1_000)
    clock.at += 60
    expect(note('later')).to.equal(true)
  })
})
