/** `zonecast health NODE`: the verdict for routing as an exit status. It fails open: a hub that gives no answer means serve. */
import type { Command } from 'commander'
import { describeError } from '../../../lib/errors.js'
import { HealthAnswer } from '../answers.js'
import { segment } from '../api-client.js'
import { asJson, clientOf, type CommandContext, withHub } from '../command-context.js'
import { CliError } from '../errors.js'

const EXIT = { serve: 0, degrade: 1, withdraw: 2 }

export function addHealth(program: Command, { terminal, setExit }: CommandContext): void {
  withHub(program.command('health'))
    .description('print the verdict about a node for routing; without an answer of the hub it is serve')
    .argument('<node>')
    .option('--json', 'as JSON')
    .action(async (node: string, options: { json?: true }, command: Command) => {
      const answer = await clientOf(command)
        .getOr(HealthAnswer, `v1/nodes/${segment(node)}/health`, 503)
        .catch((error: unknown) => {
          // A name that no hub knows is a mistake of the caller; a hub in trouble is none of the node's.
          if (!(error instanceof CliError) || (error.fault.code === 'CLI_REFUSED' && error.fault.status === 404)) throw error
          terminal.complain(`${describeError(error)}; the verdict is serve`)
          return undefined
        })
      const verdict = answer?.verdict ?? 'serve'
      if (options.json) terminal.write(asJson(answer ?? { verdict, node }))
      else terminal.write(`${verdict}${answer?.why == null ? '' : ` ${answer.why}`}\n`)
      if (verdict !== 'serve') setExit(EXIT[verdict])
    })
}
