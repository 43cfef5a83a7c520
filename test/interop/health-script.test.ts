/**
 *   zonecast-health.sh ──▶ command
 *          │ curl
 *          ▼ a hub that lies, hangs, or is away
 */
import { type ChildProcess, spawn } from 'node:child_process'
import { existsSync, readFileSync, writeFileSync } from 'node:fs'
import { createServer, type Server } from 'node:http'
import type { AddressInfo } from 'node:net'
import { join } from 'node:path'
import { expect } from 'chai'
import { runCommand } from '../../lab/run-command.js'
import { describeError } from '../../lib/errors.js'
import { eventually } from '../support/eventually.js'
import { needsPeers } from '../support/peers.js'
import { scratchDirs } from '../support/scratch-dir.js'

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
    answer = { status: 200, body: '{"verdict":"serve","ttlSeconds":2}' }
    script = spawn('deploy/health/zonecast-health.sh', ['ams1', 'sh', '-c', `echo "$1" >> ${file}`, 'note'], {
      env: { ...process.env, ZONECAST_URL: `http://127.0.0.1:${(server.address() as AddressInfo).port}`, EVERY: '0.1' },
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
    answer = { status: 200, body: '{"verdict":"degrade","why":"1 zone is stuck","ttlSeconds":2}' }
    await settles('serve', 'degrade')
    answer = { status: 503, body: '{"verdict":"withdraw","why":"1 zone is in conflict","ttlSeconds":2}' }
    await settles('serve', 'degrade', 'withdraw')
  })

  for (const [name, trouble] of [
    ['a proxy answers 503', { status: 503, body: '<html>no backend</html>' }],
    ['a page speaks of withdraw', { status: 200, body: 'we withdraw "verdict":"withdraw"' }],
    ['the hub hangs', 'hang'],
  ] as const)
    it(`serves again after its patience when ${name}`, async () => {
      answer = { status: 503, body: '{"verdict":"withdraw","ttlSeconds":2}' }
      const before = verdicts()
      if (before.at(-1) !== 'withdraw') await settles(...before, 'withdraw')
      const withdrawn = verdicts()
      answer = trouble
      await settles(...withdrawn, 'serve')
    })
})

describe('the health script on a node, when it is stopped', function () {
  this.timeout(30_000)
  const scratch = scratchDirs()

  it('leaves the node at serve', async () => {
    const server = createServer((_req, res) => res.writeHead(503).end('{"verdict":"withdraw","ttlSeconds":30}'))
    await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
    const verdicts = join(scratch(), 'verdicts')
    const url = `http://127.0.0.1:${(server.address() as AddressInfo).port}`
    const script = spawn('deploy/health/zonecast-health.sh', ['ams1', 'sh', '-c', `echo "$1" >> ${verdicts}`, 'note'], {
      env: { ...process.env, ZONECAST_URL: url, EVERY: '0.1' },
      stdio: 'ignore',
    })
    const shown = () => (existsSync(verdicts) ? readFileSync(verdicts, 'utf8').trim().split('\n') : [])
    try {
      await eventually(() => expect(shown()).to.deep.equal(['withdraw']))
      script.kill('SIGTERM')
      await eventually(() => expect(shown()).to.deep.equal(['withdraw', 'serve']))
      await eventually(() => expect(script.exitCode).to.equal(0))
    } finally {
      script.kill('SIGKILL')
      server.closeAllConnections()
      server.close()
    }
  })
})

describe('the health script on a node whose clock is set back', function () {
  this.timeout(30_000)
  const scratch = scratchDirs()

  it('serves, and does not wait for the old time', async () => {
    const dir = scratch()
    let isAway = false
    const server = createServer((_req, res) =>
      isAway ? res.writeHead(502).end() : res.writeHead(503).end('{"verdict":"withdraw","ttlSeconds":30}'),
    )
    await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
    const [time, verdicts] = [join(dir, 'time'), join(dir, 'verdicts')]
    writeFileSync(time, '1800000000')
    writeFileSync(join(dir, 'date'), `#!/bin/sh\ncat ${time}\n`, { mode: 0o755 })
    const url = `http://127.0.0.1:${(server.address() as AddressInfo).port}`
    const script = spawn('deploy/health/zonecast-health.sh', ['ams1', 'sh', '-c', `echo "$1" >> ${verdicts}`, 'note'], {
      env: { ...process.env, PATH: `${dir}:${process.env.PATH}`, ZONECAST_URL: url, EVERY: '0.1' },
      stdio: 'ignore',
      detached: true,
    })
    const last = (expected: string) =>
      eventually(() => expect(readFileSync(verdicts, 'utf8').trim().split('\n').at(-1)).to.equal(expected), { timeoutMs: 10_000 })
    try {
      await last('withdraw')
      isAway = true
      writeFileSync(time, '1799990000')
      await last('serve')
    } finally {
      process.kill(-script.pid!)
      server.closeAllConnections()
      server.close()
    }
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
