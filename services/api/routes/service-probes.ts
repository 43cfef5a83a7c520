/** Service addresses: the last probes, probes by order, and the node behind an identity. */
import { Router } from 'express'
import type { ProbeAnswer, ProbesAnswer, ServesAnswer, WhoisAnswer } from '../../../lib/answers/probe-answers.js'
import { isWell } from '../../../lib/probe/judge-visits.js'
import type { FleetNode, FleetZone } from '../../../lib/fleet/fleet.js'
import { atLeast } from '../auth.js'
import { type ApiContext, mutate, zoneNamed } from '../context.js'
import { time } from '../json.js'
import { probeBody } from '../order-schemas.js'
import { whoisQuery } from '../schemas.js'
import { type ServedThen, servedAt } from '../served-at.js'
import { ApiProblem } from '../problem.js'
import { isProbeInScope, type Scope, scopeOf } from '../scope.js'
import type { ScopedNode } from '../scoped-sums.js'
import { cloudsNamed } from '../select-pairs.js'

/** Most zones in an answer about an identity. */
const MOST_BEHIND = 100
const MOST_SERVES = 20
/** Longest identity: NSID is kept up to 200 octets, and may be written in hexadecimal. */
const MOST_IDENTITY = 600

export function serviceProbeRoutes(context: ApiContext): Router {
  const router = Router()
  const { probes, identities } = context

  router.get('/probes', (_req, res) => {
    const scope = scopeOf(context, res)
    res.json({
      probes: probes.list().filter((probe) => isProbeInScope(context.matrix.fleet, scope, probe)),
    } satisfies ProbesAnswer)
  })

  router.post('/probes', atLeast('operator'), async (req, res) => {
    const body = probeBody.parse(req.body ?? {})
    const [cloud] = cloudsNamed(context, res, body.cloud === undefined ? undefined : [body.cloud]) ?? []
    const zone = body.zone === undefined ? undefined : zoneNamed(context, res, body.zone)
    const scope = scopeOf(context, res)
    if (zone === undefined) scope.expectEveryZone('the probe of every zone')
    if (cloud !== undefined) scope.expectCloud(cloud)
    else if (!scope.hasAllNodes) scope.expectAll('the probe of every cloud')
    const target = { ...(cloud === undefined ? {} : { cloud }), ...(zone === undefined ? {} : { zone: zone.name }) }
    const work = async () => ({ status: 200, body: { probes: await probes.probe(cloud, zone) } satisfies ProbesAnswer })
    await mutate(context, req, res, work, { target })
  })

  router.get('/whois/:identity', async (req, res) => {
    const text = req.params.identity
    if (text.length > MOST_IDENTITY)
      throw new ApiProblem(400, 'bad-identity', `an identity has at most ${MOST_IDENTITY} characters`, {
        errors: [{ field: 'identity', message: 'is too long' }],
      })
    const query = whoisQuery.parse(req.query)
    const zone = query.zone === undefined ? undefined : zoneNamed(context, res, query.zone)
    const at = query.at === undefined ? undefined : Date.parse(query.at)
    await context.matrix.sums.settle()
    await identities.learn(context.matrix.fleet)
    const names = spellingsOf(text)
    const nodes = [...new Set(names.flatMap((name) => [...identities.nodesOf(name), ...sameId(context, name)]))]
    const scope = scopeOf(context, res)
    const seen = nodes.filter((each) => scope.hasNode(each))
    // The refusal is the same for an identity of another node, and for one of none.
    if (seen.length === 0) scope.expectKnown(`the node that calls itself "${text.slice(0, 200)}"`)
    if (seen.length === 0) throw notOurs(context, scope, text, names)
    const sums = await context.matrix.scoped.nodes(scope)
    const serves = servesOf(context, scope, seen[0]!, zone, at)
    const answer = whois(context, scope, { identity: text, names, nodes: seen, sum: sums(seen[0]!) })
    res.json({ ...answer, at: time(at), serves } satisfies WhoisAnswer)
  })

  return router
}

/** NSID as the user saw it: dig prints `61 6d 73 31 ("ams1")`. */
export function spellingsOf(text: string): string[] {
  const trimmed = text.trim().replace(/^;?\s*NSID:\s*/i, '')
  const quoted = /\("([^"]*)"\)/.exec(trimmed)?.[1]
  const bare = trimmed.replace(/^"(.*)"$/, '$1')
  const digits = trimmed.replace(/\s*\(.*\)$/, '').replace(/[\s:]/g, '')
  const decoded =
    digits.length % 2 === 0 && digits.length >= 4 && /^[0-9a-f]+$/i.test(digits)
      ? Buffer.from(digits, 'hex').toString('latin1')
      : undefined
  return [...new Set([bare, ...(quoted === undefined ? [] : [quoted]), ...(decoded === undefined ? [] : [decoded])])]
}

const sameId = (context: ApiContext, name: string): FleetNode[] => {
  const node = context.matrix.fleet.nodes.get(name)
  return node === undefined ? [] : [node]
}

function notOurs(context: ApiContext, scope: Scope, text: string, names: readonly string[]): ApiProblem {
  const [seen] = probesOf(context, scope, names)
  const where =
    seen === undefined ? 'no service address has shown it' : `it answers for ${seen.zone} at ${seen.address}, cloud ${seen.cloud}`
  return new ApiProblem(
    404,
    'unknown-identity',
    `no node calls itself "${text.slice(0, 200)}", and ${where}: set "identity" of the node, or find who announces the address`,
  )
}

/** Probes in the scope that were answered by an instance with one of the names. */
const probesOf = ({ probes, vantages, matrix: { fleet } }: ApiContext, scope: Scope, names: readonly string[]): ProbeAnswer[] =>
  [...probes.list(), ...vantages.results()].filter(
    (probe) => probe.instance !== null && names.includes(probe.instance) && isProbeInScope(fleet, scope, probe),
  )

function whois(
  context: ApiContext,
  scope: Scope,
  { identity, names, nodes, sum }: { identity: string; names: readonly string[]; nodes: readonly FleetNode[]; sum: ScopedNode },
): Omit<WhoisAnswer, 'at' | 'serves'> {
  const [node] = nodes as [FleetNode]
  const { matrix, board } = context
  const { states } = sum
  const behind: string[] = []
  for (const zone of matrix.fleet.zonesOf(node.id)) {
    if (behind.length >= MOST_BEHIND || (states['in-sync'] ?? 0) === sum.total) break
    if (scope.hasName(zone.name) && matrix.nodeZone(zone, node).state !== 'in-sync') behind.push(zone.name)
  }
  const seen = probesOf(context, scope, names)
  const drain = board.get('drains', node.id)
  const problems = [
    ...(nodes.length > 1 ? [`${nodes.map(({ id }) => id).join(' and ')} have this name: give each node its own`] : []),
    ...(drain?.drained ? [`${node.id} is drained by ${drain.by}, and gets no new versions: zonecast undrain ${node.id}`] : []),
    ...Object.entries(states).flatMap(([state, count]) => adviceOf(node.id, state, count)),
    ...seen
      .filter(({ state }) => !isWell(state))
      .map(({ vantage, address, zone, state, error }) => {
        const from = vantage === null ? '' : ` from ${vantage}`
        return `${zone} at ${address}${from}: ${state}${error === null ? '' : `, ${error}`}`
      }),
  ]
  const seenAt = seen.reduce((last, { at }) => Math.max(last, Date.parse(at ?? '') || 0), 0)
  return {
    identity,
    node: node.id,
    cloud: node.cloud,
    cluster: node.cluster ?? null,
    site: node.site ?? null,
    states,
    zonesBehind: behind,
    problems,
    seenAt: time(seenAt),
    seenFrom: [...new Set(seen.flatMap(({ vantage }) => vantage ?? []))].sort(),
  }
}

/** The versions that the node serves now, and served at a time. */
function servesOf(
  context: ApiContext,
  scope: Scope,
  node: FleetNode,
  zone: FleetZone | undefined,
  at: number | undefined,
): ServesAnswer[] {
  const { matrix, store } = context
  const zones = matrix.fleet.zonesOf(node.id)
  if (zone !== undefined && !zone.nodes.some(({ id }) => id === node.id))
    throw new ApiProblem(404, 'not-carried', `${node.id} does not serve ${zone.name}`)
  const chosen: FleetZone[] = zone === undefined ? [] : [zone]
  for (const each of zone === undefined ? zones : []) {
    if (chosen.length >= MOST_SERVES) break
    if (scope.hasName(each.name)) chosen.push(each)
  }
  return chosen.map((each) => {
    const { serial, state, observedAt } = matrix.nodeZone(each, node)
    const then = at === undefined ? undefined : servedAt(store.readable(each.name)?.versions ?? [], node.id, at)
    return {
      zone: each.name,
      serial: serial ?? null,
      state,
      observedAt: time(observedAt),
      served: then === undefined ? null : servedJson(then),
    }
  })
}

const servedJson = ({ serial, confirmedAt, until, mayBe, why }: ServedThen): NonNullable<ServesAnswer['served']> => ({
  serial: serial ?? null,
  confirmedAt: time(confirmedAt),
  until: time(until),
  mayBe: mayBe ?? null,
  why: why ?? null,
})

const ADVICE: Readonly<Record<string, string>> = {
  lagging: 'zonecast status --node NODE shows them; it may still be transferring',
  stuck: 'zonecast why ZONE NODE names the step; zonecast resync --node NODE --strength force repairs it',
  conflict: 'it serves content that was not released: zonecast resync --node NODE --strength force',
  ahead: 'it serves versions that were never released: find out who sends them to it',
  expired: 'it answers SERVFAIL: look at the primaries, then zonecast resync --node NODE',
  unknown: 'it does not answer at its control address: look at the machine and the path to it',
  held: 'the newest version waits for an operator: zonecast rollouts --state held',
}

function adviceOf(node: string, state: string, count: number): string[] {
  const advice = ADVICE[state]
  return advice === undefined || count === 0 ? [] : [`${count} zones are ${state}: ${advice.replaceAll('NODE', node)}`]
}
