/** Makes the audit entry of a request: the same for every mutation, so that none can be forgotten. */
import type { Request } from 'express'
import type { Act, Fact, Target } from '../../lib/audit/line.js'
import { parseZoneName } from '../../lib/dns/name.js'
import type { FleetNode } from '../../lib/fleet/fleet.js'
import { addressOf } from './auth.js'

/** Facts besides those in the request. */
export interface MutationFacts {
  /** The object; default: the zone or node in the path, and the fields of the body that name versions and choices. */
  target?: Target
  /** Whose approval it is, where people count. */
  person?: string
  /** The state before the order. */
  before?: () => Fact | undefined
}

/** Fields of bodies that state what is to be done; an unknown field is not copied, as it could hold a secret. */
const COPIED = [
  'serial',
  'digest',
  'primary',
  'zones',
  'groups',
  'nodes',
  'clouds',
  'states',
  'strength',
  'allAtOnce',
  'how',
  'fast',
  'apply',
  'yes',
  'name',
  'role',
] as const

/** Zones as the audit log is searched for them; a text that is no name is kept as it is. */
function canonical(field: (typeof COPIED)[number], value: Fact | undefined): Fact | undefined {
  if (field !== 'zones' || !Array.isArray(value)) return value
  return value.map((each) => (typeof each === 'string' ? zoneNameIn(each) : each))
}

function zoneNameIn(text: string): string {
  try {
    return parseZoneName(text)
  } catch {
    return text
  }
}

/** Ids of the members of the clusters among these names: the audit log is searched for nodes. */
function membersOf(names: ReadonlySet<unknown>, nodes: Iterable<Pick<FleetNode, 'id' | 'cluster'>>): string[] {
  const members: string[] = []
  for (const { id, cluster } of nodes) if (cluster !== undefined && names.has(cluster) && !names.has(id)) members.push(id)
  return members
}

interface ActParts {
  by: string
  /** The zone of the path in its canonical form. */
  zone?: string | undefined
  nodes: Iterable<Pick<FleetNode, 'id' | 'cluster'>>
}

/** The request has been checked by its schema. A cluster is named with its members. */
export function actOf(req: Request, { by, zone, nodes }: ActParts, { target, person, before }: MutationFacts): Act {
  const body = (req.body ?? {}) as Record<string, Fact | undefined>
  const { node } = req.params
  const copied = COPIED.flatMap((name) => (body[name] === undefined ? [] : [[name, canonical(name, body[name])] as const]))
  const listed = Array.isArray(body.nodes) ? body.nodes : []
  const members = membersOf(new Set<unknown>([...listed, node]), nodes)
  const named = {
    ...(zone === undefined ? {} : { zone }),
    ...(node === undefined ? {} : { node: String(node) }),
    ...(person === undefined ? {} : { person }),
  }
  return {
    by,
    from: addressOf(req),
    action: req.path.split('/').filter(Boolean).at(-1) ?? req.method,
    target: target ?? {
      ...named,
      ...Object.fromEntries(copied),
      ...(members.length === 0 ? {} : { nodes: [...listed, ...members] }),
    },
    before: before?.() ?? null,
    reason: typeof body.reason === 'string' ? body.reason : undefined,
  }
}
