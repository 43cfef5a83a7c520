/**
 * The thread of the event loop goes before others on its machine: it is all that answers, and what it wakes by a message would take the
 * core from it while the next message is still to be sent. With twenty nodes on the same machine that doubles the time until the last
 * NOTIFY is sent.
 */
import { getPriority, setPriority } from 'node:os'

/** Above everything that said nothing, below what must never wait. */
export const FIRST = -10
const USUAL = 0

/** False when we may not, or when whoever started us has chosen a priority. */
export const goFirst = (): boolean => change(0, USUAL, FIRST)

/** What a thread or a child inherits is given back; `pid` 0 is the calling thread. */
export const goAsUsual = (pid = 0): boolean => change(pid, FIRST, USUAL)

/** False when it was not so before, when we may not, or when it is gone. */
function change(pid: number, from: number, to: number): boolean {
  try {
    if (getPriority(pid) !== from) return false
    setPriority(pid, to)
    return true
  } catch {
    return false
  }
}
