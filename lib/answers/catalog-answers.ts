/** Answers about catalog zones (RFC 9432). */
import { z } from 'zod'
import { knownSerial, moment } from './fields.js'

export const CatalogSummaryAnswer = z
  .object({
    name: z.string(),
    direction: z.enum(['consumed', 'published']),
    serial: knownSerial.describe('Serial of the version whose members count (consumed), or that is released (published)'),
    members: z.int(),
    leaving: z.int().describe('Members that left, and are served until their grace time ends'),
    for: z.string().nullable().describe('The cloud or node for which it is published'),
    error: z.string().nullable().describe('Why newer members do not count'),
    findings: z.array(z.string()).describe('Members without effect, and faults that do not break the catalog'),
  })
  .meta({ id: 'CatalogSummary' })
export type CatalogSummaryAnswer = z.infer<typeof CatalogSummaryAnswer>

export const CatalogsAnswer = z.object({ catalogs: z.array(CatalogSummaryAnswer) })
export type CatalogsAnswer = z.infer<typeof CatalogsAnswer>

export const CatalogMemberAnswer = z.object({
  zone: z.string(),
  id: z.string().describe('The unique label of the member'),
  group: z.string().nullable(),
  since: moment.describe('Member under this id since then'),
  from: z.array(z.string()).describe('Primaries of the member, in order of preference'),
  catalog: z.string().nullable().describe('The consumed catalog of the zone; null when the zone is in the config'),
  leavingSince: moment.describe('No catalog has the member any more since then'),
  leavesAt: moment.describe('End of its grace time'),
})
export type CatalogMemberAnswer = z.infer<typeof CatalogMemberAnswer>

export const CatalogAnswer = z.object({
  ...CatalogSummaryAnswer.shape,
  members: z.array(CatalogMemberAnswer).describe('Members by name, in pages'),
  count: z.int().describe('Members in all'),
  next: z.string().nullable(),
})
export type CatalogAnswer = z.infer<typeof CatalogAnswer>
