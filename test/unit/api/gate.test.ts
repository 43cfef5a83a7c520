/** Access to the API and its rates: callers, strangers and orders have separate budgets. */
import { createHash } from 'node:crypto'
import { EventEmitter } from 'node:events'
import type { IncomingMessage, ServerResponse } from 'node:http'
import type { Socket } from 'node:net'
import { expect } from 'chai'
import type { ApiToken } from '../../../config/caller-types.js'
import { type AccessRules, type Caller, hashOfToken, type Identity, identityOf } from '../../../services/api/auth.js'
import { ApiConnections } from '../../../services/api/connections.js'
import { Gate } from '../../../services/api/gate.js'
import { requestForLog } from '../../../services/api/request-log.js'
import { Sessions } from '../../../services/api/sessions.js'

const token = (name: string, more: Partial<ApiToken> = {}): ApiToken => ({
  name,
  role: 'operator',
  person: name,
  scope: undefined,
  sha256: createHash('sha256').update(name).digest(),
  subnets: [],
  expires: undefined,
  ...more,
})
const NO_ACCESS: AccessRules = {
  tokens: [],
  clients: [],
  local: undefined,
  sessions: new Sessions(),
  certificateOf: () => undefined,
}
function callerIn(identity: Identity): Caller {
  if ('problem' in identity) throw identity.problem
  return identity.caller
}
const RATES = {
  reads: { perSecond: 0, burst: 3 },
  orders: { perSecond: 0, burst: 2 },
  failures: { perSecond: 0, burst: 2 },
  open: { perSecond: 0, burst: 2 },
}

class FakeSocket extends EventEmitter {
  remoteAddress: string
  isDestroyed = false
  constructor(remoteAddress: string) {
    super()
    this.remoteAddress = remoteAddress
  }
  destroy(): void {
    this.isDestroyed = true
    this.emit('close')
  }
}
const socketFrom = (ip: string): FakeSocket & Socket => new FakeSocket(ip) as FakeSocket & Socket

const request = (url: string, { method = 'GET', ip = '192.0.2.1', ...headers }: Record<string, string> = {}): IncomingMessage =>
  ({ url, method, headers, socket: socketFrom(ip) }) as unknown as IncomingMessage
const as = (name: string, more: Record<string, string> = {}) => ({ authorization: `Bearer ${name}`, ...more })

describe('the gate of the API', () => {
  let gate: Gate
  const admitted = (req: IncomingMessage): boolean => {
    const admits = gate.admit(req, { writeHead: () => undefined, end: () => undefined } as unknown as ServerResponse)
    if (!admits) req.socket.emit('close')
    return admits
  }
  const times = (n: number, make: () => IncomingMessage): number =>
    Array.from({ length: n }, () => admitted(make())).filter(Boolean).length

  beforeEach(() => {
    gate = new Gate(
      () => ({ ...NO_ACCESS, tokens: [token('a'), token('b')] }),
      () => 0,
      RATES,
    )
  })

  it('limits reads without blocking orders', () => {
    expect(times(9, () => request('/v1/status', as('a')))).to.equal(3)
    expect(times(9, () => request('/v1/zones/x/hold', as('a', { method: 'POST' })))).to.equal(2)
    expect(times(9, () => request('/v1/status', as('b')))).to.equal(3)
  })

  for (const url of ['/v1/status', '/V1/status', '//v1/status', '/metrics', '/v1'])
    it(`counts ${url} without a token against the network, and blocks no token`, () => {
      let host = 0
      expect(times(9, () => request(url, { ip: `192.0.2.${host++}` }))).to.equal(2)
      expect(times(9, () => request('/', as('unknown')))).to.equal(0)
      expect(times(3, () => request('/v1/status', as('a')))).to.equal(3)
      expect(times(9, () => request('/v1/status', { ip: '198.51.100.1' }))).to.equal(2)
    })

  it('has a separate budget for probes and the page', () => {
    times(9, () => request('/v1/status'))
    expect(times(9, () => request('/readyz'))).to.equal(2)
  })

  it('rejects a caller whose token is revoked or expires', () => {
    let tokens = [token('a', { expires: new Date(1_000) })]
    let now = 0
    gate = new Gate(
      () => ({ ...NO_ACCESS, tokens }),
      () => now,
    )
    const req = request('/v1/events', as('a'))
    const caller = callerIn(identityOf(req, { ...NO_ACCESS, tokens }, now))
    expect(gate.isStillAllowed(req, caller)).to.equal(true)
    now = 1_000
    expect(gate.isStillAllowed(req, caller)).to.equal(false)
    now = 0
    tokens = []
    expect(gate.isStillAllowed(req, caller)).to.equal(false)
  })

  it('ends a session with its token, and shows other rights at once', () => {
    const sessions = new Sessions()
    const { id } = sessions.open(hashOfToken('a'), 'a', 0)
    let tokens = [token('a'), token('b')]
    gate = new Gate(
      () => ({ ...NO_ACCESS, tokens, sessions }),
      () => 0,
    )
    const socket = Object.assign(socketFrom('192.0.2.1'), { localPort: 8053 })
    const req = { ...request('/v1/events', { cookie: `zonecast-8053=${id}` }), socket } as unknown as IncomingMessage
    const caller = callerIn(gate.identify(req))
    expect([caller.name, gate.isStillAllowed(req, caller)]).to.deep.equal(['a', true])
    tokens = [token('a', { role: 'viewer' }), token('b')]
    expect(gate.isStillAllowed(req, caller)).to.equal(false)
    tokens = [token('b')]
    const next = { ...req } as unknown as IncomingMessage
    const identity = gate.identify(next)
    expect('problem' in identity && [identity.problem.status, identity.problem.slug]).to.deep.equal([401, 'unknown-token'])
  })
})

describe('an API without tokens', () => {
  const isRefused = (headers: Record<string, string>): boolean =>
    'problem' in
    identityOf(request('/v1/status', { host: 'localhost:8053', ...headers }), { ...NO_ACCESS, local: hashOfToken('own') }, 0)

  for (const site of ['cross-site', 'same-site', 'CROSS-SITE', ''])
    it(`refuses a page of another origin: Sec-Fetch-Site "${site}"`, () =>
      expect(isRefused({ 'sec-fetch-site': site })).to.equal(true))
  for (const headers of [{}, { 'sec-fetch-site': 'same-origin' }, { 'sec-fetch-site': 'none' }])
    it(`accepts ${JSON.stringify(headers)}`, () => expect(isRefused(headers)).to.equal(false))
})

describe('connections to the API', () => {
  it('are closed for the oldest stranger of an address with a full share, then for the oldest of the largest caller', () => {
    const table = new ApiConnections(10, 3)
    const sockets = Array.from({ length: 3 }, () => socketFrom('192.0.2.1'))
    for (const socket of sockets) table.add(socket)
    table.know(sockets[0]!, 'a')
    const next = socketFrom('192.0.2.1')
    table.add(next)
    expect(sockets.map(({ isDestroyed }) => isDestroyed)).to.deep.equal([false, true, false])
    table.know(sockets[2]!, 'b')
    table.know(next, 'a')
    // All are callers: the largest one makes room, and none blocks the others.
    const late = socketFrom('192.0.2.1')
    table.add(late)
    expect([sockets[0]!, sockets[2]!, next, late].map(({ isDestroyed }) => isDestroyed)).to.deep.equal([
      true,
      false,
      false,
      false,
    ])
    expect(table.size).to.equal(3)
  })

  it('are closed for the address with the most strangers when all are in use', () => {
    const table = new ApiConnections(4, 3)
    const many = Array.from({ length: 3 }, () => socketFrom('192.0.2.1'))
    const one = socketFrom('192.0.2.2')
    for (const socket of [...many, one, socketFrom('192.0.2.3')]) table.add(socket)
    expect([...many, one].map(({ isDestroyed }) => isDestroyed)).to.deep.equal([true, false, false, false])
    expect(table.size).to.equal(4)
  })
})

describe('requests in the debug log', () => {
  it('contain no secret and no control character', () => {
    const headers = {
      host: 'hub\u009b31m',
      authorization: 'Bearer s3cret',
      'proxy-authorization': 's3cret',
      'x-api-key': 's3cret',
      cookie: 'a=s3cret',
      'user-agent': 'curl',
    }
    const shown = requestForLog({ id: 1, method: 'GET', url: '/v1/x\u009b31m?token=s3cret', headers, socket: {} })
    expect(JSON.stringify(shown))
      .to.not.include('s3cret')
      .and.not.match(/\p{Cc}/u)
    expect(shown.url).to.equal('/v1/x?31m?[cut]')
    expect(shown.headers).to.deep.equal({ host: 'hub?31m', 'user-agent': 'curl' })
  })

  const callerWith = (authorization: string | undefined) => {
    const headers = { host: 'localhost:8053', ...(authorization === undefined ? {} : { authorization }) }
    const identity = identityOf(request('/v1/status', headers), { ...NO_ACCESS, local: hashOfToken('own') }, 0)
    return 'problem' in identity ? identity.problem.status : identity.caller.role
  }

  it('accept the token under dataDir as admin, a caller without one as viewer, and no other token', () => {
    expect([callerWith('Bearer own'), callerWith(undefined), callerWith('Bearer guessed')]).to.deep.equal([
      'admin',
      'viewer',
      401,
    ])
  })

  it('have no admin when no token could be created', () => {
    const identity = identityOf(
      request('/v1/status', { host: 'localhost:8053', authorization: 'Bearer undefined' }),
      NO_ACCESS,
      0,
    )
    expect('problem' in identity && identity.problem.status).to.equal(401)
  })
})
