/** A mocha reporter: the usual spec output for the reader, and at the end the counts in a file for setup/test.mjs. */
const { writeFileSync } = require('node:fs')
const { Spec } = require('mocha').reporters

class CountingReporter extends Spec {
  constructor(runner, options) {
    super(runner, options)
    const { countsFile } = options.reporterOptions
    runner.once('end', () => {
      const { passes, failures, pending } = this.stats
      writeFileSync(countsFile, JSON.stringify({ passed: passes, failed: failures, skipped: pending }))
    })
  }
}

// NOTE: CommonJS, because mocha takes a reporter only as the one thing its file exports.
module.exports = CountingReporter
