/** `zonecast demo`: the whole system on loopback with real name servers (services/demo). */
import type { Command } from 'commander'
import type { CommandContext } from '../command-context.js'

export function addDemo(program: Command, { parts, setExit }: CommandContext): void {
  program
    .command('demo')
    .description('the whole system on this machine, with real name servers')
    .option('--once', 'show everything once and end')
    .action(async ({ once }: { once?: true }) => {
      const { runDemo } = await parts.loadDemo()
      setExit(await runDemo({ once: once === true }))
    })
}
