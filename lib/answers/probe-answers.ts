/** Answers about service addresses: probes, and the node behind an identity. */
import { z } from 'zod'
import { PROBE_STATES } from '../probe/judge-visits.js'
import { knownSerial, moment, State, StateCounts } from './fields.js'

export const ProbeAnswer = z
  .object({
    vantage: z.string().nullable().describe('The vantage point that asked; null: this hub'),
    cloud: z.string(),
    address: z.string().describe('The service address'),
    zone: z.string(),
    instance: z
      .string()
      .nullable()
      .describe('The name that the answering instance gives itself: NSID, id.server or hostname.bind'),
    node: z.string().nullable().describe('The node with this name; null: none of the nodes, or the instance gives no name'),
    serial: knownSerial,
    state: z
      .enum(PROBE_STATES)
      .describe(
        'The state of the node; stale: older than at its control address; stranger: no node of the cloud has this name; mixed: one transport fails or differs; silent: no answer',
      ),
    rttMs: z.number().nullable().describe('Milliseconds from the question to the answer'),
    at: moment,
    error: z.string().nullable(),
  })
  .meta({ id: 'Probe' })
export type ProbeAnswer = z.infer<typeof ProbeAnswer>

export const ProbesAnswer = z.object({ probes: z.array(ProbeAnswer) })
export type ProbesAnswer = z.infer<typeof ProbesAnswer>

export const ServedThenAnswer = z
  .object({
    serial: knownSerial.describe('Null: not known'),
    confirmedAt: moment.describe('First answer of the node with this serial'),
    until: moment.describe('First answer of the node with another kept version after that'),
    mayBe: knownSerial.describe('A version that was released to the node and not confirmed yet: it may have served this one'),
    why: z.string().nullable().describe('One sentence about the doubt'),
  })
  .meta({ id: 'ServedThen' })

export const ServesAnswer = z
  .object({
    zone: z.string(),
    serial: knownSerial.describe('Serial in the last answer of the node'),
    state: State,
    observedAt: moment,
    served: ServedThenAnswer.nullable().describe('At the time `at`; null without one'),
  })
  .meta({ id: 'Serves' })
export type ServesAnswer = z.infer<typeof ServesAnswer>

export const WhoisAnswer = z
  .object({
    identity: z.string(),
    node: z.string(),
    cloud: z.string(),
    cluster: z.string().nullable().describe('The local cluster that it is a member of'),
    site: z.string().nullable(),
    states: StateCounts.describe('Zones of the node by state'),
    zonesBehind: z.array(z.string()).describe('Zones that are not in sync on the node; at most 100'),
    at: moment.describe('The time of the question'),
    serves: z.array(ServesAnswer).describe('The zone of the question, or the first 20 zones of the node'),
    problems: z.array(z.string()).describe('One sentence each, with the next step'),
    seenAt: moment.describe('Last time that an instance with this name answered at a service address'),
    seenFrom: z.array(z.string()).describe('Vantage points whose last results show the instance'),
  })
  .meta({ id: 'Whois' })
export type WhoisAnswer = z.infer<typeof WhoisAnswer>
