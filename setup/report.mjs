/** How set-up speaks: short lines on standard error, so that standard output belongs to the job itself. */

export function say(line) {
  process.stderr.write(`${line}\n`)
}

/** A reason the person can act on; no stack. */
export class SetupError extends Error {}
