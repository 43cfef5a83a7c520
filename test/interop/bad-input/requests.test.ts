/**
 *   bad requests ──▶ the API of a hub
 *
 * Each is answered with the fault and its place by RFC 9457; nothing is done, and the hub continues.
 */
import { connect } from 'node:net'
import { expect } from 'chai'
import { scratchDirs } from '../../support/scratch-dir.js'
import { credentials, startHub, type TestHub, writeHubConfig } from '../../support/test-hub.js'

interface Problem {
  type: string
  title: string
  status: number
  detail: string
  errors?: { field: string; message: string }[]
}

describe('bad requests to the API', function () {
  this.timeout(30_000)
  const scratch = scratchDirs()
  let hub: TestHub
  before(async () => {
    hub = await startHub(
      await writeHubConfig({
        folder: scratch(),
        primaries: { hm1: { ip: '127.0.0.1', port: 7 } },
        nodes: { ams1: { cloud: 'A', ip: '127.0.0.1', port: 9 } },
        zones: [{ name: 'example' }],
      }),
    )
  })
  after(() => hub?.stop())

  async function problem(method: string, path: string, body?: string, headers: Record<string, string> = {}): Promise<Problem> {
    const response = await fetch(hub.api + path, {
      method,
      headers: { ...credentials(hub), ...(body === undefined ? {} : { 'content-type': 'application/json' }), ...headers },
      ...(body === undefined ? {} : { body }),
    })
    const text = await response.text()
    expect(response.headers.get('content-type'), `${path}: ${text}`).to.include('application/problem+json')
    const read = JSON.parse(text) as Problem
    expect(read.status).to.equal(response.status)
    expect(read.type).to.match(/^urn:zonecast:problem:[a-z-]+$/)
    expect(read.detail).to.not.match(/undefined|\[object|\.ts:|node_modules/)
    return read
  }

  const LONG = `${'a'.repeat(59)}.`.repeat(5)
  const NAMES: readonly (readonly [id: string, name: string, status: number])[] = [
    ['of 300 octets', LONG, 400],
    ['of 300 octets, escaped', `${'%5C065'.repeat(59)}.`.repeat(5), 400],
    ['of 5,000 characters', 'a.'.repeat(2500), 400],
    ['with a label of 64 octets', 'a'.repeat(64), 400],
    ['with an empty label', 'a..b', 400],
    ['that ends in a backslash', 'a%5C', 400],
    ['with a bad percent escape', 'a%zz', 400],
    ['with octets that are no UTF-8', 'a%ff', 400],
    ['of a path', '..%2F..%2Fetc%2Fpasswd', 400],
    ['with an octet 0', 'a%00', 404],
    ['that is not ASCII', 't%C3%B6st.example', 400],
    ['with a blank before it', '%20example', 400],
    ['in hex that is no name', 'hex..2e2e', 400],
    ['in hex that is cut off', 'hex..6', 400],
    ['in hex, of an unknown zone', 'hex..2e', 404],
    ['that does not exist', 'nowhere.example', 404],
  ]
  for (const [id, name, status] of NAMES)
    it(`get ${status} for a zone name ${id} on every route with a zone name`, async () => {
      for (const [method, path] of [
        ['GET', ''],
        ['GET', '/nodes/ams1'],
        ['GET', '/versions/1'],
        ['GET', '/diff?from=1&to=2'],
        ['POST', '/refresh'],
        ['POST', '/resync'],
      ] as const) {
        const read = await problem(method, `/v1/zones/${name}${path}`, method === 'POST' ? '{}' : undefined)
        expect(read.status, `${method} ${path}`).to.equal(status)
        expect(read.detail.length, path).to.be.lessThan(500)
      }
    })

  it('may name a zone with or without the final dot, in any letter case', async () => {
    for (const name of ['example', 'example.', 'EXAMPLE.', '%65xample', 'hex..6578616D706c65'])
      expect((await fetch(`${hub.api}/v1/zones/${name}`)).status, name).to.equal(200)
  })

  const BODIES: readonly (readonly [id: string, path: string, body: string, field: string])[] = [
    ['no JSON', '/v1/zones/example/refresh', '{', 'body'],
    ['a list', '/v1/zones/example/refresh', '[]', 'body'],
    ['an unknown field', '/v1/zones/example/refresh', '{"colour":"red"}', 'colour'],
    ['a reason that is a number', '/v1/zones/example/refresh', '{"reason":5}', 'reason'],
    ['a reason of 501 characters', '/v1/zones/example/refresh', JSON.stringify({ reason: 'r'.repeat(501) }), 'reason'],
    ['an unknown strength', '/v1/zones/example/resync', '{"strength":"hard"}', 'strength'],
    ['nodes that are no list', '/v1/zones/example/resync', '{"nodes":"ams1"}', 'nodes'],
    ['a node that is a number', '/v1/zones/example/resync', '{"nodes":["ams1",7]}', 'nodes.1'],
    ['a serial below 0', '/v1/zones/example/resync', '{"serial":-1}', 'serial'],
    ['a serial of 2³²', '/v1/zones/example/resync', '{"serial":4294967296}', 'serial'],
    ['a serial with a fraction', '/v1/zones/example/resync', '{"serial":1.5}', 'serial'],
    ['10,001 nodes', '/v1/resync', JSON.stringify({ nodes: Array(10_001).fill('a') }), 'nodes'],
    ['an unknown field for a node', '/v1/nodes/ams1/drain', '{"hard":true}', 'hard'],
    ['nodes, in a hold of the zone', '/v1/zones/example/hold', '{"nodes":["ams1"]}', 'nodes'],
    ['nodes, in a refresh', '/v1/zones/example/refresh', '{"nodes":["ams1"]}', 'nodes'],
    ['a serial, in a drain', '/v1/nodes/ams1/drain', '{"serial":1}', 'serial'],
    ['no reason, in a release', '/v1/zones/example/release', '{}', 'reason'],
    ['a scope, in a reload', '/v1/reload', '{"zones":["example"]}', 'zones'],
    ['a prototype', '/v1/nodes/ams1/drain', '{"__proto__":{"reason":"x"}}', '__proto__'],
  ]
  for (const [id, path, body, field] of BODIES)
    it(`get 400 for a body with ${id}, which names ${field}`, async () => {
      const { status, errors, detail } = await problem('POST', path, body)
      expect(status, detail).to.equal(400)
      expect(errors?.map((error) => error.field)).to.include(field)
    })

  const QUERIES: readonly (readonly [path: string, field: string])[] = [
    ['/v1/zones?limit=0', 'limit'],
    ['/v1/zones?limit=many', 'limit'],
    ['/v1/zones?colour=red', 'colour'],
    ['/v1/zones/example/diff?from=1', 'to'],
    ['/v1/zones/example/diff?from=x&to=2', 'from'],
    ['/v1/zones/example/diff?from=1&to=4294967296', 'to'],
    ['/v1/matrix?state=happy', 'state'],
  ]
  for (const [path, field] of QUERIES)
    it(`get 400 for ${path}, which names ${field}`, async () => {
      const { status, errors } = await problem('GET', path)
      expect(status).to.equal(400)
      expect(errors!.some((error) => error.field.startsWith(field))).to.equal(true)
    })

  const OTHERS: readonly (readonly [
    id: string,
    status: number,
    method: string,
    path: string,
    body?: string,
    headers?: Record<string, string>,
  ])[] = [
    ['an unknown node', 404, 'GET', '/v1/nodes/nope'],
    ['an unknown node of a zone', 404, 'GET', '/v1/zones/example/nodes/nope'],
    ['an unknown node in a body', 404, 'POST', '/v1/zones/example/resync', '{"nodes":["nope"]}'],
    ['an unknown cloud', 404, 'POST', '/v1/resync', '{"clouds":["Z"]}'],
    ['an unknown version', 404, 'GET', '/v1/zones/example/versions/77'],
    ['a version that is no number', 400, 'GET', '/v1/zones/example/versions/latest'],
    ['a version over 2³²', 400, 'GET', '/v1/zones/example/versions/4294967296'],
    ['a difference of unknown versions', 404, 'GET', '/v1/zones/example/diff?from=1&to=2'],
    ['an unknown job', 404, 'GET', '/v1/jobs/refresh-123456'],
    ['a job with an odd name', 404, 'GET', '/v1/jobs/..%2Fx'],
    ['a serial that was not released', 409, 'POST', '/v1/zones/example/resync', '{"serial":5}'],
    ['no node at all', 422, 'POST', '/v1/zones/example/resync', '{"nodes":[]}'],
    ['an unknown route', 404, 'GET', '/v1/nope'],
    ['an unknown method', 404, 'DELETE', '/v1/zones/example'],
    [
      'a body that is no JSON by its type',
      415,
      'POST',
      '/v1/zones/example/refresh',
      'a=b',
      { 'content-type': 'application/x-www-form-urlencoded' },
    ],
    ['a body of 100 KiB', 413, 'POST', '/v1/zones/example/refresh', JSON.stringify({ reason: 'r'.repeat(100 * 1024) })],
    ['an Idempotency-Key with a space', 400, 'POST', '/v1/nodes/ams1/drain', '{}', { 'idempotency-key': 'a b' }],
    ['an Idempotency-Key of 300 characters', 400, 'POST', '/v1/nodes/ams1/drain', '{}', { 'idempotency-key': 'k'.repeat(300) }],
    ['a page of another origin', 403, 'POST', '/v1/nodes/ams1/drain', '{}', { origin: 'http://evil.example' }],
  ]
  for (const [id, status, method, path, body, headers] of OTHERS)
    it(`get ${status} for ${id}`, async () => {
      const read = await problem(method, path, body, headers)
      expect(read.status, read.detail).to.equal(status)
    })

  it('get 403 under a foreign host name', async () => {
    const { hostname, port } = new URL(hub.api)
    const socket = connect(Number(port), hostname)
    socket.write('GET /v1/status HTTP/1.1\r\nHost: evil.example\r\nConnection: close\r\n\r\n')
    let text = ''
    for await (const octets of socket) text += octets
    expect(text).to.match(/^HTTP\/1\.1 403 /)
  })

  it('get 400 or the end of the connection when they are no HTTP', async () => {
    const { hostname, port } = new URL(hub.api)
    for (const garbage of [
      '\0\0\0\0',
      'GET\r\n\r\n',
      `GET /${'x'.repeat(100_000)} HTTP/1.1\r\n\r\n`,
      'POST /v1/reload HTTP/1.1\r\nContent-Length: -5\r\n\r\n',
    ]) {
      const socket = connect(Number(port), hostname)
      socket.write(garbage)
      let text = ''
      try {
        for await (const octets of socket) text += octets
      } catch {
        // A reset is an end as well.
      }
      expect(text, garbage.slice(0, 20)).to.match(/^(HTTP\/1\.1 4\d\d |$)/)
    }
  })

  it('change nothing and leave the hub healthy', async () => {
    expect((await fetch(`${hub.api}/healthz`)).status).to.equal(200)
    const { drained } = (await (await fetch(`${hub.api}/v1/nodes/ams1`)).json()) as { drained?: boolean }
    expect(drained ?? false).to.equal(false)
  })
})
