/**
 * `zonecast health NODE`: the verdict for routing as an exit status. It fails open: without an answer of the hub, for any reason, the
 * verdict is serve, because a router must not act on a mistake in a file.
 */
import type { Command } from 'commander'
import type { z } from 'zod'
import { describeError } from '../../../lib/errors.js'
import { HealthAnswer } from '../answers.js'
import { segment } from '../api-client.js'
import { asJson, clientOf, type CommandContext, withHub } from '../command-context.js'

const EXIT = { serve: 0, degrade: 1, withdraw: 2 }

export function addHealth(program: Command, { terminal, setExit }: CommandContext): void {
  const ask = async (node: string, command: Command): Promise<z.infer<typeof HealthAnswer> | undefined> => {
    try {
      return await clientOf(command).getOr(HealthAnswer, `v1/nodes/${segment(node)}/health`, 503)
    } catch (error) {
      terminal.complain(`${describeError(error)}; the verdict is serve`)
      return undefined
    }
  }
  withHub(program.command('health'))
    .description('print the verdict about a node for routing; without an answer of the hub it is serve')
    .argument('<node>')
    .option('--json', 'as JSON')
    .action(async (node: string, options: { json?: true }, command: Command) => {
      const answer = await ask(node, command)
      const verdict = answer?.verdict ?? 'serve'
      if (options.json) terminal.write(asJson(answer ?? { verdict, node }))
      else terminal.write(`${verdict}${answer?.why == null ? '' : ` ${answer.why}`}\n`)
      if (verdict !== 'serve') setExit(EXIT[verdict])
    })
}
