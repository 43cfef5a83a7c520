/**
 * The heap of the JavaScript engine, for a hub that makes many objects which live for some seconds: each delivery does. With the
 * engine's own settings these objects survive the collections of new objects, fill the heap, and stay until it is four times as large
 * as what is in use.
 */
import { setFlagsFromString } from 'node:v8'

/**
 * Size of each half of the space for new objects, in MB: the objects of a delivery end there. The engine grows it only when many
 * objects survive, so a small hub does not pay for it.
 */
export const NEW_OBJECTS_MB = 32
const NEW_OBJECTS = '--max-semi-space-size'
/** The engine allows a thread so much without the setting, in MB: both halves, and as much again for large objects. */
export const THREAD_NEW_OBJECTS_MB = 48
/** The heap may grow by so much, in per cent of what is in use, before garbage is collected. */
const GROWTH_PERCENT = 100

/** Collects garbage of the whole heap earlier than the engine does. Effective at any time. */
export function keepHeapSmall(): void {
  setFlagsFromString(`--heap-growing-percent=${GROWTH_PERCENT}`)
}

/** The parts of `process` that matter here. */
export interface OfProcess {
  execPath: string
  execArgv: readonly string[]
  argv: readonly string[]
  /** The process has a parent that waits for its messages. */
  send?: unknown
  /** Node.js 22.15 and newer. */
  execve?: (file: string, args: readonly string[]) => void
}

/** `options`: NODE_OPTIONS. */
const hasSize = (execArgv: readonly string[], options: string): boolean =>
  [...execArgv, ...options.split(/\s+/)].some((flag) => flag.replaceAll('_', '-').startsWith(NEW_OBJECTS))

/**
 * Replaces the program of this process by itself, with room for new objects: the engine accepts the size only when it starts. The
 * process, its parent and its standard streams stay the same. Returns where the size is set already, or where Node.js cannot do
 * that. `options`: NODE_OPTIONS.
 */
export function startWithRoom(options = '', of: OfProcess = process as OfProcess): void {
  const { execPath, execArgv, argv } = of
  if (of.execve === undefined || of.send !== undefined || hasSize(execArgv, options)) return
  of.execve(execPath, [execPath, ...execArgv, `${NEW_OBJECTS}=${NEW_OBJECTS_MB}`, ...argv.slice(1)])
}
