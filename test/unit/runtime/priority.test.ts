/** Thread priorities, each case in a process of its own: a lowered priority cannot be raised again by every user. */
import { spawnSync } from 'node:child_process'
import { expect } from 'chai'

const MODULE = new URL('../../../lib/runtime/priority.ts', import.meta.url).href

/** The output of the steps, line by line; `may`: the process may raise its priority. */
function outcomeOf(steps: string): { lines: string[]; may: boolean } {
  const script = `
    import { getPriority, setPriority } from 'node:os'
    import { spawn } from 'node:child_process'
    import { goAsUsual, goFirst } from ${JSON.stringify(MODULE)}
    const print = (what) => process.stdout.write(what + '\\n')
    let may = true
    try { setPriority(0, -1); setPriority(0, 0) } catch { may = false }
    print(may)
    ${steps}`
  const args = ['--import', 'tsx', '--input-type=module', '-e', script]
  const { stdout, stderr, status } = spawnSync(process.execPath, args, { encoding: 'utf8' })
  expect(status, stderr).to.equal(0)
  const [may, ...lines] = stdout.trim().split('\n')
  return { lines, may: may === 'true' }
}

describe('the priority of the event loop', () => {
  it('is raised when that is allowed, and unchanged otherwise', () => {
    const { lines, may } = outcomeOf('print(goFirst()); print(getPriority())')
    expect(lines).to.deep.equal(may ? ['true', '-10'] : ['false', '0'])
  }).timeout(20_000)

  it('is also that of the threads that collect its garbage, for which it waits', () => {
    const { lines, may } = outcomeOf(`goFirst()
      const { readdirSync } = await import('node:fs')
      const levels = readdirSync('/proc/self/task').map((thread) => getPriority(Number(thread)))
      print(levels.filter((level) => level === -10).length > 1)`)
    expect(lines).to.deep.equal([String(may)])
  }).timeout(20_000)

  it('is unchanged when the operator has set one for the process', () => {
    const { lines } = outcomeOf('setPriority(0, 3); print(goFirst()); print(getPriority()); goAsUsual(); print(getPriority())')
    expect(lines).to.deep.equal(['false', '3', '3'])
  }).timeout(20_000)

  it('is not inherited by a child, which has the usual one', () => {
    const { lines } = outcomeOf(`goFirst()
      const child = spawn('sleep', ['5'])
      goAsUsual(child.pid); print(getPriority(child.pid)); child.kill()
      goAsUsual(); print(getPriority())`)
    expect(lines).to.deep.equal(['0', '0'])
  }).timeout(20_000)

  it('of a child that has ended causes no error', () => {
    const { lines } = outcomeOf("goAsUsual(2 ** 22 - 1); print('fine')")
    expect(lines).to.deep.equal(['fine'])
  }).timeout(20_000)
})
