/** Judges the visits to a service address for one zone: is it one of our nodes, and does it serve what it should. Pure. */
import { compareSerials, type Serial } from '../dns/serial.js'
import { NODE_STATES, type NodeState } from '../fleet/node-state.js'
import type { Visit } from './visit.js'

/**
 * `silent`: no answer over UDP and TCP · `mixed`: only one of them answers, or one instance has two serials · `stranger`: the instance is not
 * one of the nodes of the cloud · `stale`: the instance serves an older serial than the node shows at its control address. Else the state of
 * the node. Each visit is judged with its own node, and the worst counts.
 */
export const PROBE_STATES = [...NODE_STATES, 'stale', 'stranger', 'mixed', 'silent'] as const
export type ProbeState = (typeof PROBE_STATES)[number]

/** States that need no operator. */
const WELL: ReadonlySet<ProbeState> = new Set(['in-sync', 'syncing', 'drained'])
export const isWell = (state: ProbeState): boolean => WELL.has(state)

interface NodeFacts {
  state: NodeState
  serial: Serial | undefined
  serialSince: number
}

/**
 * The node with the name of the instance: its facts, or its name and cloud when that is another cloud · `none`: no node has that name ·
 * undefined: the instance gives no name, or one that no node is known to have.
 */
export type VisitNode = NodeFacts | { foreign: string; cloud: string } | 'none' | undefined

export interface ProbeFacts {
  visits: readonly Visit[]
  /** For each visit. */
  nodes: readonly VisitNode[]
  /** The released version of the zone. */
  released: { serial: Serial; releasedAt: number } | undefined
  now: number
}

export interface ProbeVerdict {
  state: ProbeState
  /** One sentence; undefined when all is well. */
  error: string | undefined
  /** Index of the visit that decides; undefined: no single one. */
  visit: number | undefined
}

/** From good to bad: of two visits the later state counts. */
const RANK: readonly ProbeState[] = [
  'in-sync',
  'syncing',
  'drained',
  'held',
  'unknown',
  'lagging',
  'ahead',
  'stuck',
  'expired',
  'conflict',
  'stale',
  'mixed',
  'stranger',
  'silent',
]

/** A new version may take so long from a node's control address to each of its threads, and from there to a resolver. */
const PATIENCE_MS = 10_000
/** A release may take so long to an instance that gives no name. */
const RELEASE_MS = 120_000

export function judgeVisits({ visits, nodes, released, now }: ProbeFacts): ProbeVerdict {
  const answers = visits.filter(({ serial }) => serial !== undefined)
  const failures = visits.flatMap(({ transport, error }) => (error === undefined ? [] : [`${transport.toUpperCase()}: ${error}`]))
  // A stranger behind one of the transports counts, whatever is behind the other.
  const strange = visits.findIndex((_, i) => strangeness(visits[i]!, nodes[i]) !== undefined)
  if (strange >= 0) return { state: 'stranger', error: strangeness(visits[strange]!, nodes[strange]), visit: strange }
  const [first] = answers
  if (first === undefined) return { state: 'silent', error: failures.join('; ') || 'no answer', visit: undefined }
  if (failures.length > 0) return { state: 'mixed', error: failures.join('; '), visit: undefined }
  const other = answers.find(({ serial, instance }) => serial !== first.serial && instance === first.instance)
  if (other !== undefined)
    return {
      state: 'mixed',
      error: `serial ${first.serial} over ${first.transport.toUpperCase()} and ${other.serial} over ${other.transport.toUpperCase()}`,
      visit: undefined,
    }
  const verdicts = visits.map(({ serial }, visit) => ({ ...ofVisit(serial!, nodes[visit], released, now), visit }))
  return verdicts.reduce((worst, each) => (RANK.indexOf(each.state) > RANK.indexOf(worst.state) ? each : worst))
}

/** A sentence on an instance that is no node of the cloud. */
function strangeness({ instance }: Visit, node: VisitNode): string | undefined {
  if (node === 'none') return `the instance "${instance}" is none of the nodes`
  return node !== undefined && 'foreign' in node
    ? `the instance "${instance}" is node ${node.foreign} of cloud ${node.cloud}, which does not have this address`
    : undefined
}

type Judged = Pick<ProbeVerdict, 'state' | 'error'>

const ofVisit = (serial: Serial, node: VisitNode, released: ProbeFacts['released'], now: number): Judged =>
  node !== undefined && typeof node === 'object' && 'state' in node
    ? ofNode(serial, node, released, now)
    : ofRelease(serial, released, now)

function ofNode(
  serial: Serial,
  { state, serial: shown, serialSince }: NodeFacts,
  released: ProbeFacts['released'],
  now: number,
): Judged {
  // A silent control address is the state of the node; users still get this answer.
  if (shown === undefined || state === 'unknown') return ofRelease(serial, released, now)
  const order = compareSerials(serial, shown)
  if (order === 'equal') return { state, error: isWell(state) ? undefined : `the node is ${state}` }
  if (order === 'newer') return ofRelease(serial, released, now)
  if (now - serialSince < PATIENCE_MS) return { state: 'syncing', error: undefined }
  return { state: 'stale', error: `serial ${serial} here, ${shown} at the control address of the node` }
}

function ofRelease(serial: Serial, released: ProbeFacts['released'], now: number): Judged {
  if (released === undefined) return { state: 'unknown', error: 'no version is released yet' }
  const order = compareSerials(serial, released.serial)
  if (order === 'equal') return { state: 'in-sync', error: undefined }
  if (order === 'newer') return { state: 'ahead', error: `serial ${serial} is newer than the released ${released.serial}` }
  if (now - released.releasedAt < RELEASE_MS) return { state: 'syncing', error: undefined }
  return { state: 'lagging', error: `serial ${serial} is older than the released ${released.serial}` }
}
