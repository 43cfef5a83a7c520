/** `zonecast resync`: bring nodes to the released version again. */
import { type Command, Option } from 'commander'
import { clientOf, collect, type CommandContext, withHub } from '../command-context.js'
import { usage } from '../errors.js'
import { followJob, targetsOf } from '../follow-job.js'

interface ResyncOptions {
  node: string[]
  cloud: string[]
  strength: string
  wait?: true
  reason?: string
}

export function addResync(program: Command, { terminal }: CommandContext): void {
  withHub(program.command('resync'))
    .description('bring nodes to the released version again')
    .argument('[zone]', 'only this zone')
    .option('--node <node>', 'this node; may stand more than once', collect, [])
    .option('--cloud <cloud>', 'the nodes of this cloud; may stand more than once', collect, [])
    .addOption(
      new Option(
        '--strength <strength>',
        'notify: NOTIFY again; refresh: ask the primaries first; retransfer: AXFR anew, then push',
      )
        .choices(['notify', 'refresh', 'retransfer'])
        .default('notify'),
    )
    .option('--wait', 'and show progress node by node; exit 1 when it did not succeed')
    .option('--reason <text>', 'why, for those who read it later')
    .action(async (zone: string | undefined, options: ResyncOptions, command: Command) => {
      const body = resyncBody(zone, options)
      const client = clientOf(command)
      const { job } = await client.post<{ job: string }>('v1/resync', body)
      if (!options.wait) return terminal.write(`${job} is queued; zonecast jobs tells how it went\n`)
      const targets = targetsOf(await followJob(client, job, terminal))
      if (!terminal.isLive) terminal.write(`${targets.length} of ${targets.length} confirmed\n`)
    })
}

/** What is not named is left out and means all; nothing named at all is a mistake. Throws CliError CLI_USAGE. */
export function resyncBody(zone: string | undefined, { node, cloud, strength, reason }: ResyncOptions): Record<string, unknown> {
  if (zone === undefined && node.length === 0 && cloud.length === 0)
    throw usage('resync needs to know what: name a zone, --node or --cloud')
  return {
    ...(zone === undefined ? {} : { zones: [zone] }),
    ...(node.length === 0 ? {} : { nodes: node }),
    ...(cloud.length === 0 ? {} : { clouds: cloud }),
    strength,
    ...(reason === undefined ? {} : { reason }),
  }
}
