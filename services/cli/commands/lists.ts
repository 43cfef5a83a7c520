/** `zonecast zones`, `nodes`, `history ZONE`, `jobs`: plain lists. */
import type { Command } from 'commander'
import type { JobAnswer, NodeAnswer, VersionAnswer, ZoneAnswer } from '../answers.js'
import { segment } from '../api-client.js'
import { asJson, clientOf, type CommandContext, withHub } from '../command-context.js'
import { targetsOf } from '../follow-job.js'
import { type CellInput, type Colour, colourOf, moment, span, table } from '../render.js'
import type { Terminal } from '../terminal.js'

const JOB_COLOUR: Record<JobAnswer['state'], Colour> = { waiting: 'dim', active: 'yellow', done: 'green', failed: 'red' }

export function addLists(program: Command, { terminal }: CommandContext): void {
  const list = (name: string, description: string) =>
    withHub(program.command(name)).description(description).option('--json', 'as JSON')

  list('zones', 'every zone with its released serial').action(async (options: Options, command: Command) => {
    const client = clientOf(command)
    const zones: ZoneAnswer[] = []
    for (let after: string | undefined; ; ) {
      const page = await client.get<{ zones: ZoneAnswer[]; next: string | null }>('v1/zones', { after })
      zones.push(...page.zones)
      if (page.next == null) break
      after = page.next
    }
    show(terminal, options, zones, ['ZONE', 'SERIAL', 'RECORDS', 'STATE', 'IN SYNC', 'LAG', 'RELEASED (UTC)'], (zone) => [
      zone.name,
      zone.serial,
      zone.records,
      { text: zone.state, colour: colourOf(zone.state) },
      { text: `${zone.inSync}/${zone.total}`, align: 'right' },
      { text: zone.lagSeconds > 0 ? span(zone.lagSeconds) : '-', align: 'right' },
      moment(zone.releasedAt),
    ])
  })

  list('nodes', 'every node with how many of its zones are in sync').action(async (options: Options, command: Command) => {
    const { nodes } = await clientOf(command).get<{ nodes: NodeAnswer[] }>('v1/nodes')
    show(
      terminal,
      options,
      nodes,
      ['NODE', 'CLOUD', 'SITE', 'ADDRESS', 'IN SYNC', 'STATES', 'LAG', 'LAST SEEN (UTC)'],
      (node) => [
        node.id,
        node.cloud,
        node.site ?? '',
        node.address,
        { text: `${node.inSync}/${node.total}`, align: 'right', colour: node.inSync === node.total ? 'green' : 'yellow' },
        Object.entries(node.states)
          .map(([state, count]) => `${count} ${state}`)
          .join(', '),
        { text: node.lagSeconds > 0 ? span(node.lagSeconds) : '-', align: 'right' },
        moment(node.observedAt),
      ],
    )
  })

  list('history', 'the versions of a zone that are kept, newest first')
    .argument('<zone>')
    .action(async (zone: string, options: Options, command: Command) => {
      const { versions } = await clientOf(command).get<{ versions: VersionAnswer[] }>(`v1/zones/${segment(zone)}`)
      show(
        terminal,
        options,
        versions,
        ['SERIAL', 'STATE', 'RECORDS', 'FROM', 'SEEN (UTC)', 'RELEASED (UTC)', 'DIGEST'],
        (version) => [
          version.serial,
          version.state,
          version.records,
          version.from,
          moment(version.seenAt),
          moment(version.releasedAt),
          version.digest.slice(0, 16),
        ],
      )
    })

  list('jobs', 'the newest jobs').action(async (options: Options, command: Command) => {
    const { jobs } = await clientOf(command).get<{ jobs: JobAnswer[] }>('v1/jobs')
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

interface Options {
  json?: true
}

function progressText(job: JobAnswer): string {
  const targets = targetsOf(job)
  return targets.length === 0 ? '' : `${targets.filter(({ step }) => step === 'confirmed').length}/${targets.length}`
}

function show<T>(
  terminal: Terminal,
  { json }: Options,
  rows: readonly T[],
  header: string[],
  cells: (row: T) => CellInput[],
): void {
  terminal.write(json ? asJson(rows) : table(header, rows.map(cells), terminal.hasColour))
}
