/** `zonecast status`: the sync matrix, for operators and for monitoring. */
import { type Command, Option } from 'commander'
import { describeError } from '../../../lib/errors.js'
import { NODE_STATES, type NodeState } from '../../../lib/fleet/node-state.js'
import { MatrixAnswer } from '../answers.js'
import { asJson, clientOf, type CommandContext, stateArgument, withHub } from '../command-context.js'
import { usage } from '../errors.js'
import { NAGIOS, nagiosLine, nagiosReport } from '../nagios-report.js'
import { narrowed } from '../node-sums.js'
import { prometheusReport, statusTable } from '../status-report.js'

type Format = 'table' | 'json' | 'nagios' | 'prom'

interface StatusOptions {
  node?: string
  cloud?: string
  state: NodeState[]
  all?: true
  format: Format
  json?: true
}

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
    .addOption(new Option('--format <format>', 'output format').choices(['table', 'json', 'nagios', 'prom']).default('table'))
    .option('--json', 'the same as --format json')
    .action(async (zone: string | undefined, options: StatusOptions, command: Command) => {
      const { node, cloud, state: states } = options
      const format = options.json ? 'json' : options.format
      if (states.length > 0 && (format === 'nagios' || format === 'prom'))
        throw usage(`--format ${format} reports every state: leave out --state`)
      let matrix: MatrixAnswer
      try {
        const state = states.length === 0 ? undefined : states.join(',')
        const whole = await clientOf(command).get(MatrixAnswer, 'v1/matrix', { zone, node, state })
        if (cloud !== undefined && !whole.nodes.some((each) => each.cloud === cloud))
          throw usage(`there is no node in cloud ${cloud}`)
        matrix = narrowed(whole, { cloud, states })
      } catch (error) {
        if (format !== 'nagios') throw error
        // Nagios shows only the first line of standard output.
        terminal.write(nagiosLine('UNKNOWN', describeError(error).split('\n').join(' ')))
        return setExit(NAGIOS.unknown)
      }
      switch (format) {
        case 'table':
          if (states.length > 0 && matrix.zones.length === 0)
            return terminal.write(`no node has a zone in state ${states.join(' or ')}\n`)
          return terminal.write(statusTable(matrix, terminal.columns, terminal.hasColour, options.all))
        case 'json':
          return terminal.write(asJson(matrix))
        case 'prom':
          return terminal.write(prometheusReport(matrix))
        case 'nagios': {
          const { text, exit } = nagiosReport(matrix)
          terminal.write(text)
          return setExit(exit)
        }
      }
    })
}
