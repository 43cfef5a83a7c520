/**
 *   hub east ──╮                                    zonecast-health.sh ──▶ command
 *              ├── Redis: the budget of withdrawals        │ curl
 *   hub west ──╯                                           ▼ a hub that lies, hangs, or is away
 */
import { type ChildProcess, spawn } from 'node:child_process'
import { existsSync, readFileSync, writeFileSync } from 'node:fs'
import { createServer, type Server } from 'node:http'
import type { AddressInfo } from 'node:net'
import { join } from 'node:path'
import { expect } from 'chai'
import { runCommand } from '../../lab/run-command.js'
import { type LabRedis, startRedis } from '../../lab/redis.js'
import { describeError } from '../../lib/errors.js'
import type { Fleet, FleetNode } from '../../lib/fleet/fleet.js'
import type { NodeState } from '../../lib/fleet/node-state.js'
import { NODE_STATES } from '../../lib/fleet/node-state.js'
import { silentLogger } from '../../lib/runtime/logger.js'
import { RedisLink } from '../../lib/state/redis-link.js'
import { Withdrawals } from '../../lib/state/withdrawals.js'
import { HealthRounds } from '../../services/api/health/health-rounds.js'
import type { Matrix } from '../../services/api/matrix.js'
import { eventually } from '../support/eventually.js'
import { needsPeers } from '../support/peers.js'
import { scratchDirs } from '../support/scratch-dir.js'

const RULES = { atMost: 1, afterMs: 0, backMs: 0 }

/** A hub's view of six nodes in two clouds. */
class HubView {
  readonly states = new Map<string, Partial<Record<NodeState, number>>>()
  readonly drained = new Set<string>()
  readonly notes: string[] = []
  readonly rounds: HealthRounds
  now = Date.now()

  constructor(link: RedisLink) {
    const nodes = ['a1', 'a2', 'a3', 'b1', 'b2', 'b3'].map((id) => ({ id, cloud: id[0]!.toUpperCase() }) as FleetNode)
    const matrix = {
      fleet: { nodes: new Map(nodes.map((node) => [node.id, node])) } as unknown as Fleet,
      config: { health: RULES },
      now: () => this.now,
      sums: {
        settle: async () => undefined,
        node: (id: string) => ({
          newestAnswer: this.now,
          counts: NODE_STATES.map((state) => this.states.get(id)?.[state] ?? 0),
        }),
      },
    } as unknown as Matrix
    this.rounds = new HealthRounds({
      matrix,
      withdrawals: new Withdrawals(link.data),
      audit: { note: ({ target, after }) => this.notes.push(`${(target as { node: string }).node} ${JSON.stringify(after)}`) },
      log: silentLogger,
      isDrained: (node) => this.drained.has(node),
    })
  }

  async verdicts(): Promise<Record<string, string>> {
    await this.rounds.round()
    return Object.fromEntries(
      ['a1', 'a2', 'a3', 'b1', 'b2', 'b3'].flatMap((id) => {
        const { verdict } = this.rounds.of(id)
        return verdict === 'serve' ? [] : [[id, verdict]]
      }),
    )
  }
}

describe('withdrawals of nodes', function () {
  this.timeout(60_000)
  needsPeers('redis')
  let redis: LabRedis
  const links: RedisLink[] = []
  let east: HubView
  let west: HubView

  beforeEach(async () => {
    redis = await startRedis()
    for (let i = 0; i < 2; i++) links.push(await RedisLink.open({ kind: 'url', url: redis.url }, silentLogger))
    east = new HubView(links[0]!)
    west = new HubView(links[1]!)
  })
  afterEach(async () => {
    for (const link of links.splice(0)) link.close()
    await redis.stop()
  })

  it('are granted for one node of a cloud, by both hubs together', async () => {
    east.states.set('a1', { conflict: 1 })
    west.states.set('a2', { conflict: 1 })
    expect(await east.verdicts()).to.deep.equal({ a1: 'withdraw' })
    expect(await west.verdicts()).to.deep.equal({ a2: 'degrade' })
    expect(west.rounds.of('a2').why).to.equal('1 zone is in conflict; not withdrawn: enough nodes of the cloud are withdrawn')
    // Each hub that sees the fault may renew the grant.
    west.states.set('a1', { conflict: 1 })
    expect(await west.verdicts()).to.deep.equal({ a1: 'withdraw', a2: 'degrade' })
  })

  it('are never granted in two clouds', async () => {
    for (const id of ['a1', 'b1']) for (const hub of [east, west]) hub.states.set(id, { expired: 3 })
    expect(await east.verdicts()).to.deep.equal({ a1: 'withdraw', b1: 'degrade' })
    expect(await west.verdicts()).to.deep.equal({ a1: 'withdraw', b1: 'degrade' })
  })

  it('are never granted for the last node that serves', async () => {
    east.states.set('a1', { conflict: 1 })
    east.states.set('a2', { conflict: 1 })
    east.drained.add('a3')
    expect(await east.verdicts()).to.deep.equal({ a1: 'degrade', a2: 'degrade' })
    expect(east.rounds.of('a1').why).to.include('no other node of the cloud serves')
  })

  it('are not granted when every node is bad: none is withdrawn', async () => {
    for (const id of ['a1', 'a2', 'a3', 'b1', 'b2', 'b3']) east.states.set(id, { expired: 1 })
    expect(new Set(Object.values(await east.verdicts()))).to.deep.equal(new Set(['degrade']))
  })

  it('end with the fault, and make room for another node', async () => {
    for (const id of ['a1', 'a2']) east.states.set(id, { conflict: 1 })
    await east.verdicts()
    east.states.set('a1', { 'in-sync': 1 })
    expect(await east.verdicts()).to.deep.equal({ a2: 'withdraw' })
    expect(east.notes).to.deep.equal([
      'a1 {"verdict":"withdraw"}',
      'a2 {"verdict":"degrade"}',
      'a1 {"verdict":"serve"}',
      'a2 {"verdict":"withdraw"}',
    ])
  })

  it('end when Redis is away, and when the hub stops judging', async () => {
    east.states.set('a1', { conflict: 1 })
    expect(await east.verdicts()).to.deep.equal({ a1: 'withdraw' })
    await redis.stop()
    expect(await east.verdicts()).to.deep.equal({ a1: 'degrade' })
    expect(east.rounds.of('a1').why).to.include('Redis does not answer')
    east.now += 31_000
    expect(east.rounds.of('a1')).to.deep.include({ verdict: 'serve', why: 'this hub has no fresh verdict' })
  })

  it('stay through a restart of the hub', async () => {
    east.states.set('a1', { conflict: 1 })
    await east.verdicts()
    const next = new HubView(links[0]!)
    next.states.set('a1', { conflict: 1 })
    expect(next.rounds.of('a1').verdict).to.equal('serve')
    expect(await next.verdicts()).to.deep.equal({ a1: 'withdraw' })
  })
})

describe('the health script on a node', function () {
  this.timeout(60_000)
  const scratch = scratchDirs()
  let server: Server
  let answer: { status: number; body: string } | 'hang'
  let script: ChildProcess
  let file: string

  before(async () => {
    server = createServer((_req, res) => {
      if (answer !== 'hang') res.writeHead(answer.status).end(answer.body)
    })
    await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
    file = join(scratch(), 'verdicts')
    answer = { status: 200, body: '{"verdict":"serve","ttlSeconds":30}' }
    script = spawn('deploy/health/zonecast-health.sh', ['ams1', 'sh', '-c', `echo "$1" >> ${file}`, 'note'], {
      env: { ...process.env, ZONECAST_URL: `http://127.0.0.1:${(server.address() as AddressInfo).port}`, EVERY: '0.1', TTL: '2' },
      stdio: 'ignore',
      detached: true,
    })
  })
  after(() => {
    process.kill(-script.pid!)
    server.closeAllConnections()
    server.close()
  })

  const verdicts = () => (existsSync(file) ? readFileSync(file, 'utf8').trim().split('\n') : [])
  const settles = (...expected: string[]) => eventually(() => expect(verdicts()).to.deep.equal(expected), { timeoutMs: 10_000 })

  it('runs its command at each change', async () => {
    await settles('serve')
    answer = { status: 200, body: '{"verdict":"degrade","why":"1 zone is stuck","ttlSeconds":30}' }
    await settles('serve', 'degrade')
    answer = { status: 503, body: '{"verdict":"withdraw","why":"1 zone is in conflict","ttlSeconds":30}' }
    await settles('serve', 'degrade', 'withdraw')
  })

  for (const [name, trouble] of [
    ['a proxy answers 503', { status: 503, body: '<html>no backend</html>' }],
    ['a page speaks of withdraw', { status: 200, body: 'we withdraw "verdict":"withdraw"' }],
    ['the hub hangs', 'hang'],
  ] as const)
    it(`serves again after its patience when ${name}`, async () => {
      answer = { status: 503, body: '{"verdict":"withdraw","ttlSeconds":30}' }
      const before = verdicts()
      if (before.at(-1) !== 'withdraw') await settles(...before, 'withdraw')
      const withdrawn = verdicts()
      answer = trouble
      await settles(...withdrawn, 'serve')
    })
})

describe('the recipe for BIRD', function () {
  this.timeout(30_000)
  needsPeers('bird')
  const scratch = scratchDirs()

  for (const [verdict, state] of [
    ['serve', 2],
    ['degrade', 1],
    ['withdraw', 0],
  ] as const)
    it(`is a valid config in the state ${verdict}, which the script writes`, async () => {
      const dir = scratch()
      const included = join(dir, 'anycast.conf')
      await runCommand('env', ['BIRDC=true', 'deploy/health/bird-state.sh', included, verdict])
      expect(readFileSync(included, 'utf8')).to.equal(`define ANYCAST_STATE = ${state};\n`)
      const conf = join(dir, 'bird.conf')
      writeFileSync(conf, readFileSync('deploy/health/bird.conf', 'utf8').replace('/run/zonecast/anycast.conf', included))
      await runCommand('bird', ['-p', '-c', conf])
    })

  it('refuses an unknown word, and leaves the file as it is', async () => {
    const included = join(scratch(), 'anycast.conf')
    writeFileSync(included, 'define ANYCAST_STATE = 2;\n')
    const refused = await runCommand('env', ['BIRDC=true', 'deploy/health/bird-state.sh', included, 'maybe']).catch(describeError)
    expect(refused).to.include('unknown verdict maybe')
    expect(readFileSync(included, 'utf8')).to.equal('define ANYCAST_STATE = 2;\n')
  })
})
