/** The settings of verification: how often, in which way, and what a node rewrites on purpose. */
import { z } from 'zod'
import { IGNORE_WORDS, isIgnorable } from '../lib/dns/ignored-records.js'
import { count, duration, listOf, section, text } from './setting-types.js'

const WAYS = ['auto', 'axfr', 'sample', 'off'] as const
const DEFAULT_EVERY_MS = 86_400_000
const IGNORE_HINT = `write ${IGNORE_WORDS.join(', ')} or the name of a record type such as TXT`

const budget = section({
  octetsPerSecond: count(0)
    .default(5_000_000)
    .describe('Octets per second of scheduled transfers, on average over all nodes; 0: no limit.'),
  queries: section({
    total: count(1).default(500).describe('Queries per second to all nodes together.'),
    perNode: count(1).default(50).describe('Queries per second to one node.'),
  })
    .prefault({})
    .describe('Limits on the queries of a sample.'),
}).describe('Limits on verification. A fleet that needs more than the budget in verify.every is verified less often.')

const settings = section({
  every: duration().default(DEFAULT_EVERY_MS).describe('Each zone on each node is verified once in this time, evenly spread.'),
  how: z
    .enum(WAYS, { error: `write one of ${WAYS.join(', ')}` })
    .default('auto')
    .describe(
      'The way of the comparison: by AXFR, or by a sample of queries where the node refuses AXFR (auto); axfr; sample; off: only by order.',
    ),
  budget: budget.prefault({}),
})

export const verifySchema = z
  .union([z.literal('off'), settings], { error: 'write a map of settings such as { every: 24h, how: auto }, or off' })
  .describe('Comparison of what the nodes serve with the released version, record for record; off: only by order.')

export type RawVerify = z.output<typeof verifySchema>

export const nodeVerifySchema = section({
  ignore: listOf(text(IGNORE_HINT).refine(isIgnorable, { error: IGNORE_HINT }), 'words').describe(
    'Parts of its zones that the node rewrites on purpose: ttl (all TTLs), dnssec (records that a signer makes), zonemd, soa (all but the serial), or record types by name.',
  ),
  reason: text('write a text').describe('Why the node does so; for people.'),
}).describe('Differences from the released version that are intended on this node.')

export interface VerifyConfig {
  /** 0: never by itself. */
  everyMs: number
  how: 'auto' | 'axfr' | 'sample'
  octetsPerSecond: number
  queries: { total: number; perNode: number }
}

export function verifyOf(raw: RawVerify): VerifyConfig {
  if (raw === 'off') return { ...verifyOf(settings.parse({})), everyMs: 0 }
  const { every, how, budget: most } = raw
  return { everyMs: how === 'off' ? 0 : every, how: how === 'off' ? 'auto' : how, ...most }
}
