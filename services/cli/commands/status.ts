/** `zonecast status`: the sync matrix, for operators and for monitoring. */
import { type Command, Option } from 'commander'
import { describeError } from '../../../lib/errors.js'
import { NODE_STATES, type NodeState } from '../../../lib/fleet/node-state.js'
import { MatrixAnswer } from '../answers.js'
import type { ApiClient } from '../api-client.js'
import { asJson, clientOf, type CommandContext, stateArgument, withHub } from '../command-context.js'
import { usage } from '../errors.js'
import { NAGIOS, nagiosLine, nagiosReport } from '../nagios-report.js'
import { foldClusters } from '../fold-clusters.js'
import { narrowed } from '../node-sums.js'
import { prometheusReport, statusTable } from '../status-report.js'
import type { Terminal } from '../terminal.js'
import { watch } from '../watch.js'

type Format = 'table' | 'json' | 'nagios' | 'prom'

interface StatusOptions {
  node?: string
  cloud?: string
  state: NodeState[]
  all?: true
  members?: true
  format: Format
  json?: true
  /** Seconds, or true for the default. */
  watch?: number | true
}

const WATCH_SECONDS = 2

export function addStatus(program: Command, { terminal, setExit }: CommandContext): void {
  withHub(program.command('status'))
    .description('show the serial of each zone on each node')
    .argument('[zone]', 'only this zone')
    .option('--node <node>', 'only this node')
    .option('--cloud <cloud>', 'only the nodes of this cloud')
    .addOption(
      new Option('--state <state>', 'only pairs of zone and node in this state; may be repeated')
        .choices(NODE_STATES)
        .argParser(stateArgument)
        .default([]),
    )
    .option('--all', 'a line for every zone or pair, even when there are more than 50')
    .option('--members', 'each member of a local cluster by itself; default: one column with the worst of them')
    .addOption(new Option('--format <format>', 'output format').choices(['table', 'json', 'nagios', 'prom']).default('table'))
    .option('--json', 'the same as --format json')
    .option('--watch [seconds]', `show it again and again, every ${WATCH_SECONDS} seconds or as named`, parseSeconds)
    .action(async (zone: string | undefined, options: StatusOptions, command: Command) => {
      const { state: states, watch: every } = options
      const format = options.json ? 'json' : options.format
      if (states.length > 0 && (format === 'nagios' || format === 'prom'))
        throw usage(`--format ${format} reports every state: leave out --state`)
      if (every !== undefined && format !== 'table') throw usage(`--watch draws the table: leave out --format ${format}`)
      const client = clientOf(command)
      const draw = async () => tableText(await matrixOf(client, zone, options), options, terminal)
      if (every !== undefined) {
        return await watch(draw, { everyMs: (every === true ? WATCH_SECONDS : every) * 1000, terminal })
      }
      if (format === 'table') return terminal.write(await draw())
      if (format === 'nagios') {
        const { text, exit } = await nagiosOf(client, zone, options)
        terminal.write(text)
        return setExit(exit)
      }
      const matrix = await matrixOf(client, zone, options)
      terminal.write(format === 'json' ? asJson(matrix) : prometheusReport(matrix))
    })
}

async function matrixOf(client: ApiClient, zone: string | undefined, options: StatusOptions): Promise<MatrixAnswer> {
  const { node, cloud, state: states } = options
  const state = states.length === 0 ? undefined : states.join(',')
  const whole = await client.get(MatrixAnswer, 'v1/matrix', { zone, node, state })
  if (cloud !== undefined && !whole.nodes.some((each) => each.cloud === cloud)) throw usage(`there is no node in cloud ${cloud}`)
  return narrowed(whole, { cloud, states })
}

function tableText(matrix: MatrixAnswer, { state: states, all, members, node }: StatusOptions, terminal: Terminal): string {
  if (states.length > 0 && matrix.zones.length === 0) return `no node has a zone in state ${states.join(' or ')}\n`
  return statusTable(members || node !== undefined ? matrix : foldClusters(matrix), terminal, all)
}

async function nagiosOf(
  client: ApiClient,
  zone: string | undefined,
  options: StatusOptions,
): Promise<{ text: string; exit: number }> {
  try {
    return nagiosReport(await matrixOf(client, zone, options))
  } catch (error) {
    // Nagios shows only the first line of standard output.
    return { text: nagiosLine('UNKNOWN', describeError(error).split('\n').join(' ')), exit: NAGIOS.unknown }
  }
}

function parseSeconds(text: string): number {
  const seconds = Number(text)
  if (!(seconds >= 1 && seconds <= 3_600)) throw usage(`--watch "${text}": write a number of seconds, 1 to 3600`)
  return seconds
}
