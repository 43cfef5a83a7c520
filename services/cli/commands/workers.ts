/** `zonecast workers`: the worker processes of a hub, and the zones that each owns. */
import type { Command } from 'commander'
import { WorkersAnswer } from '../answers.js'
import { asJson, clientOf, type CommandContext, withHub } from '../command-context.js'
import { moment, table } from '../render.js'

export function addWorkers(program: Command, { terminal }: CommandContext): void {
  withHub(program.command('workers'))
    .description('list the worker processes of a hub with the zones that each owns')
    .option('--json', 'as JSON')
    .action(async ({ json }: { json?: true }, command: Command) => {
      const { workers } = await clientOf(command).get(WorkersAnswer, 'v1/workers')
      const rows = workers.map(({ name, host, pid, state, error, shards, zones, startedAt, seenAt }) => [
        name,
        host === null ? '' : `${host} ${pid}`,
        {
          text: state,
          colour: state === 'working' ? ('green' as const) : state === 'idle' ? ('yellow' as const) : ('red' as const),
        },
        { text: String(shards.length), align: 'right' as const },
        { text: String(zones), align: 'right' as const },
        moment(startedAt),
        moment(seenAt),
        error ?? '',
      ])
      const header = ['WORKER', 'PROCESS', 'STATE', 'SHARDS', 'ZONES', 'STARTED (UTC)', 'LAST SEEN (UTC)', 'ERROR']
      terminal.write(json ? asJson(workers) : table(header, rows, terminal))
    })
}
