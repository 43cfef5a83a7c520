/** The people who may approve held versions: enough of them for every zone. */
import type { ApiCaller } from './caller-types.js'
import type { ZoneName } from '../lib/dns/name.js'
import type { Config, NodeConfig } from './config.js'
import type { Report } from './report.js'

/** With less than the required number, a version that a check holds could never be released. */
export function checkApprovers(config: Config, report: Report): void {
  const who = whoIsMissing(config)
  if (who !== undefined)
    report(
      'CONFIG_VALUE',
      ['approvals', 'required'],
      `only ${who}: add publishers, each with a "person" of its own, whose scope has the zone and all of its nodes`,
    )
}

function whoIsMissing({ api, approvals, zones, nodes }: Config): string | undefined {
  const callers = [...api.tokens, ...api.clients]
  const approvers = callers.filter(mayApprove)
  // The token under dataDir is one person.
  const most = callers.length === 0 ? 1 : Math.max(1, peopleOf(approvers))
  if (approvals.required > most) return `${most} of the callers in api.tokens and api.clients may approve`
  const isScoped = approvers.some(({ scope }) => scope !== undefined)
  if (approvals.required <= 1 || !isScoped) return undefined
  // Very many zones have few lists of clouds.
  const known = new Map<string, NodeConfig[]>()
  for (const [name, { clouds }] of zones) {
    const list = JSON.stringify(clouds)
    const servers = known.get(list) ?? [...nodes.values()].filter(({ cloud }) => clouds.includes(cloud))
    known.set(list, servers)
    const people = peopleOf(approvers.filter(({ scope }) => covers(scope, name, servers)))
    if (people < approvals.required) return `${people} of the callers may approve versions of ${name}`
  }
  return undefined
}

/** Weakness: callers that have expired leave too few. */
export function lintApprovers({ api, approvals }: Config, report: Report): void {
  const approvers = [...api.tokens, ...api.clients].filter(mayApprove)
  const valid = peopleOf(approvers.filter(({ expires }) => expires === undefined || expires.getTime() > Date.now()))
  if (approvers.length > 0 && approvals.required > Math.max(valid, 1))
    report(
      'WEAK_TOKEN',
      ['approvals', 'required'],
      `only ${valid} of the people who may approve have a token or certificate that has not expired: renew one of the others`,
    )
}

const mayApprove = ({ role }: ApiCaller): boolean => role === 'publisher' || role === 'admin'

const peopleOf = (callers: readonly ApiCaller[]): number => new Set(callers.map(({ person }) => person)).size

/** A version goes to every node of its zone, so an approval needs all of them. */
function covers(scope: ApiCaller['scope'], zone: ZoneName, servers: readonly NodeConfig[]): boolean {
  const { zones, nodes, clouds } = scope ?? {}
  const hasZone = zones?.some((pattern) => {
    if (pattern.kind === 'group') return false
    return pattern.kind === 'zone' ? pattern.name === zone : zone !== pattern.name && zone.endsWith(`.${pattern.name}`)
  })
  const isUnlimited = clouds === undefined && nodes === undefined
  const hasNode = (node: NodeConfig): boolean =>
    clouds?.includes(node.cloud) === true || nodes?.some((name) => name === node.id || name === node.cluster) === true
  return (hasZone ?? true) && (isUnlimited || servers.every(hasNode))
}
