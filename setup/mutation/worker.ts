/**
 * A child process of `npm run mutation`: loads the tests once, then runs those that the parent names with one mutant active. The
 * parent ends the process when a mutant makes a test run forever.
 */
import Mocha from 'mocha'

/** Parent to worker: the mutant, and full titles of the tests to run; none of both for the first run. */
export interface Task {
  mutant?: string
  tests?: readonly string[]
}

export interface Coverage {
  static: Record<string, number>
  perTest: Record<string, Record<string, number>>
}

/** Worker to parent. */
export interface Outcome {
  failed: readonly string[]
  /** Milliseconds by full title. */
  took: Record<string, number>
  coverage: Coverage | undefined
}

/** Where instrumented files find the active mutant. */
interface Switchboard {
  activeMutant?: string | undefined
  currentTestId?: string | undefined
  mutantCoverage?: Coverage
}

const board: Switchboard = {}
Object.assign(globalThis, { __stryker__: board })

const escaped = (title: string): string => title.replace(/[.*+?^${}()|[\]\\]/g, '\\$&')

async function main(): Promise<void> {
  board.activeMutant = process.env.MUTANT
  const mocha = new Mocha({ timeout: 10_000, reporter: class {} as never })
  mocha.cleanReferencesAfterRun(false)
  for (const file of process.argv.slice(2)) mocha.addFile(file)
  await mocha.loadFilesAsync()
  process.on('message', ({ mutant, tests }: Task) => {
    board.activeMutant = mutant
    mocha.bail(tests !== undefined)
    mocha.grep(new RegExp(tests === undefined ? '' : `^(?:${tests.map(escaped).join('|')})$`))
    const failed: string[] = []
    const took: Record<string, number> = {}
    const runner = mocha.run(() => {
      board.activeMutant = undefined
      process.send!({ failed, took, coverage: mutant === undefined ? board.mutantCoverage : undefined } satisfies Outcome)
    })
    runner.on('test', (test) => {
      board.currentTestId = test.fullTitle()
    })
    runner.on('test end', (test) => {
      took[test.fullTitle()] = test.duration ?? 0
      board.currentTestId = undefined
    })
    runner.on('fail', (test) => failed.push(test.fullTitle()))
  })
  process.send!('ready')
}

await main()
