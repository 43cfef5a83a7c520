/**
 * The check `hook`: a command of the operator that approves a version. It gets the zone as text, on its standard input or as a
 * file, and the version's data in its environment. Exit code 0 approves; any other result is the verdict of the check's mode. Not
 * here: the checks without a command (lib/checks).
 */
import { type ChildProcess, spawn } from 'node:child_process'
import { createWriteStream } from 'node:fs'
import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { Readable } from 'node:stream'
import { pipeline } from 'node:stream/promises'
import type { CheckReport, Mode } from '../checks/check.js'
import { describeError } from '../errors.js'
import { goAsUsual } from '../runtime/priority.js'

/** Octets of the command's output in a report, from its end. */
const OUTPUT_OCTETS = 2048
/** Time from SIGTERM to SIGKILL. */
const GRACE_MS = 2000

export interface HookWish {
  mode: Exclude<Mode, 'off'>
  /** Program and arguments. */
  command: readonly string[]
  timeoutMs: number
  zone: string
  serial: number
  /** Serial of the last released version; undefined for the first one. */
  previousSerial: number | undefined
  text: AsyncIterable<string> | (() => AsyncIterable<string>)
  input: 'stdin' | 'file'
  /** Source of the command's PATH and HOME; no other variable is passed on. */
  env: Readonly<Record<string, string | undefined>>
}

export async function runHook(wish: HookWish): Promise<CheckReport> {
  const folder = wish.input === 'file' ? await mkdtemp(join(tmpdir(), 'zonecast-hook-')) : undefined
  try {
    const file = folder === undefined ? undefined : join(folder, 'zone')
    if (file !== undefined) await pipeline(Readable.from(textOf(wish)), createWriteStream(file, { mode: 0o600 }))
    return reportOf(wish, await runCommand(wish, file))
  } catch (error) {
    return reportOf(wish, { output: '', fault: `could not receive the zone: ${describeError(error)}` })
  } finally {
    if (folder !== undefined) await rm(folder, { recursive: true, force: true })
  }
}

const textOf = ({ text }: HookWish): AsyncIterable<string> => (typeof text === 'function' ? text() : text)

interface HookEnd {
  output: string
  /** Undefined when the command approved. */
  fault: string | undefined
}

function reportOf({ command, mode, serial }: HookWish, { output, fault }: HookEnd): CheckReport {
  const said = output.trim() === '' ? 'It printed nothing.' : `It printed:\n${output.trim()}`
  if (fault === undefined) return { check: 'hook', verdict: 'pass', report: `The hook ${command[0]} approved serial ${serial}.` }
  return { check: 'hook', verdict: mode, report: `The hook ${command[0]} ${fault}.\n${said}` }
}

function environmentOf(wish: HookWish, file: string | undefined): Record<string, string> {
  const { env, zone, serial, previousSerial } = wish
  return {
    PATH: env.PATH ?? '/usr/local/bin:/usr/bin:/bin',
    ...(env.HOME === undefined ? {} : { HOME: env.HOME }),
    ZONECAST_ZONE: zone,
    ZONECAST_SERIAL: String(serial),
    ...(previousSerial === undefined ? {} : { ZONECAST_PREVIOUS_SERIAL: String(previousSerial) }),
    ...(file === undefined ? {} : { ZONECAST_ZONE_FILE: file }),
  }
}

async function runCommand(wish: HookWish, file: string | undefined): Promise<HookEnd> {
  const [program = '', ...args] = wish.command
  const child = spawn(program, args, {
    env: environmentOf(wish, file),
    stdio: [file === undefined ? 'pipe' : 'ignore', 'pipe', 'pipe'],
    // Own process group, so that its children end with it.
    detached: true,
  })
  if (child.pid !== undefined) goAsUsual(child.pid)
  const output = new LastOctets()
  child.stdout?.on('data', (data: Buffer) => output.add(data))
  child.stderr?.on('data', (data: Buffer) => output.add(data))
  let timedOut = false
  const timers = [
    setTimeout(() => {
      timedOut = true
      endGroup(child, 'SIGTERM')
    }, wish.timeoutMs),
    setTimeout(() => endGroup(child, 'SIGKILL'), wish.timeoutMs + GRACE_MS),
  ]
  try {
    const writing = file === undefined ? writeText(child, textOf(wish)) : Promise.resolve(undefined)
    const end = await endOf(child)
    // Processes that it started and left behind end too.
    endGroup(child, 'SIGKILL')
    child.stdin?.destroy()
    const failedText = await writing
    if (timedOut) return { output: output.text, fault: `ran longer than ${wish.timeoutMs} ms and was ended` }
    if (end === undefined && failedText !== undefined) return { output: output.text, fault: failedText }
    return { output: output.text, fault: end }
  } finally {
    for (const timer of timers) clearTimeout(timer)
  }
}

/**
 * The fault of the command's end; undefined when it approved. Resolves when its output is closed as well, or soon
 * after.
 */
function endOf(child: ChildProcess): Promise<string | undefined> {
  return new Promise((resolve) => {
    child.once('error', (error) => resolve(`could not be started: ${describeError(error)}`))
    child.once('exit', (code, signal) => {
      const fault = signal === null ? (code === 0 ? undefined : `ended with exit code ${code}`) : `was ended by ${signal}`
      // NOTE: a process that the command left behind may keep its output open; it is not waited for.
      const late = setTimeout(() => resolve(fault), 100)
      child.once('close', () => {
        clearTimeout(late)
        resolve(fault)
      })
    })
  })
}

/** A command that has read enough may close its input: that is not a failure. A failure of the text itself is. */
async function writeText(child: ChildProcess, text: AsyncIterable<string>): Promise<string | undefined> {
  const { stdin } = child
  if (stdin === null) return undefined
  let textFault: string | undefined
  const watched = async function* () {
    const parts = text[Symbol.asyncIterator]()
    try {
      for (;;) {
        const part = await nextOf(parts)
        if (part.done === true) return
        yield part.value
      }
    } finally {
      await parts.return?.()
    }
  }
  /**
   * Only this failure comes from the text. NOTE: `yield*` would pass a failure of the stream to an iterator that may not take it.
   */
  const nextOf = async (parts: AsyncIterator<string>): Promise<IteratorResult<string>> => {
    try {
      return await parts.next()
    } catch (error) {
      textFault = `could not receive the zone: ${describeError(error)}`
      throw error
    }
  }
  try {
    await pipeline(Readable.from(watched()), stdin)
  } catch {
    // EPIPE, or the child is gone: its exit reports the rest.
  }
  return textFault
}

function endGroup({ pid }: ChildProcess, signal: NodeJS.Signals): void {
  if (pid === undefined) return
  try {
    process.kill(-pid, signal)
  } catch {
    // The group has no process left.
  }
}

class LastOctets {
  #octets = Buffer.alloc(0)
  #isCut = false

  add(data: Buffer): void {
    const all = Buffer.concat([this.#octets, data])
    this.#isCut ||= all.length > OUTPUT_OCTETS
    this.#octets = Buffer.from(all.subarray(-OUTPUT_OCTETS))
  }

  get text(): string {
    // Control characters of a terminal are kept out of the report.
    const text = this.#octets.toString('utf8').replace(/[^\P{Cc}\n\t]/gu, '\u{fffd}')
    return `${this.#isCut ? '…' : ''}${text}`
  }
}
