/** `zonecast zones`, `primaries`, `hubs`, `history ZONE`, `jobs`: plain lists. */
import type { Command } from 'commander'
import {
  HubsAnswer,
  type JobAnswer,
  JobsAnswer,
  PrimariesAnswer,
  type VersionAnswer,
  VersionsAnswer,
  type ZoneAnswer,
  ZonesAnswer,
} from '../answers.js'
import { zoneSegment } from '../api-client.js'
import { clientOf, type CommandContext, withHub } from '../command-context.js'
import { targetsOf } from '../follow-job.js'
import { countsText, type ListOptions as Options, oldKeyCells, oldKeyColumn, show } from '../list-table.js'
import { pagesOf } from '../pages.js'
import { type Colour, colourOf, moment, span } from '../render.js'
import type { Terminal } from '../terminal.js'

const JOB_COLOUR: Record<JobAnswer['state'], Colour> = { waiting: 'dim', active: 'yellow', done: 'green', failed: 'red' }

export function addLists(program: Command, { terminal }: CommandContext): void {
  const list = (name: string, description: string) =>
    withHub(program.command(name)).description(description).option('--json', 'as JSON')

  list('zones', 'list zones with their released serials').action(async (options: Options, command: Command) => {
    const zones = await pagesOf(clientOf(command), 'v1/zones', ZonesAnswer, (page) => page.zones)
    show(terminal, options, zones, ['ZONE', 'SERIAL', 'RECORDS', 'STATE', 'IN SYNC', 'LAG', 'RELEASED (UTC)'], (zone) => [
      zone.name,
      zone.serial,
      zone.records,
      { text: stateText(zone), colour: colourOf(zone.state) },
      { text: `${zone.inSync}/${zone.total}`, align: 'right' },
      { text: zone.lagSeconds > 0 ? span(zone.lagSeconds) : '-', align: 'right' },
      moment(zone.releasedAt),
    ])
  })

  list('primaries', 'list primaries, and compare their zones with the current versions of this hub').action(
    async (options: Options, command: Command) => {
      const { primaries } = await clientOf(command).get(PrimariesAnswer, 'v1/primaries')
      show(
        terminal,
        options,
        primaries,
        ['PRIMARY', 'ADDRESS', 'ZONES', 'STATES', 'LAST SEEN (UTC)', 'WORST', ...oldKeyColumn(primaries)],
        (primary) => {
          const [worst] = primary.trouble
          return [
            primary.id,
            primary.address,
            { text: String(primary.total), align: 'right' },
            countsText(primary.states),
            moment(primary.checkedAt),
            worst === undefined ? '' : { text: `${worst.state}: ${worst.detail ?? worst.example}`, colour: 'red' },
            ...oldKeyCells(primaries, primary),
          ]
        },
      )
    },
  )

  list('hubs', 'list the hubs of this installation, and compare their configs').action(
    async (options: Options, command: Command) => {
      const { hubs } = await clientOf(command).get(HubsAnswer, 'v1/status')
      show(terminal, options, hubs, ['HUB', 'STATE', 'CONFIG', 'VERSION', 'STARTED (UTC)', 'LAST SEEN (UTC)'], (hub) => [
        hub.name,
        { text: hub.state, colour: hub.state === 'up' ? 'green' : 'red' },
        { text: hub.config, colour: hub.config === 'same' ? 'green' : 'red' },
        hub.version,
        moment(hub.startedAt),
        moment(hub.seenAt),
      ])
    },
  )

  list('history', 'list the kept versions of a zone, newest first')
    .argument('<zone>')
    .option('--nodes', 'delivery and confirmation of each version by node, with times')
    .action(async (zone: string, options: Options & { nodes?: true }, command: Command) => {
      const { versions } = await clientOf(command).get(VersionsAnswer, `v1/zones/${zoneSegment(zone)}`)
      if (options.nodes) showByNode(terminal, options, versions)
      else
        show(
          terminal,
          options,
          versions,
          ['SERIAL', 'STATE', 'CHECKS', 'RECORDS', 'FROM', 'SEEN (UTC)', 'RELEASED (UTC)', 'CONFIRMED', 'DIGEST'],
          (version) => [
            version.serial,
            { text: version.state, colour: VERSION_COLOUR[version.state] },
            version.verdict ?? '',
            version.records,
            version.from,
            moment(version.seenAt),
            moment(version.releasedAt),
            { text: String(Object.keys(version.confirmed ?? {}).length), align: 'right' },
            version.digest.slice(0, 16),
          ],
        )
    })

  list('jobs', 'list the newest jobs').action(async (options: Options, command: Command) => {
    const { jobs } = await clientOf(command).get(JobsAnswer, 'v1/jobs')
    show(terminal, options, jobs, ['JOB', 'STATE', 'CREATED (UTC)', 'FINISHED (UTC)', 'PROGRESS', 'ERROR'], (job) => [
      job.id,
      { text: job.state, colour: JOB_COLOUR[job.state] },
      moment(job.createdAt),
      moment(job.finishedAt),
      progressText(job),
      job.error ?? '',
    ])
  })
}

/** The worst state; adds that the zone is held where the state of a node is worse. */
export const stateText = ({ state, held }: Pick<ZoneAnswer, 'state' | 'held'>): string =>
  held == null || state === 'held' ? state : `${state}, held`

const VERSION_COLOUR: Partial<Record<VersionAnswer['state'], Colour>> = {
  held: 'red',
  halted: 'red',
  rejected: 'red',
  released: 'green',
}

/** One line for each version on each node, with the times. */
function showByNode(terminal: Terminal, options: Options, versions: readonly VersionAnswer[]): void {
  const rows = versions.flatMap(({ serial, state, releasedAt, releasedTo = {}, confirmed = {} }) =>
    [...new Set([...Object.keys(releasedTo), ...Object.keys(confirmed)])].sort().map((node) => ({
      serial,
      state,
      node,
      releasedAt: releasedTo[node] ?? releasedAt,
      confirmedAt: confirmed[node] ?? null,
    })),
  )
  show(terminal, options, rows, ['SERIAL', 'STATE', 'NODE', 'RELEASED (UTC)', 'CONFIRMED (UTC)'], (row) => [
    row.serial,
    row.state,
    row.node,
    moment(row.releasedAt),
    moment(row.confirmedAt),
  ])
}

function progressText(job: JobAnswer): string {
  const targets = targetsOf(job)
  return targets.length === 0 ? '' : `${targets.filter(({ step }) => step === 'confirmed').length}/${targets.length}`
}
