/** The types of the API's answers that the page reads, from their schemas. For the type checker only: never served. */

export type { SessionAnswer } from '../../../lib/answers/caller-answers.js'
export type { HubEvent } from '../../../lib/answers/event-answers.js'
export type { State } from '../../../lib/answers/fields.js'
export type { StatusAnswer } from '../../../lib/answers/hub-answers.js'
export type { JobAnswer, JobTargetAnswer } from '../../../lib/answers/job-answers.js'
export type { NodeAnswer } from '../../../lib/answers/node-answers.js'
export type {
  ChainAnswer,
  ChainStepAnswer,
  MatrixAnswer,
  MatrixNodeAnswer,
  NodeZoneAnswer,
  VersionAnswer,
  ZoneAnswer,
  ZoneSummaryAnswer,
} from '../../../lib/answers/zone-answers.js'
