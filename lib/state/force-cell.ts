/** The last forced transfer of a zone on a node. */
import type { Serial } from '../dns/serial.js'

/** Written by the worker that forced a node: the last forced transfer of a zone on a node. Key `zone node`. */
export interface ForceCell {
  at: number
  /** The version that the node should have got. */
  serial: Serial
  digest: string
  /** `running` for longer than any transfer: the worker ended meanwhile. */
  outcome: 'running' | 'confirmed' | 'failed'
  /** The name of the operator, or `unstick`. */
  by: string
  /** The reason of a failure, with the next step. */
  error?: string | undefined
  /** The hub does no more by itself for this version: an operator must act. */
  needsOperator?: true | undefined
  /** It was not begun: no other node of the cloud serves the zone. It begins when one does. */
  isLast?: true | undefined
}
