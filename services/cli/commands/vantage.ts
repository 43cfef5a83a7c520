/** `zonecast vantage`: probes from this machine. `vantages` and `catchment`: the reports of all vantage points. */
import type { Command } from 'commander'
import { commandEnvironment, journalStream, takeNotifySocket } from '../../../config/env.js'
import { ConfigError, formatFinding } from '../../../config/errors.js'
import { loadVantage, type VantageConfig } from '../../../config/vantage.js'
import { isWell } from '../../../lib/probe/judge-visits.js'
import { isJournal } from '../../../lib/runtime/journal.js'
import { createLogger } from '../../../lib/runtime/logger.js'
import { ServiceManager } from '../../../lib/runtime/service-manager.js'
import { type CatchmentRowAnswer, CatchmentAnswer, VantagesAnswer } from '../answers.js'
import { clientOf, collect, type CommandContext, withHub } from '../command-context.js'
import { show } from '../list-table.js'
import { moment } from '../render.js'

const BAD_CONFIG = 2
const STATE_COLOUR = { up: 'green', waiting: 'yellow', lost: 'red' } as const
/** Changes of an address that the table has. */
const MOST_CHANGES = 5

interface VantageFlags {
  config?: string
  name?: string
  hub: string[]
  tokenFile?: string
  ca?: string
  once?: true
}

export function addVantage(program: Command, context: CommandContext): void {
  const { terminal, setExit, parts } = context
  program
    .command('vantage')
    .description('run a vantage point: ask the service addresses from this machine, and report to the hubs')
    .option('-c, --config <file>', 'its settings (default: options and environment alone)')
    .option('--name <name>', 'its name, that of its token (default: $ZONECAST_VANTAGE)')
    .option('--hub <url>', 'URL of a hub; may be repeated (default: $ZONECAST_URL, separated by commas)', collect, [])
    .option('--token-file <file>', 'file that holds its token (default: $ZONECAST_TOKEN)')
    .option('--ca <file>', 'CAs of the hubs, PEM (default: $ZONECAST_CA, or the public CAs)')
    .option('--once', 'one round; exit 1 when a hub did not take its results')
    .action(async (_options, command: Command) => {
      const { config: file, name, hub: hubs, tokenFile, ca, once } = command.optsWithGlobals<VantageFlags>()
      let config: VantageConfig
      try {
        config = loadVantage({ file, name, hubs, tokenFile, ca })
      } catch (error) {
        if (!(error instanceof ConfigError)) throw error
        for (const mistake of error.mistakes) terminal.complain(formatFinding(mistake))
        return setExit(BAD_CONFIG)
      }
      const log = createLogger({
        level: config.logLevel,
        isTerminal: process.stderr.isTTY === true,
        isJournal: isJournal(journalStream()),
      })
      const vantage = (await parts.loadVantage()).startVantage(config, log)
      if (once) {
        if (!(await vantage.once())) setExit(1)
        return
      }
      const manager = new ServiceManager(takeNotifySocket(), commandEnvironment(), log)
      const stop = (signal: NodeJS.Signals): void => {
        log.info({ op: 'stop', signal }, 'shutting down')
        vantage.stop()
      }
      process.on('SIGTERM', stop).on('SIGINT', stop)
      terminal.write(`ready vantage=${config.name} hubs=${config.hubs.length}\n`)
      manager.notify('READY=1')
      await vantage.run((isComplete) =>
        manager.notify(`STATUS=${isComplete ? 'every hub took the last results' : 'a hub did not take the last results'}`),
      )
    })

  withHub(program.command('vantages'))
    .description('list the vantage points, with what their last results show; exit 1 when one is lost or an answer is bad')
    .option('--json', 'as JSON')
    .action(async (options: { json?: true }, command: Command) => {
      const { vantages } = await clientOf(command).get(VantagesAnswer, 'v1/vantages')
      show(terminal, options, vantages, ['VANTAGE', 'STATE', 'SINCE (UTC)', 'LAST REPORT (UTC)', 'PROBES'], (row) => [
        row.name,
        { text: row.state, colour: STATE_COLOUR[row.state] },
        moment(row.since),
        moment(row.reportedAt),
        Object.entries(row.probes)
          .map(([state, count]) => `${count} ${state}`)
          .join(', '),
      ])
      const isBad = vantages.some(
        ({ state, probes }) => state === 'lost' || Object.keys(probes).some((each) => !isWell(each as keyof typeof probes)),
      )
      if (isBad) setExit(1)
    })

  withHub(program.command('catchment'))
    .description('show which nodes each vantage point reaches at each service address, and the last changes')
    .argument('[cloud]', 'only the service addresses of this cloud')
    .option('--changes', 'the last changes instead of the present')
    .option('--json', 'as JSON')
    .action(async (cloud: string | undefined, options: { changes?: true; json?: true }, command: Command) => {
      const answer = await clientOf(command).get(CatchmentAnswer, 'v1/catchment')
      const rows = answer.catchment.filter((row) => cloud === undefined || row.cloud === cloud)
      if (options.changes) return show(terminal, options, rows.flatMap(changesOf), CHANGE_HEADER, (cells) => cells)
      show(terminal, options, rows, ['VANTAGE', 'CLOUD', 'ADDRESS', 'REACHES', 'INSTANCES', 'SINCE (UTC)', 'AT (UTC)'], (row) => [
        row.vantage,
        row.cloud,
        row.address,
        { text: unitsText(row.reaches), colour: row.isCurrent ? (row.reaches.length === 0 ? 'red' : 'green') : 'dim' },
        row.isCurrent ? row.instances.map(({ instance }) => instance).join(', ') : 'the vantage point is lost',
        moment(row.since),
        moment(row.at),
      ])
    })
}

const CHANGE_HEADER = ['AT (UTC)', 'VANTAGE', 'CLOUD', 'ADDRESS', 'FROM', 'TO']

const changesOf = ({ vantage, cloud, address, changes }: CatchmentRowAnswer): string[][] =>
  changes.slice(0, MOST_CHANGES).map(({ at, from, to }) => [moment(at), vantage, cloud, address, unitsText(from), unitsText(to)])

const unitsText = (units: readonly string[]): string => (units.length === 0 ? 'no answer' : units.join(', '))
