/** Bodies and queries that the API takes, strict: an unknown field is a mistake and is named. */
import { z } from 'zod'
import { NODE_STATES } from '../../lib/fleet/node-state.js'
import { ROLLOUT_STATES } from '../../lib/rollout/record.js'

/** Longest presentation form of a 255-octet name: every octet escaped as \DDD. */
export const MAX_NAME_TEXT = 1020

/** What is shown on terminals holds nothing that steers them. */
const words = z
  .string()
  .max(500)
  .regex(/^[^\p{Cc}]*$/u, 'holds control characters')

const reason = words.optional().describe('Why, for those who read it later')
const names = z.array(z.string().min(1).max(MAX_NAME_TEXT)).max(10_000)

const strength = z
  .enum(['notify', 'refresh', 'retransfer'])
  .default('notify')
  .describe('notify: NOTIFY again; refresh: ask the primaries first; retransfer: AXFR from the primary anew, then push')

/** Every command takes these (contract §3); one that has no use for a field takes it and leaves it alone. */
const command = {
  serial: z.int().min(0).max(0xffffffff).optional().describe('Only if this is the released serial'),
  nodes: names.optional().describe('Only these nodes'),
  clouds: names.optional().describe('Only nodes of these clouds'),
  strength,
  reason,
}

export const refreshBody = z.strictObject(command).describe('Ask the primaries now; retransfer takes the zone by AXFR anew')
export const zoneResyncBody = z.strictObject(command).describe('Bring nodes to the released version of the zone again')
export const nodeResyncBody = z
  .strictObject({ ...command, zones: names.optional().describe('Only these zones') })
  .describe('Bring the node to the released versions again')
export const resyncBody = z
  .strictObject({ ...command, zones: names.optional().describe('Only these zones') })
  .describe('Bring nodes to the released versions again; what is left out means all')
export const drainBody = z.strictObject(command).describe('Stop or restart delivery to the node')

const why = words.regex(/\S/, 'say why').describe('Why, for those who read it later')
export const holdBody = z.strictObject(command).describe('Release nothing of the zone until it is released; or lift that')
export const decisionBody = z
  .strictObject({
    ...command,
    serial: command.serial.describe('The version meant; the newest that waits for a word when left out'),
    digest: z
      .string()
      .regex(/^[0-9a-f]{8,128}$/, 'is no digest: hex digits, at least the first 8')
      .optional()
      .describe('Its digest or the beginning of it, where two versions have one serial'),
    primary: z.string().max(100).optional().describe('Where primaries disagree: the one whose content is right'),
    fast: z.boolean().default(false).describe('Soak a tenth of the time; no check is skipped'),
    reason: why,
  })
  .describe('Let exactly this version go on, or never')
export const rollbackBody = z
  .strictObject({
    ...command,
    serial: z.int().min(0).max(0xffffffff).describe('The version to go back to, or the one to leave'),
    reason: why,
  })
  .describe('Send old content out again, under a serial above all that was served')

export const rolloutsQuery = z.strictObject({
  zone: z.string().max(MAX_NAME_TEXT).optional().describe('Only this zone, with all its versions'),
  state: z.enum(ROLLOUT_STATES).optional().describe('Only rollouts in this state'),
  limit: z.coerce.number().int().min(1).max(1000).default(100).describe('Rows at most'),
  after: z.string().max(300).optional().describe('The `next` of the page before'),
})

export const pageQuery = z.strictObject({
  limit: z.coerce.number().int().min(1).max(1000).default(500).describe('Rows at most'),
  after: z.string().max(MAX_NAME_TEXT).optional().describe('The `next` of the page before'),
})

/** `2026112501`, or `2026112501:1f2e3d4c` where two contents go under one serial. */
const version = z
  .string({ error: 'is missing: write a serial, or serial:digest' })
  .regex(/^\d{1,10}(:[0-9a-f]{8,128})?$/, 'is no serial, nor serial:digest')
  .transform((text) => {
    const [serial, digest] = text.split(':')
    return { serial: Number(serial), digest }
  })
  .refine(({ serial }) => serial <= 0xffffffff, 'is over 4294967295')

export const diffQuery = z.strictObject({ from: version, to: version })

const states = z
  .string()
  .transform((text) => text.split(','))
  .pipe(z.array(z.enum(NODE_STATES)).max(NODE_STATES.length))

export const matrixQuery = z.strictObject({
  zone: z.string().max(MAX_NAME_TEXT).optional().describe('Only this zone'),
  node: z.string().max(100).optional().describe('Only this node'),
  match: z.string().max(MAX_NAME_TEXT).optional().describe('Only zones that have this in their name'),
  state: states.optional().describe('Only zones with a node in one of these states, separated by commas'),
  limit: z.coerce.number().int().min(1).max(1000).optional().describe('Zones at most; all when left out'),
  after: z.string().max(MAX_NAME_TEXT).optional().describe('The `next` of the page before'),
})

export const serialParam = z
  .string()
  .regex(/^\d{1,10}$/, 'is no serial')
  .transform(Number)
  .refine((n) => n <= 0xffffffff, 'is over 4294967295')
