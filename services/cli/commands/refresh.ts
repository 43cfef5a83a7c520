/** `zonecast refresh ZONE`: polls the primaries now. */
import type { Command } from 'commander'
import { RefreshAnswer } from '../answers.js'
import { zoneSegment } from '../api-client.js'
import { clientOf, type CommandContext, withHub } from '../command-context.js'
import { followJob } from '../follow-job.js'

export function addRefresh(program: Command, { terminal }: CommandContext): void {
  withHub(program.command('refresh'))
    .description('poll the primaries of a zone now')
    .argument('<zone>')
    .option('--wait', 'wait until the job ends; exit 1 when it fails')
    .action(async (zone: string, options: { wait?: true }, command: Command) => {
      const client = clientOf(command)
      const { job } = await client.post(RefreshAnswer, `v1/zones/${zoneSegment(zone)}/refresh`, {})
      if (!options.wait) return terminal.write(`${job} is queued; zonecast jobs shows its result\n`)
      const { result } = await followJob(client, job, terminal)
      terminal.write(`${zone} ${refreshWords(result)}\n`)
    })
}

function refreshWords(result: unknown): string {
  const { outcome, serial } = (result ?? {}) as { outcome?: string; serial?: number }
  const at = serial === undefined ? '' : ` at serial ${serial}`
  if (outcome === 'up-to-date') return `is up to date${at}`
  if (outcome === 'full' || outcome === 'incremental') return `was transferred by ${outcome === 'full' ? 'AXFR' : 'IXFR'}${at}`
  return 'is refreshed'
}
