/** Every route is in the description, and every answer has the described fields and no others. */
import type { RouteConfig } from '@asteasolutions/zod-to-openapi'
import { expect } from 'chai'
import type { Express } from 'express'
import type { z } from 'zod'
import { ProblemAnswer } from '../../../lib/answers/problem-answers.js'
import type { AuditAnswer } from '../../../lib/answers/audit-answers.js'
import type { RolloutAnswer, RolloutsAnswer } from '../../../lib/answers/rollout-answers.js'
import type { MatrixAnswer, ZoneAnswer } from '../../../lib/answers/zone-answers.js'
import { NODE_STATES } from '../../../lib/fleet/node-state.js'
import { ROLLOUT_STATES, VERSION_STATES } from '../../../lib/rollout/rollout-states.js'
import { describeApi, ROUTES } from '../../../services/api/openapi.js'
import { eventually } from '../../support/eventually.js'
import { scratchDirs } from '../../support/scratch-dir.js'
import { strictly } from '../../support/strictly.js'
import { VANTAGE } from './silent-servers.js'
import { CATALOGS, type HubAnswer, HubOfEveryState, ZONES } from './hub-of-every-state.js'

interface Layer {
  route?: { path: string; methods: Record<string, boolean> }
  handle: { stack?: Layer[] }
  slash?: boolean
}

/** The routes below a router as `get /v1/zones/{zone}`. */
function routesBelow(stack: readonly Layer[], prefix: string): string[] {
  return stack.flatMap(({ route, handle, slash }) => {
    if (route !== undefined)
      return Object.keys(route.methods).map((method) => `${method} ${prefix}${route.path.replace(/:(\w+)/g, '{$1}')}`)
    // The API is one router under /v1, made of routers that add nothing to the path.
    return routesBelow(handle.stack ?? [], slash ? prefix : `${prefix}/v1`)
  })
}
const routesOf = (app: Express): string[] => routesBelow((app as unknown as { router: { stack: Layer[] } }).router.stack, '')

/** Queries that a route needs for an answer, or that change it. */
const QUERIES: Record<string, readonly string[]> = {
  '/v1/zones/{zone}/diff': ['?from=1&to=2', '?from=2&to=1', '?from=1&to=1', '?from=x'],
  '/v1/zones': ['', '?limit=1', '?nope=1'],
  '/v1/catalogs/{catalog}': ['', '?limit=1', '?nope=1'],
  '/v1/nodes/{node}/configuration': ['', '?part=zones', '?folder=/srv/nsd&version=4.6', '?folder=x'],
  '/v1/whois/{identity}': ['', '?at=2026-11-03', `?zone=${ZONES[0]}`, '?zone=nope.example', '?at=x'],
  '/v1/audit': ['', '?limit=1', '?zone=blank.example', '?by=noc&since=2026-01-01', '?after=x'],
  '/v1/rollouts': ['', '?limit=1', '?state=held'],
  '/v1/matrix': ['', '?limit=1', '?state=held', '?node=ams1', `?zone=${ZONES[0]}`],
}

/** Bodies that an order needs; others need none. */
const BODIES: Record<string, readonly object[]> = {
  '/v1/zones/{zone}/resync': [{}, { states: ['stuck'] }, { nope: 1 }],
  '/v1/zones/{zone}/release': [{ reason: 'over' }],
  '/v1/zones/{zone}/approve': [{ reason: 'right', primary: 'hm2' }, { reason: 'right' }, {}],
  '/v1/zones/{zone}/reject': [{ reason: 'not right' }],
  '/v1/zones/{zone}/rollback': [{ reason: 'not right', serial: 2 }],
}

const contentOf = (response: RouteConfig['responses'][string] | undefined) =>
  response !== undefined && 'content' in response ? response.content : undefined

/** It has no end; events.test.ts tests its events. */
const STREAM = '/v1/events'
/** Vantage points have tokens of their own: vantage-routes.test.ts tests their routes. */
const isOfVantage = (route: RouteConfig): boolean => 'x-role' in route && route['x-role'] === 'vantage'
const GETS = ROUTES.filter((route) => route.method === 'get' && route.path !== STREAM && !isOfVantage(route))

describe('every route of the API', () => {
  const scratch = scratchDirs()
  let hub: HubOfEveryState
  const read = async <T>(path: string): Promise<T> => JSON.parse((await hub.get(path)).text)

  before(async () => {
    hub = await HubOfEveryState.start(scratch())
  })
  after(() => hub.stop())

  /** The value of each parameter in a path. */
  const valuesOf: Record<string, () => Promise<readonly string[]>> = {
    zone: async () => ZONES,
    node: async () => hub.nodes,
    catalog: async () => [...CATALOGS, ZONES[0]!],
    identity: async () => [...hub.nodes, 'stranger.example'],
    job: async () => hub.jobs,
    vantage: async () => [VANTAGE, 'nowhere'],
    serial: async () => ['1', '2', '9'],
    id: async () => (await read<RolloutsAnswer>('/v1/rollouts')).rollouts.map(({ id }) => id),
  }

  async function pathsOf(path: string): Promise<string[]> {
    const [, name] = /\{(\w+)\}/.exec(path) ?? []
    if (name === undefined) return [path]
    const values = await valuesOf[name]!()
    return (await Promise.all(values.map((value) => pathsOf(path.replace(`{${name}}`, value))))).flat()
  }

  it('is described, and every described route exists', () => {
    const described = ROUTES.map(({ method, path }) => `${method} ${path}`)
    expect(routesOf(hub.app).filter((route) => route !== 'get /openapi.json')).to.have.members(described)
  })

  it('is described to callers as in this test', async () => {
    expect(await read('/openapi.json')).to.deep.equal(JSON.parse(JSON.stringify(describeApi())))
  })

  it('is tested on a hub that has every state of nodes, rollouts and versions', async () => {
    const { zones } = await read<MatrixAnswer>('/v1/matrix')
    const states = zones.flatMap((zone) => [zone.state, ...Object.values(zone.nodes).map(({ state }) => state)])
    expect([...new Set(states)]).to.have.members([...NODE_STATES])
    const { rollouts } = await read<RolloutsAnswer>('/v1/rollouts')
    expect([...new Set(rollouts.map(({ state }) => state))]).to.have.members([...ROLLOUT_STATES])
    const all = await Promise.all(ZONES.map((name) => read<ZoneAnswer>(`/v1/zones/${name}`)))
    expect([...new Set(all.flatMap(({ versions }) => versions.map(({ state }) => state)))]).to.have.members([...VERSION_STATES])
    expect(all.flatMap(({ rivals }) => rivals)).to.have.length(1)
    const { checks, log } = await read<RolloutAnswer>(
      `/v1/rollouts/${rollouts.find(({ zone }) => zone === 'rollout-held.example.')!.id}`,
    )
    expect([checks, log].map(({ length }) => length)).to.deep.equal([1, 1])
  })

  /** Expects one of the answers that the route has in the description, or a problem document. Returns true for the former. */
  function expectDescribed({ status, type, text }: HubAnswer, { responses }: RouteConfig, asked: string): boolean {
    const content = contentOf(responses[status])
    const [media] = content === undefined ? ['application/problem+json'] : Object.keys(content)
    expect(type.split(';')[0], `${asked} ${status}`).to.equal(media)
    if (!media!.endsWith('json')) return true
    const { schema } = content === undefined ? { schema: ProblemAnswer } : (content[media!] as { schema: z.ZodType })
    expect(strictly(schema).safeParse(JSON.parse(text)).error?.issues, `${asked}\n${text}`).to.equal(undefined)
    return content !== undefined
  }

  for (const route of GETS)
    it(`answers get ${route.path} with the fields of its schema and no others`, async () => {
      let described = 0
      for (const path of await pathsOf(route.path))
        for (const query of QUERIES[route.path] ?? [''])
          if (expectDescribed(await hub.get(`${path}${query}`, 'x-role' in route), route, `${path}${query}`)) described += 1
      expect(described).to.be.greaterThan(0)
    })

  for (const route of ROUTES.filter((each) => each.method === 'post' && !isOfVantage(each)))
    it(`answers post ${route.path} with the fields of its schema and no others`, async () => {
      // An order changes the next answer.
      const fresh = await HubOfEveryState.start(scratch())
      let described = 0
      try {
        for (const path of await pathsOf(route.path))
          for (const body of BODIES[route.path] ?? [{}])
            if (expectDescribed(await fresh.post(path, body), route, `${path} ${JSON.stringify(body)}`)) described += 1
        // Without a session there is none to end, and nothing to note.
        const least = route.path === '/v1/sign-out' ? 0 : described
        await eventually(async () => {
          const { entries } = JSON.parse((await fresh.get('/v1/audit?by=local')).text) as AuditAnswer
          const own = entries.filter(({ action, from }) => action === route.path.split('/').at(-1) && from === '127.0.0.1')
          expect(own.length, 'audit entries').to.be.at.least(least)
        })
      } finally {
        await fresh.stop()
      }
      expect(described).to.be.greaterThan(0)
    })
})
