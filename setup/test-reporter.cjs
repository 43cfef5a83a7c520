/**
 * A mocha reporter: the usual spec output, then the slowest files, and the counts in a file for setup/test.mjs, with the titles and
 * errors of failures, which it repeats last.
 */
const { relative } = require('node:path')
const { writeFileSync } = require('node:fs')
const { Spec } = require('mocha').reporters

/** Files that take longer are listed at the end. */
const SLOW_MS = 15_000

/** A failure in one line: where, which test, and the first line of the error. */
const lineOf = (test, error) =>
  `${relative('.', test.file ?? '')}: ${test.fullTitle()}: ${String(error?.message ?? error).split('\n', 1)[0]}`

class CountingReporter extends Spec {
  constructor(runner, options) {
    super(runner, options)
    const { countsFile } = options.reporterOptions
    // Hooks count as well: they start and end the servers. Files run beside each other, so that no clock out here measures one.
    const times = new Map()
    const add = ({ file, duration }) => times.set(file, (times.get(file) ?? 0) + (duration ?? 0))
    runner.on('test end', add)
    runner.on('hook end', add)
    const failed = []
    runner.on('fail', (test, error) => failed.push(lineOf(test, error)))
    runner.once('end', () => {
      const slow = [...times].filter(([file, ms]) => file !== undefined && ms >= SLOW_MS).sort(([, a], [, b]) => b - a)
      for (const [file, ms] of slow) console.log(`${String(Math.round(ms / 1000)).padStart(6)} s  ${relative('.', file)}`)
      const { passes, failures, pending } = this.stats
      writeFileSync(countsFile, JSON.stringify({ passed: passes, failed: failures, skipped: pending, failedTests: failed }))
    })
  }
}

// NOTE: CommonJS, because mocha accepts a reporter only as the sole export of its file.
module.exports = CountingReporter
