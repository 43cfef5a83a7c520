/** Running other programs for set-up: quietly, with their words kept for when they fail. */
import { spawn, spawnSync } from 'node:child_process'
import { SetupError } from './report.mjs'

/** Runs to the end without a word; a SetupError with the last lines it printed when it fails. */
export function runQuietly(what, command, args, options = {}) {
  const result = spawnSync(command, args, { encoding: 'utf8', stdio: ['ignore', 'pipe', 'pipe'], maxBuffer: 2 ** 28, ...options })
  if (result.status === 0) return result.stdout
  const printed = `${result.stdout ?? ''}${result.stderr ?? ''}`.trim().split('\n').slice(-25).join('\n')
  throw new SetupError(`${what} failed (${result.error?.message ?? `status ${result.status}`}):\n${printed}`)
}

export function succeeds(command, args) {
  return spawnSync(command, args, { stdio: 'ignore' }).status === 0
}

/** Where daemons are, also when an ordinary user's PATH does not look there. */
export function isInstalled(program) {
  return succeeds('sh', ['-c', 'PATH="$PATH:/usr/local/sbin:/usr/sbin:/sbin" command -v -- "$1"', 'sh', program])
}

/** Runs in the foreground with our terminal and passes signals on; answers its exit status. */
export function runForeground(command, args, options = {}) {
  return new Promise((resolve, reject) => {
    const child = spawn(command, args, { stdio: 'inherit', ...options })
    // Ctrl-C reaches the child by itself: the terminal signals the whole group. We only wait for it to finish.
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
