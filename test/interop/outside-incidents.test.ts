/**
 * C-root 2024 at the default settings, minute by minute: the nodes of a cloud get no new version for days. Users see it before the
 * operator does, unless a vantage point reports: the alarm fires within ten minutes of the release, and no node withdraws itself.
 *
 *   clock of the test ──▶ board, vantage point ──▶ states ──▶ promtool with the rules of deploy/prometheus
 */
import { spawnSync } from 'node:child_process'
import { copyFileSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { expect } from 'chai'
import { stringify } from 'yaml'
import { loadConfig } from '../../config/load.js'
import type { ProbeState } from '../../lib/probe/judge-visits.js'
import { PROBE_STATES } from '../../lib/probe/judge-visits.js'
import type { Serial } from '../../lib/dns/serial.js'
import { noteAnswer, noteSilence } from '../../lib/observe/node-cells.js'
import { silentLogger } from '../../lib/runtime/logger.js'
import { Board } from '../../lib/state/board.js'
import { HealthRounds } from '../../services/api/health/health-rounds.js'
import { Matrix } from '../../services/api/matrix.js'
import { Identities } from '../../services/api/probes/identities.js'
import { Vantages } from '../../services/api/probes/vantages.js'
import { fleetOfConfig } from '../../services/fleet/fleet-of-config.js'
import { RULES_FILE } from '../../setup/docs/metrics-page.js'
import { needsPeers } from '../support/peers.js'
import { scratchDirs } from '../support/scratch-dir.js'
import { BLANK } from '../unit/api/small-fleet.js'

const ADDRESS = '192.0.2.53'
const MINUTE = 60_000
const MINUTES = 12
const NODES = ['c1', 'c2', 'c3']
/** No time of the test: every setting that is not here is the default. */
const CONFIG = {
  hub: 'test',
  api: { tokens: [{ name: 'tokyo', role: 'vantage', sha256: 'ab'.repeat(32) }] },
  transfer: { listen: ['127.0.0.1:5300'] },
  primaries: { hm1: { address: '127.0.0.1:5301' } },
  clouds: { C: { addresses: [ADDRESS] } },
  nodes: Object.fromEntries(NODES.map((id, i) => [id, { cloud: 'C', address: `127.0.0.1:531${i}`, identity: `${id}.example` }])),
  zones: [{ name: 'root.example' }],
  probe: {},
}

describe('a cloud that gets no new version, as C-root in 2024', function () {
  this.timeout(60_000)
  needsPeers('promtool')
  const scratch = scratchDirs()

  /** Sums of the reports at each minute after the release, and the verdicts about the nodes that were other than serve. */
  async function replay(
    observe: (board: Board, now: number) => void,
  ): Promise<{ counts: Map<ProbeState, number[]>; verdicts: string[] }> {
    const file = join(scratch(), 'zonecast.yaml')
    writeFileSync(file, JSON.stringify(CONFIG))
    const config = loadConfig(file)
    const released = Date.parse('2024-05-18T15:30:00Z')
    let now = released
    const clock = { now: () => now }
    const board = new Board()
    const fleet = fleetOfConfig(config)
    const matrix = new Matrix(config, fleet, board, clock)
    const [zone] = [...fleet.zones.values()]
    const mark = (serial: number, releasedAt: number) => ({ serial: serial as Serial, digest: `d${serial}`, releasedAt })
    const releases = [mark(7, released - 86_400_000), mark(8, released)]
    board.set('zones', zone!.name, { ...BLANK, at: now, released: { ...releases[1]!, records: 5, octets: 100 }, releases })
    for (const id of NODES) noteAnswer(board, zone!.name, id, 7 as Serial, released - 1_000)
    const identities = new Identities({ querier: { ask: () => Promise.reject(new Error('never asked')) }, board, clock })
    const vantages = new Vantages({
      ...{ matrix, identities, log: silentLogger, steady: () => now },
      ...{ onProbe: () => undefined, onVantage: () => undefined, onReach: () => undefined },
    })
    const granted: string[] = []
    const withdrawals = {
      take: async ({ unit }: { unit: string }) => {
        granted.push(unit)
        return 'granted' as const
      },
      giveBack: async () => undefined,
      list: async () => new Set<string>(),
    }
    const health = new HealthRounds({
      ...{ matrix, withdrawals, log: silentLogger, steady: () => now },
      ...{ audit: { note: () => undefined }, isDrained: () => false, isSilent: () => false },
    })
    const counts = new Map<ProbeState, number[]>(PROBE_STATES.map((state) => [state, []]))
    const verdicts: string[] = []
    try {
      for (let minute = 0; minute <= MINUTES; minute++) {
        now = released + minute * MINUTE
        observe(board, now)
        const visits = (['udp', 'tcp'] as const).map((transport) => ({
          ...{ transport, instance: 'c2.example', serial: 7, rttMs: 9, error: null },
        }))
        vantages.take('tokyo', { address: ADDRESS, results: [{ zone: 'root.example', visits }] })
        for (const [state, row] of counts) row.push(vantages.find('tokyo')!.results.countOf('C', state))
        await health.round()
        for (const id of NODES) if (health.of(id).verdict === 'withdraw') verdicts.push(`${minute} ${id}`)
      }
    } finally {
      matrix.close()
    }
    return { counts, verdicts: [...verdicts, ...granted] }
  }

  /** Minutes after the release at which the alarm fires. */
  function firing(counts: ReadonlyMap<ProbeState, readonly number[]>): number[] {
    const dir = scratch()
    copyFileSync(RULES_FILE, join(dir, 'zonecast.rules.yml'))
    const series = [...counts].map(([state, row]) => ({
      series: `zonecast_vantage_probes{vantage="tokyo",cloud="C",state="${state}"}`,
      values: row.join(' '),
    }))
    const minutes = Array.from({ length: MINUTES + 1 }, (_, minute) => minute)
    return minutes.filter((minute) => {
      const silent = { eval_time: `${minute}m`, alertname: 'ZonecastVantageStale', exp_alerts: [] }
      const tests = [{ interval: '1m', input_series: series, alert_rule_test: [silent] }]
      writeFileSync(join(dir, 'day.yml'), stringify({ rule_files: ['zonecast.rules.yml'], evaluation_interval: '1m', tests }))
      const { status, stdout, stderr } = spawnSync('promtool', ['test', 'rules', 'day.yml'], { cwd: dir, encoding: 'utf8' })
      expect(`${stdout}${stderr}`, 'a failure to run').to.match(/SUCCESS|FAILED/)
      return status !== 0
    })
  }

  for (const [what, observe] of [
    [
      'while the hub observes it',
      (board: Board, now: number) => {
        for (const id of NODES) noteAnswer(board, 'root.example.' as never, id, 7 as Serial, now)
      },
    ],
    [
      'while its control network is down',
      (board: Board, now: number) => {
        for (const id of NODES) noteSilence(board, 'root.example.' as never, id, 'no answer', true, now)
      },
    ],
  ] as const)
    it(`is an alarm from outside within ten minutes of the release, ${what}, and withdraws no node`, async () => {
      const { counts, verdicts } = await replay(observe)
      expect(verdicts).to.deep.equal([])
      const minutes = firing(counts)
      expect(minutes[0], JSON.stringify([...counts])).to.be.within(1, 9)
      expect(minutes.at(-1), 'it does not end').to.equal(MINUTES)
    })
})
