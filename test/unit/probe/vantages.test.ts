/** Reports of vantage points: judged like probes of the hub, bounded, and worth nothing when the vantage point is lost. */
import { writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { expect } from 'chai'
import { loadConfig } from '../../../config/load.js'
import type { ProbeAnswer } from '../../../lib/answers/probe-answers.js'
import type { VantageReport } from '../../../lib/answers/vantage-answers.js'
import type { Serial } from '../../../lib/dns/serial.js'
import { noteAnswer } from '../../../lib/observe/node-cells.js'
import { silentLogger } from '../../../lib/runtime/logger.js'
import { Board } from '../../../lib/state/board.js'
import { Matrix } from '../../../services/api/matrix.js'
import { Identities } from '../../../services/api/probes/identities.js'
import { Vantages } from '../../../services/api/probes/vantages.js'
import { fleetOfConfig } from '../../../services/fleet/fleet-of-config.js'
import { BLANK } from '../api/small-fleet.js'
import { scratchDirs } from '../../support/scratch-dir.js'

const ADDRESS = '192.0.2.53'
const STOPPED = 'vantage point stopped reporting on an address'
const token = (name: string, role = 'vantage') => ({ name, role, sha256: 'ab'.repeat(32) })
const CONFIG = {
  hub: 'test',
  api: { tokens: [token('noc', 'admin'), token('tokyo'), token('lima')] },
  transfer: { listen: ['127.0.0.1:5300'] },
  primaries: { hm1: { address: '127.0.0.1:5301' } },
  clouds: { A: { addresses: [ADDRESS, '2001:db8::53'] }, B: { addresses: ['198.51.100.53'] } },
  nodes: {
    ams: {
      cloud: 'A',
      members: {
        'ams-1': { address: '127.0.0.1:5311', identity: 'one.ams' },
        'ams-2': { address: '127.0.0.1:5312', identity: 'two.ams' },
      },
    },
    lhr1: { cloud: 'A', address: '127.0.0.1:5313', identity: 'lhr1' },
    fra1: { cloud: 'B', address: '127.0.0.1:5314', identity: 'fra1' },
  },
  zones: [{ name: 'a.example' }, { name: 'b.example', clouds: ['B'] }],
  probe: { every: '10s' },
}
const visit = (instance: string | null, serial: number | null = 5, error: string | null = null) =>
  (['udp', 'tcp'] as const).map((transport) => ({ transport, instance, serial, rttMs: 3, error }))
const report = (visits: VantageReport['results'][number]['visits'], address = ADDRESS, zone = 'a.example'): VantageReport => ({
  address,
  results: [{ zone, visits }],
})

describe('reports of vantage points', () => {
  const scratch = scratchDirs()
  let now = 0
  let steady = 0
  let events: string[]
  let warnings: string[]
  let matrix: Matrix
  let vantages: Vantages

  const load = (more: object = {}) => {
    const file = join(scratch(), 'zonecast.yaml')
    writeFileSync(file, JSON.stringify({ ...CONFIG, ...more }))
    return loadConfig(file)
  }

  beforeEach(() => {
    ;[now, steady, events, warnings] = [Date.parse('2026-11-30T12:00:00Z'), 1_000, [], []]
    const board = new Board()
    const config = load()
    const clock = { now: () => now }
    const fleet = fleetOfConfig(config)
    matrix = new Matrix(config, fleet, board, clock)
    const released = { serial: 5 as Serial, digest: 'd5', releasedAt: now - 600_000 }
    for (const zone of fleet.zones.values()) {
      board.set('zones', zone.name, {
        ...BLANK,
        at: now,
        released: { ...released, records: 5, octets: 100 },
        releases: [released],
      })
      for (const { id } of zone.nodes) noteAnswer(board, zone.name, id, 5 as Serial, now - 60_000)
    }
    const identities = new Identities({ querier: { ask: () => Promise.reject(new Error('never asked')) }, board, clock })
    void identities.learn(fleet)
    vantages = new Vantages({
      matrix,
      identities,
      log: Object.assign(Object.create(silentLogger) as typeof silentLogger, {
        warn: ({ address }: { address?: string }, text: string) => {
          if (text === STOPPED) warnings.push(address ?? '')
        },
      }),
      onProbe: ({ vantage, zone, state }) => events.push(`${vantage} ${zone} ${state}`),
      onVantage: ({ name, state }) => events.push(`${name} is ${state}`),
      onReach: (vantage, { address }, { from, to }) => events.push(`${vantage} ${address} ${from} -> ${to}`),
      steady: () => steady,
    })
  })
  afterEach(() => matrix.close())

  const results = (name = 'tokyo'): ProbeAnswer[] => vantages.find(name)!.results.sorted()
  const reaches = (name = 'tokyo') =>
    [...vantages.find(name)!.catchment.list()].map(({ address, units }) => `${address} ${units}`)

  it('are for the callers with the role vantage', () => {
    expect(vantages.list().map(({ name, state }) => `${name} ${state}`)).to.deep.equal(['lima waiting', 'tokyo waiting'])
    expect(vantages.take('noc', report(visit('lhr1')))).to.deep.equal({ taken: 0, ignored: 1 })
  })

  it('are judged with the node that answered', () => {
    vantages.take('tokyo', report(visit('lhr1', 4)))
    expect(results()).to.have.length(1)
    expect(results()[0]).to.deep.include({
      vantage: 'tokyo',
      cloud: 'A',
      zone: 'a.example.',
      node: 'lhr1',
      serial: 4,
      state: 'stale',
    })
    vantages.take('tokyo', report(visit('thief')))
    expect(results()[0]).to.include({ state: 'stranger', node: null })
    vantages.take('tokyo', report(visit('fra1')))
    expect(results()[0]!.error).to.include('node fra1 of cloud B')
    vantages.take('tokyo', report(visit(null, null, 'timed out')))
    expect(results()[0]).to.include({ state: 'silent' })
    expect(events).to.include.members([
      'tokyo is up',
      'tokyo a.example. stale',
      'tokyo a.example. stranger',
      'tokyo a.example. silent',
    ])
  })

  it('give the catchment by node and cluster, with its changes', () => {
    vantages.take('tokyo', report(visit('one.ams')))
    expect(reaches()).to.deep.equal([`${ADDRESS} ams`])
    now += 10_000
    // Another server of the same site is no change.
    vantages.take('tokyo', report(visit('TWO.ams')))
    now += 10_000
    vantages.take('tokyo', report([visit('one.ams')[0]!, visit('lhr1')[1]!]))
    now += 10_000
    vantages.take('tokyo', report(visit('thief')))
    now += 10_000
    vantages.take('tokyo', report(visit(null, null)))
    const [reach] = vantages.find('tokyo')!.catchment.list()
    expect(reach!.changes.map(({ from, to }) => `${from} > ${to}`)).to.deep.equal([
      '"thief" > ',
      'ams,lhr1 > "thief"',
      'ams > ams,lhr1',
    ])
    expect([reach!.units, reach!.since]).to.deep.equal([[], now])
    expect(events).to.include(`tokyo ${ADDRESS} ams -> ams,lhr1`)
  })

  it('are kept for addresses and zones of the config alone', () => {
    expect(vantages.take('tokyo', report(visit('x'), '203.0.113.1'))).to.deep.equal({ taken: 0, ignored: 1 })
    for (const zone of ['other.example', '..', 'b.example', '\u0000'])
      expect(vantages.take('tokyo', report(visit('x'), ADDRESS, zone))).to.deep.equal({ taken: 0, ignored: 1 })
    expect([results(), reaches()]).to.deep.equal([[], []])
  })

  it('stay bounded, whatever is reported', () => {
    for (let i = 0; i < 3_000; i++) {
      now += 1_000
      vantages.take('tokyo', report(visit(`liar-${i}\u001b[2J`)))
    }
    const [reach] = vantages.find('tokyo')!.catchment.list()
    expect([results().length, reach!.changes.length, reach!.instances.size]).to.deep.equal([1, 20, 1])
    expect(results()[0]!.instance).to.equal('liar-2999?[2J')
    expect(events.length).to.be.lessThan(1_000)
  })

  it('end when the vantage point is lost, which is never well', () => {
    vantages.take('tokyo', report(visit('lhr1')))
    expect([...vantages.results()]).to.have.length(1)
    steady += 30_000
    vantages.watch()
    expect(vantages.find('tokyo')!.state).to.equal('up')
    steady += 1
    vantages.watch()
    expect(vantages.list().map(({ name, state }) => `${name} ${state}`)).to.deep.equal(['lima lost', 'tokyo lost'])
    expect([...vantages.results()]).to.deep.equal([])
    vantages.take('tokyo', report(visit('lhr1')))
    expect(events.filter((event) => event.startsWith('tokyo is'))).to.deep.equal(['tokyo is up', 'tokyo is lost', 'tokyo is up'])
  })

  it('end for an address when a whole round has ended without it', () => {
    vantages.take('tokyo', report(visit('lhr1')))
    for (let i = 0; i < 4; i++) {
      steady += 10_000
      vantages.take('tokyo', report(visit('fra1'), '198.51.100.53', 'b.example'))
      vantages.watch()
    }
    expect([vantages.find('tokyo')!.state, reaches()]).to.deep.equal(['up', ['198.51.100.53 fra1']])
    expect(results().map(({ address }) => address)).to.deep.equal(['198.51.100.53'])
    expect(warnings).to.deep.equal([ADDRESS])
  })

  it('are not missed for an address that the config dropped', () => {
    vantages.take('tokyo', report(visit('lhr1')))
    const next = load({ clouds: { A: {}, B: CONFIG.clouds.B } })
    const fleet = fleetOfConfig(next, matrix.fleet)
    matrix.adopt(next, fleet, fleet.diff(matrix.fleet))
    vantages.adopt()
    for (let i = 0; i < 4; i++) {
      steady += 10_000
      vantages.take('tokyo', report(visit('fra1'), '198.51.100.53', 'b.example'))
      vantages.watch()
    }
    expect(warnings).to.deep.equal([])
  })

  it('stay when a lost vantage point returns, until a round after its return has ended', () => {
    const other = '198.51.100.53'
    vantages.take('tokyo', report(visit('lhr1')))
    vantages.take('tokyo', report(visit('fra1'), other, 'b.example'))
    steady += 60_000
    vantages.watch()
    vantages.take('tokyo', report(visit('fra1'), other, 'b.example'))
    vantages.watch()
    expect(results().map(({ address }) => address)).to.have.members([ADDRESS, other])
    expect(warnings).to.deep.equal([])
  })

  it('stay while a round is longer than three intervals, as it is with silent addresses', () => {
    const other = '198.51.100.53'
    vantages.take('tokyo', report(visit('lhr1')))
    for (let i = 0; i < 3; i++) {
      for (const [address, zone, instance] of [
        ['2001:db8::53', 'a.example', 'lhr1'],
        [other, 'b.example', 'fra1'],
        [ADDRESS, 'a.example', 'lhr1'],
      ] as const) {
        steady += 25_000
        vantages.watch()
        vantages.take('tokyo', report(visit(instance), address, zone))
      }
      vantages.watch()
      expect(reaches()).to.have.length(3)
    }
    expect(vantages.find('tokyo')!.state).to.equal('up')
  })

  it('are asked for zones with trouble first, and only while probes are on', async () => {
    const tasks = await vantages.tasksFor('tokyo')
    expect(tasks).to.deep.equal({
      everySeconds: 10,
      port: 53,
      addresses: [
        { address: ADDRESS, zones: ['a.example.'] },
        { address: '2001:db8::53', zones: ['a.example.'] },
        { address: '198.51.100.53', zones: ['a.example.', 'b.example.'] },
      ],
    })
    expect((await vantages.tasksFor('noc')).addresses).to.deep.equal([])
  })

  it('end with their caller, address and zone at a reload', () => {
    vantages.take('tokyo', report(visit('lhr1')))
    vantages.take('tokyo', report(visit('fra1'), '198.51.100.53', 'b.example'))
    vantages.take('lima', report(visit('lhr1')))
    const clouds = { A: { addresses: [ADDRESS] }, B: {} }
    const next = load({ clouds, api: { tokens: [token('noc', 'admin'), token('tokyo')] } })
    const fleet = fleetOfConfig(next, matrix.fleet)
    matrix.adopt(next, fleet, fleet.diff(matrix.fleet))
    vantages.adopt()
    expect(vantages.find('lima')).to.equal(undefined)
    expect([results().length, reaches()]).to.deep.equal([1, [`${ADDRESS} lhr1`]])
    const off = load({ probe: 'off' })
    matrix.adopt(off, fleetOfConfig(off, fleet), { added: [], changed: [], removed: [] })
    vantages.adopt()
    expect([results(), vantages.find('tokyo')!.state]).to.deep.equal([[], 'waiting'])
  })
})
