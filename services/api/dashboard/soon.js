/** Gathers calls. */

/** Runs the work once, a little later, however often it is called. @param {() => void} work @param {number} ms */
export function soon(work, ms) {
  let isDue = false
  return () => {
    if (isDue) return
    isDue = true
    setTimeout(() => {
      isDue = false
      work()
    }, ms)
  }
}

/**
 * Runs the work one at a time: calls while it runs lead to one more run, and each call gets a run that began after it. Reads of a slow
 * hub neither pile up nor overtake each other. The work never throws, and ends.
 * @param {() => Promise<void>} work @returns {() => Promise<void>}
 */
export function inTurn(work) {
  /** @type {Promise<void> | undefined} */
  let running
  /** @type {Promise<void> | undefined} */
  let next
  const start = () => {
    next = undefined
    const run = work().finally(() => {
      if (running === run) running = undefined
    })
    running = run
    return run
  }
  return () => {
    if (next !== undefined) return next
    if (running === undefined) return start()
    next = running.then(start)
    return next
  }
}
