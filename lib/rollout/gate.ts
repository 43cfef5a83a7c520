/**
 * Judges the gate of a stage: its nodes have confirmed the version by their own answers, the probes passed, and no node is worse
 * than when the stage began. Pure.
 */
import { compareSerials, type Serial } from '../dns/serial.js'
import type { Stage } from './record.js'

export interface GateNode {
  id: string
  /** Its cluster, or itself: nodes that may lack are counted by it. */
  unit: string
  /** The serial of its last answer. */
  serial: Serial | undefined
  /** For a node that shows the target: why its content is not known to be that of the version. */
  doubt?: string | undefined
  observedAt: number | undefined
  /** SOA queries without an answer since then. */
  missed: number
  error: string | undefined
  drained: boolean
  /** The node answered when the stage began. */
  wasThere: boolean
  /** Faults that its probes found; undefined while they are not finished. */
  probe: { wrong: readonly string[] } | undefined
}

export interface GateInput {
  stage: Stage
  target: Serial
  /** Nodes of the stage, and of earlier ones. */
  nodes: readonly GateNode[]
  /** Probes are required. */
  probe: boolean
  startedAt: number
  now: number
  deadlineMs: number
  /** A node that did not answer this many SOA queries is unreachable. */
  unknownAfterMissed: number
}

export type GateOutcome = { kind: 'met' } | { kind: 'open'; waitingFor: string[] } | { kind: 'failed'; why: string }

export function judgeGate(input: GateInput): GateOutcome {
  const { stage, nodes, target, startedAt, now, deadlineMs } = input
  const own = new Set(stage.nodes)
  const counted = nodes.filter(({ drained }) => !drained)
  const wrong = counted.flatMap(({ id, probe }) => (probe?.wrong ?? []).map((what) => `${id}: ${what}`))
  if (wrong.length > 0) return { kind: 'failed', why: wrong.join('\n') }
  const gone = counted.filter((node) => isUnreachable(node, input))
  const worse = gone.filter(({ wasThere }) => wasThere)
  if (unitCount(worse) > stage.mayLack)
    return {
      kind: 'failed',
      why: worse.map(({ id, error }) => `${id} answered before and does not now: ${error ?? 'silence'}`).join('\n'),
    }
  const waited = counted.filter((node) => own.has(node.id) && !isThrough(node, target, input.probe))
  const lacking = waited.filter((node) => !isUnreachable(node, input))
  const unreachable = unitCount(waited.filter((node) => isUnreachable(node, input)))
  const through = counted.some((node) => own.has(node.id) && isThrough(node, target, input.probe))
  const isEmpty = !nodes.some(({ id }) => own.has(id))
  // A stage must give evidence: of nodes that may be missing, some must answer, and drained nodes give none.
  if (isEmpty || (through && lacking.length === 0 && unreachable <= stage.mayLack)) return { kind: 'met' }
  const waitingFor =
    waited.length > 0 || through
      ? waited.map((node) => `${node.id}: ${whatIsMissing(node, target)}`)
      : ['every node of the stage is drained: undrain one, or approve the version']
  if (now - startedAt > deadlineMs)
    return { kind: 'failed', why: `not confirmed after ${Math.round(deadlineMs / 1000)} s:\n${waitingFor.join('\n')}` }
  return { kind: 'open', waitingFor }
}

const unitCount = (nodes: readonly GateNode[]): number => new Set(nodes.map(({ unit }) => unit)).size

const isUnreachable = ({ missed }: GateNode, { unknownAfterMissed }: GateInput): boolean => missed >= unknownAfterMissed

const hasTransferred = ({ serial, doubt }: GateNode, target: Serial): boolean => {
  if (serial === undefined || doubt !== undefined) return false
  const order = compareSerials(serial, target)
  return order === 'equal' || order === 'newer'
}

const isThrough = (node: GateNode, target: Serial, probe: boolean): boolean =>
  hasTransferred(node, target) && (!probe || node.probe !== undefined)

function whatIsMissing(node: GateNode, target: Serial): string {
  if (node.doubt !== undefined) return node.doubt
  if (hasTransferred(node, target)) return 'has transferred it, its probes are not finished'
  const serves = node.serial === undefined ? 'has not answered' : `serves ${node.serial}`
  return `${serves} instead of ${target}${node.error === undefined ? '' : `: ${node.error}`}`
}
