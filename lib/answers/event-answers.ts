/** The data of each server-sent event of `/v1/events`, by the event's name. */
import { z } from 'zod'
import { VERDICTS } from '../checks/verdicts.js'
import { moment, serial } from './fields.js'
import { ProbeAnswer } from './probe-answers.js'
import { CheckReportAnswer, RolloutRowAnswer } from './rollout-answers.js'
import { CatchmentRowAnswer, VantageRowAnswer } from './vantage-answers.js'
import { ForcedAnswer, NodeZoneAnswer, ZoneSummaryAnswer } from './zone-answers.js'

export const EVENTS = {
  zone: ZoneSummaryAnswer,
  node: NodeZoneAnswer.extend({ zone: z.string(), node: z.string() }),
  force: ForcedAnswer.extend({ zone: z.string(), node: z.string() }),
  probe: ProbeAnswer,
  vantage: VantageRowAnswer.omit({ probes: true }),
  catchment: CatchmentRowAnswer.pick({ vantage: true, cloud: true, address: true }).extend({
    at: moment,
    from: z.array(z.string()),
    to: z.array(z.string()),
  }),
  rollout: RolloutRowAnswer.omit({ approvals: true, heldBy: true }).extend({ since: moment }),
  check: z.object({
    id: z.string(),
    zone: z.string(),
    serial,
    verdict: z.enum(VERDICTS),
    findings: z.array(CheckReportAnswer).describe('Checks that did not pass'),
  }),
}
export type EventName = keyof typeof EVENTS
export type EventData = { [N in EventName]: z.infer<(typeof EVENTS)[N]> }
/** An event for its reader. */
export type HubEvent = { [N in EventName]: { name: N; data: EventData[N] } }[EventName]
