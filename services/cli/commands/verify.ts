/** `zonecast verify`: compares what the nodes serve with the released version. */
import { type Command, Option } from 'commander'
import { ResyncAnswer } from '../answers.js'
import { clientOf, collect, type CommandContext, withHub } from '../command-context.js'
import { followJobs, queuedWords } from '../follow-job.js'

interface VerifyOptions {
  group: string[]
  node: string[]
  cloud: string[]
  how: string
  wait?: true
  reason?: string
}

export function addVerify(program: Command, { terminal }: CommandContext): void {
  withHub(program.command('verify'))
    .description('compare what the nodes really serve with the released version, record for record; options narrow the choice')
    .argument('[zone]', 'only this zone')
    .option('--group <group>', 'only members of catalogs in this group; may be repeated', collect, [])
    .option('--node <node>', 'only this node; may be repeated', collect, [])
    .option('--cloud <cloud>', 'only the nodes of this cloud; may be repeated', collect, [])
    .addOption(
      new Option(
        '--how <how>',
        'axfr: the node transfers its zone to the hub; sample: queries; auto: axfr, or sample where the node refuses it',
      )
        .choices(['auto', 'axfr', 'sample'])
        .default('auto'),
    )
    .option('--wait', 'show progress node by node until the job ends; exit 1 when a node differs or cannot be compared')
    .option('--reason <text>', 'reason, kept with the order')
    .action(async (zone: string | undefined, options: VerifyOptions, command: Command) => {
      const { group, node, cloud, how, reason } = options
      const client = clientOf(command)
      const { job, more = [] } = await client.post(ResyncAnswer, 'v1/verify', {
        ...(zone === undefined ? {} : { zones: [zone] }),
        ...(group.length === 0 ? {} : { groups: group }),
        ...(node.length === 0 ? {} : { nodes: node }),
        ...(cloud.length === 0 ? {} : { clouds: cloud }),
        how,
        ...(reason === undefined ? {} : { reason }),
      })
      if (!options.wait) return terminal.write(queuedWords([job!, ...more]))
      const { well, total } = await followJobs(client, [job!, ...more], terminal)
      if (!terminal.isLive) terminal.write(`${well} of ${total} the same\n`)
    })
}
