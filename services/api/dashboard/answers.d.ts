/** The types of the API's answers that the page reads, from their schemas. For the type checker only: never served. */

export type { AuditAnswer, AuditEntryAnswer } from '../../../lib/answers/audit-answers.js'
export type { SessionAnswer } from '../../../lib/answers/caller-answers.js'
export type { CatalogSummaryAnswer } from '../../../lib/answers/catalog-answers.js'
export type { HubEvent } from '../../../lib/answers/event-answers.js'
export type { State } from '../../../lib/answers/fields.js'
export type { HealthAnswer } from '../../../lib/answers/health-answers.js'
export type { HubAnswer, StatusAnswer } from '../../../lib/answers/hub-answers.js'
export type { JobAnswer, JobTargetAnswer } from '../../../lib/answers/job-answers.js'
export type { NodeAnswer, NodeSummaryAnswer } from '../../../lib/answers/node-answers.js'
export type { PrimarySummaryAnswer } from '../../../lib/answers/primary-answers.js'
export type { ProbeAnswer } from '../../../lib/answers/probe-answers.js'
export type { RolloutAnswer, RolloutRowAnswer, StageAnswer } from '../../../lib/answers/rollout-answers.js'
export type { VantageRowAnswer } from '../../../lib/answers/vantage-answers.js'
export type {
  ChainAnswer,
  ChainStepAnswer,
  DifferenceAnswer,
  MatrixAnswer,
  MatrixNodeAnswer,
  MatrixRowAnswer,
  NodeZoneAnswer,
  VersionAnswer,
  ZoneAnswer,
  ZoneSummaryAnswer,
} from '../../../lib/answers/zone-answers.js'
