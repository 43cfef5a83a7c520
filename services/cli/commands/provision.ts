/** `zonecast provision NODE`: zones that the node's server lacks, and zones that it has too many; `--apply` adds and removes them. */
import type { Command } from 'commander'
import { JobQueuedAnswer, type ProvisionProgress } from '../answers.js'
import { segment } from '../api-client.js'
import { clientOf, type CommandContext, withHub } from '../command-context.js'
import { CliError, usage } from '../errors.js'
import { jobEnd } from '../follow-job.js'
import { table } from '../render.js'
import type { Terminal } from '../terminal.js'

interface ProvisionOptions {
  apply?: boolean
  yes?: boolean
  reason?: string
}

export function addProvision(program: Command, { terminal }: CommandContext): void {
  withHub(program.command('provision'))
    .description("show which zones the node's server lacks and which it has too many; over its control channel")
    .argument('<node>')
    .option('--apply', 'add and remove them, and wait for the answers of the node; exit 1 when some fail')
    .option('--yes', 'with --apply: remove more zones than checks.shrink allows')
    .option('--reason <text>', 'reason, kept with the order')
    .action(async (node: string, { apply = false, yes = false, reason }: ProvisionOptions, command: Command) => {
      if (yes && !apply) throw usage('--yes needs --apply: without it nothing is removed')
      const client = clientOf(command)
      const body = { apply, yes, ...(reason === undefined ? {} : { reason }) }
      const { job: id } = await client.post(JobQueuedAnswer, `v1/nodes/${segment(node)}/provision`, body)
      const shown = new Set<string>()
      const job = await jobEnd(client, id, ({ progress }) => {
        if (apply && isProvision(progress)) showDone(terminal, progress, shown)
      })
      const progress = isProvision(job.progress) ? job.progress : undefined
      if (progress !== undefined && !(apply && progress.isApplied)) showPlan(terminal, progress)
      if (job.state === 'failed')
        throw new CliError({ code: 'CLI_JOB_FAILED', job: id }, `${id} failed: ${job.error ?? 'no reason given'}`)
      if (progress !== undefined && apply) terminal.write(`${sumOf(progress)}\n`)
    })
}

const isProvision = (progress: unknown): progress is ProvisionProgress =>
  typeof progress === 'object' && progress !== null && 'changes' in progress

function showPlan(terminal: Terminal, progress: ProvisionProgress): void {
  const { node, add, remove, changes, notes } = progress
  const rows = changes.map(({ zone, action }) => [
    { text: action, colour: action === 'add' ? ('green' as const) : ('red' as const) },
    zone,
  ])
  if (rows.length > 0) terminal.write(table(['CHANGE', 'ZONE'], rows, terminal))
  if (changes.length < add + remove) terminal.write(`… and ${add + remove - changes.length} more\n`)
  for (const note of notes) terminal.write(`note: ${note}\n`)
  terminal.write(
    add + remove === 0
      ? `${node} has the zones that it should have\n`
      : `${add} to add, ${remove} to remove on ${node}; --apply does it\n`,
  )
}

/** A line for each change that has ended since the last call. */
function showDone(terminal: Terminal, { changes }: ProvisionProgress, shown: Set<string>): void {
  for (const { zone, action, step, error } of changes) {
    const key = `${action} ${zone}`
    if ((step !== 'confirmed' && step !== 'failed') || shown.has(key)) continue
    shown.add(key)
    terminal.write(`${key}: ${step}${error === undefined ? '' : `: ${zone} ${error}`}\n`)
  }
}

const sumOf = ({ node, add, remove, confirmed }: ProvisionProgress): string =>
  add + remove === 0
    ? `${node} has the zones that it should have`
    : `${confirmed} of ${add + remove} changes confirmed on ${node}`
