/** Threads for work that would block the event loop, or that uses a second core. */
import { openSync, readSync } from 'node:fs'
import { Worker, type WorkerOptions } from 'node:worker_threads'
import { THREAD_NEW_OBJECTS_MB } from './heap.js'

/** TypeScript in a thread: Node.js 20 accepts no loader for it in its flags. */
const fromSource = (module: string): string => `import('tsx/esm/api').then(({ register }) => {
  register()
  return import(${JSON.stringify(module)})
})`

/**
 * Runs a module in a separate thread, which keeps the process alive until it ends. `name` as in an import, of a file beside
 * `from`: `./summing-thread.js`. `workerData` is cloned.
 */
export function startThread(name: string, from: string, workerData?: unknown): Worker {
  const isSource = from.endsWith('.ts')
  const module = new URL(isSource ? name.replace(/\.js$/, '.ts') : name, from)
  // The room that the process has for new objects is meant for its event loop.
  const options: WorkerOptions = { workerData, resourceLimits: { maxYoungGenerationSizeMb: THREAD_NEW_OBJECTS_MB } }
  return isSource ? new Worker(fromSource(module.href), { ...options, eval: true }) : new Worker(module, options)
}

interface WithThreadUsage {
  threadCpuUsage?: () => { user: number; system: number }
}

/**
 * Returns a meter of the calling thread's CPU time, milliseconds from any moment on. Before Node.js 22.19 it reads Linux's
 * figure; on other systems it measures elapsed time.
 */
export function threadCpuMeter(): () => number {
  const { threadCpuUsage } = process as WithThreadUsage
  if (threadCpuUsage !== undefined)
    return () => {
      const { user, system } = threadCpuUsage.call(process)
      return (user + system) / 1000
    }
  try {
    const file = openSync('/proc/thread-self/schedstat', 'r')
    const text = Buffer.alloc(64)
    // Nanoseconds on a core, in front of two other numbers.
    return () => Number.parseInt(text.toString('latin1', 0, readSync(file, text, 0, text.length, 0)), 10) / 1e6
  } catch {
    return () => performance.now()
  }
}
