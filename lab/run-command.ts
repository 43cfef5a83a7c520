/** Runs a command to its end and returns its output. Not here: servers, which keep running (server.ts). */
import { spawn } from 'node:child_process'
import { LabError } from './errors.js'
import { commandIn } from './netns.js'

export interface RunOptions {
  input?: string | undefined
  timeoutMs?: number | undefined
  /** The network namespace of the command. */
  netns?: string | undefined
}

/** Returns the standard output. Throws a LabError with the end of the standard error when the command fails. */
export function runCommand(program: string, args: readonly string[], options: RunOptions = {}): Promise<string> {
  const { input, timeoutMs = 60_000, netns } = options
  return new Promise((resolve, reject) => {
    const [path, words] = commandIn(netns, program, args)
    const child = spawn(path, words, { stdio: ['pipe', 'pipe', 'pipe'], timeout: timeoutMs })
    const out: Buffer[] = []
    const err: Buffer[] = []
    child.stdout.on('data', (chunk: Buffer) => out.push(chunk))
    child.stderr.on('data', (chunk: Buffer) => err.push(chunk))
    child.stdin.on('error', () => {}) // a command that ends before it has read its input reports the reason by its status
    child.on('error', (cause) => {
      reject(new LabError({ code: 'LAB_NOT_INSTALLED', program, package: undefined }, `${program} cannot be run`, { cause }))
    })
    child.on('close', (status, signal) => {
      if (status === 0) return resolve(Buffer.concat(out).toString())
      const said = Buffer.concat([...err, ...out])
        .toString()
        .trim()
        .split('\n')
        .slice(-5)
        .join('\n')
      const how = signal === null ? `with status ${status}` : `by ${signal}`
      reject(
        new LabError({ code: 'LAB_COMMAND_FAILED', program, status: status ?? undefined }, `${program} ended ${how}: ${said}`),
      )
    })
    child.stdin.end(input ?? '')
  })
}
