/** Judges the visits to a service address for one zone: is it one of our nodes, and does it serve what it should. Pure. */
import { compareSerials, type Serial } from '../dns/serial.js'
import { NODE_STATES, type NodeState } from '../fleet/node-state.js'
import type { Visit } from './visit.js'

/**
 * `silent`: no answer over UDP and TCP · `mixed`: only one of them answers, or one instance has two serials · `stranger`: the instance is not
 * one of our nodes · `stale`: the instance serves an older serial than the node shows at its control address. Else the state of
 * the node.
 */
export const PROBE_STATES = [...NODE_STATES, 'stale', 'stranger', 'mixed', 'silent'] as const
export type ProbeState = (typeof PROBE_STATES)[number]

/** States that need no operator. */
const WELL: ReadonlySet<ProbeState> = new Set(['in-sync', 'syncing', 'drained'])
export const isWell = (state: ProbeState): boolean => WELL.has(state)

export interface ProbeFacts {
  visits: readonly Visit[]
  /** The node with the name of the instance; `none`: no node has that name; undefined: the instance gives no name. */
  node: { state: NodeState; serial: Serial | undefined; serialSince: number } | 'none' | undefined
  /** The released version of the zone. */
  released: { serial: Serial; releasedAt: number } | undefined
  now: number
}

export interface ProbeVerdict {
  state: ProbeState
  /** One sentence; undefined when all is well. */
  error: string | undefined
}

/** A new version may take so long from a node's control address to each of its threads, and from there to a resolver. */
const PATIENCE_MS = 10_000
/** A release may take so long to an instance that gives no name. */
const RELEASE_MS = 120_000

export function judgeVisits({ visits, node, released, now }: ProbeFacts): ProbeVerdict {
  const answers = visits.filter(({ serial }) => serial !== undefined)
  const failures = visits.flatMap(({ transport, error }) => (error === undefined ? [] : [`${transport.toUpperCase()}: ${error}`]))
  const [first] = answers
  if (first === undefined) return { state: 'silent', error: failures.join('; ') || 'no answer' }
  if (node === 'none') {
    return {
      state: 'stranger',
      error: `the instance "${visits.find(({ instance }) => instance !== undefined)!.instance}" is none of the nodes`,
    }
  }
  if (failures.length > 0) return { state: 'mixed', error: failures.join('; ') }
  const other = answers.find(({ serial, instance }) => serial !== first.serial && instance === first.instance)
  if (other !== undefined)
    return {
      state: 'mixed',
      error: `serial ${first.serial} over ${first.transport.toUpperCase()} and ${other.serial} over ${other.transport.toUpperCase()}`,
    }
  return node === undefined ? ofRelease(first.serial!, released, now) : ofNode(first.serial!, node, released, now)
}

function ofNode(
  serial: Serial,
  { state, serial: shown, serialSince }: Exclude<ProbeFacts['node'], 'none' | undefined>,
  released: ProbeFacts['released'],
  now: number,
): ProbeVerdict {
  // A silent control address is the state of the node; users still get this answer.
  if (shown === undefined || state === 'unknown') return ofRelease(serial, released, now)
  const order = compareSerials(serial, shown)
  if (order === 'equal') return { state, error: isWell(state) ? undefined : `the node is ${state}` }
  if (order === 'newer') return ofRelease(serial, released, now)
  if (now - serialSince < PATIENCE_MS) return { state: 'syncing', error: undefined }
  return { state: 'stale', error: `serial ${serial} here, ${shown} at the control address of the node` }
}

function ofRelease(serial: Serial, released: ProbeFacts['released'], now: number): ProbeVerdict {
  if (released === undefined) return { state: 'unknown', error: 'no version is released yet' }
  const order = compareSerials(serial, released.serial)
  if (order === 'equal') return { state: 'in-sync', error: undefined }
  if (order === 'newer') return { state: 'ahead', error: `serial ${serial} is newer than the released ${released.serial}` }
  if (now - released.releasedAt < RELEASE_MS) return { state: 'syncing', error: undefined }
  return { state: 'lagging', error: `serial ${serial} is older than the released ${released.serial}` }
}
