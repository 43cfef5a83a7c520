/** Fields that several answers share. A field without a value is null, so that every field is always in an answer. */
import { z } from 'zod'
import { NODE_STATES } from '../fleet/node-state.js'

export const serial = z.int().min(0).max(0xffffffff)
/** Null while no serial is known. */
export const knownSerial = serial.nullable()
/** ISO 8601; null while there is no such time. */
export const moment = z.iso.datetime().nullable()

export const State = z.enum(NODE_STATES).meta({ id: 'State' })
export type State = z.infer<typeof State>

export const StateCounts = z
  .partialRecord(State, z.int())
  .meta({ id: 'StateCounts', description: 'Number in each state; a state without any is left out' })

/** Times by node id. */
export const momentByNode = z.record(z.string(), moment)

export const OldKeyAnswer = z
  .object({ key: z.string(), usedAt: moment })
  .meta({ id: 'OldKey', description: 'A TSIG key that is being replaced; usedAt is null when no request was signed with it' })
export type OldKeyAnswer = z.infer<typeof OldKeyAnswer>
