/** Answers and reports about vantage points: processes in other networks that probe the service addresses. */
import { z } from 'zod'
import { PROBE_STATES } from '../probe/judge-visits.js'
import { moment, serial } from './fields.js'
import { ProbeAnswer } from './probe-answers.js'

/** Zones for one address in one round: the report about them fits the body of a request. */
export const MOST_ZONES = 40
/** Characters of a name or an error in a report. */
export const MOST_TEXT = 200

export const VantageTasksAnswer = z
  .object({
    everySeconds: z.number().describe('Time between two rounds'),
    port: z.int().describe('Port of the service addresses'),
    addresses: z
      .array(z.object({ address: z.string(), zones: z.array(z.string()).describe('Zones to ask for in this round') }))
      .describe('Empty: this hub does not probe'),
  })
  .meta({ id: 'VantageTasks' })
export type VantageTasksAnswer = z.infer<typeof VantageTasksAnswer>

const words = z.string().max(MOST_TEXT)

/** Strict and bounded: a vantage point is not trusted. */
export const VantageReport = z
  .strictObject({
    address: z.string().max(64).describe('The service address'),
    results: z
      .array(
        z.strictObject({
          zone: z.string().max(1100),
          visits: z
            .array(
              z.strictObject({
                transport: z.enum(['udp', 'tcp']),
                instance: words.nullable().describe('NSID, id.server or hostname.bind of the answer'),
                serial: serial.nullable(),
                rttMs: z.number().min(0).max(60_000).nullable(),
                error: words.nullable().describe('One sentence; null for an answer with a serial'),
              }),
            )
            .min(1)
            .max(2),
        }),
      )
      .max(MOST_ZONES),
  })
  .meta({ id: 'VantageReport' })
export type VantageReport = z.infer<typeof VantageReport>

export const VantageTakenAnswer = z.object({
  taken: z.int().describe('Results that were kept'),
  ignored: z.int().describe('Results for addresses and zones that the config does not have'),
})
export type VantageTakenAnswer = z.infer<typeof VantageTakenAnswer>

export const VANTAGE_STATES = ['up', 'waiting', 'lost'] as const

export const VantageRowAnswer = z
  .object({
    name: z.string(),
    state: z
      .enum(VANTAGE_STATES)
      .describe(
        'up: it reported within three intervals, 5 s at least; waiting: it did not report yet, since the hub started; lost: its results do not count any more',
      ),
    since: moment.describe('Begin of the state'),
    reportedAt: moment,
    probes: z.partialRecord(z.enum(PROBE_STATES), z.int()).describe('Its last results by state; empty for one that is lost'),
  })
  .meta({ id: 'Vantage' })
export type VantageRowAnswer = z.infer<typeof VantageRowAnswer>

export const VantagesAnswer = z.object({ vantages: z.array(VantageRowAnswer) })
export type VantagesAnswer = z.infer<typeof VantagesAnswer>

export const VantageAnswer = VantageRowAnswer.extend({ results: z.array(ProbeAnswer) }).meta({ id: 'VantageDetails' })
export type VantageAnswer = z.infer<typeof VantageAnswer>

const units = z.array(z.string()).describe('Nodes, or their clusters; the name of a stranger in quotes; empty: no answer')

export const CatchmentRowAnswer = z
  .object({
    vantage: z.string(),
    cloud: z.string(),
    address: z.string(),
    reaches: units,
    instances: z.array(z.object({ instance: z.string(), node: z.string().nullable(), at: moment })),
    since: moment.describe('Time of the last change'),
    at: moment.describe('Time of the last report'),
    isCurrent: z.boolean().describe('False: the vantage point is lost, and this is its last report'),
    changes: z.array(z.object({ at: moment, from: units, to: units })).describe('The last ones, newest first'),
  })
  .meta({ id: 'Catchment' })
export type CatchmentRowAnswer = z.infer<typeof CatchmentRowAnswer>

export const CatchmentAnswer = z.object({ catchment: z.array(CatchmentRowAnswer) })
export type CatchmentAnswer = z.infer<typeof CatchmentAnswer>
