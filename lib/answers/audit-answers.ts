/** Answers about the audit log. */
import { z } from 'zod'
import { moment } from './fields.js'

const fact = z.unknown().describe('Facts as JSON, null without any')

export const AuditEntryAnswer = z
  .object({
    at: moment.describe('When the line was written'),
    by: z.string().describe('Name of the token; local: the token under dataDir; zonecast: an automatic act; signal: SIGHUP'),
    from: z.string().describe('Address of the caller; the hub for an automatic act'),
    action: z.string(),
    target: z.record(z.string(), z.unknown()).describe('zone, node, serial and what else names the object'),
    before: fact,
    after: fact,
    reason: z.string().nullable(),
    outcome: z
      .enum(['done', 'failed', 'unknown', 'pending'])
      .describe('unknown: the hub ended before the outcome was written; pending: under way'),
    error: z.string().nullable(),
    hub: z.string(),
    chain: z.string(),
    line: z.int().describe('Number in the chain'),
    hash: z.string().describe('SHA-256 of the line, which covers the hash of the line before'),
    actedAt: moment.describe('Time of an automatic act whose line could not be written at once'),
    lost: z.int().describe('Automatic acts before this one that could never be written'),
  })
  .meta({ id: 'AuditEntry' })
export type AuditEntryAnswer = z.infer<typeof AuditEntryAnswer>

export const AuditAnswer = z.object({
  entries: z.array(AuditEntryAnswer).describe('Newest first. With filters a page may be empty and have a next one'),
  next: z.string().nullable(),
  damaged: z.int().describe('Lines that were left out, because they do not match their hash'),
})
export type AuditAnswer = z.infer<typeof AuditAnswer>

export const AuditFindingAnswer = z.object({
  kind: z.enum(['edited', 'dropped', 'reordered', 'duplicated', 'truncated', 'renamed']),
  file: z.string(),
  line: z.int(),
  what: z.string(),
})

export const AuditChainAnswer = z
  .object({
    chain: z.string(),
    hub: z.string(),
    kind: z.enum(['own', 'copy']).describe('copy: received from a peer hub, or another machine'),
    lines: z.int(),
    first: z.int().describe('Number of the first line; above 1 when old files were removed'),
    last: z.int(),
    hash: z.string().describe('Hash of the last line'),
    at: moment,
    anchors: z.array(z.string()).describe('Places whose number and hash of a line were compared'),
    findings: z.array(AuditFindingAnswer),
    more: z.int().describe('Findings that are not listed'),
    notes: z.array(z.string()),
  })
  .meta({ id: 'AuditChain' })
export type AuditChainAnswer = z.infer<typeof AuditChainAnswer>

export const AuditVerifyAnswer = z.object({ ok: z.boolean(), chains: z.array(AuditChainAnswer) })
export type AuditVerifyAnswer = z.infer<typeof AuditVerifyAnswer>

export const AuditAnchorsAnswer = z.object({
  anchors: z.array(z.object({ chain: z.string(), n: z.int(), hash: z.string(), where: z.string() })),
})
export type AuditAnchorsAnswer = z.infer<typeof AuditAnchorsAnswer>
