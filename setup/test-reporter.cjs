/**
 * A mocha reporter: the usual spec output, then the slowest files, and the counts in a file for setup/test.mjs.
 */
const { relative } = require('node:path')
const { writeFileSync } = require('node:fs')
const { Spec } = require('mocha').reporters

/** Files that take longer are listed at the end. */
const SLOW_MS = 15_000

class CountingReporter extends Spec {
  constructor(runner, options) {
    super(runner, options)
    const { countsFile } = options.reporterOptions
    // From one suite's end to the next: this includes the start and end of its servers, which no test counts.
    const times = new Map()
    let before = Date.now()
    runner.on('suite end', ({ file, parent }) => {
      if (parent?.root !== true) return
      times.set(file, (times.get(file) ?? 0) + Date.now() - before)
      before = Date.now()
    })
    runner.once('end', () => {
      const slow = [...times].filter(([, ms]) => ms >= SLOW_MS).sort(([, a], [, b]) => b - a)
      for (const [file, ms] of slow) console.log(`${String(Math.round(ms / 1000)).padStart(6)} s  ${relative('.', file)}`)
      const { passes, failures, pending } = this.stats
      writeFileSync(countsFile, JSON.stringify({ passed: passes, failed: failures, skipped: pending }))
    })
  }
}

// NOTE: CommonJS, because mocha accepts a reporter only as the sole export of its file.
module.exports = CountingReporter
