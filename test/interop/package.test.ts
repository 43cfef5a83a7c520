/**
 *   dist ──npm pack──▶ packages of the lock ──▶ zonecast_VERSION_all.deb ──dpkg-deb, lintian──▶ a folder that runs
 *
 * The Debian package: its files, its rights, and the program in it, without the clone.
 */
import { execFileSync, spawnSync } from 'node:child_process'
import { existsSync, statSync, mkdirSync, readFileSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { gunzipSync } from 'node:zlib'
import { expect } from 'chai'
import { VERSION } from '../../lib/runtime/version.js'
import { needsPeers } from '../support/peers.js'
import { scratchDirs } from '../support/scratch-dir.js'

describe('the Debian package', function () {
  this.timeout(180_000)
  needsPeers('lintian')
  const scratch = scratchDirs()
  let file: string
  let root: string

  before(() => {
    if (!existsSync('dist/services/main.js')) execFileSync(process.execPath, ['setup/build.mjs'], { stdio: 'ignore' })
    const folder = scratch()
    file = execFileSync(process.execPath, ['setup/debian/build-package.mjs', folder], { encoding: 'utf8' }).trim()
    root = join(folder, 'root')
    execFileSync('dpkg-deb', ['-x', file, root])
  })

  const inPackage = (path: string): string => join(root, path)
  const text = (path: string): string => readFileSync(inPackage(path), 'utf8')
  const run = (...args: string[]) =>
    spawnSync(process.execPath, [inPackage('usr/lib/zonecast/dist/services/main.js'), ...args], { encoding: 'utf8', cwd: root })

  it('has no error for lintian', () => {
    const { stdout, status } = spawnSync('lintian', ['--allow-root', '--fail-on', 'error', file], { encoding: 'utf8' })
    expect(stdout.split('\n').filter((line) => line.startsWith('E:'))).to.deep.equal([])
    expect(status).to.equal(0)
  })

  it('needs Node.js of a supported version, and has the version of the program', () => {
    const control = execFileSync('dpkg-deb', ['-f', file], { encoding: 'utf8' })
    expect(control).to.match(/^Depends: nodejs \(>= 20\.19\)$/m)
    expect(control).to.match(new RegExp(`^Version: ${VERSION.replaceAll('.', '\\.')}$`, 'm'))
  })

  it('has a program that runs without the clone', () => {
    expect(run('--version').stdout.trim()).to.equal(VERSION)
    const config = inPackage('zonecast.yaml')
    writeFileSync(
      config,
      JSON.stringify({
        primaries: { hm1: { address: '127.0.0.1:5301' } },
        clouds: { A: { addresses: ['192.0.2.53'] } },
        nodes: { ams1: { cloud: 'A', address: '127.0.0.1:5311' } },
        zones: [{ name: 'example.com' }],
      }),
    )
    const { status, stdout, stderr } = run('check', '-c', config)
    expect(status, `${stdout}${stderr}`).to.equal(0)
  })

  it('has no tool of development, and nothing in machine code', () => {
    const listed = execFileSync('dpkg-deb', ['-c', file], { encoding: 'utf8' })
    expect(listed).to.not.match(/node_modules\/(mocha|typescript|@biomejs|tsx|esbuild)\//)
    expect(listed).to.not.match(/\.node$/m)
    // Every file belongs to root, and other users may not change it; a link has all rights of its own.
    const foreign = listed
      .split('\n')
      .filter((line) => line !== '' && !line.startsWith('l') && !/^.{8}-.\s+root\/root/.test(line))
    expect(foreign).to.deep.equal([])
  })

  it('has units that start the program of the package', () => {
    for (const unit of ['zonecast.service', 'zonecast@.service', 'zonecast-vantage.service']) {
      const [, program] = /^ExecStart=(\S+)/m.exec(text(`usr/lib/systemd/system/${unit}`))!
      expect(program).to.equal('/usr/bin/zonecast')
      const [, page] = /^Documentation=file:(\S+)/m.exec(text(`usr/lib/systemd/system/${unit}`))!
      expect(existsSync(inPackage(page!)), page).to.equal(true)
    }
    const health = text('usr/lib/systemd/system/zonecast-health@.service')
    for (const [script] of health.matchAll(/\/\S+\.sh/g)) expect(statSync(inPackage(script)).mode & 0o111, script).to.equal(0o111)
    for (const path of ['usr/lib/sysusers.d/zonecast.conf', 'usr/lib/tmpfiles.d/zonecast.conf'])
      expect(existsSync(inPackage(path)), path).to.equal(true)
  })

  it('has the manual page and the completions that the program prints', () => {
    expect(gunzipSync(readFileSync(inPackage('usr/share/man/man1/zonecast.1.gz'))).toString()).to.equal(run('man').stdout)
    for (const [shell, path] of [
      ['bash', 'usr/share/bash-completion/completions/zonecast'],
      ['zsh', 'usr/share/zsh/vendor-completions/_zonecast'],
      ['fish', 'usr/share/fish/vendor_completions.d/zonecast.fish'],
    ] as const)
      expect(text(path)).to.equal(run('completion', shell).stdout)
  })

  it('names the licence of each package in it', () => {
    const copyright = text('usr/share/doc/zonecast/copyright')
    for (const name of ['express', 'bullmq', 'ioredis', 'pino', 'zod'])
      expect(copyright).to.match(new RegExp(`^ ${name}: \\S`, 'm'))
  })

  it('is built from what npm publishes, which npm installs and runs', () => {
    const folder = scratch()
    execFileSync('npm', ['pack', '--ignore-scripts', '--pack-destination', folder], { stdio: 'ignore' })
    const target = join(folder, 'target')
    mkdirSync(target)
    writeFileSync(join(target, 'package.json'), '{ "private": true }')
    execFileSync(
      'npm',
      ['install', '--ignore-scripts', '--prefer-offline', '--no-audit', '--no-fund', `../zonecast-${VERSION}.tgz`],
      {
        cwd: target,
        stdio: 'ignore',
      },
    )
    const printed = execFileSync(join(target, 'node_modules/.bin/zonecast'), ['--version'], { encoding: 'utf8' })
    expect(printed.trim()).to.equal(VERSION)
  })
})
