/**
 *   Knot (primary) ──▶ zonecast start ──▶ NSD (node)
 *                           ▲
 *                   every other command
 *
 * The real program: its output, the stream it prints to, and its exit status.
 */
import { type ChildProcess, spawn } from 'node:child_process'
import { once } from 'node:events'
import { writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { expect } from 'chai'
import { awaitSerial } from '../../lab/ask-serial.js'
import { makeKey } from '../../lab/keys.js'
import { startKnot } from '../../lab/knot.js'
import { startNsd } from '../../lab/nsd.js'
import { findPort } from '../../lab/ports.js'
import type { LabServer } from '../../lab/server.js'
import { updateZone } from '../../lab/update.js'
import { zoneText } from '../../lab/zone-text.js'
import { PROGRAM, START } from '../support/program.js'
import { eventually } from '../support/eventually.js'
import { needsPeers } from '../support/peers.js'
import { scratchDirs } from '../support/scratch-dir.js'

const ZONE = 'cli.example.'
const NODE_IP = '127.0.0.7'

interface Outcome {
  status: number | null
  out: string
  err: string
}

const ENVIRONMENT = { ...process.env, ZONECAST_CONFIG: undefined, ZONECAST_URL: undefined, ZONECAST_TOKEN: undefined }

const launch = (args: readonly string[], env: Record<string, string> = {}): ChildProcess =>
  spawn(process.execPath, [...PROGRAM, ...args], {
    stdio: ['ignore', 'pipe', 'pipe'],
    env: { ...ENVIRONMENT, ...env },
  })

async function run(args: readonly string[], env: Record<string, string> = {}): Promise<Outcome> {
  const child = launch(args, env)
  const out: Buffer[] = []
  const err: Buffer[] = []
  child.stdout!.on('data', (chunk: Buffer) => out.push(chunk))
  child.stderr!.on('data', (chunk: Buffer) => err.push(chunk))
  const [status] = (await once(child, 'close')) as [number | null]
  return { status, out: Buffer.concat(out).toString(), err: Buffer.concat(err).toString() }
}

describe('the program zonecast', function () {
  this.timeout(60_000)
  needsPeers('knot', 'nsd', 'redis')
  const scratch = scratchDirs()
  const hmKey = makeKey('hm-key')
  const nodeKey = makeKey('node-key', 'hmac-sha512')
  const servers: LabServer[] = []
  let primary: LabServer
  let node: LabServer
  let hub: ChildProcess
  let ready = ''
  let log = ''
  let config: string
  let settings: string
  const asked = (...args: string[]) => run([...args, '-c', config])

  before(async () => {
    const transfer = await findPort()
    const [nodePort, primaryPort, api] = [await findPort(NODE_IP), await findPort(), await findPort()]
    primary = await startKnot({
      name: 'hm1',
      port: primaryPort,
      zones: [{ name: ZONE, text: zoneText(ZONE, { serial: 1, records: 50, retrySeconds: 1 }) }],
      transferKey: hmKey,
      updateKey: hmKey,
    })
    servers.push(primary)
    node = await startNsd({
      name: 'ams1',
      ip: NODE_IP,
      port: nodePort,
      zones: [{ name: ZONE, from: [{ ip: '127.0.0.1', port: transfer, key: nodeKey }] }],
    })
    servers.push(node)
    const dir = scratch()
    config = join(dir, 'zonecast.yaml')
    settings = `hub: cli-test
dataDir: ./data
api: { listen: 127.0.0.1:${api} }
transfer: { listen: [127.0.0.1:${transfer}] }
keys:
  hm-key: { algorithm: ${hmKey.algorithm}, secret: ${hmKey.secret} }
  node-key: { algorithm: ${nodeKey.algorithm}, secret: ${nodeKey.secret} }
primaries: { hm1: { address: 127.0.0.1:${primaryPort}, key: hm-key } }
clouds: { A: { addresses: [192.0.2.53] } }
nodes: { ams1: { cloud: A, address: ${NODE_IP}:${nodePort}, key: node-key } }
zones: [ { name: ${ZONE} } ]
defaults: { refresh: { min: 100ms, max: 1s } }
`
    writeFileSync(config, settings, { mode: 0o600 })
    hub = launch([...START, '-c', config])
    hub.stdout!.on('data', (chunk: Buffer) => (ready += chunk))
    hub.stderr!.on('data', (chunk: Buffer) => (log += chunk))
    await eventually(() => expect(ready, log).to.match(/\n$/), { timeoutMs: 20_000 })
    await awaitSerial(node, ZONE, (serial) => serial === 1)
  })

  after(async () => {
    if (hub?.exitCode === null) {
      hub.kill('SIGTERM')
      await once(hub, 'exit')
    }
    await Promise.all(servers.map((server) => server.stop()))
  })

  it('prints ready once at the start, with every address', () => {
    expect(ready).to.match(/^ready transfer=127\.0\.0\.1:\d+ api=http:\/\/127\.0\.0\.1:\d+\/\n$/)
  })

  it('prints the matrix with status: as table, JSON, for Nagios and for Prometheus', async () => {
    await eventually(async () => expect((await asked('status', '--format', 'nagios')).status).to.equal(0))
    const table = await asked('status')
    expect(table).to.include({ status: 0, err: '' })
    expect(table.out).to.match(/^ZONE +RELEASED +ams1 \(A\)\ncli\.example\. +1 +1 in-sync\n$/)
    const json = JSON.parse((await asked('status', 'CLI.example', '--node', 'ams1', '--format', 'json')).out)
    expect(json.zones[0].nodes.ams1).to.include({ serial: 1, state: 'in-sync' })
    const nagios = await asked('status', '--format', 'nagios')
    expect(nagios.out).to.equal('ZONECAST OK - 1 of 1 in sync | in_sync=1;;;0;1 not_in_sync=0;;;0;1 lag=0s;;;0\n')
    expect((await asked('status', '--format', 'prom')).out).to.include(
      'zonecast_node_zone_serial{node="ams1",cloud="A",zone="cli.example."} 1\n',
    )
  })

  it('lists zones, nodes and jobs as a table and as JSON', async () => {
    expect((await asked('zones')).out).to.match(/cli\.example\. +1 +50 +in-sync +1\/1/)
    expect(JSON.parse((await asked('zones', '--json')).out)[0]).to.include({ name: ZONE, serial: 1 })
    expect((await asked('nodes')).out).to.match(/ams1 +A .* 1\/1 +1 in-sync/)
    expect(JSON.parse((await asked('nodes', '--json')).out)[0]).to.include({ id: 'ams1' })
    expect(JSON.parse((await asked('jobs', '--json')).out)).to.be.an('array')
  })

  it('shows a change in why, history, diff and show', async () => {
    await updateZone({ ip: primary.ip, port: primary.port, key: hmKey }, ZONE, [`add new.${ZONE} 300 A 192.0.2.7`])
    await awaitSerial(node, ZONE, (serial) => serial === 2)
    const why = await eventually(async () => {
      const outcome = await asked('why', ZONE, 'ams1')
      expect(outcome.out).to.match(/It waits for nothing/)
      return outcome.out
    })
    expect(why).to.match(/^ams1 serves serial 2 of cli\.example\. and is in-sync\.\n/)
    expect(why).to.match(/announced: serial 2 at hm1\.\n.*\+\d+ ms {2}The hub transferred it: IXFR/)
    expect((await asked('history', ZONE)).out).to.match(/^SERIAL.*\n +2 +released.*\n +1 +superseded/)
    const diff = await asked('diff', ZONE, '1', '2')
    expect(diff.out).to.match(/^- cli\.example\..*SOA.* 1 3600/)
    expect(diff.out).to.match(/^\+ new\.cli\.example\.\s+300\s+IN\s+A\s+192\.0\.2\.7$/m)
    expect((await asked('show', ZONE)).out).to.match(/new\.cli\.example\.\s+300\s+IN\s+A\s+192\.0\.2\.7/)
    expect((await asked('show', ZONE, '1')).out).not.to.include('new.cli.example.')
  })

  it('waits for the job of refresh and resync, and shows each node', async () => {
    const refresh = await asked('refresh', ZONE, '--wait')
    expect(refresh, refresh.err).to.include({ status: 0, out: `${ZONE} is up to date at serial 2\n` })
    for (const what of [
      [ZONE],
      ['--node', 'ams1', '--strength', 'refresh'],
      ['--cloud', 'A', '--strength', 'retransfer', '--reason', 'a test'],
    ]) {
      const resync = await asked('resync', ...what, '--wait')
      expect(resync, resync.err).to.include({ status: 0 })
      expect(resync.out).to.match(/cli\.example\. on ams1: confirmed at serial 2\n1 of 1 confirmed\n$/)
    }
  })

  it('stops delivery with drain, and restarts it with undrain', async () => {
    expect((await asked('drain', 'ams1', '--reason', 'a test')).status).to.equal(0)
    expect((await asked('status')).out).to.match(/2 drained/)
    expect((await asked('status', '--format', 'nagios')).status).to.equal(1)
    const failed = await asked('resync', ZONE, '--wait')
    expect(failed.status).to.equal(1)
    expect(failed.err).to.match(/^zonecast: resync-\S+ failed: cli\.example\. on ams1: .*undrain/)
    expect((await asked('undrain', 'ams1')).status).to.equal(0)
    expect((await asked('status')).out).to.match(/2 in-sync/)
  })

  it('selects zones by state for an order', async () => {
    expect((await asked('resync', '--state', 'stuck', '--wait')).out).to.equal(
      'no node has a zone in state stuck: nothing to do\n',
    )
    const resync = await asked('resync', '--state', 'in-sync', '--state', 'stuck', '--wait')
    expect(resync.out, resync.err).to.match(/1 of 1 confirmed\n$/)
    expect((await asked('status', '--state', 'in-sync', '--cloud', 'A')).out).to.match(/cli\.example\. +2 +2 in-sync/)
    expect((await asked('status', '--state', 'stuck')).out).to.equal('no node has a zone in state stuck\n')
    const approve = await asked('approve', '--all-halted', '--reason', 'r')
    expect(approve, approve.err).to.include({ status: 0, out: 'no zone is halted\n' })
  })

  it('puts a zone on hold, and lifts the hold with a reason', async () => {
    expect((await asked('hold', ZONE)).out).to.equal(`${ZONE}: held\n`)
    expect((await asked('release', ZONE)).err).to.match(/required option '--reason <text>' not specified/)
    expect((await asked('unhold', ZONE, '--reason', 'r')).out).to.equal(`${ZONE}: released\n`)
  })

  it('reloads the config', async () => {
    const reload = await asked('reload')
    expect(reload, reload.err).to.include({ status: 0, out: 'the config is reloaded: 1 zones, 1 nodes\n' })
  })

  describe('reports a mistake in one sentence on standard error and exits 1 for', () => {
    for (const [args, words] of [
      [['resync'], /^zonecast: resync needs a choice: name a zone, --group, --node, --cloud or --state\n$/],
      [['status', 'no.example'], /^zonecast: there is no zone no\.example\. in the config\n$/],
      [['why', ZONE, 'nobody'], /^zonecast: there is no node nobody in the config\n$/],
      [['rollback', ZONE, '1'], /^zonecast: required option '--reason <text>' not specified; zonecast --help/],
      [['approve', ZONE, 'x', '--reason', 'r'], /^zonecast: "x" is not a serial \(0 to 4294967295\)[^\n]*\n$/],
      [['approve', '--reason', 'r'], /^zonecast: approve needs a choice: name a zone and a serial, or --all-halted\n$/],
      [['status', '--cloud', 'Z'], /^zonecast: there is no node in cloud Z\n$/],
      [['status', '--state', 'odd'], /^zonecast: .*Allowed choices are in-sync, [^\n]*\n$/],
      [['frobnicate'], /^zonecast: unknown command 'frobnicate'; zonecast --help/],
      [['zones', '--nope'], /^zonecast: unknown option '--nope'; /],
      [['zones', 'extra'], /^zonecast: too many arguments[^\n]*\n$/],
      [['status', '--format', 'xml'], /^zonecast: .*Allowed choices are table, json, nagios, prom; [^\n]*\n$/],
      [['show', ZONE, 'x'], /^zonecast: "x" is not a serial \(0 to 4294967295\)[^\n]*\n$/],
      [['show', ZONE, '99'], /^zonecast: cli\.example\. has no kept version with serial 99\n$/],
    ] as const)
      it(args.join(' '), async () => {
        const outcome = await asked(...args)
        expect(outcome.err).to.match(words)
        expect(outcome).to.include({ status: 1, out: '' })
      })

    it('a hub that does not run', async () => {
      const outcome = await run(['zones', '--url', `http://127.0.0.1:${await findPort()}`])
      expect(outcome.err).to.match(
        /^zonecast: no hub answers at http:\/\/127\.0\.0\.1:\d+\/: start it or name another with --url\n$/,
      )
      expect(outcome.status).to.equal(1)
    })
  })

  it('exits 3 for Nagios when no hub answers', async () => {
    const outcome = await run(['status', '--format', 'nagios'], { ZONECAST_URL: `http://127.0.0.1:${await findPort()}` })
    expect(outcome).to.include({ status: 3, err: '' })
    expect(outcome.out).to.match(/^ZONECAST UNKNOWN - no hub answers at /)
  })

  it('ends without an error when its reader closes the pipe', async () => {
    const child = launch(['show', ZONE, '-c', config])
    let err = ''
    child.stderr!.on('data', (chunk: Buffer) => (err += chunk))
    child.stdout!.destroy()
    expect(await once(child, 'exit')).to.deep.equal([0, null])
    expect(err).to.equal('')
  })

  it('finds every mistake with its place and exits 2 in check; start refuses the same file', async () => {
    expect(await asked('check')).to.include({ status: 0 })
    const bad = join(scratch(), 'bad.yaml')
    writeFileSync(bad, 'zones: [ { name: example.com, primary: hm9 } ]\nnodes: { a1: { cloud: Z, address: 127.0.0.1 } }\n')
    const check = await run(['check', '-c', bad])
    expect(check.status).to.equal(2)
    expect(check.out).to.match(/bad\.yaml:1:\d+: error CONFIG_UNKNOWN_KEY .*primary/)
    const found = JSON.parse((await run(['check', '--json', '-c', bad])).out)
    expect(found.errors).to.be.greaterThan(1)
    const start = await run(['start', '-c', bad])
    expect(start).to.include({ status: 2, out: '' })
    expect(start.err.trim().split('\n')).to.have.length(found.errors)
    expect(start.err).to.match(/bad\.yaml:1:\d+: /)
  })

  it('refuses a second hub on the same folder in one sentence', async () => {
    const outcome = await asked(...START)
    expect(outcome.status).to.equal(1)
    expect(outcome.err.split('\n').filter((line) => line.startsWith('zonecast: '))).to.have.length(1)
  })

  it('reloads the config on SIGHUP; a bad config is refused and the hub keeps running', async () => {
    writeFileSync(config, `${settings}nonsense: true\n`)
    hub.kill('SIGHUP')
    await eventually(() => expect(log).to.match(/config refused, running config kept/))
    writeFileSync(config, settings.replace('addresses: [192.0.2.53]', 'addresses: [192.0.2.54]'))
    hub.kill('SIGHUP')
    await eventually(() => expect(log).to.match(/config reloaded/))
    expect((await asked('status')).status).to.equal(0)
  })

  describe('at its end', () => {
    it('exits 0 after SIGTERM and the shutdown grace; a second signal has no effect', async () => {
      const exit = once(hub, 'exit')
      hub.kill('SIGTERM')
      hub.kill('SIGINT')
      expect(await exit).to.deep.equal([0, null])
    }).timeout(15_000)
  })
})
