/**
 * `zonecast start`: runs a hub in the foreground. SIGHUP reads the config again; SIGTERM and SIGINT shut the hub down: it closes
 * all resources, and the process ends when the event loop is empty.
 */
import type { Command } from 'commander'
import { isLoopback } from '../../../config/address.js'
import type { Config } from '../../../config/config.js'
import { commandEnvironment, journalStream, nodeOptions, takeNotifySocket } from '../../../config/env.js'
import { ConfigError, type Finding, formatFinding } from '../../../config/errors.js'
import { checkConfig, type ConfigReport, findConfigFile } from '../../../config/load.js'
import { type Endpoint, endpointText } from '../../../lib/dns/endpoint.js'
import { describeError, InvariantError } from '../../../lib/errors.js'
import { guard, reportFault } from '../../../lib/runtime/guard.js'
import { keepHeapSmall, startWithRoom } from '../../../lib/runtime/heap.js'
import { goFirst } from '../../../lib/runtime/priority.js'
import { ServiceManager } from '../../../lib/runtime/service-manager.js'
import { isJournal } from '../../../lib/runtime/journal.js'
import { createLogger, type Logger } from '../../../lib/runtime/logger.js'
import { type CommandContext, type RunningHub, withConfig } from '../command-context.js'
import { usage } from '../errors.js'

const BAD_CONFIG = 2
const WORKER_NAME = /^[a-zA-Z0-9._-]{1,100}$/

interface StartOptions {
  config?: string
  roles?: string
  worker?: string
  allowRoot?: true
}

export function addStart(program: Command, context: CommandContext): void {
  withConfig(program.command('start'))
    .description('run the hub in the foreground')
    .option('--roles <roles>', 'roles of this process: some of watcher,worker,transfer,api (default: all)')
    .option(
      '--worker <name>',
      'name of the worker of this process, where several share the zones (default: host name and process)',
    )
    .option('--allow-root', 'run as root where other machines reach the hub (default: refuse, as it needs no right of root)')
    .action(async (_options, command: Command) => {
      const { config: file, roles, worker, allowRoot } = command.optsWithGlobals<StartOptions>()
      if (worker !== undefined && !WORKER_NAME.test(worker))
        throw usage(`--worker ${JSON.stringify(worker)}: write letters, digits, . _ -`)
      startWithRoom(nodeOptions())
      const { Hub, ROLES } = await context.parts.loadHub()
      const played = roles === undefined ? ROLES : parseRoles(roles, ROLES)
      const { config, findings } = loadOrTell(findConfigFile(file))
      if (config === undefined) return context.setExit(BAD_CONFIG)
      const isRoot = process.getuid?.() === 0 && allowRoot !== true
      const open = reachedAt(config)
      if (isRoot && open !== undefined)
        throw usage(
          `the hub does not run as root where other machines reach it (${endpointText(open)}): start it as a user of its own, or add --allow-root`,
        )
      const log = createLogger({
        level: config.log.level,
        isTerminal: process.stderr.isTTY === true,
        isJournal: isJournal(journalStream()),
      })
      if (isRoot) log.warn({ op: 'start' }, 'hub runs as root, reached from this machine alone')
      surviveFaults(log)
      logWeaknesses(log, findings)
      ignoreInspector()
      const manager = new ServiceManager(takeNotifySocket(), commandEnvironment(), log)
      await runHub(new Hub(config, played, log, worker), log, manager, context)
    })
}

/** An address at which other machines reach the hub; undefined when all are on loopback: a trial on one machine. */
function reachedAt({ api, transfer }: Config): Endpoint | undefined {
  return [api.listen, ...transfer.listen, ...(transfer.tls?.listen ?? [])].find(({ ip }) => !isLoopback(ip))
}

/** Throws CliError CLI_USAGE. */
export function parseRoles<R extends string>(text: string, known: readonly R[]): R[] {
  const names = text.split(',').map((name) => name.trim())
  const unknown = names.filter((name) => !known.some((role) => role === name))
  if (unknown.length > 0) throw usage(`--roles has an unknown role "${unknown.join('", "')}": write some of ${known.join(',')}`)
  return known.filter((role) => names.includes(role))
}

/** The report has no config when there are mistakes; these go to standard error, one per line. */
function loadOrTell(file: string): ConfigReport {
  const report = checkConfig(file)
  const mistakes = report.config === undefined ? report.findings.filter(({ severity }) => severity === 'error') : []
  process.stderr.write(mistakes.map((mistake) => `${formatFinding(mistake)}\n`).join(''))
  return report
}

/** Logs weak settings at each start, as a reader of the log may never run `zonecast check`. */
function logWeaknesses(log: Logger, findings: readonly Finding[]): void {
  for (const { code, message, line } of findings) if (code.startsWith('WEAK_')) log.warn({ op: 'config', code, line }, message)
}

async function runHub(hub: RunningHub, log: Logger, manager: ServiceManager, { terminal }: CommandContext): Promise<void> {
  // Before the start, so that a signal during it is handled and does not kill the process.
  const asked = stopSignal(log)
  let isUp = false
  const reload = guard('SIGHUP', () => {
    if (isUp) return tryReload(hub, log, manager)
    log.warn({ op: 'reload' }, 'SIGHUP ignored: the hub is starting and reads the config anyway')
  })
  process.on('SIGHUP', reload)
  try {
    const addresses = await hub.start()
    isUp = true
    // Until here the heap only grows, and each collection finds little garbage.
    keepHeapSmall()
    if (goFirst()) log.info({ op: 'start' }, 'process priority raised')
    terminal.write(`${readyLine(addresses)}\n`)
    manager.notify('READY=1', `STATUS=${readyLine(addresses)}`)
    // The parent of a process of the transfer server waits for it.
    process.send?.({ ready: addresses })
    const signal = await asked
    isUp = false
    log.info({ op: 'stop', signal }, 'shutting down')
    manager.notify('STOPPING=1', 'STATUS=shutting down')
    await hub.stop()
    // No work is left; a connection that still waits for an unreachable Redis must not keep the process alive.
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

async function tryReload(hub: RunningHub, log: Logger, manager: ServiceManager): Promise<void> {
  try {
    await hub.reload()
    manager.notify('STATUS=config reloaded')
  } catch (error) {
    const mistakes = error instanceof ConfigError ? error.mistakes.map(formatFinding) : undefined
    log.error({ op: 'reload', reason: describeError(error), mistakes }, 'config refused, running config kept')
    manager.notify('STATUS=config refused, running config kept; zonecast check shows the mistakes')
  }
}

/** Node.js opens its inspector on SIGUSR1, and any user of the machine could connect to it: this handler ignores the signal. */
function ignoreInspector(): void {
  process.on('SIGUSR1', () => undefined)
}

/** Resolves at the first SIGTERM or SIGINT. Later ones change nothing: the shutdown grace limits the work in progress. */
function stopSignal(log: Logger): Promise<NodeJS.Signals> {
  let isAsked = false
  const promise = new Promise<NodeJS.Signals>((resolve) => {
    const onSignal = (signal: NodeJS.Signals) => {
      if (isAsked) log.warn({ op: 'stop', signal }, 'already shutting down')
      isAsked = true
      resolve(signal)
    }
    process.on('SIGTERM', onSignal).on('SIGINT', onSignal)
  })
  // The handlers are never removed: a signal after the cleanup must not turn a clean exit into a death by signal.
  return promise
}

/**
 * Counts and logs an error that no guard caught, like the others; the hub goes on serving. A broken invariant of the hub's own
 * data ends the process: going on could damage the data on disk, which survives an end at any instant.
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
