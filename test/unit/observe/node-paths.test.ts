/** Paths to a node: the first that answers is used, and the preferred one is used again when it answers. */
import { expect } from 'chai'
import type { FleetNode } from '../../../lib/fleet/fleet.js'
import { NodePaths } from '../../../lib/observe/node-paths.js'
import { silentLogger } from '../../../lib/runtime/logger.js'
import { Board } from '../../../lib/state/board.js'

const FIRST = { id: 'n1', address: { ip: '192.0.2.1', port: 53 }, key: undefined }
const SECOND = { id: 'n1', address: { ip: '198.51.100.1', port: 53 }, key: undefined }

function scene(paths = [FIRST, SECOND]) {
  const time = { at: 1_000_000 }
  const board = new Board()
  const node: FleetNode = { id: 'n1', cloud: 'A', site: undefined, paths, key: undefined }
  return { time, board, node, paths: new NodePaths(board, { now: () => time.at }, silentLogger) }
}

describe('the paths to a node', () => {
  it('include the preferred one, which is used until another one answers instead', () => {
    const { node, paths, board } = scene()
    expect(paths.order(node)).to.deep.equal([FIRST, SECOND])
    paths.noteSilence(node, FIRST, 'timed out')
    expect(paths.current(node)).to.equal(FIRST)
    expect(board.get('paths', 'n1')!.silent).to.have.keys('192.0.2.1:53')
  })

  it('include one that answers, which is used from then on and tried first', () => {
    const { node, paths, board } = scene()
    paths.noteSilence(node, FIRST, 'timed out')
    paths.noteAnswer(node, SECOND)
    expect(paths.current(node)).to.equal(SECOND)
    expect(paths.order(node)).to.deep.equal([SECOND, FIRST])
    expect(board.get('paths', 'n1')!.inUse).to.equal('198.51.100.1:53')
  })

  it('are tried from the preferred one now and then, once, and it is used again when it answers', () => {
    const { node, paths, time, board } = scene()
    paths.noteSilence(node, FIRST, 'timed out')
    paths.noteAnswer(node, SECOND)
    time.at += 11_000
    expect(paths.order(node)).to.deep.equal([FIRST, SECOND])
    expect(paths.order(node), 'others do not wait for it as well').to.deep.equal([SECOND, FIRST])
    paths.noteAnswer(node, FIRST)
    expect(paths.current(node)).to.equal(FIRST)
    expect(board.get('paths', 'n1')!.silent).to.deep.equal({})
  })

  it('are reported to a listener, until it ends listening', () => {
    const { node, paths, time } = scene()
    const switched: string[] = []
    const end = paths.onSwitch((id) => switched.push(id))
    paths.noteAnswer(node, FIRST)
    expect(switched).to.deep.equal([])
    paths.noteAnswer(node, SECOND)
    expect(switched).to.deep.equal(['n1'])
    end()
    time.at += 11_000
    paths.noteAnswer(node, FIRST)
    expect(switched).to.deep.equal(['n1'])
  })

  it('are not reported when there is only one', () => {
    const { node, paths, board } = scene([FIRST])
    paths.noteSilence(node, FIRST, 'timed out')
    expect(paths.order(node)).to.deep.equal([FIRST])
    expect(board.get('paths', 'n1')).to.equal(undefined)
  })

  it('start anew with other addresses after a reload', () => {
    const { node, paths } = scene()
    paths.noteAnswer(node, SECOND)
    const third = { ...FIRST, address: { ip: '203.0.113.1', port: 53 } }
    expect(paths.current({ ...node, paths: [third, SECOND] })).to.equal(third)
    expect(paths.current({ ...node, paths: [third, SECOND] })).to.equal(third)
  })
})
