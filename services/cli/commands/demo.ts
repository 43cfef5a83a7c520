/** `zonecast demo`: a complete installation on loopback with real name servers (services/demo). */
import type { Command } from 'commander'
import type { CommandContext } from '../command-context.js'

export function addDemo(program: Command, { parts, setExit }: CommandContext): void {
  program
    .command('demo')
    .description('run a complete installation on this machine, with real name servers')
    .option('--once', 'show each part once and exit')
    .action(async ({ once }: { once?: true }) => {
      const { runDemo } = await parts.loadDemo()
      setExit(await runDemo({ once: once === true }))
    })
}
