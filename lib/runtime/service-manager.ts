/**
 * Reports the state of the program to the service manager (sd_notify(3)), which waits for READY=1. Node.js has no unix datagram
 * sockets: systemd-notify(1) sends each message, and ends when systemd has read it.
 */
import { spawn } from 'node:child_process'
import { guard } from './guard.js'
import type { Logger } from './logger.js'

const PROGRAM = 'systemd-notify'
/** Longer than systemd-notify itself waits. */
const SENT_WITHIN_MS = 10_000

export class ServiceManager {
  readonly #socket: string | undefined
  readonly #env: Readonly<Record<string, string | undefined>>
  readonly #log: Logger
  /** Ends with the last message: they arrive in their order. */
  #sent: Promise<void> = Promise.resolve()

  /** `socket`: of NOTIFY_SOCKET; undefined: nothing is reported. `env`: the environment of systemd-notify. */
  constructor(socket: string | undefined, env: Readonly<Record<string, string | undefined>>, log: Logger) {
    this.#socket = socket
    this.#env = env
    this.#log = log
  }

  /** Each assignment is one line of the message, such as `READY=1`. Never throws: a message that cannot be sent is logged. */
  notify(...assignments: readonly string[]): void {
    const socket = this.#socket
    if (socket === undefined) return
    this.#sent = this.#sent.then(() => this.#send(socket, assignments))
  }

  #send(socket: string, assignments: readonly string[]): Promise<void> {
    return new Promise((resolve) => {
      const env = { ...this.#env, NOTIFY_SOCKET: socket }
      const child = spawn(PROGRAM, assignments, { stdio: 'ignore', env, timeout: SENT_WITHIN_MS })
      const end = guard('service manager', (why?: string) => {
        if (why !== undefined) this.#log.warn({ op: 'systemd', message: assignments[0], why }, 'service manager not notified')
        resolve()
      })
      child.on('error', (error) => end(`${PROGRAM} did not start: ${error.message}`))
      child.on('exit', (code, signal) => end(code === 0 ? undefined : `${PROGRAM} ended with ${signal ?? code}`))
    })
  }
}
