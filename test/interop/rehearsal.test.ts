/** The rehearsal at the start of a hub: it goes through the whole path of a change, leaves nothing, and gives way to real work. */
import { expect } from 'chai'
import { mkdirSync, readdirSync, readFileSync, utimesSync } from 'node:fs'
import { join } from 'node:path'
import { setTimeout as sleep } from 'node:timers/promises'
import { loadConfig } from '../../config/load.js'
import { startKnot } from '../../lab/knot.js'
import type { LabServer } from '../../lab/server.js'
import { zoneText } from '../../lab/zone-text.js'
import { createLogger } from '../../lib/runtime/logger.js'
import { parseZoneName } from '../../lib/dns/name.js'
import { SignalBus } from '../../lib/state/signals.js'
import { Rehearsal } from '../../services/hub/rehearsal/rehearsal.js'
import { eventually } from '../support/eventually.js'
import { needsPeers } from '../support/peers.js'
import { scratchDirs } from '../support/scratch-dir.js'
import { api, type HubProcess, spawnHub, writeHubConfig } from '../support/test-hub.js'

const ZONE = 'real.example.'
const MARK = /rehears/i

const foldersIn = (dataDir: string): string[] => readdirSync(dataDir).filter((name) => name.startsWith('rehearsal-'))
const quiet = { name: 'worker', isBusy: false }

describe('the rehearsal', function () {
  this.timeout(60_000)
  const scratch = scratchDirs()
  const log = createLogger({ level: 'silent', isTerminal: false })

  const configOf = async (rehearses: boolean) => {
    const config = await loadConfig(
      (
        await writeHubConfig({
          folder: scratch(),
          rehearses,
          primaries: { hm1: { ip: '127.0.0.1', port: 9 } },
          nodes: { n1: { cloud: 'A', ip: '127.0.0.1', port: 10 } },
          zones: [{ name: ZONE }],
        })
      ).configFile,
    )
    mkdirSync(config.dataDir, { recursive: true })
    return config
  }

  it('delivers changes to all of its nodes, and leaves no folder', async () => {
    const config = await configOf(true)
    mkdirSync(join(config.dataDir, 'rehearsal-killed'))
    utimesSync(join(config.dataDir, 'rehearsal-killed'), 0, 0)
    const rehearsal = Rehearsal.begin(config, new SignalBus(), [quiet, undefined], log)!
    await eventually(() => expect(foldersIn(config.dataDir)).to.have.length(1).and.not.include('rehearsal-killed'))
    await eventually(() => expect(rehearsal.changes).to.be.greaterThan(3), { timeoutMs: 30_000 })
    await rehearsal.stop()
    expect(foldersIn(config.dataDir)).to.deep.equal([])
  })

  it('waits while real work comes, and stops at once', async () => {
    const bus = new SignalBus()
    const rehearsal = Rehearsal.begin(await configOf(true), bus, [quiet], log)!
    await eventually(() => expect(rehearsal.changes).to.be.greaterThan(0), { timeoutMs: 30_000 })
    const work = setInterval(() => bus.emit('committed', { zone: parseZoneName(ZONE), serial: 1, at: Date.now() }), 50)
    await sleep(500)
    const { changes } = rehearsal
    await sleep(1_000)
    clearInterval(work)
    expect(rehearsal.changes, 'changes while real work came').to.equal(changes)
    await eventually(() => expect(rehearsal.changes).to.be.greaterThan(changes), { timeoutMs: 30_000 })
    await rehearsal.stop()
  })

  it('waits while a transfer is under way that emits no signal', async () => {
    const config = await configOf(true)
    const transfer = { name: 'transfer', isBusy: true }
    const rehearsal = Rehearsal.begin(config, new SignalBus(), [quiet, transfer], log)!
    await sleep(1_500)
    expect(rehearsal.changes, 'changes before it has ended').to.equal(0)
    transfer.isBusy = false
    await eventually(() => expect(rehearsal.changes).to.be.greaterThan(0), { timeoutMs: 30_000 })
    transfer.isBusy = true
    await sleep(200)
    const { changes } = rehearsal
    await sleep(1_500)
    expect(rehearsal.changes, 'changes during the next one').to.equal(changes)
    transfer.isBusy = false
    await eventually(() => expect(rehearsal.changes).to.be.greaterThan(changes), { timeoutMs: 30_000 })
    await rehearsal.stop()
    expect(foldersIn(config.dataDir)).to.deep.equal([])
  })

  it('ends for good when a change takes too long', async () => {
    const config = await configOf(true)
    let isSlow = false
    const worker = {
      name: 'worker',
      get isBusy() {
        const until = performance.now() + (isSlow ? 3_100 : 0)
        while (performance.now() < until);
        return false
      },
    }
    const rehearsal = Rehearsal.begin(config, new SignalBus(), [worker], log)!
    await eventually(() => expect(rehearsal.changes).to.be.greaterThan(0), { timeoutMs: 30_000 })
    isSlow = true
    await eventually(() => expect(foldersIn(config.dataDir)).to.deep.equal([]), { timeoutMs: 30_000 })
    isSlow = false
    const { changes } = rehearsal
    await sleep(1_500)
    expect([rehearsal.changes, foldersIn(config.dataDir)]).to.deep.equal([changes, []])
    await rehearsal.stop()
  })

  it('is off where the config turns it off, and in a process that handles no changes', async () => {
    expect(Rehearsal.begin(await configOf(false), new SignalBus(), [quiet], log)).to.equal(undefined)
    expect(Rehearsal.begin(await configOf(true), new SignalBus(), [{ name: 'api', isBusy: false }], log)).to.equal(undefined)
  })

  describe('of a hub', () => {
    needsPeers('knot', 'redis')
    let primary: LabServer
    let hub: HubProcess

    before(async () => {
      primary = await startKnot({ name: 'primary', zones: [{ name: ZONE, text: zoneText(ZONE, { records: 5 }) }], tuned: true })
      const place = await writeHubConfig({
        folder: scratch(),
        rehearses: true,
        primaries: { hm1: primary },
        nodes: { n1: { cloud: 'A', ip: '127.0.0.1', port: 10 } },
        zones: [{ name: ZONE }],
        extra: { log: { level: 'debug' } },
      })
      hub = await spawnHub(place)
    })

    after(async () => {
      await hub?.stop()
      await primary?.stop()
    })

    it('shows in no answer of the API and in no metric, and the hub knows its own zone alone', async () => {
      const logText = (): string => readFileSync(`${hub.configFile}.log`, 'utf8')
      // Real work may end its first turn.
      const changes = (): number[] =>
        Array.from(logText().matchAll(/"changes":(\d+)[^\n]*rehearsal ended/g), ([, n]) => Number(n))
      await eventually(() => expect(Math.max(0, ...changes())).to.be.greaterThan(3), { timeoutMs: 40_000 })
      for (const path of ['/v1/zones', '/v1/nodes', '/v1/status', '/metrics', '/v1/audit']) {
        const response = await fetch(hub.api + path)
        expect(response.status, path).to.equal(200)
        expect(await response.text(), path).to.not.match(MARK)
      }
      const zones = readdirSync(join(hub.configFile, '..', 'data', 'zones'))
      expect(zones).to.have.length(1)
      const lines = logText()
        .split('\n')
        .filter((line) => MARK.test(line))
      expect(lines.every((line) => /rehearsal ended/.test(line))).to.equal(true)
      expect((await api(hub, `/v1/zones/${ZONE}`)) as object).to.be.an('object')
    })
  })
})
