/** The sending of an order: sent again it has the same key, and an order without an answer is not called refused. */
import { expect } from 'chai'
import { Api, ApiError } from '../../../services/api/dashboard/api.js'
import { failureOf, isRefusal, OrderKeys } from '../../../services/api/dashboard/orders/sending.js'

describe('an order that is sent again', () => {
  it('has the same key for the same content, and another for another content or dialog', () => {
    const keys = new OrderKeys()
    const first = keys.keyOf({ serial: 5, reason: 'a' })
    expect(first).to.match(/^[0-9a-f]{32}$/)
    expect(keys.keyOf({ serial: 5, reason: 'a' })).to.equal(first)
    expect(keys.keyOf({ serial: 5, reason: 'b' })).to.not.equal(first)
    expect(new OrderKeys().keyOf({ serial: 5, reason: 'a' })).to.not.equal(first)
  })

  describe('over HTTP', () => {
    const { fetch: before } = globalThis
    after(() => {
      globalThis.fetch = before
    })

    it('has the key of the dialog in each request', async () => {
      const sent: (string | null)[] = []
      globalThis.fetch = async (path, init) => {
        if (path === '/v1/session') return Response.json({ csrf: 'x' })
        sent.push(new Headers(init?.headers).get('idempotency-key'))
        if (sent.length === 1) throw new TypeError('connection reset')
        return Response.json({ state: 'done' })
      }
      const api = new Api()
      const keys = new OrderKeys()
      const body = { reason: 'maintenance' }
      const error = await api.post('/v1/zones/a./hold', body, keys.keyOf(body)).catch((thrown: unknown) => thrown)
      expect(failureOf(error)).to.match(
        /^Outcome unknown: the hub does not answer\. .* the hub does it once, while Redis answers\.$/,
      )
      expect(await api.post('/v1/zones/a./hold', body, keys.keyOf(body))).to.deep.equal({ state: 'done' })
      expect(sent).to.have.length(2)
      expect(sent[1]).to.equal(sent[0])
    })
  })

  it('is refused only when the hub has answered so', () => {
    expect(failureOf(new ApiError(403, 'you are noc', 'role'))).to.equal('Refused: you are noc')
    expect(failureOf(new ApiError(503, 'redis is unreachable', 'redis-down'))).to.equal('Refused: redis is unreachable')
    expect(failureOf(new ApiError(504, 'status 504'))).to.match(/^Outcome unknown: status 504\./)
    expect(failureOf(new ApiError(409, 'x', 'in-progress'))).to.match(/^Still in progress/)
  })

  it('may be done when the answer breaks off, when redis is slow, and after an internal error', () => {
    const unknown = [
      new TypeError('network error'),
      new SyntaxError('Unexpected end of JSON input'),
      new ApiError(503, 'redis does not answer', 'redis-slow'),
      new ApiError(500, 'internal error', 'internal'),
    ]
    for (const error of unknown) {
      expect(failureOf(error)).to.match(/^Outcome unknown: /)
      expect(isRefusal(error)).to.equal(false)
    }
    const refusal = new ApiError(409, 'nothing is held', 'not-held')
    expect(failureOf(refusal, true)).to.match(/^Refused: nothing is held\. The order sent before may be done/)
    expect(failureOf(unknown[2])).to.not.include('does it once')
    expect(isRefusal(new ApiError(400, 'serial: not a number', 'does-not-fit'))).to.equal(true)
  })
})
