/**
 * Gives the thread of the event loop priority over others on its machine: it alone answers, and a thread that it wakes by a
 * message would take its core while the next message is still to be sent. With twenty nodes on the same machine, equal priorities
 * double the time until the last NOTIFY is sent. The threads that collect garbage get it too: while they wait for a core, the event
 * loop waits for them.
 */
import { readdirSync } from 'node:fs'
import { getPriority, setPriority } from 'node:os'

/** Above all processes without a set priority, below those that must never wait. */
export const FIRST = -10
const USUAL = 0

/** Threads of the process when it loads: the first, and those of the engine. Later ones have work of their own. */
const THREADS = threadsNow()

/** False when the process lacks the right, or when its parent has chosen a priority. */
export function goFirst(): boolean {
  if (!change(0, USUAL, FIRST)) return false
  for (const thread of THREADS) change(thread, USUAL, FIRST)
  return true
}

/** Empty where the system does not list them (outside Linux). */
function threadsNow(): number[] {
  try {
    return readdirSync('/proc/self/task').map(Number)
  } catch {
    return []
  }
}

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
