/** Output of set-up: short lines on standard error, so that standard output belongs to the job itself. */

export function say(line) {
  process.stderr.write(`${line}\n`)
}

/** A reason that the user can act on; no stack. */
export class SetupError extends Error {}
