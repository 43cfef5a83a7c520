/** `zonecast drain NODE` and `undrain NODE`: stop and restart delivery to a node. */
import type { Command } from 'commander'
import { DrainAnswer } from '../answers.js'
import { segment } from '../api-client.js'
import { clientOf, type CommandContext, withHub } from '../command-context.js'

export function addDrain(program: Command, { terminal }: CommandContext): void {
  for (const [name, description, words] of [
    ['drain', 'stop delivery to a node', 'is drained: no version is delivered to it until it is undrained'],
    ['undrain', 'restart delivery to a node', 'gets versions again'],
  ] as const)
    withHub(program.command(name))
      .description(description)
      .argument('<node>')
      .option('--reason <text>', 'reason, kept with the order')
      .action(async (node: string, { reason }: { reason?: string }, command: Command) => {
        await clientOf(command).post(DrainAnswer, `v1/nodes/${segment(node)}/${name}`, reason === undefined ? {} : { reason })
        terminal.write(`${node} ${words}\n`)
      })
}
