/** `zonecast why ZONE NODE`: the chain from announcement to confirmation, in sentences. */
import type { Command } from 'commander'
import { ChainAnswer } from '../answers.js'
import { segment, zoneSegment } from '../api-client.js'
import { asJson, clientOf, type CommandContext, withHub } from '../command-context.js'
import { whySentences } from '../why-sentences.js'

export function addWhy(program: Command, { terminal }: CommandContext): void {
  withHub(program.command('why'))
    .description('show how the newest release got to a node, or the step it waits for')
    .argument('<zone>')
    .argument('<node>')
    .option('--json', 'as JSON')
    .action(async (zone: string, node: string, { json }: { json?: true }, command: Command) => {
      const answer = await clientOf(command).get(ChainAnswer, `v1/zones/${zoneSegment(zone)}/nodes/${segment(node)}`)
      terminal.write(json ? asJson(answer) : whySentences(zone, node, answer))
    })
}
