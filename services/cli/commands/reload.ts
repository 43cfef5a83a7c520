/** `zonecast reload`: the hub reads its config file again, same as with SIGHUP. */
import type { Command } from 'commander'
import { ReloadAnswer } from '../answers.js'
import { clientOf, type CommandContext, withHub } from '../command-context.js'

export function addReload(program: Command, { terminal }: CommandContext): void {
  withHub(program.command('reload'))
    .description('read the config file of the hub again; a bad file is refused and the running config stays')
    .action(async (_options: object, command: Command) => {
      const { zones, nodes } = await clientOf(command).post(ReloadAnswer, 'v1/reload', {})
      terminal.write(`the config is reloaded: ${zones} zones, ${nodes} nodes\n`)
    })
}
