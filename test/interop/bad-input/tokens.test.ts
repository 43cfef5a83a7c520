/**
 *   callers with every kind of token, and without one ──▶ the API of a hub
 *
 * 401 for an unknown caller, 403 for one without the right, and nothing is done for either.
 */
import { createHash } from 'node:crypto'
import { once } from 'node:events'
import { readFileSync, writeFileSync } from 'node:fs'
import { type IncomingMessage, request } from 'node:http'
import { expect } from 'chai'
import { scratchDirs } from '../../support/scratch-dir.js'
import { startHub, type TestHub, writeHubConfig } from '../../support/test-hub.js'

const ROLES = ['viewer', 'operator', 'publisher', 'admin'] as const
type Role = (typeof ROLES)[number]

/** Contract §2: the weakest role with the right. A route that is missing here fails the first test. */
const MUTATIONS: Record<string, Role> = {
  '/v1/zones/{zone}/refresh': 'operator',
  '/v1/zones/{zone}/resync': 'operator',
  '/v1/zones/{zone}/hold': 'operator',
  '/v1/zones/{zone}/release': 'publisher',
  '/v1/zones/{zone}/approve': 'publisher',
  '/v1/zones/{zone}/reject': 'publisher',
  '/v1/zones/{zone}/rollback': 'publisher',
  '/v1/nodes/{node}/resync': 'operator',
  '/v1/nodes/{node}/drain': 'operator',
  '/v1/nodes/{node}/undrain': 'operator',
  '/v1/nodes/{node}/provision': 'admin',
  '/v1/zones/{zone}/verify': 'operator',
  '/v1/nodes/{node}/verify': 'operator',
  '/v1/resync': 'operator',
  '/v1/verify': 'operator',
  '/v1/probes': 'operator',
  '/v1/reload': 'admin',
}
/** They begin and end the session of a caller, whatever its role is. */
const SESSIONS: readonly string[] = ['/v1/sign-in', '/v1/sign-out']
/** For vantage points alone, each for itself: a role beside the others. */
const REPORT = '/v1/vantages/{vantage}/results'
const READS = ['/v1/status', '/v1/zones', '/v1/zones/example', '/v1/nodes', '/v1/matrix', '/v1/jobs', '/metrics']

const sha256 = (text: string): string => createHash('sha256').update(text).digest('hex')

interface Answer {
  status: number
  body: { title?: string; detail?: string; status?: number; type?: string }
  headers: Headers
}

describe('tokens of the API', function () {
  this.timeout(30_000)
  const scratch = scratchDirs()
  let hub: TestHub

  before(async () => {
    const tokens = [
      ...ROLES.map((role) => ({ name: role, role, sha256: sha256(`${role}-token`) })),
      { name: 'old', role: 'admin', sha256: sha256('old-token'), expires: '2020-01-01' },
      { name: 'fresh', role: 'admin', sha256: sha256('fresh-token'), expires: '2120-01-01' },
      { name: 'remote', role: 'admin', sha256: sha256('remote-token'), subnets: ['192.0.2.0/24', '2001:db8::/32'] },
      { name: 'here', role: 'viewer', sha256: sha256('here-token'), subnets: ['192.0.2.0/24', '127.0.0.0/8'] },
    ]
    const place = await writeHubConfig({
      folder: scratch(),
      primaries: { hm1: { ip: '127.0.0.1', port: 7 } },
      nodes: { ams1: { cloud: 'A', ip: '127.0.0.1', port: 9 } },
      zones: [{ name: 'example' }],
      // A reload applies this as well.
      extra: { log: { level: 'silent' } },
    })
    const config = JSON.parse(readFileSync(place.configFile, 'utf8'))
    writeFileSync(place.configFile, JSON.stringify({ ...config, api: { ...config.api, tokens } }))
    hub = await startHub(place)
  })
  after(() => hub?.stop())

  /** Failures are counted by network: each test uses another one. */
  let network = 100
  beforeEach(() => {
    network += 1
  })

  async function ask(
    path: string,
    authorization: string | undefined,
    method = 'GET',
    headers: Record<string, string> = {},
  ): Promise<Answer> {
    const sent = request(hub.api + path, {
      method,
      localAddress: `127.0.${network}.1`,
      headers: {
        ...(authorization === undefined ? {} : { authorization }),
        ...(method === 'POST' ? { 'content-type': 'application/json' } : {}),
        ...headers,
      },
    })
    sent.end(method === 'POST' ? '{}' : undefined)
    const [response] = (await once(sent, 'response')) as [IncomingMessage]
    const text = (await response.toArray()).join('')
    const answered = new Headers(response.headers as Record<string, string>)
    const isJson = answered.get('content-type')?.includes('json') ?? false
    return { status: response.statusCode!, body: isJson ? JSON.parse(text) : {}, headers: answered }
  }
  const mutations = async (): Promise<string[]> => {
    const { body } = await ask('/openapi.json', undefined)
    const { paths } = body as unknown as { paths: Record<string, Record<string, unknown>> }
    return Object.keys(paths).filter((path) => 'post' in paths[path]! && path !== REPORT && !SESSIONS.includes(path))
  }
  const filled = (path: string): string => path.replace('{zone}', 'example').replace('{node}', 'ams1')

  it('have a role for every route that changes state', async () => {
    const all = await mutations()
    expect(all.length).to.be.at.least(7)
    expect(all.filter((path) => !(path in MUTATIONS))).to.deep.equal([])
  })

  const UNKNOWN: readonly (readonly [id: string, authorization: string | undefined])[] = [
    ['none', undefined],
    ['an empty one', 'Bearer '],
    ['unknown', 'Bearer unknown'],
    ['the hash of one', `Bearer ${sha256('admin-token')}`],
    ['one in other letter case', 'Bearer ADMIN-TOKEN'],
    ['one with a space behind it', 'Bearer admin-token x'],
    ['one under Basic', `Basic ${Buffer.from('admin:admin-token').toString('base64')}`],
    ['one of 600 characters', `Bearer ${'a'.repeat(600)}`],
    ['one that has expired', 'Bearer old-token'],
  ]
  for (const [id, authorization] of UNKNOWN)
    it(`get 401 on every route, with the way to send one: ${id}`, async () => {
      for (const path of [...READS, ...(await mutations()).map(filled)]) {
        const { status, body, headers } = await ask(path, authorization, READS.includes(path) ? 'GET' : 'POST')
        expect(status, path).to.equal(401)
        expect(headers.get('www-authenticate'), path).to.include('Bearer')
        expect(headers.get('content-type'), path).to.include('application/problem+json')
        expect(body.detail, path).to.be.a('string')
      }
    })

  it('that have expired get the date in a sentence', async () => {
    expect((await ask('/v1/status', 'Bearer old-token')).body.detail).to.equal('the token of old expired on 2020-01-01')
    expect((await ask('/v1/status', 'Bearer fresh-token')).status).to.equal(200)
  })

  it('that are limited to other networks get 403', async () => {
    const { status, body } = await ask('/v1/status', 'Bearer remote-token')
    expect([status, body.detail]).to.deep.equal([403, 'the token of remote may not be used from this address'])
    expect((await ask('/v1/status', 'Bearer here-token')).status).to.equal(200)
  })

  for (const role of ROLES)
    it(`of role ${role} may read everything and change what the contract allows`, async () => {
      for (const path of READS) expect((await ask(path, `Bearer ${role}-token`)).status, path).to.be.oneOf([200, 503])
      for (const path of await mutations()) {
        const may = ROLES.indexOf(role) >= ROLES.indexOf(MUTATIONS[path]!)
        const { status, body } = await ask(filled(path), `Bearer ${role}-token`, 'POST')
        if (may) expect(status, `${path}: ${body.detail}`).to.not.be.oneOf([401, 403])
        else {
          expect(status, path).to.equal(403)
          expect(body.detail, path).to.equal(`${role} is ${role}; this needs ${MUTATIONS[path]}`)
        }
      }
    })

  it('of every other role may not report for a vantage point', async () => {
    for (const role of ROLES) {
      const { status, body } = await ask(REPORT.replace('{vantage}', role), `Bearer ${role}-token`, 'POST')
      expect([status, body.detail]).to.deep.equal([403, `${role} is ${role}; this needs vantage`])
    }
  })

  it('are not needed for /healthz, /readyz, the description and the page', async () => {
    for (const path of ['/healthz', '/readyz', '/openapi.json', '/'])
      expect((await ask(path, undefined)).status, path).to.be.oneOf([200, 503])
  })

  it('appear in no answer and no error', async () => {
    for (const path of [...READS, '/openapi.json', '/v1/nope']) {
      const response = await fetch(hub.api + path, { headers: { authorization: 'Bearer admin-token' } })
      const text = await response.text()
      for (const secret of ['admin-token', sha256('admin-token'), sha256('old-token')]) expect(text, path).to.not.include(secret)
    }
  })

  it('that are missing get the same answer on unknown routes', async () => {
    expect((await ask('/v1/nope', undefined)).status).to.equal(401)
    expect((await ask('/v1/nope', 'Bearer viewer-token')).status).to.equal(404)
  })
})
