/**
 * The settings of rollouts: the order in which nodes get a version, and the conditions of each stage before the next one begins.
 * Not here: how rollouts use them (lib/rollout).
 */
import { z } from 'zod'
import { count, duration, listOf, section, text } from './setting-types.js'

const isTrue = (fallback: boolean) => z.boolean({ error: 'write true or false' }).default(fallback)

const stage = section({
  nodes: listOf(text('write the name of a node'), 'nodes').optional().describe('The nodes of the stage.'),
  cloud: text('write the name of a cloud')
    .optional()
    .describe('The stage has the nodes of this cloud that no earlier stage has.'),
  percent: z
    .number({ error: 'write a percentage, 1 to 100' })
    .min(1, { error: 'write a percentage, 1 to 100' })
    .max(100, { error: 'write a percentage, 1 to 100' })
    .optional()
    .describe('Only this percentage of the cloud, earlier stages included; rounded up.'),
  soak: duration().optional().describe('How long its nodes must stay healthy before the next stage; default: rollout.soak.'),
  unreachable: count(0).optional().describe('Nodes that may be unreachable; default: rollout.unreachable.'),
}).superRefine(({ nodes, cloud, percent }, context) => {
  if (nodes === undefined && cloud === undefined)
    context.addIssue({ code: 'custom', message: 'a stage needs nodes: write nodes: [ … ] or cloud: NAME' })
  if (percent !== undefined && cloud === undefined)
    context.addIssue({ code: 'custom', path: ['percent'], message: '"percent" needs a cloud: write cloud: NAME beside it' })
})

export const rolloutSchema = section({
  stages: listOf(stage, 'stages').default([]).describe('Stages, one after the other; nodes that no stage names come last.'),
  soak: duration().default(120_000).describe('How long the nodes of a stage must stay healthy before the next one begins.'),
  unreachable: count(0).default(0).describe('Nodes of a stage that may be unreachable.'),
  deadline: duration().default(600_000).describe('A stage that is not confirmed after this long fails.'),
  newer: z
    .enum(['supersede', 'wait'], { error: 'write supersede or wait' })
    .default('supersede')
    .describe('A newer version during a rollout replaces it (supersede), or waits for its end (wait).'),
  probe: isTrue(true).describe('Query each node of a stage for SOA, name servers and changed names, and compare its answers.'),
  probeNames: count(0).default(10).describe('Changed RRsets queried at each node.'),
})

export type RawRollout = z.output<typeof rolloutSchema>

export function rolloutRulesOf(raw: RawRollout) {
  return {
    stages: raw.stages.map(({ nodes, cloud, percent, soak, unreachable }) => ({
      nodes,
      cloud,
      percent,
      soakMs: soak ?? raw.soak,
      mayLack: unreachable ?? raw.unreachable,
    })),
    newer: raw.newer,
    deadlineMs: raw.deadline,
    probe: raw.probe,
    probeNames: raw.probeNames,
  }
}
