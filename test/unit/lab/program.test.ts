/** Name servers and their tools come from the root in ZONECAST_LAB_ROOT, all other programs from this machine. */
import { mkdirSync, symlinkSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { expect } from 'chai'
import { commandIn } from '../../../lab/netns.js'
import { commandOf, findProgram } from '../../../lab/program.js'
import { scratchDirs } from '../../support/scratch-dir.js'

describe('programs of the lab', () => {
  const scratch = scratchDirs()
  const given = process.env.ZONECAST_LAB_ROOT
  let root: string

  beforeEach(() => {
    root = scratch()
    mkdirSync(join(root, 'usr/sbin'), { recursive: true })
    mkdirSync(join(root, 'usr/bin'))
    writeFileSync(join(root, 'usr/sbin/knotd'), '')
    writeFileSync(join(root, 'usr/bin/sh'), '')
    process.env.ZONECAST_LAB_ROOT = root
  })

  afterEach(() => {
    if (given === undefined) delete process.env.ZONECAST_LAB_ROOT
    else process.env.ZONECAST_LAB_ROOT = given
  })

  it('run from this machine without another root', () => {
    delete process.env.ZONECAST_LAB_ROOT
    expect(commandOf('sh', ['-c', 'true'])).to.deep.equal([findProgram('sh'), ['-c', 'true']])
    expect(commandOf('no-such-program', [])).to.deep.equal(['no-such-program', []])
  })

  it('run in the other root when they are name servers', () => {
    expect(findProgram('knotd')).to.equal('/usr/sbin/knotd')
    expect(commandOf('knotd', ['-c', '/tmp/knot.conf'])).to.deep.equal([
      findProgram('chroot'),
      [root, '/usr/sbin/knotd', '-c', '/tmp/knot.conf'],
    ])
  })

  it('run in the root that ZONECAST_PEERS names', () => {
    const peers = process.env.ZONECAST_PEERS
    process.env.ZONECAST_LAB_ROOT = ''
    process.env.ZONECAST_PEERS = root
    try {
      expect(commandOf('knotd', [])[1]).to.deep.equal([root, '/usr/sbin/knotd'])
    } finally {
      if (peers === undefined) delete process.env.ZONECAST_PEERS
      else process.env.ZONECAST_PEERS = peers
    }
  })

  it('are not installed when the other root lacks them', () => {
    expect(findProgram('named')).to.equal(undefined)
  })

  it('are not followed through absolute links of the other root', () => {
    symlinkSync('/etc/alternatives/dig', join(root, 'usr/bin/dig'))
    expect(findProgram('dig')).to.equal('/usr/bin/dig')
  })

  it('run from this machine when they are no name servers', () => {
    const before = findProgram('sh')
    delete process.env.ZONECAST_LAB_ROOT
    expect(findProgram('sh')).to.equal(before)
  })

  it('run inside a network namespace, in their own root', () => {
    const [program, words] = commandIn('zc-n1', 'knotd', ['-V'])
    expect([program, words.slice(0, 3)]).to.deep.equal([findProgram('ip') ?? 'ip', ['netns', 'exec', 'zc-n1']])
    expect(words.slice(3)).to.deep.equal([findProgram('chroot'), root, '/usr/sbin/knotd', '-V'])
  })
})
