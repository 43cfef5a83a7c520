/** Local clusters in the API: members carry the name of their cluster, and orders, filters and scopes may name it. */
import { expect } from 'chai'
import type { AuditAnswer } from '../../../lib/answers/audit-answers.js'
import type { HealthAnswer } from '../../../lib/answers/health-answers.js'
import type { NodesAnswer } from '../../../lib/answers/node-answers.js'
import type { MatrixAnswer } from '../../../lib/answers/zone-answers.js'
import { hashOfToken } from '../../../services/api/auth.js'
import { scratchDirs } from '../../support/scratch-dir.js'
import { HubOfEveryState, ZONES } from './hub-of-every-state.js'

const CLUSTER = 'west'
const caller = (name: string, more: object = {}) => ({ name, role: 'admin', sha256: hashOfToken(name).toString('hex'), ...more })
const MORE = {
  nodes: {
    [CLUSTER]: { cloud: 'A', site: 'AMS', members: { ams1: { address: '127.0.0.1:5311' }, lhr1: { address: '127.0.0.1:5312' } } },
    cdg1: { cloud: 'C', address: '127.0.0.1:5313' },
  },
  api: { tokens: [caller('all'), caller('west-only', { nodes: [CLUSTER] }), caller('ams-only', { nodes: ['ams1'] })] },
}

describe('a local cluster in the API', () => {
  const scratch = scratchDirs()
  let hub: HubOfEveryState
  before(async () => {
    hub = await HubOfEveryState.start(scratch(), MORE)
  })
  after(() => hub.stop())

  const ask = async (path: string, as: string, body?: object): Promise<{ status: number; json: unknown; text: string }> => {
    const headers = { authorization: `Bearer ${as}`, ...(body === undefined ? {} : { 'content-type': 'application/json' }) }
    const init = body === undefined ? { headers } : { headers, method: 'POST', body: JSON.stringify(body) }
    const { status, text } = await hub.ask(path, init)
    return { status, text, json: JSON.parse(text) }
  }

  it('is a field of its members', async () => {
    const { nodes } = (await ask('/v1/nodes', 'all')).json as NodesAnswer
    expect(nodes.map(({ id, cluster, site }) => [id, cluster, site])).to.deep.equal([
      ['ams1', CLUSTER, 'AMS'],
      ['lhr1', CLUSTER, 'AMS'],
      ['cdg1', null, null],
    ])
    const { nodes: columns } = (await ask('/v1/matrix', 'all')).json as MatrixAnswer
    expect(columns.map(({ cluster }) => cluster)).to.deep.equal([CLUSTER, CLUSTER, null])
  })

  it('filters the matrix to its members', async () => {
    const { nodes, zones } = (await ask(`/v1/matrix?node=${CLUSTER}`, 'all')).json as MatrixAnswer
    expect(nodes.map(({ id }) => id)).to.deep.equal(['ams1', 'lhr1'])
    for (const zone of zones) expect(['ams1', 'lhr1']).to.include.members(Object.keys(zone.nodes))
  })

  it('has a verdict of its own for the router of the site', async () => {
    const { status, json } = await ask(`/v1/nodes/${CLUSTER}/health`, 'all')
    expect([status, (json as HealthAnswer).verdict, (json as HealthAnswer).node]).to.deep.equal([200, 'serve', CLUSTER])
  })

  it('takes orders for all its members', async () => {
    expect((await ask(`/v1/nodes/${CLUSTER}/drain`, 'all', { reason: 'disks' })).json).to.deep.equal({
      node: CLUSTER,
      drained: true,
    })
    const { nodes } = (await ask('/v1/nodes', 'all')).json as NodesAnswer
    expect(nodes.map(({ drained }) => drained)).to.deep.equal([true, true, true])
    expect((await ask(`/v1/nodes/${CLUSTER}/undrain`, 'all', {})).status).to.equal(200)
    for (const path of [`/v1/nodes/${CLUSTER}/resync`, `/v1/nodes/${CLUSTER}/verify`])
      expect((await ask(path, 'all', {})).status, path).to.equal(202)
    expect((await ask(`/v1/zones/${ZONES[0]}/resync`, 'all', { nodes: [CLUSTER] })).status).to.equal(202)
  })

  it('is no node: its details are those of each member, which the answer names', async () => {
    const { status, text } = await ask(`/v1/nodes/${CLUSTER}`, 'all')
    expect([status, text]).to.deep.equal([404, text])
    expect(text).to.include(`${CLUSTER} is a cluster; name one of its members: ams1, lhr1`)
  })

  it('is in the scope of a caller who has it, and not of one who has a member alone', async () => {
    const names = async (as: string) => ((await ask('/v1/nodes', as)).json as NodesAnswer).nodes.map(({ id }) => id)
    expect(await names('west-only')).to.deep.equal(['ams1', 'lhr1'])
    expect(await names('ams-only')).to.deep.equal(['ams1'])
    expect((await ask(`/v1/nodes/${CLUSTER}/drain`, 'west-only', {})).status).to.equal(200)
    const refused = await ask(`/v1/nodes/${CLUSTER}/drain`, 'ams-only', {})
    expect([refused.status, refused.text.includes('lhr1')]).to.deep.equal([403, false])
  })

  it('is in the audit log with its members, for those who may see all of them', async () => {
    const zone = encodeURIComponent(ZONES[0]!)
    expect((await ask(`/v1/nodes/${CLUSTER}/drain`, 'west-only', { reason: 'fans' })).status).to.equal(200)
    expect((await ask(`/v1/zones/${zone}/verify`, 'all', { nodes: [CLUSTER, 'lhr1'], reason: 'fans' })).status).to.equal(202)
    const found = async (as: string, node: string) => {
      const { entries } = (await ask(`/v1/audit?node=${node}`, as)).json as AuditAnswer
      return entries.filter(({ reason }) => reason === 'fans').map(({ action, target }) => `${action} ${JSON.stringify(target)}`)
    }
    const verify = `verify {"zone":"${ZONES[0]}","nodes":["${CLUSTER}","lhr1","ams1"]}`
    const drain = `drain {"node":"${CLUSTER}","nodes":["ams1","lhr1"]}`
    for (const as of ['all', 'west-only'])
      for (const node of [CLUSTER, 'ams1', 'lhr1']) expect(await found(as, node), `${as} ${node}`).to.deep.equal([verify, drain])
    expect(await found('all', 'cdg1')).to.deep.equal([])
    expect(await found('ams-only', 'ams1')).to.deep.equal([])
  })
})
