/** Child processes of `npm run mutation` that run tests, and the results of tasks. */
import { type ChildProcess, fork } from 'node:child_process'
import { fileURLToPath } from 'node:url'
import type { Outcome, Task } from './worker.js'

const START_MS = 60_000

export type Ended = Outcome | 'timed out' | 'ended'

/** One child at a time: it starts with the first task, and again after a task that did not end. */
export class Worker {
  readonly #folder: string
  readonly #tests: readonly string[]
  #child: ChildProcess | undefined

  constructor(folder: string, tests: readonly string[]) {
    this.#folder = folder
    this.#tests = tests
  }

  /** `mutant`: active from the start, for code that runs while files are loaded. */
  async run(task: Task, limitMs: number, mutant?: string): Promise<Ended> {
    if (mutant !== undefined) this.stop()
    if (this.#child === undefined) {
      this.#child = fork(fileURLToPath(new URL('worker.ts', import.meta.url)), this.#tests, {
        cwd: this.#folder,
        execArgv: ['--import', 'tsx'],
        env: { ...process.env, ...(mutant === undefined ? {} : { MUTANT: mutant }) },
        stdio: ['ignore', 'ignore', mutant === undefined ? 'inherit' : 'ignore', 'ipc'],
      })
      const begun = await answerOf<'ready'>(this.#child, START_MS)
      if (begun !== 'ready') return this.#given(begun)
    }
    this.#child.send(task)
    const ended = await answerOf<Outcome>(this.#child, limitMs)
    if (mutant !== undefined || typeof ended === 'string') this.stop()
    return ended
  }

  #given<T>(ended: T): T {
    this.stop()
    return ended
  }

  stop(): void {
    this.#child?.kill('SIGKILL')
    this.#child = undefined
  }
}

function answerOf<T>(child: ChildProcess, limitMs: number): Promise<T | 'timed out' | 'ended'> {
  return new Promise((resolve) => {
    const done = (value: T | 'timed out' | 'ended'): void => {
      clearTimeout(timer)
      child.removeAllListeners()
      resolve(value)
    }
    const timer = setTimeout(() => done('timed out'), limitMs)
    child.once('message', (value) => done(value as T))
    child.once('exit', () => done('ended'))
    child.once('error', () => done('ended'))
  })
}
