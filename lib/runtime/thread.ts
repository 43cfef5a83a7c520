/** Threads for work that would hold up the event loop, or takes a second core. */
import { Worker } from 'node:worker_threads'

/** TypeScript in a thread: Node.js 20 takes no loader for it by its flags. */
const fromSource = (module: string): string => `import('tsx/esm/api').then(({ register }) => {
  register()
  return import(${JSON.stringify(module)})
})`

/**
 * Runs a module in a thread of its own, which keeps the process alive until it ends. `name` as in an import, of a file beside `from`:
 * `./count-thread.js`. `workerData` is cloned.
 */
export function startThread(name: string, from: string, workerData?: unknown): Worker {
  const isSource = from.endsWith('.ts')
  const module = new URL(isSource ? name.replace(/\.js$/, '.ts') : name, from)
  return isSource ? new Worker(fromSource(module.href), { eval: true, workerData }) : new Worker(module, { workerData })
}
