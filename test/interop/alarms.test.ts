/**
 *   Knot (primary) ──▶ hub ──▶ NSD (node)
 *                       │
 *                    /metrics ──▶ promtool ──▶ alarms that fire
 *
 * The alarms of deploy/prometheus in Prometheus' own tool: the case of each alarm, and the metrics of a real hub on a good and on a
 * bad day.
 */
import { spawnSync } from 'node:child_process'
import { copyFileSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { expect } from 'chai'
import { stringify } from 'yaml'
import { makeKey } from '../../lab/keys.js'
import { startKnot } from '../../lab/knot.js'
import { startNsd } from '../../lab/nsd.js'
import { findPort } from '../../lab/ports.js'
import type { LabServer } from '../../lab/server.js'
import { zoneText } from '../../lab/zone-text.js'
import { alarmRules, RULES_FILE } from '../../setup/docs/metrics-page.js'
import { eventually } from '../support/eventually.js'
import { needsPeers } from '../support/peers.js'
import { scratchDirs } from '../support/scratch-dir.js'
import { startHub, type TestHub, writeHubConfig } from '../support/test-hub.js'

const ZONE = 'alarms.example.'

/** Minutes for which the metrics stay as they are; the longest wait of an alarm is an hour. */
const MINUTES = 180

interface Series {
  series: string
  values: string
}

/**
 * The samples of a scrape as series of promtool, where time begins at 0. Times of the past go on with the clock, as those of a hub
 * that works; with `isStopped` they stay as they are.
 */
function seriesOf(text: string, now: number, isStopped: boolean): Series[] {
  return text
    .split('\n')
    .filter((line) => line !== '' && !line.startsWith('#'))
    .map((line) => {
      const [, series, value] = /^(.+) (\S+)$/.exec(line)!
      const isTime = /_timestamp_seconds(\{|$)/.test(series!)
      const isPast = isTime && Number(value) < now
      const start = isTime ? Number(value) - now : Number(value)
      return { series: series!, values: `${start}+${isPast && !isStopped ? 60 : 0}x${MINUTES}` }
    })
}

describe('the alarms in Prometheus', function () {
  this.timeout(120_000)
  needsPeers('knot', 'nsd', 'redis', 'promtool')
  const scratch = scratchDirs()
  const key = makeKey('node-key')
  const servers: LabServer[] = []
  let dir: string
  let hub: TestHub
  let node: LabServer

  before(async () => {
    dir = scratch()
    copyFileSync(RULES_FILE, join(dir, 'zonecast.rules.yml'))
    copyFileSync(RULES_FILE.replace('rules', 'test'), join(dir, 'zonecast.test.yml'))
    const primary = await startKnot({ name: 'hm1', zones: [{ name: ZONE, text: zoneText(ZONE, { serial: 1, records: 20 }) }] })
    servers.push(primary)
    const transfer = await findPort()
    node = await startNsd({ name: 'ams1', zones: [{ name: ZONE, from: [{ ip: '127.0.0.1', port: transfer, key }] }] })
    servers.push(node)
    const place = await writeHubConfig(
      {
        folder: join(dir, 'hub'),
        primaries: { hm1: primary },
        nodes: { ams1: { cloud: 'A', ip: node.ip, port: node.port, key } },
        zones: [{ name: ZONE }],
        extra: { defaults: { refresh: { min: '1s', max: '5s' }, observe: { every: '5s' } } },
      },
      { transfer },
    )
    hub = await startHub(place)
  })
  after(async () => {
    await hub?.stop()
    for (const server of servers) await server.stop()
  })

  const promtool = (...args: string[]) => spawnSync('promtool', args, { cwd: dir, encoding: 'utf8' })

  async function scrape(): Promise<{ text: string; now: number }> {
    const text = await (await fetch(`${hub.api}/metrics`)).text()
    return { text, now: Date.now() / 1000 }
  }

  /** Alarms that promtool finds firing at some minute, sorted. */
  function firing(input: Series[]): string[] {
    // A case that expects no alarm fails for each that fires, and names it.
    const alerts = alarmRules().map(({ alert }) => alert)
    const times = ['20m', '90m', `${MINUTES}m`]
    const test = {
      rule_files: ['zonecast.rules.yml'],
      evaluation_interval: '1m',
      tests: [
        {
          interval: '1m',
          input_series: input,
          alert_rule_test: alerts.flatMap((alertname) => times.map((at) => ({ eval_time: at, alertname, exp_alerts: [] }))),
        },
      ],
    }
    writeFileSync(join(dir, 'day.yml'), stringify(test))
    const { stdout, stderr } = promtool('test', 'rules', 'day.yml')
    return [...new Set([...`${stdout}${stderr}`.matchAll(/alertname:\s*"?(\w+)/g)].map(([, name]) => name!))].sort()
  }

  it('are valid rules, and each fires in its case', () => {
    const checked = promtool('check', 'rules', 'zonecast.rules.yml')
    expect(checked.status, checked.stderr).to.equal(0)
    const tested = promtool('test', 'rules', 'zonecast.test.yml')
    expect(tested.status, `${tested.stdout}${tested.stderr}`).to.equal(0)
  })

  it('are silent on a good day of a real hub, except the one that proves they work', async () => {
    await eventually(
      async () => {
        const { text, now } = await scrape()
        expect(text).to.include('zonecast_nodes_in_state{cloud="A",state="in-sync"} 1')
        // On a busy machine the first observations may be late.
        expect(firing(seriesOf(text, now, false))).to.deep.equal(['ZonecastWatchdog'])
      },
      { timeoutMs: 60_000, everyMs: 1_000 },
    )
  })

  it('fire when the node and the primary of a real hub are away', async () => {
    for (const server of servers.splice(0)) await server.stop()
    const { text, now } = await eventually(
      async () => {
        const bad = await scrape()
        expect(bad.text).to.include('zonecast_nodes_in_state{cloud="A",state="unknown"} 1')
        expect(bad.text).to.include('zonecast_primary_up{primary="hm1"} 0')
        return bad
      },
      { timeoutMs: 60_000 },
    )
    expect(firing(seriesOf(text, now, true))).to.include.members([
      'ZonecastNodeSilent',
      'ZonecastObservationsStop',
      'ZonecastPrimariesDown',
      'ZonecastPrimaryDown',
      'ZonecastWatchdog',
    ])
  })
})
