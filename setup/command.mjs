/** Runs other programs during set-up: quietly, with their output kept for failures. */
import { spawn, spawnSync } from 'node:child_process'
import { SetupError } from './report.mjs'

/** Runs to the end without output. Throws a SetupError with the last printed lines when it fails. */
export function runQuietly(what, command, args, options = {}) {
  const result = spawnSync(command, args, { encoding: 'utf8', stdio: ['ignore', 'pipe', 'pipe'], maxBuffer: 2 ** 28, ...options })
  if (result.status === 0) return result.stdout
  const printed = `${result.stdout ?? ''}${result.stderr ?? ''}`.trim().split('\n').slice(-25).join('\n')
  throw new SetupError(`${what} failed (${result.error?.message ?? `status ${result.status}`}):\n${printed}`)
}

export function succeeds(command, args) {
  return spawnSync(command, args, { stdio: 'ignore' }).status === 0
}

/** Also searches the folders of daemons, which an ordinary user's PATH lacks. */
export function isInstalled(program) {
  return succeeds('sh', ['-c', 'PATH="$PATH:/usr/local/sbin:/usr/sbin:/sbin" command -v -- "$1"', 'sh', program])
}

/** Runs in the foreground of the terminal and passes signals on; returns the exit status. */
export function runForeground(command, args, options = {}) {
  return new Promise((resolve, reject) => {
    const child = spawn(command, args, { stdio: 'inherit', ...options })
    // Ctrl-C reaches the child by itself: the terminal signals the whole group. This process only waits for the child.
    const ignore = () => {}
    const pass = (signal) => child.kill(signal)
    process.on('SIGINT', ignore)
    process.on('SIGTERM', pass)
    child.on('error', reject)
    child.on('exit', (status, signal) => {
      process.off('SIGINT', ignore)
      process.off('SIGTERM', pass)
      resolve(status ?? (signal === 'SIGINT' ? 130 : 1))
    })
  })
}
