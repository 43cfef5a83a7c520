/**
 * Every route, and the events, with a hub whose names outside the scope of a caller are marks: no answer may have one, in whatever
 * field or text. A new route is tested as soon as it is described.
 */
import { expect } from 'chai'
import type { JobView } from '../../../lib/queue/jobs.js'
import type { ZoneName } from '../../../lib/dns/name.js'
import { pairKey } from '../../../lib/state/tables.js'
import { hashOfToken } from '../../../services/api/auth.js'
import { ROUTES } from '../../../services/api/openapi.js'
import { eventually } from '../../support/eventually.js'
import { scratchDirs } from '../../support/scratch-dir.js'
import { VANTAGE } from './silent-servers.js'
import { CELLS, nodeCell, NOW, primaryCell, rolloutRecord, zoneCell } from './every-state-cells.js'
import { CATALOGS, type HubAnswer, HubOfEveryState, ZONES } from './hub-of-every-state.js'

const ZONE = 'in-sync.example.'
const NODE = 'ams1'
const MARKED_ZONE = 'mark-zone.example.'
const MARKED_NODE = 'mark-node'
const MARKED_CLOUD = 'mark-cloud'
/** Its cloud is that of the node in the scope. */
const MARKED_MATE = 'mark-mate'
const STORY = `gate: ${MARKED_NODE} and ${MARKED_MATE} of cloud ${MARKED_CLOUD} lack ${MARKED_ZONE} and "${MARKED_ZONE.slice(0, -1)}", ${MARKED_MATE}.`

const caller = (name: string, scope: object) => ({ name, role: 'admin', sha256: hashOfToken(name).toString('hex'), ...scope })
/** The marks that each caller must not see. */
const CALLERS: Record<string, { scope: object; hidden: RegExp }> = {
  zone: { scope: { zones: [ZONE] }, hidden: /mark-zone/ },
  node: { scope: { nodes: [NODE] }, hidden: /mark-/ },
  pair: { scope: { zones: [ZONE], nodes: [NODE] }, hidden: /mark-/ },
  cloud: { scope: { clouds: ['A'] }, hidden: /mark-(?:node|cloud)/ },
}
const CONFIG = {
  api: { tokens: [caller('all', {}), ...Object.entries(CALLERS).map(([name, { scope }]) => caller(name, scope))] },
  clouds: { A: {}, C: {}, [MARKED_CLOUD]: {} },
  nodes: {
    [NODE]: { cloud: 'A', kind: 'knot', control: { knot: 'knot.sock' }, address: '127.0.0.1:5311', paths: ['127.0.0.1:5311'] },
    [MARKED_MATE]: { cloud: 'A', address: '127.0.0.1:5312' },
    cdg1: { cloud: 'C', address: '127.0.0.1:5313' },
    [MARKED_NODE]: { cloud: MARKED_CLOUD, identity: 'mark-identity', address: '127.0.0.1:5314' },
  },
  zones: [...ZONES.map((name) => ({ name, clouds: ['A', MARKED_CLOUD] })), { name: MARKED_ZONE, clouds: [MARKED_CLOUD] }],
  catalogs: [{ name: CATALOGS[0] }, { name: CATALOGS[1], publish: 'A' }, { name: 'mark-catalog.test.', publish: MARKED_CLOUD }],
}

describe('names outside the scope of a caller', () => {
  const scratch = scratchDirs()
  let hub: HubOfEveryState

  before(async () => {
    hub = await HubOfEveryState.start(scratch(), CONFIG)
    await plant()
  })
  after(() => hub.stop())

  /** Puts the story into every text about the pair in the scope. */
  async function plant(): Promise<void> {
    const { board } = hub
    const stages = [
      { name: `cloud ${MARKED_CLOUD}`, nodes: [MARKED_NODE], soakMs: 0, mayLack: 0 },
      { name: `${MARKED_MATE}, ${NODE}`, nodes: [MARKED_MATE, NODE], soakMs: 0, mayLack: 0 },
    ]
    const rollout = { ...rolloutRecord('held'), stages, reason: STORY, log: [{ at: NOW, what: STORY }] }
    await hub.commit(ZONE, 3, {
      rollout,
      releasedTo: { [MARKED_NODE]: NOW, [NODE]: NOW },
      confirmed: { [MARKED_MATE]: NOW },
      checks: { verdict: 'hold', reports: [{ check: 'shrink', verdict: 'hold', report: STORY }], at: NOW },
    })
    const mark = {
      id: 'x-3',
      serial: 3,
      digest: 'd',
      state: 'held',
      stage: `cloud ${MARKED_CLOUD}`,
      since: NOW,
      findings: [],
    } as const
    board.set(
      'zones',
      ZONE,
      zoneCell(2, { rollouts: [{ ...mark, reason: STORY, verdict: 'hold', findings: [] }], newest: 3, error: STORY }),
    )
    board.set('primaries', pairKey(ZONE, 'hm1'), primaryCell(2, { error: STORY }))
    board.set('catalogs', CATALOGS[1]!, { at: NOW, serial: 1, members: 9, leaving: 0, error: STORY, findings: [STORY] } as never)
    board.set('drains', NODE, { at: NOW, drained: true, by: 'noc', reason: STORY })
    for (const node of [NODE, MARKED_NODE, MARKED_MATE]) board.set('nodes', pairKey(ZONE, node), nodeCell(1, { error: STORY }))
    board.set('nodes', pairKey(MARKED_ZONE, MARKED_NODE), CELLS.lagging.node!)
    board.set('zones', MARKED_ZONE, zoneCell(1))
    const force = { at: NOW, serial: 2, digest: 'd', outcome: 'failed', by: 'noc', needsOperator: true } as const
    board.set('forces', pairKey(ZONE, NODE), { ...force, error: STORY })
    for (const [i, [zone, node]] of [
      [ZONE, NODE],
      [MARKED_ZONE, MARKED_NODE],
    ].entries())
      hub.addJob({
        ...{
          id: `resync-9${i}`,
          kind: 'resync',
          state: 'failed',
          error: STORY,
          result: undefined,
          createdAt: NOW,
          finishedAt: NOW,
        },
        data: { targets: [{ zone, node }], strength: 'force', by: 'noc', reason: STORY, seal: 'mark-seal' },
        progress: {
          ...{ total: 1, confirmed: 0, failed: 1 },
          targets: [{ zone: zone as ZoneName, node: node!, step: 'failed', serial: 2, error: STORY }],
        },
      } satisfies JobView)
    const entry = { by: 'noc', from: '127.0.0.1', action: 'resync', reason: STORY } as const
    await hub.audit.order({ ...entry, target: { zone: ZONE, node: NODE } }, async () => undefined)
    await hub.audit.order({ ...entry, target: { zone: MARKED_ZONE } }, async () => undefined)
    await hub.audit.order({ ...entry, target: { zone: ZONE, nodes: [MARKED_NODE] } }, async () => undefined)
  }

  const ask = (path: string, as: string, method = 'GET', body?: object): Promise<HubAnswer> =>
    hub.ask(path, {
      method,
      headers: { authorization: `Bearer ${as}`, 'content-type': 'application/json' },
      ...(body === undefined ? {} : { body: JSON.stringify(body) }),
    })

  async function pathsOf(route: string): Promise<string[]> {
    const { rollouts } = JSON.parse((await ask('/v1/rollouts?limit=1000', 'all')).text) as { rollouts: { id: string }[] }
    const values: Record<string, readonly string[]> = {
      zone: [ZONE, MARKED_ZONE, 'mark-none.example.'],
      node: [NODE, MARKED_MATE, MARKED_NODE, 'mark-none'],
      identity: [NODE, 'mark-identity', MARKED_NODE, 'mark-none'],
      catalog: [CATALOGS[1]!, 'mark-catalog.test.'],
      job: hub.jobs,
      serial: ['2', '3'],
      vantage: [VANTAGE, 'mark-none'],
      id: rollouts.map(({ id }) => id),
    }
    let paths = [route]
    for (const [part, name] of route.matchAll(/\{(\w+)\}/g)) {
      const some = values[name!]
      expect(some, `values for ${part} of ${route}`).to.not.equal(undefined)
      paths = paths.flatMap((path) => some!.map((value) => path.replace(part, value)))
    }
    return paths
  }

  /** An answer may repeat the words of the request. */
  const withoutEcho = (text: string, path: string): string =>
    decodeURIComponent(path)
      .split('/')
      .filter((word) => word.startsWith('mark-'))
      .reduce((rest, word) => rest.replaceAll(word, '').replaceAll(word.replace(/\.$/, ''), ''), text)

  it('are in the answers for a caller without a scope', async () => {
    const texts = await Promise.all(
      ['/v1/matrix', '/v1/jobs', '/v1/nodes', '/v1/catalogs', '/v1/audit'].map((path) => ask(path, 'all')),
    )
    const all = texts.map(({ text }) => text).join()
    for (const mark of [MARKED_ZONE, MARKED_NODE, MARKED_MATE, MARKED_CLOUD, 'mark-catalog', 'mark-identity'])
      expect(all).to.include(mark)
    expect(all).to.not.include('mark-seal')
  })

  for (const [name, { hidden }] of Object.entries(CALLERS)) {
    for (const { path: route } of ROUTES.filter(({ method, path }) => method === 'get' && path !== '/v1/events'))
      it(`are not in an answer for caller ${name} of get ${route}`, async () => {
        for (const path of await pathsOf(route)) {
          const { text, status } = await ask(path + (route.endsWith('/diff') ? '?from=2&to=3' : ''), name)
          expect(status, `${path} ${text}`).to.be.oneOf([200, 403, 404, 409, 422, 503])
          expect(withoutEcho(text, path), path).to.not.match(hidden)
        }
      })

    for (const { path: route } of ROUTES.filter(({ method, path }) => method === 'post' && !/sign-(in|out)$|reload/.test(path)))
      it(`are not in an answer for caller ${name} of post ${route}`, async () => {
        for (const path of await pathsOf(route))
          for (const more of [{}, { zones: [ZONE] }, { nodes: [NODE] }, { zones: [ZONE], nodes: [NODE] }, { serial: 3 }]) {
            const { text } = await ask(path, name, 'POST', { reason: 'x', ...more })
            expect(withoutEcho(text, path), `${path} ${JSON.stringify(more)}`).to.not.match(hidden)
          }
      })
  }

  it('are not in an event', async () => {
    const { board } = hub
    for (const [name, { hidden }] of Object.entries(CALLERS)) {
      const stop = new AbortController()
      let text = ''
      const reading = hub.stream('/v1/events', name, stop.signal, (part) => (text += part)).catch(() => undefined)
      await eventually(() => expect(text).to.include('retry'))
      for (const zone of [ZONE, MARKED_ZONE]) board.set('zones', zone, zoneCell(4, { error: `${STORY} ${name}` }))
      for (const [zone, node] of [
        [MARKED_ZONE, MARKED_NODE],
        [ZONE, MARKED_NODE],
        [ZONE, NODE],
      ]) {
        board.set('nodes', pairKey(zone!, node!), nodeCell(3, { error: `${STORY} ${name}` }))
        const force = { at: NOW, serial: 2, digest: 'd', outcome: 'failed', by: name, needsOperator: true } as const
        board.set('forces', pairKey(zone!, node!), { ...force, error: STORY })
      }
      await eventually(() => expect(text).to.match(/event: force\ndata: .*"ams1"/))
      stop.abort()
      await reading
      expect(text, name).to.not.match(hidden)
    }
  })

  it('are refused like names that do not exist', async () => {
    for (const [known, unknown] of [
      [`/v1/nodes/${MARKED_NODE}`, '/v1/nodes/mark-none'],
      [`/v1/whois/${MARKED_NODE}`, '/v1/whois/mark-none'],
      ['/v1/whois/mark-identity', '/v1/whois/mark-none'],
      [`/v1/zones/${MARKED_ZONE}`, '/v1/zones/mark-none.example.'],
    ]) {
      const [one, other] = [await ask(known!, 'pair'), await ask(unknown!, 'pair')]
      expect([one.status, withoutEcho(one.text, known!)], known).to.deep.equal([other.status, withoutEcho(other.text, unknown!)])
    }
    const clouds = [MARKED_CLOUD, 'mark-none'].map((cloud) => ask('/v1/resync', 'pair', 'POST', { clouds: [cloud] }))
    const [one, other] = await Promise.all(clouds)
    expect([one!.status, one!.text.replace(MARKED_CLOUD, '')]).to.deep.equal([
      other!.status,
      other!.text.replace('mark-none', ''),
    ])
  })

  it('do not count in the sums of a caller', async () => {
    const status = async (as: string) =>
      JSON.parse((await ask('/v1/status', as)).text) as { zones: number; nodes: number; states: Record<string, number> }
    const pairs = ({ states }: { states: Record<string, number> }): number => Object.values(states).reduce((a, b) => a + b, 0)
    expect(await status('pair')).to.include({ zones: 1, nodes: 1 })
    expect(pairs(await status('pair'))).to.equal(1)
    expect(pairs(await status('zone'))).to.equal(3)
    const { nodes } = JSON.parse((await ask('/v1/nodes', 'pair')).text) as { nodes: { id: string; total: number }[] }
    expect(nodes.map(({ id, total }) => [id, total])).to.deep.equal([[NODE, 1]])
    const { states } = JSON.parse((await ask(`/v1/whois/${NODE}`, 'pair')).text) as { states: Record<string, number> }
    expect(pairs({ states })).to.equal(1)
  })
})
