/** The settings of catalog zones (RFC 9432): those that the hub consumes, and those that it publishes. */
import { z } from 'zod'
import { rolloutSchema } from './rollout-schema.js'
import { CHECKS_WITH_MODE, mode } from './checks-schema.js'
import { count, duration, listOf, mapOf, section, text, zoneName } from './setting-types.js'

/** Members that leave are served on for so long; a week covers a holiday. */
const GRACE_MS = 604_800_000

const primaries = () => listOf(text('write the name of a primary'), 'primaries').optional()
const clouds = () => listOf(text('write the name of a cloud'), 'clouds').optional()
const checks = () =>
  z
    .partialRecord(
      z.enum(CHECKS_WITH_MODE, { error: `write some of ${CHECKS_WITH_MODE.join(', ')}` }),
      z.union([mode()], { error: 'write off, warn or hold' }),
      { error: 'write a map of checks and their modes: shrink: warn' },
    )
    .default({})

const group = section({
  primaries: primaries().describe('Primaries of the members, in order of preference; default: those of the catalog.'),
  clouds: clouds().describe('Clouds that serve the members; default: those of the catalog.'),
  checks: checks().describe('Modes of checks for the members, instead of those of the catalog.'),
  rollout: rolloutSchema
    .optional()
    .describe(
      'Order in which nodes get versions of the members; default: that of the catalog. Keys left out have their defaults.',
    ),
})

/** Keys that only a consumed catalog has. */
const CONSUMED = ['primaries', 'clouds', 'groups', 'checks', 'rollout', 'grace', 'maxMembers', 'refresh', 'deliver'] as const

export const catalogSchema = section({
  name: zoneName().describe('The name of the catalog zone.'),
  publish: text('write the name of a cloud or a node')
    .optional()
    .describe('The hub makes this catalog: every zone that this cloud or node carries. Excludes all settings below.'),
  primaries: primaries().describe('Primaries of the catalog and its members, in order of preference; default: every primary.'),
  clouds: clouds().describe('The clouds that serve the members; default: every cloud.'),
  groups: mapOf(group, 'groups').describe(
    'Settings for members by their group property; other members have those of the catalog.',
  ),
  checks: checks().describe('Modes of checks for the members, instead of those of checks.'),
  rollout: rolloutSchema
    .optional()
    .describe('Order in which nodes get versions of the members; default: rollout. Keys left out have their defaults.'),
  grace: duration()
    .optional()
    .describe('A member that leaves the catalog is served on for this long, and comes back whole; default: 7d, 0s: not at all.'),
  maxMembers: count(1).optional().describe('A catalog with more members is broken; default: 1000000.'),
  refresh: section({
    min: duration().optional().describe('Never poll the catalog and its members more often than this.'),
    max: duration().optional().describe('Never poll the catalog and its members less often than this.'),
  })
    .optional()
    .describe('Bounds of the SOA polling interval, instead of defaults.refresh.'),
  deliver: clouds().describe('Clouds whose nodes may transfer the catalog itself; default: none.'),
}).superRefine((catalog, context) => {
  if (catalog.publish === undefined) return
  for (const key of CONSUMED) {
    const value = catalog[key]
    const isUnset = value === undefined || ((key === 'groups' || key === 'checks') && Object.keys(value).length === 0)
    if (!isUnset)
      context.addIssue({
        code: 'custom',
        path: [key],
        message: `a catalog with "publish" has no "${key}": remove one of the two`,
      })
  }
})

export type RawCatalog = z.output<typeof catalogSchema>

export const CATALOG_DEFAULTS = { graceMs: GRACE_MS, maxMembers: 1_000_000 }
