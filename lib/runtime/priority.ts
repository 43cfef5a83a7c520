/**
 * Gives the thread of the event loop priority over others on its machine: it alone answers, and a thread that it wakes by a
 * message would take its core while the next message is still to be sent. With twenty nodes on the same machine, equal priorities
 * double the time until the last NOTIFY is sent.
 */
import { getPriority, setPriority } from 'node:os'

/** Above all processes without a set priority, below those that must never wait. */
export const FIRST = -10
const USUAL = 0

/** False when the process lacks the right, or when its parent has chosen a priority. */
export const goFirst = (): boolean => change(0, USUAL, FIRST)

/** Restores the usual priority in a thread or child that inherited another; `pid` 0 is the calling thread. */
export const goAsUsual = (pid = 0): boolean => change(pid, FIRST, USUAL)

/** False when it had another priority, when the right is missing, or when it is gone. */
function change(pid: number, from: number, to: number): boolean {
  try {
    if (getPriority(pid) !== from) return false
    setPriority(pid, to)
    return true
  } catch {
    return false
  }
}
