/**
 *   bash, zsh, fish ──▶ zonecast complete-names ──▶ a hub that lies about names
 *
 * The completion scripts in the real shells, and the manual page in a real reader.
 */
import { execFile } from 'node:child_process'
import { chmodSync, existsSync, readdirSync, writeFileSync } from 'node:fs'
import { createServer, type Server } from 'node:http'
import type { AddressInfo } from 'node:net'
import { join } from 'node:path'
import { promisify } from 'node:util'
import { expect } from 'chai'
import { needsPeers } from '../support/peers.js'
import { PROGRAM } from '../support/program.js'
import { scratchDirs } from '../support/scratch-dir.js'

const run = promisify(execFile)

const NODE = { cloud: 'A', site: null, address: '127.0.0.1:53', drained: false, states: {}, total: 0, inSync: 0 }
const EVIL = ['$(touch pwned)', '`touch pwned`', "'; touch pwned; '", 'two words', '-rf']

describe('completion in a real shell', function () {
  this.timeout(60_000)
  needsPeers('shells', 'mandoc')
  const scratch = scratchDirs()
  let dir: string
  let hub: Server
  let env: NodeJS.ProcessEnv

  before(async () => {
    dir = scratch()
    hub = createServer((req, res) => {
      res.setHeader('content-type', 'application/json')
      if (req.url!.startsWith('/v1/nodes')) res.end(JSON.stringify({ nodes: ['ams1', 'ams2', 'fra1', ...EVIL].map(nodeNamed) }))
      else if (req.url!.startsWith('/v1/zones'))
        res.end(JSON.stringify({ zones: ['ams.example.', 'b.example.'].map(zoneNamed), next: null }))
      else res.writeHead(404).end('{}')
    })
    await new Promise<void>((resolve) => hub.listen(0, '127.0.0.1', resolve))
    writeFileSync(
      join(dir, 'zonecast'),
      `#!/bin/sh\ncd '${process.cwd()}' && exec ${[process.execPath, ...PROGRAM].map((word) => `'${word}'`).join(' ')} "$@"\n`,
    )
    chmodSync(join(dir, 'zonecast'), 0o755)
    for (const shell of ['bash', 'zsh', 'fish'])
      writeFileSync(join(dir, shell), (await run(process.execPath, [...PROGRAM, 'completion', shell])).stdout)
    env = {
      ...process.env,
      HOME: dir,
      PATH: `${dir}:${process.env.PATH}`,
      ZONECAST_URL: `http://127.0.0.1:${(hub.address() as AddressInfo).port}/`,
      ZONECAST_TOKEN: undefined,
      ZONECAST_CONFIG: undefined,
    }
  })

  after(() => hub.close())

  const nodeNamed = (id: string) => ({ ...NODE, id })
  const zoneNamed = (name: string) => ({
    name,
    serial: 1,
    digest: null,
    records: 3,
    state: 'in-sync',
    releasedAt: null,
    lagSeconds: 0,
    inSync: 1,
    total: 1,
  })

  /** Words that the shell offers for the last word of the line, sorted. */
  const SHELLS: Record<string, (words: readonly string[]) => Promise<string[]>> = {
    bash: async (words) =>
      offered('bash', [
        '--norc',
        '-c',
        `source ./bash; compopt() { :; }; COMP_WORDS=("$@"); COMP_CWORD=$(($# - 1)); _zonecast; printf '%s\\n' "\${COMPREPLY[@]}"`,
        'bash',
        ...words,
      ]),
    // A completion widget needs a terminal: what the function would add is printed instead.
    zsh: async (words) =>
      offered('zsh', [
        '-f',
        '-c',
        `compadd() { if [[ $1 == -a ]]; then print -rl -- \${(P)2}; else shift; print -rl -- "$@"; fi }
_describe() { print -rl -- \${\${(P)2}%%:*} }; _files() { print -r -- FILES }
words=("$@"); CURRENT=$#; PREFIX=$words[-1]; source ./zsh`,
        'zsh',
        ...words,
      ]),
    fish: async (words) =>
      offered(
        'fish',
        ['--no-config', '-c', 'source ./fish; complete -C "$argv[1]"', words.join(' ')],
        (line) => line.split('\t')[0]!,
      ),
  }

  async function offered(shell: string, args: readonly string[], wordOf = (line: string) => line): Promise<string[]> {
    const { stdout, stderr } = await run(shell, args, { cwd: dir, env })
    expect(stderr).to.equal('')
    return [
      ...new Set(
        stdout
          .split('\n')
          .filter((line) => line !== '')
          .map(wordOf),
      ),
    ].sort()
  }

  for (const [shell, complete] of Object.entries(SHELLS)) {
    const those = async (...words: string[]) => (await complete(words)).filter((word) => word.startsWith(words.at(-1)!))

    it(`offers commands in ${shell}`, async () => {
      expect(await those('zonecast', 'ro')).to.deep.equal(['rollback', 'rollouts'])
    })

    it(`offers the options of a command in ${shell}`, async () => {
      expect(await those('zonecast', 'verify', '--w')).to.deep.equal(['--wait'])
    })

    it(`offers choices in ${shell}`, async () => {
      expect(await those('zonecast', 'resync', '--strength', 're')).to.deep.equal(['refresh', 'retransfer'])
    })

    it(`offers zones and nodes of the hub in ${shell}, and runs nothing of what a hub calls a name`, async () => {
      expect(await those('zonecast', 'drain', 'ams')).to.deep.equal(['ams1', 'ams2'])
      expect(await those('zonecast', 'why', 'ams.example', 'f')).to.include('fra1')
      expect(await those('zonecast', 'hold', 'b')).to.deep.equal(['b.example'])
      expect(await those('zonecast', 'resync', '--node', ''))
        .to.include('fra1')
        .and.not.include('two words')
      expect(existsSync(join(dir, 'pwned')), readdirSync(dir).join(' ')).to.equal(false)
    })

    it(`offers nothing in ${shell} when no hub answers`, async () => {
      const url = env.ZONECAST_URL
      env.ZONECAST_URL = 'http://127.0.0.1:1/'
      try {
        expect(await those('zonecast', 'drain', 'ams')).to.deep.equal([])
      } finally {
        env.ZONECAST_URL = url
      }
    })
  }

  it('has a manual page without a complaint of the reader', async () => {
    const { stdout } = await run(process.execPath, [...PROGRAM, 'man'])
    writeFileSync(join(dir, 'zonecast.1'), stdout)
    // The date is left out, so that one build always prints one page.
    const complaints = await run('mandoc', ['-T', 'lint', 'zonecast.1'], { cwd: dir }).then(
      (done) => done.stdout,
      (error: { stdout: string }) => error.stdout,
    )
    expect(complaints.split('\n').filter((line) => line !== '' && !line.includes('missing date'))).to.deep.equal([])
    expect((await run('mandoc', ['-T', 'ascii', 'zonecast.1'], { cwd: dir })).stdout).to.include('zonecast')
  })
})
