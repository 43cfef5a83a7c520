/**
 * The units of deploy/systemd fit the program, are equally hardened, and systemd accepts them and the folders and the user beside
 * them.
 */
import { spawnSync } from 'node:child_process'
import { chmodSync, cpSync, mkdirSync, readdirSync, readFileSync, statSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { expect } from 'chai'
import { commandOf } from '../../../lab/program.js'
import { ROLES } from '../../../services/hub/hub.js'
import { needsPeers } from '../../support/peers.js'
import { scratchDirs } from '../../support/scratch-dir.js'

const UNITS = 'deploy/systemd'
const ALL = 'zonecast.service'
const ROLE = 'zonecast@.service'
const VANTAGE = 'zonecast-vantage.service'
const HEALTH = 'zonecast-health@ams1.service'
const INSTANCES = ROLES.map((role) => `zonecast@${role}.service`)
const WRITABLE = ['StateDirectory', 'StateDirectoryMode', 'ReadWritePaths']
const CAPABILITIES = ['CapabilityBoundingSet', 'AmbientCapabilities']

/** Settings of the section Service as `name=value`, in order. */
const settingsOf = (file: string): string[] => {
  const text = readFileSync(join(UNITS, file), 'utf8')
  const section = /^\[Service\]\n([\s\S]*?)(?=^\[|$(?![\s\S]))/m.exec(text)?.[1] ?? ''
  return section.split('\n').filter((line) => /^[A-Z]/.test(line))
}
const settingOf = (file: string, name: string): string | undefined =>
  settingsOf(file)
    .find((line) => line.startsWith(`${name}=`))
    ?.slice(name.length + 1)

describe('the units of systemd', () => {
  const scratch = scratchDirs()
  let root: string

  before(() => {
    root = scratch()
    const system = join(root, 'etc/systemd/system')
    mkdirSync(system, { recursive: true })
    cpSync(UNITS, system, { recursive: true })
    for (const instance of INSTANCES) cpSync(join(system, ROLE), join(system, instance))
    cpSync(join(system, 'zonecast-health@.service'), join(system, HEALTH))
    const scripts = ['zonecast-health.sh', 'bird-state.sh'].map((name) => `opt/zonecast/deploy/health/${name}`)
    for (const program of ['usr/local/bin/zonecast', 'bin/kill', ...scripts]) {
      mkdirSync(join(root, program, '..'), { recursive: true })
      writeFileSync(join(root, program), '#!/bin/sh\n')
      chmodSync(join(root, program), 0o755)
    }
  })

  it('have a drop-in for each role, and start no other', () => {
    const folders = readdirSync(UNITS).filter((name) => name.endsWith('.d'))
    expect(folders).to.have.members(INSTANCES.map((instance) => `${instance}.d`))
    expect(settingOf(ROLE, 'ExecStart')).to.equal('/usr/local/bin/zonecast start --roles %i')
    expect(settingOf(ALL, 'ExecStart')).to.equal('/usr/local/bin/zonecast start')
  })

  it('have the same settings, but for their rights', () => {
    const common = (file: string): string[] =>
      settingsOf(file).filter((line) => ![...WRITABLE, ...CAPABILITIES, 'ExecStart'].includes(line.split('=')[0]!))
    expect(common(ROLE)).to.deep.equal(common(ALL))
    expect(common(ALL).length).to.be.greaterThan(30)
  })

  it('give two capabilities and no more', () => {
    for (const name of CAPABILITIES) expect(settingOf(ALL, name)).to.equal('CAP_NET_BIND_SERVICE CAP_SYS_NICE')
    for (const file of [ROLE, ...INSTANCES.map((instance) => `${instance}.d/role.conf`)])
      for (const name of CAPABILITIES)
        expect((settingOf(file, name) ?? '').split(' '), `${file} ${name}`).to.satisfy((words: string[]) =>
          words.every((word) => ['', 'CAP_NET_BIND_SERVICE', 'CAP_SYS_NICE'].includes(word)),
        )
  })

  it('allow the worker alone to write the zone store', () => {
    const written = ROLES.map((role) => [role, settingOf(`zonecast@${role}.service.d/role.conf`, 'ReadWritePaths')])
    expect(Object.fromEntries(written)).to.deep.equal({
      worker: '/var/lib/zonecast',
      api: '/var/lib/zonecast/audit',
      transfer: undefined,
      watcher: undefined,
    })
    expect(WRITABLE.map((name) => settingOf(ROLE, name)).filter((value) => value !== undefined)).to.deep.equal([])
  })

  it('give a vantage point no right and no folder, and the rest of the settings', () => {
    for (const name of CAPABILITIES) expect(settingOf(VANTAGE, name)).to.equal('')
    for (const name of WRITABLE) expect(settingOf(VANTAGE, name)).to.equal(undefined)
    expect(settingOf(VANTAGE, 'ExecStart')).to.equal('/usr/local/bin/zonecast vantage -c /etc/zonecast/vantage.yaml')
    // For the hub alone: its config, reloads, the time of a start and a stop, and the priority of a thread.
    const ofHub = /^(ExecReload|Environment|Timeout|SystemCallFilter=setpriority)/
    const closed = settingsOf(ALL).filter(
      (line) => !ofHub.test(line) && ![...WRITABLE, ...CAPABILITIES, 'ExecStart'].includes(line.split('=')[0]!),
    )
    expect(settingsOf(VANTAGE)).to.include.members(closed)
  })

  it('let the JavaScript engine write machine code', () => {
    for (const file of [ALL, ROLE, VANTAGE]) expect(settingOf(file, 'MemoryDenyWriteExecute')).to.equal(undefined)
  })

  describe('beside systemd', () => {
    needsPeers('systemd')

    const analyze = (...args: string[]) => {
      const { status, stdout, stderr } = spawnSync(...commandOf('systemd-analyze', args), { encoding: 'utf8' })
      return { status, said: stdout + stderr }
    }
    for (const unit of [ALL, VANTAGE, HEALTH, ...INSTANCES])
      it(`are accepted: ${unit}`, () => {
        const { status, said } = analyze('verify', `--root=${root}`, '--man=no', '--recursive-errors=no', unit)
        expect(said).to.not.include('zonecast')
        expect(status, said).to.equal(0)
      })

    // Tenths of the points from 0 (closed) to 100 (open): 2.0 is what a service of a JIT with a network and two capabilities gets.
    for (const unit of [ALL, VANTAGE, HEALTH, ...INSTANCES])
      it(`are closed: ${unit}`, () => {
        const args = ['--offline=yes', '--threshold=20', '--no-pager', `--root=${root}`, unit]
        const { status, said } = analyze('security', ...args)
        expect(status, said).to.equal(0)
      })

    it('find the user and the folders', function () {
      if (process.getuid?.() !== 0) return this.skip()
      for (const file of ['sysusers.d', 'tmpfiles.d'])
        cpSync(join('deploy', file), join(root, 'usr/lib', file), { recursive: true })
      const run = (program: string, ...args: string[]): void => {
        const { status, stdout, stderr } = spawnSync(...commandOf(program, [`--root=${root}`, ...args]), { encoding: 'utf8' })
        expect(status, stdout + stderr).to.equal(0)
      }
      run('systemd-sysusers', 'zonecast.conf')
      const [, uid] = /^zonecast:x?:(\d+):/m.exec(readFileSync(join(root, 'etc/passwd'), 'utf8')) ?? []
      expect(Number(uid)).to.be.greaterThan(0)
      run('systemd-tmpfiles', '--create', 'zonecast.conf')
      const modes = ['etc/zonecast', 'etc/zonecast/keys', 'var/lib/zonecast', 'var/lib/zonecast/audit'].map((folder) => {
        const { mode, uid: owner } = statSync(join(root, folder))
        return [folder, (mode & 0o777).toString(8), owner === Number(uid)]
      })
      expect(modes).to.deep.equal([
        ['etc/zonecast', '750', false],
        ['etc/zonecast/keys', '700', true],
        ['var/lib/zonecast', '700', true],
        ['var/lib/zonecast/audit', '700', true],
      ])
    })
  })
})
