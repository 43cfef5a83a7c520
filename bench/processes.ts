/** The processes of a server, and their priority beside the hub. */
import { readdirSync, readFileSync } from 'node:fs'
import { setPriority } from 'node:os'
import { FIRST } from '../lib/runtime/priority.js'

/** A process and all its descendants. */
export function descendants(pid: number): number[] {
  try {
    const children = readFileSync(`/proc/${pid}/task/${pid}/children`, 'utf8').trim().split(' ').filter(Boolean).map(Number)
    return [pid, ...children.flatMap(descendants)]
  } catch {
    return []
  }
}

/** SIGKILL to each process that still runs. */
export function killAll(pids: readonly number[]): void {
  for (const pid of pids) {
    try {
      process.kill(pid, 'SIGKILL')
    } catch {
      // It ended first.
    }
  }
}

/** The hub raises the priority of its event loop if allowed; servers measured beside it get the same, with all their threads. */
export function raiseAsTheHub(pid: number): void {
  for (const each of descendants(pid))
    for (const thread of readdirSync(`/proc/${each}/task`)) {
      try {
        setPriority(Number(thread), FIRST)
      } catch {
        // The hub is not allowed to raise it either.
      }
    }
}
