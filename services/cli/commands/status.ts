/** `zonecast status`: the sync matrix, for people and for monitoring. */
import { type Command, Option } from 'commander'
import { describeError } from '../../../lib/errors.js'
import type { MatrixAnswer } from '../answers.js'
import { asJson, clientOf, type CommandContext, withHub } from '../command-context.js'
import { NAGIOS, nagiosLine, nagiosReport, prometheusReport, statusTable } from '../status-report.js'

type Format = 'table' | 'json' | 'nagios' | 'prom'

export function addStatus(program: Command, { terminal, setExit }: CommandContext): void {
  withHub(program.command('status'))
    .description('which node serves which serial of which zone')
    .argument('[zone]', 'only this zone')
    .option('--node <node>', 'only this node')
    .addOption(new Option('--format <format>', 'how to tell it').choices(['table', 'json', 'nagios', 'prom']).default('table'))
    .option('--json', 'the same as --format json')
    .action(async (zone: string | undefined, options: { node?: string; format: Format; json?: true }, command: Command) => {
      const format = options.json ? 'json' : options.format
      let matrix: MatrixAnswer
      try {
        matrix = await clientOf(command).get<MatrixAnswer>('v1/matrix', { zone, node: options.node })
      } catch (error) {
        if (format !== 'nagios') throw error
        // Nagios shows the first line of standard output and nothing else.
        terminal.write(nagiosLine('UNKNOWN', describeError(error).split('\n').join(' ')))
        return setExit(NAGIOS.unknown)
      }
      switch (format) {
        case 'table':
          return terminal.write(statusTable(matrix, terminal.columns, terminal.hasColour))
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
