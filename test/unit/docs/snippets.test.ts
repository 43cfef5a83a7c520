/** Examples in the pages work: the program of each config accepts it. */
import { spawnSync } from 'node:child_process'
import { mkdirSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { expect } from 'chai'
import { checkConfig } from '../../../config/load.js'
import { checkProgram } from '../../../lab/available.js'
import { backendOf } from '../../../lab/pdns.js'
import { commandOf, findProgram } from '../../../lab/program.js'
import { scratchDirs } from '../../support/scratch-dir.js'
import { type Snippet, snippetsOf } from '../../support/snippets.js'

const PAGES = ['README.md', 'docs/operate/servers.md', 'docs/operate/moving.md']

/** Arguments of each checker; DIR and FILE are replaced. */
const CHECKERS: Record<string, { program: string; args: string[]; file: string; least: number }> = {
  nsd: { program: 'nsd-checkconf', args: ['FILE'], file: 'nsd.conf', least: 2 },
  knot: { program: 'knotc', args: ['-c', 'FILE', 'conf-check'], file: 'knot.conf', least: 3 },
  bind: { program: 'named-checkconf', args: ['FILE'], file: 'named.conf', least: 2 },
  pdns: { program: 'pdns_server', args: ['--config-dir=DIR', '--config=check'], file: 'pdns.conf', least: 1 },
}

describe('the configs in the pages', () => {
  const scratch = scratchDirs()

  it('include a first one in README that is short, without mistakes and without weaknesses', () => {
    const [first] = snippetsOf('README.md', 'yaml')
    expect(first!.text.trimEnd().split('\n')).to.have.length.at.most(13)
    const dir = scratch()
    for (const key of ['hm', 'ams1', 'lhr1'])
      writeFileSync(join(dir, `${key}.key`), 'c2VjcmV0LXNlY3JldC1zZWNyZXQ=\n', { mode: 0o600 })
    writeFileSync(join(dir, 'zonecast.yaml'), first!.text)
    expect(checkConfig(join(dir, 'zonecast.yaml')).findings).to.deep.equal([])
  })

  it('include one in start.md without mistakes', () => {
    const shell = snippetsOf('docs/start.md', 'sh')
      .map(({ text }) => text)
      .join('')
    const [, config] = /cat > zonecast\.yaml <<'EOF'\n([\s\S]*?)EOF\n/.exec(shell)!
    const dir = scratch()
    for (const key of ['primary', 'node'])
      writeFileSync(join(dir, `${key}.key`), 'c2VjcmV0LXNlY3JldC1zZWNyZXQ=\n', { mode: 0o600 })
    writeFileSync(join(dir, 'zonecast.yaml'), config!)
    const codes = checkConfig(join(dir, 'zonecast.yaml')).findings.map(({ code }) => code)
    expect(codes).to.have.members(['CONFIG_ONE_NODE', 'CONFIG_ONE_PRIMARY'])
  })

  for (const [language, { program, args, file, least }] of Object.entries(CHECKERS)) {
    const snippets = PAGES.flatMap((page) => snippetsOf(page, language))

    it(`include at least ${least} for ${program}`, () => expect(snippets.length).to.be.at.least(least))

    for (const snippet of snippets)
      it(`are accepted by ${program}: ${snippet.file}:${snippet.line}`, function () {
        if (findProgram(program) === undefined) return this.skip()
        const dir = scratch()
        mkdirSync(join(dir, 'zones'))
        writeFileSync(join(dir, file), withBackendAtHand(snippet))
        const putIn = args.map((arg) => arg.replace('DIR', dir).replace('FILE', join(dir, file)))
        const checked = spawnSync(...commandOf(program, putIn), { encoding: 'utf8', cwd: dir })
        const words = checked.stdout + checked.stderr
        expect(checked.status, words).to.equal(0)
        expect(words).to.not.match(/\b(warning|error|fatal)\b/i)
      })
  }

  it('use existing commands of pdnsutil', function () {
    const { version } = checkProgram('pdns')
    if (version === undefined) return this.skip()
    const dir = scratch()
    writeFileSync(join(dir, 'pdns.conf'), `launch=${backendOf(version)}\nlmdb-filename=${dir}/zones.lmdb\n`)
    /** The output of a command without its arguments. */
    const usageOf = (verb: string): string => {
      const { stdout, stderr } = spawnSync(...commandOf('pdnsutil', [`--config-dir=${dir}`, verb]), { encoding: 'utf8' })
      return stdout + stderr
    }
    expect(usageOf('no-such-command')).to.include('Unknown command')
    const lines = PAGES.flatMap((page) => snippetsOf(page, 'sh')).flatMap(({ text }) => text.trim().split('\n'))
    expect(lines.length).to.be.at.least(3)
    for (const line of lines) {
      const [command, verb = ''] = line.split(' ')
      expect(command).to.equal('pdnsutil')
      expect(usageOf(verb), line).to.match(new RegExp(`\\b${verb} `))
    }
  })
})

/** PowerDNS packages each backend separately; the lab's backend is used here, which makes no difference. */
const withBackendAtHand = ({ text }: Snippet): string =>
  text.replace(/^launch=.*$/m, 'launch=bind').replace(/^gsqlite3-.*\n/gm, '')
