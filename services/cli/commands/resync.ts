/** `zonecast resync`: brings nodes to the released version again. */
import { type Command, Option } from 'commander'
import { NODE_STATES } from '../../../lib/fleet/node-state.js'
import { ResyncAnswer } from '../answers.js'
import { clientOf, collect, type CommandContext, stateArgument, withHub } from '../command-context.js'
import { usage } from '../errors.js'
import { followJobs, queuedWords } from '../follow-job.js'

interface ResyncOptions {
  group: string[]
  node: string[]
  cloud: string[]
  state: string[]
  strength: string
  allAtOnce?: true
  wait?: true
  reason?: string
}

export function addResync(program: Command, { terminal }: CommandContext): void {
  withHub(program.command('resync'))
    .description(
      'bring nodes to the released version again; options narrow the choice, --state alone selects all pairs in that state',
    )
    .argument('[zone]', 'only this zone')
    .option('--group <group>', 'only members of catalogs in this group; may be repeated', collect, [])
    .option('--node <node>', 'only this node; may be repeated', collect, [])
    .option('--cloud <cloud>', 'only the nodes of this cloud; may be repeated', collect, [])
    .addOption(
      new Option('--state <state>', 'only pairs of zone and node in this state, such as stuck; may be repeated')
        .choices(NODE_STATES)
        .argParser(stateArgument)
        .default([]),
    )
    .addOption(
      new Option(
        '--strength <strength>',
        'notify: NOTIFY again; refresh: poll the primaries first; retransfer: AXFR from a primary, then push; force: the node is ordered over its control channel to transfer all records again',
      )
        .choices(['notify', 'refresh', 'retransfer', 'force'])
        .default('notify'),
    )
    .option('--all-at-once', 'with force: all nodes at the same time, instead of unstick.atOnce nodes of one cloud')
    .option('--wait', 'show progress node by node until the job ends; exit 1 when it fails')
    .option('--reason <text>', 'reason, kept with the order')
    .action(async (zone: string | undefined, options: ResyncOptions, command: Command) => {
      const body = resyncBody(zone, options)
      const client = clientOf(command)
      const { job, more = [] } = await client.post(ResyncAnswer, 'v1/resync', body)
      if (job === null) return terminal.write(`no node has a zone in state ${options.state.join(' or ')}: nothing to do\n`)
      if (!options.wait) return terminal.write(queuedWords([job, ...more]))
      const { well, total } = await followJobs(client, [job, ...more], terminal)
      if (!terminal.isLive) terminal.write(`${well} of ${total} confirmed\n`)
    })
}

/** Omits options that are not given, which mean all; without any option it throws CliError CLI_USAGE. */
export function resyncBody(
  zone: string | undefined,
  { group, node, cloud, state, strength, allAtOnce, reason }: ResyncOptions,
): Record<string, unknown> {
  if (zone === undefined && [group, node, cloud, state].every(({ length }) => length === 0))
    throw usage('resync needs a choice: name a zone, --group, --node, --cloud or --state')
  if (allAtOnce === true && strength !== 'force') throw usage('--all-at-once needs --strength force')
  return {
    ...(zone === undefined ? {} : { zones: [zone] }),
    ...(group.length === 0 ? {} : { groups: group }),
    ...(node.length === 0 ? {} : { nodes: node }),
    ...(cloud.length === 0 ? {} : { clouds: cloud }),
    ...(state.length === 0 ? {} : { states: state }),
    strength,
    ...(allAtOnce === undefined ? {} : { allAtOnce }),
    ...(reason === undefined ? {} : { reason }),
  }
}
