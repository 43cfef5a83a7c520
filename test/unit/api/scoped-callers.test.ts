/**
 * Every route for callers with a scope: an answer has nothing outside the scope, and an order outside it is refused. A new route is
 * tested as soon as it is described, which every-route.test.ts enforces.
 */
import { expect } from 'chai'
import type { AuditAnswer } from '../../../lib/answers/audit-answers.js'
import type { StatusAnswer } from '../../../lib/answers/hub-answers.js'
import type { RolloutsAnswer } from '../../../lib/answers/rollout-answers.js'
import type { MatrixAnswer, ZonesAnswer } from '../../../lib/answers/zone-answers.js'
import { hashOfToken } from '../../../services/api/auth.js'
import { ROUTES } from '../../../services/api/openapi.js'
import { eventually } from '../../support/eventually.js'
import { scratchDirs } from '../../support/scratch-dir.js'
import { VANTAGE } from './silent-servers.js'
import { CATALOGS, type HubAnswer, HubOfEveryState, ZONES } from './hub-of-every-state.js'

const ZONE = 'in-sync.example.'
const NODE = 'ams1'
/** The only member of the group `gold`. */
const MEMBER_OF_GROUP = ZONES[1]!
const OTHER_NODE = 'lhr1'

const caller = (name: string, more: object) => ({ name, role: 'admin', sha256: hashOfToken(name).toString('hex'), ...more })
const API = {
  tokens: [
    caller('all', {}),
    caller('one-zone', { zones: [ZONE] }),
    caller('one-node', { nodes: [NODE] }),
    caller('one-pair', { zones: [ZONE], nodes: [NODE] }),
    caller('group', { zones: ['group:gold'] }),
    caller('below', { zones: ['*.example'] }),
    caller('cloud-c', { clouds: ['C'] }),
  ],
}

/** Routes about the caller itself. */
const OWN = ['/v1/session', '/v1/sign-in', '/v1/sign-out']
/** For the role vantage alone. */
const OF_VANTAGE = ['/v1/vantages/{vantage}/tasks', '/v1/vantages/{vantage}/results']
/** It has no end; events.test.ts tests its events. */
const STREAM = '/v1/events'

describe('callers with a scope', () => {
  const scratch = scratchDirs()
  let hub: HubOfEveryState

  before(async () => {
    hub = await HubOfEveryState.start(scratch(), { api: API })
  })
  after(() => hub.stop())

  const get = (path: string, as: string): Promise<HubAnswer> => hub.ask(path, { headers: { authorization: `Bearer ${as}` } })
  const post = (path: string, as: string, body: object = {}): Promise<HubAnswer> =>
    hub.ask(path, {
      method: 'POST',
      headers: { authorization: `Bearer ${as}`, 'content-type': 'application/json' },
      body: JSON.stringify(body),
    })
  const read = async <T>(path: string, as: string): Promise<T> => JSON.parse((await get(path, as)).text)

  const expectOutOfScope = ({ status, text }: HubAnswer, as: string, asked: string): void => {
    expect([status, JSON.parse(text).type], `${asked} ${text}`).to.deep.equal([403, 'urn:zonecast:problem:scope'])
    expect(JSON.parse(text).detail, asked).to.include(`the scope of ${as} (`)
  }

  /** Paths of a route with every value of its parameters, and whether the scope `one-pair` has all of them. */
  async function pathsOf(route: string): Promise<{ path: string; isIn: boolean }[]> {
    const values: Record<string, readonly string[]> = {
      zone: ZONES,
      node: hub.nodes,
      identity: hub.nodes,
      catalog: CATALOGS,
      job: hub.jobs,
      vantage: [VANTAGE],
      serial: ['1', '2'],
      id: (await read<RolloutsAnswer>('/v1/rollouts', 'all')).rollouts.map(({ id }) => id),
    }
    const isOwn = (name: string, value: string): boolean =>
      name === 'serial' || name === 'vantage' || value === ZONE || value === NODE || value.startsWith('in-sync.example-')
    let paths = [{ path: route, isIn: true }]
    for (const [part, name] of route.matchAll(/\{(\w+)\}/g)) {
      const some = values[name!]
      expect(some, `values for ${part} of ${route}`).to.not.equal(undefined)
      paths = paths.flatMap(({ path, isIn }) =>
        some!.map((value) => ({ path: path.replace(part, value), isIn: isIn && isOwn(name!, value) })),
      )
    }
    return paths
  }

  /** Names of zones and nodes that an answer for `one-pair` must not have. */
  const strangers = [...ZONES.filter((zone) => zone !== ZONE), 'cdg1', OTHER_NODE]
  const leaksOf = (text: string): string[] =>
    strangers.filter((name) => new RegExp(`(?<![\\w-])${name.replace(/\.$/, '').replaceAll('.', '\\.')}`).test(text))

  it('are tested with answers that would have zones and nodes outside their scope', async () => {
    expect(leaksOf((await get('/v1/matrix', 'all')).text)).to.have.members(strangers)
    expect(leaksOf(`"${ZONE}" "${NODE}"`)).to.deep.equal([])
  })

  for (const { path: route } of ROUTES.filter(
    ({ method, path }) => method === 'get' && path !== STREAM && !OF_VANTAGE.includes(path),
  ))
    it(`read nothing outside it with get ${route}`, async () => {
      for (const { path, isIn } of await pathsOf(route)) {
        const query = route.endsWith('/diff') ? '?from=1&to=2' : ''
        const answer = await get(path + query, 'one-pair')
        expect(answer.status, `${path} ${answer.text}`).to.be.oneOf([200, 403, 404, 409, 503])
        if (!isIn) expectOutOfScope(answer, 'one-pair', path)
        else if (answer.status === 403) expectOutOfScope(answer, 'one-pair', path)
        else expect(leaksOf(answer.text), path).to.deep.equal([])
      }
    })

  for (const { path: route } of ROUTES.filter(
    ({ method, path }) => method === 'post' && !OWN.includes(path) && !OF_VANTAGE.includes(path),
  ))
    it(`give no order outside it with post ${route}`, async () => {
      const body = route === '/v1/probes' ? {} : { reason: 'x', ...(/rollback$/.test(route) ? { serial: 1 } : {}) }
      for (const { path, isIn } of await pathsOf(route)) {
        // Without names, the order is for every zone or node; with a zone, for each of its nodes.
        const touchesMore = !isIn || !route.includes('{') || route.includes('{zone}') || /provision|drain/.test(route)
        if (touchesMore) expectOutOfScope(await post(path, 'one-pair', body), 'one-pair', path)
      }
      await eventually(async () => {
        const { entries } = await read<AuditAnswer>('/v1/audit?by=one-pair', 'all')
        expect(entries.filter(({ outcome }) => outcome !== 'failed')).to.deep.equal([])
      })
    })

  it('read lists of their own zones and nodes', async () => {
    const names = async (as: string) => (await read<ZonesAnswer>('/v1/zones?limit=1000', as)).zones.map(({ name }) => name)
    expect(await names('one-zone')).to.deep.equal([ZONE])
    expect(await names('one-node')).to.have.members([...ZONES, CATALOGS[1]])
    expect(await names('below')).to.have.members(ZONES.filter((zone) => zone.endsWith('.example.')))
    expect(await names('group')).to.deep.equal([MEMBER_OF_GROUP])
    const { zones, nodes } = await read<MatrixAnswer>('/v1/matrix', 'cloud-c')
    expect([zones.map(({ name }) => name), nodes.map(({ id }) => id)]).to.deep.equal([['drained.example.'], ['cdg1']])
    const { zones: count, nodes: nodeCount, caller: own } = await read<StatusAnswer>('/v1/status', 'cloud-c')
    expect([count, nodeCount, own.scope]).to.deep.equal([1, 1, 'nodes of clouds C'])
  })

  it('page through their own zones without a gap', async () => {
    const seen: string[] = []
    let after = ''
    for (;;) {
      const { zones, next } = await read<ZonesAnswer>(`/v1/zones?limit=2${after}`, 'below')
      seen.push(...zones.map(({ name }) => name))
      if (next === null) break
      after = `&after=${next}`
    }
    expect(seen).to.have.members(ZONES.filter((zone) => zone.endsWith('.example.')))
    expect(new Set(seen).size).to.equal(seen.length)
  })

  it('give orders inside it', async () => {
    expect((await post(`/v1/zones/${ZONE}/hold`, 'one-zone', { reason: 'x' })).status).to.equal(200)
    expect((await post(`/v1/zones/${ZONE}/resync`, 'one-pair', { nodes: [NODE] })).status).to.equal(202)
    expect((await post('/v1/resync', 'one-pair', { zones: [ZONE], nodes: [NODE] })).status).to.equal(202)
    expect((await post(`/v1/nodes/${NODE}/resync`, 'one-pair', { zones: [ZONE] })).status).to.equal(202)
    expect((await post(`/v1/nodes/${NODE}/drain`, 'one-node')).status).to.equal(200)
    const { entries } = await read<AuditAnswer>('/v1/audit?by=one-pair', 'all')
    const done = entries.filter(({ outcome }) => outcome !== 'failed')
    expect(done.map(({ action }) => action)).to.deep.equal(['resync', 'resync', 'resync'])
  })

  for (const strength of ['refresh', 'retransfer'])
    it(`give no order by which other nodes get a newer version: resync with ${strength}`, async () => {
      for (const [path, body] of [
        [`/v1/zones/${ZONE}/resync`, { nodes: [NODE] }],
        [`/v1/nodes/${NODE}/resync`, { zones: [ZONE] }],
        ['/v1/resync', { nodes: [NODE], zones: [ZONE] }],
      ] as const)
        expectOutOfScope(await post(path, 'one-pair', { ...body, strength }), 'one-pair', path)
      expect((await post(`/v1/zones/${ZONE}/resync`, 'one-zone', { strength })).status).to.equal(202)
    })

  it('give no order on a node or cloud outside it, by whatever field they name it', async () => {
    for (const body of [{ nodes: [OTHER_NODE] }, { clouds: ['A'] }, {}, { zones: [ZONES[2]] }, { nodes: [NODE], zones: ZONES }])
      expectOutOfScope(await post('/v1/resync', 'one-pair', body), 'one-pair', JSON.stringify(body))
  })

  it('learn nothing about the existence of other zones', async () => {
    for (const name of [ZONES[2]!, 'no-such-zone.example.']) {
      const { status, text } = await get(`/v1/zones/${name}`, 'one-zone')
      expect([status, JSON.parse(text).type]).to.deep.equal([403, 'urn:zonecast:problem:scope'])
    }
  })
})
