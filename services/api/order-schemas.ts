/**
 * Bodies of orders, strict: each order has its own schema with exactly the fields that it uses. An unused field, such as `nodes`
 * in a hold, is refused with 400 and named, because the caller expects a scope that does not exist.
 */
import { z } from 'zod'
import { NODE_STATES } from '../../lib/fleet/node-state.js'
import { MAX_NAME_TEXT } from './schemas.js'

/** Texts that terminals show contain no control characters. */
const words = z
  .string({ error: 'is missing: write a text' })
  .max(500)
  .regex(/^[^\p{Cc}]*$/u, 'holds control characters')

const reason = words.optional().describe('Reason, kept with the order')
const requiredReason = words.regex(/\S/, 'is empty: write a reason').describe('Reason, kept with the order')
const names = z.array(z.string().min(1).max(MAX_NAME_TEXT)).max(10_000)
const serial = z.int().min(0).max(0xffffffff)

/** The message for an unused field names the fields that the order uses. */
const body = <S extends z.ZodRawShape>(order: string, shape: S) =>
  z.strictObject(shape, {
    error: (issue) =>
      issue.code === 'unrecognized_keys'
        ? `an order to ${order} does not use this field; it uses ${Object.keys(shape).join(', ') || 'no fields'}`
        : undefined,
  })

const onlyAtSerial = serial.optional().describe('Only if this is the released serial')
const zones = names.optional().describe('Only these zones')
const groups = names.optional().describe('Only members of catalogs in these groups')
const nodes = names.optional().describe('Only these nodes')
const clouds = names.optional().describe('Only nodes of these clouds')
const states = z
  .array(z.enum(NODE_STATES))
  .min(1)
  .max(NODE_STATES.length)
  .optional()
  .describe('Only where the node has the zone in one of these states')
const strength = z
  .enum(['notify', 'refresh', 'retransfer', 'force'])
  .default('notify')
  .describe(
    'notify: NOTIFY again; refresh: poll the primaries first; retransfer: AXFR from the primary, then push; force: the node is ordered over its control channel to transfer all records again, whatever serial it has',
  )
const allAtOnce = z
  .boolean()
  .default(false)
  .describe('With force: all nodes at the same time, instead of unstick.atOnce nodes of one cloud')

export const refreshBody = body('refresh', {
  serial: onlyAtSerial,
  strength: z
    .enum(['refresh', 'retransfer'])
    .default('refresh')
    .describe('refresh: SOA queries, then a transfer if a primary has a newer serial; retransfer: AXFR whatever the serial'),
  reason,
}).describe('Poll the primaries now')

const resync = { serial: onlyAtSerial, states, strength, allAtOnce, reason }
export const zoneResyncBody = body('resync a zone', { nodes, clouds, ...resync }).describe(
  'Bring nodes to the released version of the zone again',
)
export const nodeResyncBody = body('resync a node', { zones, ...resync }).describe(
  'Bring the node to the released versions again',
)
export const resyncBody = body('resync', { zones, groups, nodes, clouds, ...resync }).describe(
  'Bring nodes to the released versions again; a missing scope means all',
)

const how = z
  .enum(['auto', 'axfr', 'sample'])
  .default('auto')
  .describe('axfr: the node transfers its zone to the hub; sample: queries; auto: axfr, or sample where the node refuses it')
export const zoneVerifyBody = body('verify a zone', { nodes, clouds, how, reason }).describe(
  'Compare what nodes serve of the zone with its released version',
)
export const nodeVerifyBody = body('verify a node', { zones, how, reason }).describe(
  'Compare what the node serves with the released versions',
)
export const verifyBody = body('verify', { zones, groups, nodes, clouds, how, reason }).describe(
  'Compare what nodes serve with the released versions; a missing scope means all',
)

export const provisionBody = body('provision', {
  apply: z.boolean().default(false).describe('Add and remove the zones; false: only plan'),
  yes: z.boolean().default(false).describe('Remove more zones than the thresholds of checks.shrink allow'),
  reason,
}).describe('Compare the zones of the server with those of the node, and add and remove zones')

export const probeBody = body('probe', {
  cloud: z.string().max(100).optional().describe('Only the service addresses of this cloud'),
  zone: z.string().max(MAX_NAME_TEXT).optional().describe('Only this zone; default: some zones of each cloud in turn'),
}).describe('Ask the service addresses now')

export const drainBody = body('drain', { reason }).describe('Stop delivery to the node')
export const undrainBody = body('undrain', { reason }).describe('Restart delivery to the node')

export const holdBody = body('hold', { reason }).describe('Release no version of the zone until the hold is lifted')
export const releaseBody = body('release', { reason: requiredReason }).describe('Lift the hold of the zone')

const openSerial = serial.optional().describe('Serial of the version; default: the newest held or halted one')
const digest = z
  .string()
  .regex(/^[0-9a-f]{8,128}$/, 'is not a digest: hex digits, at least the first 8')
  .optional()
  .describe('With `serial`: digest of the version or its beginning, when two versions have one serial')

export const approveBody = body('approve', {
  serial: openSerial,
  digest,
  primary: z.string().max(100).optional().describe('If primaries disagree: the primary with the correct content'),
  fast: z.boolean().default(false).describe('Soak for a tenth of the time; no check is skipped. Not with `primary`'),
  reason: requiredReason,
})
  .refine((given) => given.digest === undefined || given.serial !== undefined, {
    path: ['digest'],
    message: 'needs a serial beside it',
  })
  .refine((given) => given.primary === undefined || !given.fast, {
    path: ['fast'],
    message: 'cannot be used with primary, which chooses a content and starts no stage',
  })
  .describe('Continue the rollout of exactly this version')
export const rejectBody = body('reject', { serial: openSerial, digest, reason: requiredReason })
  .refine((given) => given.digest === undefined || given.serial !== undefined, {
    path: ['digest'],
    message: 'needs a serial beside it',
  })
  .describe('Never release this version')
export const rollbackBody = body('roll back', {
  serial: z
    .int({ error: 'is missing: write a serial' })
    .min(0)
    .max(0xffffffff)
    .describe('The version to return to, or the one to leave'),
  reason: requiredReason,
}).describe('Release old content again, under a serial above all that were served')

export const signInBody = body('sign in', {}).describe('Trade the token of the request for a session cookie')
export const signOutBody = body('sign out', {}).describe('End the session')

export const reloadBody = body('reload', {}).describe('Read the config file again')
