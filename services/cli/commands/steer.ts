/**
 * `zonecast hold`, `unhold` (`release`), `approve`, `reject`, `rollback`: orders of an operator; and `rollouts`, the list of
 * their subjects.
 */
import type { Command } from 'commander'
import { OrderedAnswer, RolloutAnswer, type RolloutRowAnswer, RolloutsAnswer } from '../answers.js'
import { segment, zoneSegment } from '../api-client.js'
import { asJson, clientOf, type CommandContext, withHub } from '../command-context.js'
import { usage } from '../errors.js'
import { pagesOf } from '../pages.js'
import { type Colour, moment, type Screen, table } from '../render.js'
import { approveHalted } from './approve-halted.js'
import { parseSerial } from './versions.js'

const STATE_COLOUR: Partial<Record<RolloutRowAnswer['state'], Colour>> = {
  held: 'red',
  halted: 'red',
  rejected: 'red',
  releasing: 'yellow',
  soaking: 'yellow',
  waiting: 'yellow',
  done: 'green',
}
const VERDICT_COLOUR: Record<RolloutAnswer['checks'][number]['verdict'], Colour> = { hold: 'red', warn: 'yellow', pass: 'green' }

export function addSteer(program: Command, context: CommandContext): void {
  addOrders(program, context)
  addRollouts(program, context)
}

function addOrders(program: Command, { terminal, setExit }: CommandContext): void {
  const tell = ({ zone, serial, state, notes }: OrderedAnswer): void => {
    terminal.write(`${zone}${serial === null ? '' : ` serial ${serial}`}: ${state}\n${notes.map((note) => `${note}\n`).join('')}`)
  }
  withHub(program.command('hold'))
    .description('release no version of the zone until its hold is lifted')
    .argument('<zone>')
    .option('--reason <text>', 'reason, kept with the order')
    .action(async (zone: string, { reason }: { reason?: string }, command: Command) => {
      const body = reason === undefined ? {} : { reason }
      tell(await clientOf(command).post(OrderedAnswer, `v1/zones/${zoneSegment(zone)}/hold`, body))
    })
  for (const [name, description] of [
    ['unhold', 'lift the hold of the zone'],
    ['release', 'the same as unhold'],
  ] as const)
    withHub(program.command(name))
      .description(description)
      .argument('<zone>')
      .requiredOption('--reason <text>', 'reason, kept with the order')
      .action(async (zone: string, { reason }: { reason: string }, command: Command) => {
        tell(await clientOf(command).post(OrderedAnswer, `v1/zones/${zoneSegment(zone)}/release`, { reason }))
      })
  withHub(program.command('approve'))
    .description('continue the rollout of a version that a check holds or a stage halted')
    .argument('[zone]')
    .argument('[serial]', 'serial of the version')
    .requiredOption('--reason <text>', 'reason, kept with the order')
    .option('--digest <hex>', DIGEST)
    .option('--primary <id>', 'if primaries disagree: the primary with the correct content')
    .option('--fast', 'soak for a tenth of the time; no check is skipped')
    .option('--all-halted', 'every zone whose newest version is halted; exit 1 when an order fails')
    .action(async (zone: string | undefined, serial: string | undefined, options: ApproveOptions, self: Command) => {
      const { reason, digest, primary, fast, allHalted } = options
      if (allHalted) {
        if (zone !== undefined || digest !== undefined || primary !== undefined)
          throw usage('approve --all-halted applies to every halted zone: leave out the zone, --digest and --primary')
        const isDone = await approveHalted(clientOf(self), { reason, ...(fast ? { fast } : {}) }, terminal)
        return isDone ? undefined : setExit(1)
      }
      if (zone === undefined || serial === undefined)
        throw usage('approve needs a choice: name a zone and a serial, or --all-halted')
      const body = {
        serial: parseSerial(serial),
        reason,
        ...(digest === undefined ? {} : { digest }),
        ...(primary === undefined ? {} : { primary }),
        ...(fast ? { fast } : {}),
      }
      tell(await clientOf(self).post(OrderedAnswer, `v1/zones/${zoneSegment(zone)}/approve`, body))
    })
  for (const [name, description] of [
    ['reject', 'never release this version'],
    ['rollback', 'release the content of this version, or of the one before it, again under a new serial'],
  ] as const) {
    const command = withHub(program.command(name))
      .description(description)
      .argument('<zone>')
      .argument('<serial>', 'serial of the version')
      .requiredOption('--reason <text>', 'reason, kept with the order')
    if (name === 'reject') command.option('--digest <hex>', DIGEST)
    command.action(async (zone: string, serial: string, { reason, digest }: ApproveOptions, self: Command) => {
      const body = { serial: parseSerial(serial), reason, ...(digest === undefined ? {} : { digest }) }
      tell(await clientOf(self).post(OrderedAnswer, `v1/zones/${zoneSegment(zone)}/${name}`, body))
    })
  }
}

const DIGEST = 'digest of the version or its beginning, when two versions have one serial'

interface ApproveOptions {
  reason: string
  digest?: string
  primary?: string
  fast?: true
  allHalted?: true
}

function addRollouts(program: Command, { terminal }: CommandContext): void {
  withHub(program.command('rollouts'))
    .description('list versions in rollout, held or complete; with an id, its checks and stages')
    .argument('[rollout]', 'id of a rollout')
    .option('--zone <zone>', 'only this zone, with all its versions')
    .option('--state <state>', 'only rollouts in this state, such as held')
    .option('--json', 'as JSON')
    .action(
      async (id: string | undefined, { zone, state, json }: { zone?: string; state?: string; json?: true }, command: Command) => {
        const client = clientOf(command)
        if (id !== undefined) {
          const detail = await client.get(RolloutAnswer, `v1/rollouts/${segment(id)}`)
          terminal.write(json ? asJson(detail) : detailText(detail, terminal))
          return
        }
        const rollouts = await pagesOf(client, 'v1/rollouts', RolloutsAnswer, (page) => page.rollouts, { zone, state })
        const rows = rollouts.map((row) => [
          row.zone,
          row.serial,
          { text: row.state, ...coloured(STATE_COLOUR[row.state]) },
          row.stage ?? '',
          row.reason?.split('\n', 1)[0] ?? '',
          row.id,
        ])
        terminal.write(json ? asJson(rollouts) : table(['ZONE', 'SERIAL', 'STATE', 'STAGE', 'REASON', 'ROLLOUT'], rows, terminal))
      },
    )
}

const coloured = (colour: Colour | undefined): { colour?: Colour } => (colour === undefined ? {} : { colour })

function detailText(detail: RolloutAnswer, screen: Screen): string {
  const head = `${detail.zone} serial ${detail.serial}: ${detail.state} since ${moment(detail.since)}${detail.reason === null ? '' : `\n${detail.reason}`}\n`
  const approvals =
    detail.approvals == null
      ? ''
      : `${detail.approvals.given.length} of ${detail.approvals.required} approvals\n${detail.approvals.given
          .map(({ by, at, reason }) => `${moment(at)}  ${by}: ${reason}\n`)
          .join('')}`
  const stages = table(
    ['STAGE', '', 'CONFIRMED', 'WAITING FOR'],
    detail.stages.map(({ name, state, nodes }) => [
      name,
      state,
      { text: `${nodes.filter(({ confirmed }) => confirmed).length}/${nodes.length}`, align: 'right' as const },
      nodes
        .filter(({ confirmed, releasedAt }) => releasedAt !== null && !confirmed)
        .map(({ node }) => node)
        .join(', '),
    ]),
    screen,
  )
  const checks = table(
    ['CHECK', 'VERDICT', 'REPORT'],
    detail.checks.map(({ check, verdict, report }) => [
      check,
      { text: verdict, ...coloured(VERDICT_COLOUR[verdict]) },
      report.split('\n', 1)[0]!,
    ]),
    screen,
  )
  const long = detail.checks.filter(({ verdict, report }) => verdict !== 'pass' && report.includes('\n'))
  const reports = long.map(({ check, report }) => `\n${check}\n${report}\n`).join('')
  const log = detail.log.map(({ at, what }) => `${moment(at)}  ${what}\n`).join('')
  return [head, approvals, stages, checks + reports, log].filter((part) => part !== '').join('\n')
}
