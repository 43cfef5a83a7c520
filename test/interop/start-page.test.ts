/**
 * The page for a new operator, unchanged: its commands run one after the other in a network namespace, without a change but the
 * folder. The zone arrives, a node fails and recovers, a bad version is held and approved.
 */
import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { mkdirSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import { expect } from 'chai'
import { runCommand } from '../../lab/run-command.js'
import { commandOf } from '../../lab/program.js'
import { needsNamespaces, needsPeers } from '../support/peers.js'
import { scratchDirs } from '../support/scratch-dir.js'
import { snippetsOf } from '../support/snippets.js'

const PAGE = 'docs/start.md'
const FOLDER = '/tmp/first-zone'
/** `npm test` has built the program. */
const BUILD = /^npm .*\n/gm

describe('the page for a new operator', function () {
  this.timeout(150_000)
  needsPeers('knot', 'nsd', 'redis', 'iproute')
  needsNamespaces(this)
  const scratch = scratchDirs()
  const netns = `zonecast-${process.pid}-start`
  const ip = (...args: string[]) => runCommand('ip', args)

  before(async () => {
    await ip('netns', 'add', netns)
    await ip('-n', netns, 'link', 'set', 'lo', 'up')
  })
  after(async () => {
    const pids = await ip('netns', 'pids', netns)
    for (const pid of pids.split('\n').filter(Boolean)) process.kill(Number(pid), 'SIGKILL')
    await ip('netns', 'del', netns)
  })

  it('leads from the first zone to a failed node and a held version', async () => {
    const folder = join(scratch(), 'first')
    mkdirSync(folder)
    const script = snippetsOf(PAGE, 'sh')
      .map(({ text }) => text.replace(BUILD, '').replaceAll(FOLDER, folder))
      .join('\n')
    const output = await runInNamespace(`shopt -s expand_aliases\nset -e\n${script}\nwait\n`)
    const log = readFileSync(join(folder, 'hub.log'), 'utf8')
    const shows = (...steps: RegExp[]): void => {
      let rest = output
      for (const step of steps) {
        expect(rest, `${output}\n${log}`).to.match(step)
        const [found] = step.exec(rest)!
        rest = rest.slice(rest.indexOf(found) + found.length)
      }
    }
    shows(
      /zonecast\.yaml is valid: 1 zones, 1 nodes/,
      /example\.com\. +1 +1 in-sync/,
      /It waits for nothing/,
      /^192\.0\.2\.81$/m,
      /example\.com\. +3 +2 syncing/,
      /It waits for an answer of node1: 127\.0\.0\.1:5311: connection refused/,
      /example\.com\. +3 +3 in-sync/,
      /example\.com\. +5 .*held/,
      /^- ?host/m,
      /example\.com\. +5 +5 in-sync/,
    )
  })

  async function runInNamespace(script: string): Promise<string> {
    const shell = spawn(...commandOf('ip', ['netns', 'exec', netns, 'bash', '-c', script]), { stdio: ['ignore', 'pipe', 'pipe'] })
    let output = ''
    for (const stream of [shell.stdout, shell.stderr]) stream.on('data', (text) => (output += text))
    const [code] = (await once(shell, 'exit')) as [number | null]
    expect(code, output).to.equal(0)
    return output
  }
})
