/**
 * `zonecast start`: a hub in the foreground. SIGHUP reads the config again; SIGTERM and SIGINT drain and end it. To end, it lets go
 * of everything and the event loop empties.
 */
import type { Command } from 'commander'
import { ConfigError, type Finding, formatFinding } from '../../../config/errors.js'
import { checkConfig, type ConfigReport, findConfigFile } from '../../../config/load.js'
import { describeError, InvariantError } from '../../../lib/errors.js'
import { guard, reportFault } from '../../../lib/runtime/guard.js'
import { goFirst } from '../../../lib/runtime/priority.js'
import { createLogger, type Logger } from '../../../lib/runtime/logger.js'
import { type CommandContext, type RunningHub, withConfig } from '../command-context.js'
import { usage } from '../errors.js'

const BAD_CONFIG = 2

export function addStart(program: Command, context: CommandContext): void {
  withConfig(program.command('start'))
    .description('run the hub in the foreground')
    .option('--roles <roles>', 'what this process does: some of watcher,worker,transfer,api (default: all)')
    .action(async (_options, command: Command) => {
      const { config: file, roles } = command.optsWithGlobals<{ config?: string; roles?: string }>()
      const { Hub, ROLES } = await context.parts.loadHub()
      const played = roles === undefined ? ROLES : parseRoles(roles, ROLES)
      const { config, findings } = loadOrTell(findConfigFile(file))
      if (config === undefined) return context.setExit(BAD_CONFIG)
      const log = createLogger({ level: config.log.level, isTerminal: process.stderr.isTTY === true })
      surviveFaults(log)
      logWeaknesses(log, findings)
      ignoreInspector()
      await runHub(new Hub(config, played, log), log, context)
    })
}

/** Throws CliError CLI_USAGE. */
export function parseRoles<R extends string>(text: string, known: readonly R[]): R[] {
  const names = text.split(',').map((name) => name.trim())
  const unknown = names.filter((name) => !known.some((role) => role === name))
  if (unknown.length > 0) throw usage(`--roles does not know "${unknown.join('", "')}": write some of ${known.join(',')}`)
  return known.filter((role) => names.includes(role))
}

/** Without a config it has mistakes, which are then on standard error, one per line. */
function loadOrTell(file: string): ConfigReport {
  const report = checkConfig(file)
  const mistakes = report.config === undefined ? report.findings.filter(({ severity }) => severity === 'error') : []
  process.stderr.write(mistakes.map((mistake) => `${formatFinding(mistake)}\n`).join(''))
  return report
}

/** What is weak is said at each start, as whoever reads the log may never run `zonecast check`. */
function logWeaknesses(log: Logger, findings: readonly Finding[]): void {
  for (const { code, message, line } of findings) if (code.startsWith('WEAK_')) log.warn({ op: 'config', code, line }, message)
}

async function runHub(hub: RunningHub, log: Logger, { terminal }: CommandContext): Promise<void> {
  // In place before the start: a signal that comes meanwhile is obeyed, not died of.
  const asked = stopSignal(log)
  let isUp = false
  const reload = guard('SIGHUP', () => {
    if (isUp) tryReload(hub, log)
    else log.warn({ op: 'reload' }, 'SIGHUP came before the hub was up; the config is being read anyway')
  })
  process.on('SIGHUP', reload)
  try {
    const addresses = await hub.start()
    isUp = true
    if (goFirst()) log.info({ op: 'start' }, 'the event loop goes before other work of this machine')
    terminal.write(`${readyLine(addresses)}\n`)
    const signal = await asked
    isUp = false
    log.info({ op: 'stop', signal }, 'draining')
    await hub.stop()
    // Nothing is under way any more; a connection that waits for a Redis that is away must not keep the process.
    setTimeout(() => process.exit(), END_WITHIN_MS).unref()
  } finally {
    process.off('SIGHUP', reload)
  }
}

const END_WITHIN_MS = 1_000

/** `ready transfer=127.0.0.1:5300,[::1]:5300 api=http://127.0.0.1:8053/` */
export function readyLine(addresses: readonly { role: string; address: string }[]): string {
  const roles = [...new Set(addresses.map(({ role }) => role))]
  const listening = roles.map((role) => {
    const own = addresses.filter((row) => row.role === role).map(({ address }) => address)
    return `${role}=${own.join(',')}`
  })
  return ['ready', ...listening].join(' ')
}

function tryReload(hub: RunningHub, log: Logger): void {
  try {
    hub.reload()
  } catch (error) {
    const mistakes = error instanceof ConfigError ? error.mistakes.map(formatFinding) : undefined
    log.error({ op: 'reload', reason: describeError(error), mistakes }, 'config refused; the running one is kept')
  }
}

/** Node.js opens its inspector on SIGUSR1, to which any user of the machine can connect: the signal is taken and does nothing. */
function ignoreInspector(): void {
  process.on('SIGUSR1', () => undefined)
}

/** The first SIGTERM or SIGINT. Later ones change nothing: what is under way ends within the drain's own limit. */
function stopSignal(log: Logger): Promise<NodeJS.Signals> {
  let isAsked = false
  const promise = new Promise<NodeJS.Signals>((resolve) => {
    const onSignal = (signal: NodeJS.Signals) => {
      if (isAsked) log.warn({ op: 'stop', signal }, 'already draining')
      isAsked = true
      resolve(signal)
    }
    process.on('SIGTERM', onSignal).on('SIGINT', onSignal)
  })
  // Never taken off again: one that comes when all has been let go of must not turn a clean end into a death by signal.
  return promise
}

/**
 * An error that no guard caught is counted and logged like the others, and the hub goes on serving. A broken invariant of our own
 * data ends the process: continuing could spoil what is on disk, which survives an end at any instant.
 */
function surviveFaults(log: Logger): void {
  const take = (error: unknown) => {
    if (error instanceof InvariantError) {
      log.fatal({ op: 'bug', err: error }, 'broken invariant')
      process.exit(1)
    }
    reportFault('process', error)
  }
  process.on('unhandledRejection', take).on('uncaughtException', take)
}
