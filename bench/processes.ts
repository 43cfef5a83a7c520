/** The processes of a server, and their priority beside the hub. */
import { readdirSync, readFileSync, writeFileSync } from 'node:fs'
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

/** Unit of processor time in /proc: the kernel's USER_HZ. */
const TICK_MS = 10

/** Processor time of the processes so far, all threads, in milliseconds (proc(5), fields 14 and 15). */
export const processorMs = (pids: readonly number[]): number =>
  pids.reduce((sum, pid) => {
    const fields = readOf(pid, 'stat').split(') ')[1]?.split(' ') ?? []
    return sum + (Number(fields[11] ?? 0) + Number(fields[12] ?? 0)) * TICK_MS
  }, 0)

/** Processor time of one process so far, all its present threads, in microseconds: finer than the ticks of `processorMs`. */
export const processorUs = (pid: number): number =>
  readdirSync(`/proc/${pid}/task`).reduce((sum, task) => {
    const ns = Number(readOf(pid, `task/${task}/schedstat`).split(' ')[0])
    return sum + (Number.isFinite(ns) ? ns / 1000 : 0)
  }, 0)

/** Empty when the process has ended. */
function readOf(pid: number, file: string): string {
  try {
    return readFileSync(`/proc/${pid}/${file}`, 'utf8')
  } catch {
    return ''
  }
}

const kbIn = (text: string, name: string): number => Number(new RegExp(`^${name}:\\s+(\\d+)`, 'm').exec(text)?.[1] ?? 0)

/** Proportional set size, in MB: memory that forked processes share counts once. */
export const memoryMb = (pids: readonly number[]): number =>
  pids.reduce((sum, pid) => sum + kbIn(readOf(pid, 'smaps_rollup'), 'Pss'), 0) / 1000

/** Begins a new peak of memory (proc(5), clear_refs). */
export function forgetPeak(pids: readonly number[]): void {
  for (const pid of pids) {
    try {
      writeFileSync(`/proc/${pid}/clear_refs`, '5')
    } catch {
      // It has ended.
    }
  }
}

/** The present memory, and for each process how much more it once had since `forgetPeak`; in MB. Takes nothing while it grows. */
export function peakMb(pids: readonly number[]): number {
  const more = pids.map((pid) => {
    const status = readOf(pid, 'status')
    return Math.max(0, kbIn(status, 'VmHWM') - kbIn(status, 'VmRSS'))
  })
  return memoryMb(pids) + more.reduce((sum, kb) => sum + kb, 0) / 1000
}
