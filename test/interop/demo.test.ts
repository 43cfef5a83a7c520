/** `zonecast demo` runs without help, and leaves no process and no folder behind, however it ends. */
import { type ChildProcess, spawn } from 'node:child_process'
import { once } from 'node:events'
import { existsSync, readdirSync, readFileSync } from 'node:fs'
import { expect } from 'chai'
import { PROGRAM } from '../support/program.js'
import { eventually } from '../support/eventually.js'
import { needsPeers } from '../support/peers.js'

/** Every process of the demo has the lab's folder in its command line. */
function commandsWith(folder: string): string[] {
  return readdirSync('/proc').flatMap((entry) => {
    if (!/^\d+$/.test(entry)) return []
    try {
      const command = readFileSync(`/proc/${entry}/cmdline`, 'latin1').replaceAll('\0', ' ')
      return command.includes(folder) ? [`${entry} ${command}`] : []
    } catch {
      return [] // it ended meanwhile
    }
  })
}

async function expectNothingLeft(folder: string): Promise<void> {
  await eventually(() => {
    expect(commandsWith(folder)).to.deep.equal([])
    expect(existsSync(folder), folder).to.equal(false)
  })
}

describe('the demo', function () {
  this.timeout(180_000)
  needsPeers('knot', 'nsd', 'bind', 'redis')
  let demo: ChildProcess | undefined
  let out = ''
  let err = ''

  function launch(...args: string[]): ChildProcess {
    out = ''
    err = ''
    const child = spawn(process.execPath, [...PROGRAM, 'demo', ...args], {
      stdio: ['ignore', 'pipe', 'pipe'],
    })
    child.stdout.on('data', (chunk: Buffer) => {
      out += chunk
    })
    child.stderr.on('data', (chunk: Buffer) => {
      err += chunk
    })
    demo = child
    return child
  }

  const folderShown = (): string =>
    /config +(\S+?zonecast-lab-[^/]+)\//.exec(out)?.[1] ?? expect.fail(`no folder in: ${out}${err}`)

  afterEach(async () => {
    if (demo?.exitCode !== null || demo.signalCode !== null) return
    demo.kill('SIGTERM')
    await once(demo, 'exit')
  })

  it('shows every act with --once, exits 0 and leaves no process and no folder', async () => {
    const [status] = await once(launch('--once'), 'close')
    expect(status, `${out}\n${err}`).to.equal(0)
    expect(err).to.match(/^zonecast: verify-\d+ failed: shop\.example\. on mad1 has other content: [^\n]*\n$/)
    expect(out.match(/All 6 nodes serve it \d+ ms after the primary did/g)).to.have.length(4)
    expect(out).to.match(/hm1 is killed/)
    expect(out).to.match(/signed\.example\. on lhr1: confirmed/)
    // A quick step of a job may pass between two answers about it.
    expect(out).to.match(
      /shop\.example\. on mad1: differs: (?:.|\n)*shop\.example\. on mad1: confirmed at serial \d+\n(?:.|\n)*shop\.example\. on mad1: same at serial \d+\n/,
    )
    expect(out).to.match(/18 of 18 in sync/)
    expect(out).to.match(/dashboard +http:\/\/127\.0\.0\.1:\d+\//)
    await expectNothingLeft(folderShown())
  })

  it('ends in order on a signal that is sent twice', async () => {
    const child = launch()
    await eventually(() => expect(out).to.match(/until Ctrl-C(?:.|\n)+after the primary did/), { timeoutMs: 120_000 })
    const folder = folderShown()
    expect(commandsWith(folder)).to.have.length.greaterThan(8)
    child.kill('SIGINT')
    child.kill('SIGINT')
    expect(await once(child, 'exit'), err).to.deep.equal([0, null])
    await expectNothingLeft(folder)
  })

  it('leaves nothing behind after SIGKILL', async () => {
    const child = launch()
    await eventually(() => expect(out).to.match(/Next commands/), { timeoutMs: 120_000 })
    const folder = folderShown()
    child.kill('SIGKILL')
    await once(child, 'exit')
    await expectNothingLeft(folder)
  })
})
