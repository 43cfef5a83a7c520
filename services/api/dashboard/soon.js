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
