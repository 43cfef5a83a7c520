/** Which thread goes before which, each case in a process of its own: what was lowered cannot be raised again by everybody. */
import { spawnSync } from 'node:child_process'
import { expect } from 'chai'

const MODULE = new URL('../../../lib/runtime/priority.ts', import.meta.url).href

/** What the steps print, each on a line; `may`: the process may raise its priority. */
function outcomeOf(steps: string): { lines: string[]; may: boolean } {
  const script = `
    import { getPriority, setPriority } from 'node:os'
    import { spawn } from 'node:child_process'
    import { goAsUsual, goFirst } from ${JSON.stringify(MODULE)}
    const say = (what) => process.stdout.write(what + '\\n')
    let may = true
    try { setPriority(0, -1); setPriority(0, 0) } catch { may = false }
    say(may)
    ${steps}`
  const args = ['--import', 'tsx', '--input-type=module', '-e', script]
  const { stdout, stderr, status } = spawnSync(process.execPath, args, { encoding: 'utf8' })
  expect(status, stderr).to.equal(0)
  const [may, ...lines] = stdout.trim().split('\n')
  return { lines, may: may === 'true' }
}

describe('the priority of the event loop', () => {
  it('goes before others when that is allowed, and stays as it is when not', () => {
    const { lines, may } = outcomeOf('say(goFirst()); say(getPriority())')
    expect(lines).to.deep.equal(may ? ['true', '-10'] : ['false', '0'])
  }).timeout(20_000)

  it('is left alone when whoever started the process has chosen one', () => {
    const { lines } = outcomeOf('setPriority(0, 3); say(goFirst()); say(getPriority()); goAsUsual(); say(getPriority())')
    expect(lines).to.deep.equal(['false', '3', '3'])
  }).timeout(20_000)

  it('is no child’s: it goes as usual', () => {
    const { lines } = outcomeOf(`goFirst()
      const child = spawn('sleep', ['5'])
      goAsUsual(child.pid); say(getPriority(child.pid)); child.kill()
      goAsUsual(); say(getPriority())`)
    expect(lines).to.deep.equal(['0', '0'])
  }).timeout(20_000)

  it('of a child that has gone is nobody’s trouble', () => {
    const { lines } = outcomeOf("goAsUsual(2 ** 22 - 1); say('fine')")
    expect(lines).to.deep.equal(['fine'])
  }).timeout(20_000)
})
