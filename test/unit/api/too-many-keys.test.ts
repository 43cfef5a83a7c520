/** The refusal of a caller that used too many Idempotency-Keys names the limit that it reached. */
import { expect } from 'chai'
import type { Request, Response } from 'express'
import { type ApiContext, mutate } from '../../../services/api/context.js'
import { ApiProblem } from '../../../services/api/problem.js'

describe('an Idempotency-Key above the limit', () => {
  const refusal = async (isRedisUp: boolean): Promise<ApiProblem> => {
    const context = {
      redisUp: () => isRedisUp,
      idempotency: { once: async () => ({ kind: 'full' }) },
      matrix: { fleet: { nodes: new Map() } },
    } as unknown as ApiContext
    const req = {
      get: () => 'key',
      method: 'POST',
      path: '/reload',
      originalUrl: '/v1/reload',
      params: {},
      socket: { remoteAddress: '192.0.2.7' },
      body: {},
    } as unknown as Request
    const caller = { name: 'noc', role: 'admin', person: 'noc', scope: undefined, expires: undefined }
    const res = { locals: { caller } } as unknown as Response
    const outcome = await mutate(context, req, res, async () => ({ status: 200, body: {} })).catch((error: unknown) => error)
    expect(outcome).to.be.instanceOf(ApiProblem)
    return outcome as ApiProblem
  }

  it('is refused for the day', async () => {
    expect((await refusal(true)).message).to.match(/today/)
  })

  it('is refused until Redis is back', async () => {
    expect((await refusal(false)).message)
      .to.match(/while Redis is away/)
      .and.not.match(/today|tomorrow/)
  })
})
