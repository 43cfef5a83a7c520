/**
 *   hub ──▶ systemd-notify ──▶ the socket of a service manager
 *
 * A hub under systemd (Type=notify) reports when it is ready, what became of a reload, and its end.
 */
import { type ChildProcess, spawn } from 'node:child_process'
import { once } from 'node:events'
import { writeFileSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import { expect } from 'chai'
import { eventually } from '../support/eventually.js'
import { needsPeers } from '../support/peers.js'
import { PROGRAM, START } from '../support/program.js'
import { scratchDirs } from '../support/scratch-dir.js'
import { writeHubConfig } from '../support/test-hub.js'

/** Prints each datagram; Node.js has no unix datagram sockets. */
const RECEIVER = `
use Socket;
socket(my $s, AF_UNIX, SOCK_DGRAM, 0) or die; bind($s, sockaddr_un($ARGV[0])) or die; $| = 1; print "bound\\n";
while (defined recv($s, my $m, 65536, 0)) { print "<$m>\\n" }
`

describe('a hub under a service manager', function () {
  this.timeout(60_000)
  needsPeers('redis', 'systemd')
  const scratch = scratchDirs()
  const children: ChildProcess[] = []
  after(() => {
    for (const child of children) child.kill('SIGKILL')
  })

  it('reports that it is ready, what became of a reload, and its end', async () => {
    const folder = scratch()
    const socket = join(folder, 'notify')
    const receiver = spawn('perl', ['-e', RECEIVER, socket], { stdio: ['ignore', 'pipe', 'inherit'] })
    children.push(receiver)
    let said = ''
    receiver.stdout.on('data', (text: Buffer) => (said += text))
    await eventually(() => expect(said).to.match(/^bound/))
    const place = await writeHubConfig({
      folder: join(folder, 'hub'),
      primaries: { hm1: { ip: '127.0.0.1', port: 7 } },
      nodes: { ams1: { cloud: 'A', ip: '127.0.0.1', port: 9 } },
      zones: [{ name: 'example' }],
    })
    const hub = spawn(process.execPath, [...PROGRAM, ...START, '-c', place.configFile], {
      stdio: ['ignore', 'pipe', 'ignore'],
      env: { ...process.env, NOTIFY_SOCKET: socket },
    })
    children.push(hub)
    let out = ''
    hub.stdout.on('data', (text: Buffer) => (out += text))
    await eventually(() => expect(said).to.match(/<READY=1\nSTATUS=ready transfer=.* api=.*>/), { timeoutMs: 30_000 })
    expect(out).to.match(/^ready /)
    const config = readFileSync(place.configFile, 'utf8')
    writeFileSync(place.configFile, 'nonsense: true\n')
    hub.kill('SIGHUP')
    await eventually(() => expect(said).to.match(/<STATUS=config refused, running config kept/))
    writeFileSync(place.configFile, config)
    hub.kill('SIGHUP')
    await eventually(() => expect(said).to.match(/<STATUS=config reloaded>/))
    const gone = once(hub, 'exit')
    hub.kill('SIGTERM')
    expect(await gone).to.deep.equal([0, null])
    await eventually(() => expect(said).to.match(/<STOPPING=1\nSTATUS=shutting down>/))
  })
})
