/** `zonecast token new`: the token, and the line that goes into the config. */
import { createHash } from 'node:crypto'
import { writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { expect } from 'chai'
import { loadConfig } from '../../../config/load.js'
import { buildProgram } from '../../../services/cli/program.js'
import type { CommandContext } from '../../../services/cli/command-context.js'
import { expectError } from '../../support/expect-error.js'
import { scratchDirs } from '../../support/scratch-dir.js'
import { SOUND } from '../config/config-text.js'

async function run(...args: string[]): Promise<{ out: string; said: string }> {
  let [out, said] = ['', '']
  const terminal = {
    write: (text: string) => {
      out += text
    },
    complain: (text: string) => {
      said += text
    },
    hasColour: false,
    isLive: false,
    columns: 80,
  }
  await buildProgram({ terminal } as unknown as CommandContext).parseAsync(['token', 'new', ...args], { from: 'user' })
  return { out, said }
}

describe('zonecast token new', () => {
  const scratch = scratchDirs()

  it('prints the token once, and a line with its hash that the config takes', async () => {
    const { out, said } = await run(
      ...['--name', 'noc', '--role', 'operator', '--person', 'ann', '--zone', '*.example', '--zone', 'group:gold'],
      ...['--cloud', 'A', '--node', 'ams1', '--subnet', '10.0.0.0/8', '--expires', '2099-01-01'],
    )
    const [token] = out.split('\n')
    const line = out.trimEnd().split('\n').at(-1)!
    expect(token).to.match(/^[\w-]{43}$/)
    expect([line, said].join()).to.not.include(token)
    const file = join(scratch(), 'zonecast.yaml')
    writeFileSync(file, `${SOUND}api:\n  tokens:\n${line}\n`)
    const [entry] = loadConfig(file).api.tokens
    expect(entry!.sha256.equals(createHash('sha256').update(token!).digest())).to.equal(true)
    expect(entry).to.deep.include({ name: 'noc', role: 'operator', person: 'ann', subnets: ['10.0.0.0/8'] })
    expect(entry!.scope).to.deep.include({ clouds: ['A'], nodes: ['ams1'] })
    expect(entry!.scope!.zones).to.deep.equal([
      { kind: 'below', name: 'example.' },
      { kind: 'group', group: 'gold' },
    ])
  })

  it('makes another token each time', async () => {
    const [a, b] = [await run('--name', 'a', '--role', 'viewer'), await run('--name', 'a', '--role', 'viewer')]
    expect(a.out).to.not.equal(b.out)
  })

  for (const args of [
    [],
    ['--name', 'a'],
    ['--name', 'a', '--role', 'viewer', '--expires', 'soon'],
    ['--name', 'a b', '--role', 'viewer'],
    ['--name', 'a', '--role', 'viewer', '--zone', 'a.*.b'],
  ])
    it(`refuses ${args.join(' ') || 'no arguments'}`, () => expectError('CLI_USAGE', () => run(...args)))
})
