/** The command line (docs/contract.md): its commands, and the output of errors. */
import { Command, CommanderError } from 'commander'
import { describeError, InvariantError } from '../../lib/errors.js'
import { printable } from '../../lib/runtime/printable.js'
import { VERSION } from '../../lib/runtime/version.js'
import type { AddCommand, CommandContext, ProgramParts } from './command-context.js'
import { addAudit } from './commands/audit.js'
import { addCatalogs } from './commands/catalogs.js'
import { addCheck } from './commands/check.js'
import { addCompletion } from './commands/completion.js'
import { addDemo } from './commands/demo.js'
import { addDrain } from './commands/drain.js'
import { addHealth } from './commands/health.js'
import { addNodes } from './commands/nodes.js'
import { addLists } from './commands/lists.js'
import { addReload } from './commands/reload.js'
import { addRefresh } from './commands/refresh.js'
import { addProbe } from './commands/probe.js'
import { addProvision } from './commands/provision.js'
import { addRender } from './commands/render.js'
import { addResync } from './commands/resync.js'
import { addVerify } from './commands/verify.js'
import { addStart } from './commands/start.js'
import { addStatus } from './commands/status.js'
import { addSteer } from './commands/steer.js'
import { addToken } from './commands/token.js'
import { addTopology } from './commands/topology.js'
import { addVantage } from './commands/vantage.js'
import { addVersions } from './commands/versions.js'
import { addWhy } from './commands/why.js'
import { addWorkers } from './commands/workers.js'
import { usage } from './errors.js'
import { groupOf } from './manual/command-groups.js'
import { EXAMPLES } from './manual/examples.js'
import { forgiveClosedOutput, processTerminal } from './terminal.js'

const COMMANDS: readonly AddCommand[] = [
  addStart,
  addCheck,
  addTopology,
  addStatus,
  addLists,
  addNodes,
  addWorkers,
  addCatalogs,
  addRender,
  addProvision,
  addRefresh,
  addResync,
  addVerify,
  addProbe,
  addVantage,
  addHealth,
  addWhy,
  addVersions,
  addSteer,
  addDrain,
  addReload,
  addAudit,
  addToken,
  addDemo,
  addCompletion,
]

/** Runs one command line and returns the exit status. */
export async function runProgram<R extends string>(argv: readonly string[], parts: ProgramParts<R>): Promise<number> {
  forgiveClosedOutput()
  const terminal = processTerminal()
  let status = 0
  const context: CommandContext = { terminal, parts: parts as unknown as ProgramParts, setExit: (wanted) => (status = wanted) }
  try {
    if (argv.some((argument) => printable(argument) !== argument))
      throw usage('an argument holds control characters: leave them out')
    await buildProgram(context).parseAsync(argv)
    return status
  } catch (error) {
    // outputError has printed it; help and version end this way too, with 0.
    if (error instanceof CommanderError) return error.exitCode === 0 ? 0 : mistakeStatus(argv)
    terminal.complain(error instanceof InvariantError ? (error.stack ?? error.message) : describeError(error))
    return mistakeStatus(argv)
  }
}

/** The statuses 1 and 2 of `health` are verdicts: a mistake there has the status EX_USAGE of sysexits.h. */
const mistakeStatus = (argv: readonly string[]): number => (commandOf(argv) === 'health' ? 64 : 1)

/** The first argument that is neither an option nor its value. */
function commandOf(argv: readonly string[]): string | undefined {
  for (let i = 2; i < argv.length; i++) {
    const argument = argv[i]!
    if (!argument.startsWith('-')) return argument
    if (/^(-c|--config|--url|--ca|--cert|--key)$/.test(argument)) i++
  }
  return undefined
}

export function buildProgram(context: CommandContext): Command {
  const program = new Command('zonecast')
    .description('Zone synchronization for anycast DNS.')
    .version(VERSION)
    .option('-c, --config <file>', 'the config file')
    .option('--url <url>', 'URL of the hub')
    .option('--ca <file>', 'CAs of the hub, PEM')
    .option('--cert <file>', 'client certificate, PEM')
    .option('--key <file>', 'its private key, PEM')
    .exitOverride()
    .configureOutput({ outputError: (text) => context.terminal.complain(mistakeSentence(text)) })
    .hook('preAction', refuseForeignOptions)
  for (const add of COMMANDS) add(program, context)
  for (const command of program.commands) {
    const group = groupOf(command.name())
    const example = EXAMPLES[command.name()]
    command
      .copyInheritedSettings(program)
      .allowExcessArguments(false)
      .helpOption('-h, --help', 'show the arguments and options of this command')
    if (group !== undefined) command.helpGroup(`${group}:`)
    if (example !== undefined) command.addHelpText('after', `\nExample: zonecast ${example.line}\n  ${example.does}`)
  }
  return program
}

/** The program without a terminal and without services: only its description is read. */
export const describedProgram = (): Command =>
  buildProgram({
    terminal: { write: () => {}, complain: () => {}, isLive: false, hasColour: false, columns: 80, rows: 24 },
    parts: { loadHub: () => Promise.reject(), loadDemo: () => Promise.reject(), loadVantage: () => Promise.reject() },
    setExit: () => {},
  })

/** Turns commander's "error: unknown command 'x'\n(Did you mean y?)" into one sentence with the next step. */
function mistakeSentence(text: string): string {
  const sentence = text
    .replace(/^error: /, '')
    .replace(/\s*\n\s*/g, ' ')
    .trim()
    .replace(/\.$/, '')
  return `${sentence}; zonecast --help lists the commands`
}

/** -c and --url may come before the command, but only before one that has them. */
function refuseForeignOptions(program: Command, command: Command): void {
  for (const option of program.options) {
    const name = option.attributeName()
    if (program.getOptionValue(name) === undefined || option.long === '--version') continue
    if (!command.options.some(({ long }) => long === option.long))
      command.error(`error: zonecast ${command.name()} has no option ${option.long}`)
  }
}
