/** Queries and path parameters of the API, strict: an unknown field is a mistake and is named. Bodies: order-schemas.ts. */
import { z } from 'zod'
import { NODE_STATES } from '../../lib/fleet/node-state.js'
import { PARTS } from '../../lib/render/node-setup.js'
import { ROLLOUT_STATES } from '../../lib/rollout/rollout-states.js'

/** Longest presentation form of a 255-octet name: every octet escaped as \DDD. */
export const MAX_NAME_TEXT = 1020

export const rolloutsQuery = z.strictObject({
  zone: z.string().max(MAX_NAME_TEXT).optional().describe('Only this zone, with all its versions'),
  state: z.enum(ROLLOUT_STATES).optional().describe('Only rollouts in this state'),
  limit: z.coerce.number().int().min(1).max(1000).default(100).describe('Most rows'),
  after: z
    .string()
    .max(MAX_NAME_TEXT + 100)
    .optional()
    .describe('The `next` of the previous page'),
})

export const auditQuery = z.strictObject({
  zone: z.string().max(MAX_NAME_TEXT).optional().describe('Only entries about this zone'),
  node: z.string().max(100).optional().describe('Only entries about this node'),
  by: z.string().max(100).optional().describe('Only entries of this caller; zonecast: automatic acts'),
  since: z
    .union([z.iso.datetime({ offset: true }), z.iso.date()], { error: 'is not a time such as 2026-11-24T05:00:00Z' })
    .optional()
    .describe('Only entries since this time, ISO 8601'),
  limit: z.coerce.number().int().min(1).max(1000).default(100).describe('Most entries'),
  after: z.string().max(200).optional().describe('The `next` of the previous page'),
})

export const whoisQuery = z.strictObject({
  zone: z.string().max(MAX_NAME_TEXT).optional().describe('Only this zone in `serves`'),
  at: z
    .union([z.iso.datetime({ offset: true }), z.iso.date()], { error: 'is not a time such as 2026-11-24T05:00:00Z' })
    .optional()
    .describe('Time of the question: the versions that the node served then, ISO 8601'),
})

export const pageQuery = z.strictObject({
  limit: z.coerce.number().int().min(1).max(1000).default(500).describe('Most rows'),
  after: z.string().max(MAX_NAME_TEXT).optional().describe('The `next` of the previous page'),
})

/** `2026112501`, or `2026112501:1f2e3d4c` when two versions have one serial. */
const version = z
  .string({ error: 'is missing: write a serial, or serial:digest' })
  .regex(/^\d{1,10}(:[0-9a-f]{8,128})?$/, 'is not a serial (0 to 4294967295), nor serial:digest')
  .transform((text) => {
    const [serial, digest] = text.split(':')
    return { serial: Number(serial), digest }
  })
  .refine(({ serial }) => serial <= 0xffffffff, 'is over 4294967295')

export const diffQuery = z.strictObject({
  from: version,
  to: version,
  limit: z.coerce
    .number()
    .int()
    .min(1)
    .max(100_000)
    .optional()
    .describe('Most records of each side; `counts` has all; default: all'),
})

export const healthQuery = z.strictObject({
  status: z
    .enum(['verdict', 'always'])
    .default('verdict')
    .describe('always: 200 whatever the verdict is, for readers that are no health hook'),
})

const states = z
  .string()
  .transform((text) => text.split(','))
  .pipe(z.array(z.enum(NODE_STATES)).max(NODE_STATES.length))

export const matrixQuery = z.strictObject({
  zone: z.string().max(MAX_NAME_TEXT).optional().describe('Only this zone'),
  node: z.string().max(100).optional().describe('Only this node'),
  match: z.string().max(MAX_NAME_TEXT).optional().describe('Only zones with this text in their name'),
  state: states.optional().describe('Only zones with a node in one of these states, separated by commas'),
  cloud: z.string().max(100).optional().describe('Only nodes of this cloud, and zones that one of them has'),
  site: z.string().max(100).optional().describe('Only nodes of this site, and zones that one of them has'),
  group: z.string().max(255).optional().describe('Only members of catalogs in this group'),
  sort: z
    .enum(['name', 'severity'])
    .default('name')
    .describe('severity: the most urgent zones first; a zone whose state changes between two pages may be missed'),
  limit: z.coerce.number().int().min(1).max(1000).optional().describe('Most zones; default: all'),
  after: z
    .string()
    .max(MAX_NAME_TEXT + 20)
    .optional()
    .describe('The `next` of the previous page'),
})

/** A folder ends up in a config file and in shell commands: only characters that need no quotes anywhere. */
export const configurationQuery = z.strictObject({
  part: z
    .enum(PARTS, `is not one of ${PARTS.join(', ')}`)
    .default('all')
    .describe('`server`: settings of the whole server; `zones`: the rest, for a server that is configured already'),
  folder: z
    .string()
    .max(200)
    .regex(/^(\/[A-Za-z0-9][A-Za-z0-9._-]*)+$/, 'is not an absolute path of letters, digits, ".", "_" and "-"')
    .optional()
    .describe("Folder on the node for all files of the server; default: the folders of Debian's package"),
  version: z
    .string()
    .regex(/^\d{1,3}(\.\d{1,3}){1,3}$/, 'is not a version such as 4.15.4')
    .optional()
    .describe('Version of the name server; default: a current one'),
})

export const serialParam = z
  .string()
  .regex(/^\d{1,10}$/, 'is not a serial (0 to 4294967295)')
  .transform(Number)
  .refine((n) => n <= 0xffffffff, 'is over 4294967295')
