/** `zonecast probe` and `zonecast identify`: the instances behind the service addresses, and the node behind a name. */
import type { Command } from 'commander'
import { isWell } from '../../../lib/probe/judge-visits.js'
import { printable } from '../../../lib/runtime/printable.js'
import { ProbesAnswer, type ServesAnswer, WhoisAnswer } from '../answers.js'
import { segment } from '../api-client.js'
import { asJson, clientOf, type CommandContext, withHub } from '../command-context.js'
import { countsText, show } from '../list-table.js'
import { moment } from '../render.js'
import { timeOf } from '../time-argument.js'

/** Zones that are named in a line. */
const MOST_NAMED = 10

export function addProbe(program: Command, { terminal, setExit }: CommandContext): void {
  withHub(program.command('probe'))
    .description('ask the service addresses which instance answers, and with which serial; exit 1 when one needs attention')
    .argument('[cloud]', 'only the service addresses of this cloud')
    .argument('[zone]', 'only this zone; default: some zones of each cloud in turn')
    .option('--last', 'show the last results of the rounds, and ask nothing')
    .option('--json', 'as JSON')
    .action(
      async (cloud: string | undefined, zone: string | undefined, options: { last?: true; json?: true }, command: Command) => {
        const client = clientOf(command)
        const answer = options.last
          ? await client.get(ProbesAnswer, 'v1/probes')
          : await client.post(ProbesAnswer, 'v1/probes', { cloud, zone })
        const wanted = zone === undefined ? undefined : zone.toLowerCase().replace(/\.?$/, '.')
        const probes = answer.probes.filter(
          (each) => (cloud === undefined || each.cloud === cloud) && (wanted === undefined || each.zone === wanted),
        )
        const header = ['CLOUD', 'ADDRESS', 'ZONE', 'INSTANCE', 'NODE', 'SERIAL', 'STATE', 'RTT', 'AT (UTC)', 'ERROR']
        show(terminal, options, probes, header, (probe) => [
          probe.cloud,
          probe.address,
          probe.zone,
          probe.instance,
          probe.node,
          probe.serial,
          { text: probe.state, colour: isWell(probe.state) ? 'green' : 'red' },
          { text: probe.rttMs === null ? '-' : `${probe.rttMs} ms`, align: 'right' },
          moment(probe.at),
          probe.error ?? '',
        ])
        if (probes.length === 0)
          terminal.complain('no service address was asked: clouds.*.addresses has them, and probe switches rounds on')
        if (probes.length === 0 || probes.some(({ state }) => !isWell(state))) setExit(1)
      },
    )

  withHub(program.command('identify'))
    .description('name the node that calls itself so (NSID, hostname.bind), its zones and its problems; exit 1 when it has any')
    .argument('<text>', 'the name as a user saw it, such as the NSID line of dig +nsid')
    .option('--zone <zone>', 'what it serves of this zone')
    .option('--at <time>', 'what it served then: 2026-11-24T05:00Z, or an age such as 2h')
    .option('--json', 'as JSON')
    .action(async (text: string, options: { zone?: string; at?: string; json?: true }, command: Command) => {
      const at = timeOf('--at', options.at, Date.now())
      const answer = await clientOf(command).get(WhoisAnswer, `v1/whois/${segment(text)}`, { zone: options.zone, at })
      if (answer.problems.length > 0) setExit(1)
      if (options.json) return terminal.write(asJson(answer))
      const { node, cloud, cluster, site, states, zonesBehind, problems, seenAt, seenFrom = [] } = answer
      const more = zonesBehind.length > MOST_NAMED ? ` and ${zonesBehind.length - MOST_NAMED} more` : ''
      const lines = [
        `node:       ${node}, cloud ${cloud}${cluster == null ? '' : `, cluster ${cluster}`}${site === null ? '' : `, site ${site}`}`,
        `zones:      ${countsText(states)}`,
        ...(zonesBehind.length === 0 ? [] : [`not in sync: ${zonesBehind.slice(0, MOST_NAMED).join(', ')}${more}`]),
        ...(seenAt == null
          ? []
          : [
              `seen:       ${moment(seenAt)} UTC at a service address${seenFrom.length === 0 ? '' : `, from ${seenFrom.join(', ')}`}`,
            ]),
        ...servesLines(answer, options),
        ...(problems.length === 0 ? ['it has no problem'] : problems.map((problem) => `problem:    ${problem}`)),
      ]
      terminal.write(`${lines.map((line) => printable(line)).join('\n')}\n`)
    })
}

/** Zones whose versions are shown without an option that asks for them. */
const FEW_ZONES = 5

function servesLines({ serves = [], zonesBehind, at }: WhoisAnswer, asked: { zone?: string; at?: string }): string[] {
  if (asked.at !== undefined && at == null)
    return ['then:       not known: this hub is of an older version, and keeps no such answer']
  const isAsked = asked.zone !== undefined || asked.at !== undefined
  const shown =
    isAsked || serves.length <= FEW_ZONES ? serves : serves.filter(({ zone }) => zonesBehind.includes(zone)).slice(0, FEW_ZONES)
  return shown.flatMap(({ zone, serial, state, observedAt, served }) => [
    `serves:     ${zone} ${serial ?? 'no serial'}, ${state}${observedAt === null ? '' : `, at ${moment(observedAt)} UTC`}`,
    ...(served === null ? [] : [`served:     ${zone} ${servedText(served)}`]),
  ])
}

function servedText({ serial, confirmedAt, until, why }: NonNullable<ServesAnswer['served']>): string {
  if (serial === null) return `not known: ${why ?? 'no confirmation is kept'}`
  const span = `from ${moment(confirmedAt)}${until === null ? '' : ` until ${moment(until)} at the latest`} UTC`
  return `${serial}, ${span}${why === null ? '' : `; ${why}`}`
}
