/** The settings of probes: questions through the service addresses of the clouds, as a resolver asks. */
import { z } from 'zod'
import { count, duration, section } from './setting-types.js'

const DEFAULT_EVERY_MS = 60_000
const LEAST_EVERY_MS = 1_000

const settings = section({
  every: duration()
    .refine((ms) => ms >= LEAST_EVERY_MS, { error: 'write 1s or more' })
    .default(DEFAULT_EVERY_MS)
    .describe('Time between two probes of each service address; at least 1s.'),
  port: count(1)
    .refine((port) => port <= 65_535, { error: 'write a port, 1 to 65535' })
    .default(53)
    .describe('Port of the service addresses.'),
  zones: count(1)
    .default(20)
    .describe('Zones that each service address is asked for in one round: first those with trouble, then the others in turn.'),
})

export const probeSchema = z
  .union([z.literal('off'), settings], { error: 'write a map of settings such as { every: 60s, port: 53 }, or off' })
  .optional()
  .describe('Questions through the service addresses of the clouds, from this hub; left out or off: never.')

export interface ProbeConfig {
  everyMs: number
  port: number
  zones: number
}

/** Undefined: never. */
export function probeOf(raw: z.output<typeof probeSchema>): ProbeConfig | undefined {
  return raw === undefined || raw === 'off' ? undefined : { everyMs: raw.every, port: raw.port, zones: raw.zones }
}
