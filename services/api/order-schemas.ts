/**
 * Bodies of orders, strict: each order has its own, with the fields that it uses and no other. A field that an order would ignore, such
 * as `nodes` in a hold, is 400 and names the field, because the caller believes in a scope that there is not.
 */
import { z } from 'zod'
import { NODE_STATES } from '../../lib/fleet/node-state.js'
import { MAX_NAME_TEXT } from './schemas.js'

/** What is shown on terminals holds nothing that steers them. */
const words = z
  .string({ error: 'is not given: write a text' })
  .max(500)
  .regex(/^[^\p{Cc}]*$/u, 'holds control characters')

const reason = words.optional().describe('Reason, kept with the order')
const requiredReason = words.regex(/\S/, 'is empty: write a reason').describe('Reason, kept with the order')
const names = z.array(z.string().min(1).max(MAX_NAME_TEXT)).max(10_000)
const serial = z.int().min(0).max(0xffffffff)

/** The message for a field that the order does not use names those that it does. */
const body = <S extends z.ZodRawShape>(order: string, shape: S) =>
  z.strictObject(shape, {
    error: (issue) =>
      issue.code === 'unrecognized_keys'
        ? `an order to ${order} does not use this field; it takes ${Object.keys(shape).join(', ') || 'no fields'}`
        : undefined,
  })

const onlyAtSerial = serial.optional().describe('Only if this is the released serial')
const zones = names.optional().describe('Only these zones')
const nodes = names.optional().describe('Only these nodes')
const clouds = names.optional().describe('Only nodes of these clouds')
const states = z
  .array(z.enum(NODE_STATES))
  .min(1)
  .max(NODE_STATES.length)
  .optional()
  .describe('Only where the node has the zone in one of these states')
const strength = z
  .enum(['notify', 'refresh', 'retransfer'])
  .default('notify')
  .describe('notify: NOTIFY again; refresh: ask the primaries first; retransfer: AXFR from the primary anew, then push')

export const refreshBody = body('refresh', {
  serial: onlyAtSerial,
  strength: z
    .enum(['refresh', 'retransfer'])
    .default('refresh')
    .describe('refresh: SOA queries, then a transfer if a primary has a newer serial; retransfer: AXFR whatever the serial'),
  reason,
}).describe('Ask the primaries now')

const resync = { serial: onlyAtSerial, states, strength, reason }
export const zoneResyncBody = body('resync a zone', { nodes, clouds, ...resync }).describe(
  'Bring nodes to the released version of the zone again',
)
export const nodeResyncBody = body('resync a node', { zones, ...resync }).describe(
  'Bring the node to the released versions again',
)
export const resyncBody = body('resync', { zones, nodes, clouds, ...resync }).describe(
  'Bring nodes to the released versions again; a scope that is left out means all',
)

export const drainBody = body('drain', { reason }).describe('Stop delivery to the node')
export const undrainBody = body('undrain', { reason }).describe('Restart delivery to the node')

export const holdBody = body('hold', { reason }).describe('Release nothing of the zone until the hold is lifted')
export const releaseBody = body('release', { reason: requiredReason }).describe('Lift the hold of the zone')

const openSerial = serial.optional().describe('The version meant; the newest held or halted one when left out')
const digest = z
  .string()
  .regex(/^[0-9a-f]{8,128}$/, 'is not a digest: hex digits, at least the first 8')
  .optional()
  .describe('With `serial`: its digest or the beginning of it, where two versions have one serial')

export const approveBody = body('approve', {
  serial: openSerial,
  digest,
  primary: z.string().max(100).optional().describe('Where primaries disagree: the one whose content is right'),
  fast: z.boolean().default(false).describe('Soak a tenth of the time; no check is skipped. Not with `primary`'),
  reason: requiredReason,
})
  .refine((given) => given.digest === undefined || given.serial !== undefined, {
    path: ['digest'],
    message: 'needs the serial that it belongs to',
  })
  .refine((given) => given.primary === undefined || !given.fast, {
    path: ['fast'],
    message: 'is not used with primary, which chooses a content and starts no stage',
  })
  .describe('Let exactly this version go on')
export const rejectBody = body('reject', { serial: openSerial, digest, reason: requiredReason })
  .refine((given) => given.digest === undefined || given.serial !== undefined, {
    path: ['digest'],
    message: 'needs the serial that it belongs to',
  })
  .describe('Never release this version')
export const rollbackBody = body('roll back', {
  serial: z
    .int({ error: 'is not given: write a serial' })
    .min(0)
    .max(0xffffffff)
    .describe('The version to go back to, or the one to leave'),
  reason: requiredReason,
}).describe('Send old content out again, under a serial above all that was served')

export const reloadBody = body('reload', {}).describe('Read the config file again')
