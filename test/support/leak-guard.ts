/** A root hook: fails when a test file leaves a child process running. Loaded by .mocharc.json. */
import { readdirSync, readFileSync } from 'node:fs'
import { WATCHDOG_NAME } from '../../lab/watchdog.js'
import { eventually } from './eventually.js'

interface Child {
  pid: number
  command: string
}

/** Running children of this process; one that ended and waits to be reaped does not count. */
function ownChildren(): Child[] {
  return readdirSync('/proc').flatMap((entry) => {
    if (!/^\d+$/.test(entry)) return []
    try {
      const stat = readFileSync(`/proc/${entry}/stat`, 'latin1')
      const [state, parent] = stat.slice(stat.lastIndexOf(')') + 2).split(' ')
      if (Number(parent) !== process.pid || state === 'Z') return []
      return [{ pid: Number(entry), command: readFileSync(`/proc/${entry}/cmdline`, 'latin1').replaceAll('\0', ' ').trim() }]
    } catch {
      return [] // it ended meanwhile
    }
  })
}

let before: ReadonlySet<number> = new Set()

// The lab's watchdog and the compiler behind tsx run until the end.
const isExpected = ({ command }: Child): boolean => command.includes(WATCHDOG_NAME) || command.includes('esbuild')

export const mochaHooks = {
  beforeAll(): void {
    before = new Set(ownChildren().map(({ pid }) => pid))
  },
  async afterAll(): Promise<void> {
    await eventually(
      () => {
        const left = ownChildren().filter((child) => !before.has(child.pid) && !isExpected(child))
        if (left.length > 0) throw new Error(`left running: ${left.map(({ pid, command }) => `${pid} ${command}`).join('; ')}`)
      },
      { timeoutMs: 3000 },
    )
  },
}
