/** The processes of a server: which they are, and how they stand beside the hub. */
import { readdirSync, readFileSync } from 'node:fs'
import { setPriority } from 'node:os'
import { FIRST } from '../lib/runtime/priority.js'

/** A process and all that come from it. */
export function descendants(pid: number): number[] {
  try {
    const children = readFileSync(`/proc/${pid}/task/${pid}/children`, 'utf8').trim().split(' ').filter(Boolean).map(Number)
    return [pid, ...children.flatMap(descendants)]
  } catch {
    return []
  }
}

/** The hub raises the priority of its event loop where it may; whoever is measured beside it gets the same, with all its threads. */
export function raiseAsTheHub(pid: number): void {
  for (const each of descendants(pid))
    for (const thread of readdirSync(`/proc/${each}/task`)) {
      try {
        setPriority(Number(thread), FIRST)
      } catch {
        // The hub may not either.
      }
    }
}
