/** The heap of the hub: how its process starts anew with room for new objects. */
import { expect } from 'chai'
import { NEW_OBJECTS_MB, type OfProcess, startWithRoom } from '../../../lib/runtime/heap.js'

/** The arguments with which the program was started anew; undefined when it was not. */
function startedWith(options: string | undefined, of: Partial<OfProcess> = {}): readonly string[] | undefined {
  let args: readonly string[] | undefined
  startWithRoom(options, {
    execPath: '/usr/bin/node',
    execArgv: ['--import', 'spans.mjs'],
    argv: ['/usr/bin/node', '/opt/zonecast/main.js', 'start', '-c', 'a b.yaml'],
    execve: (file, given) => {
      expect(file).to.equal('/usr/bin/node')
      args = given
    },
    ...of,
  })
  return args
}

describe('room for new objects', () => {
  it('is set by a new start of the same program with the same arguments', () => {
    expect(startedWith(undefined)).to.deep.equal([
      '/usr/bin/node',
      '--import',
      'spans.mjs',
      `--max-semi-space-size=${NEW_OBJECTS_MB}`,
      '/opt/zonecast/main.js',
      'start',
      '-c',
      'a b.yaml',
    ])
  })

  it('is left as it was set, in the arguments of Node.js or in NODE_OPTIONS', () => {
    expect(startedWith('--enable-source-maps --max-semi-space-size=16')).to.equal(undefined)
    expect(startedWith(undefined, { execArgv: ['--max_semi_space_size=128'] })).to.equal(undefined)
    expect(startedWith('--enable-source-maps')).to.not.equal(undefined)
  })

  it('stays as it is in a process whose parent waits for messages, and where Node.js cannot start a program anew', () => {
    expect(startedWith(undefined, { send: () => true })).to.equal(undefined)
    expect(() => startWithRoom(undefined, { execPath: '/usr/bin/node', execArgv: [], argv: [] })).to.not.throw()
  })
})
