/** Orders accept the fields that they use, and refuse each other one by name. */
import { expect } from 'chai'
import type { ErrorRequestHandler } from 'express'
import express from 'express'
import request from 'supertest'
import type { z } from 'zod'
import { createLogger } from '../../../lib/runtime/logger.js'
import { describeApi } from '../../../services/api/openapi.js'
import * as orderSchemas from '../../../services/api/order-schemas.js'
import { problemHandler } from '../../../services/api/problem.js'

const bodies = { ...orderSchemas }

const SCOPE = { serial: 7, nodes: ['ams1'], clouds: ['A'], zones: ['a.example'], states: ['stuck'], strength: 'refresh' }
/** Fields of SCOPE that each order uses. */
const USES: Record<keyof typeof bodies, readonly (keyof typeof SCOPE)[]> = {
  refreshBody: ['serial', 'strength'],
  zoneResyncBody: ['serial', 'nodes', 'clouds', 'states', 'strength'],
  nodeResyncBody: ['serial', 'zones', 'states', 'strength'],
  resyncBody: ['serial', 'nodes', 'clouds', 'zones', 'states', 'strength'],
  provisionBody: [],
  probeBody: [],
  drainBody: [],
  undrainBody: [],
  holdBody: [],
  releaseBody: [],
  approveBody: ['serial'],
  rejectBody: ['serial'],
  rollbackBody: ['serial'],
  reloadBody: [],
  signInBody: [],
  signOutBody: [],
  zoneVerifyBody: ['nodes', 'clouds'],
  nodeVerifyBody: ['zones'],
  verifyBody: ['nodes', 'clouds', 'zones'],
}
const NEEDS: Partial<Record<keyof typeof bodies, object>> = {
  releaseBody: { reason: 'r' },
  approveBody: { reason: 'r' },
  rejectBody: { reason: 'r' },
  rollbackBody: { reason: 'r', serial: 1 },
}

/** Status and named fields of the answer. */
async function answerTo(schema: z.ZodType, body: object): Promise<{ status: number; fields: string[]; detail: string }> {
  const app = express()
  app.post('/', express.json(), (req, res) => void res.json(schema.parse(req.body)))
  app.use(problemHandler(createLogger({ level: 'silent', isTerminal: false })) as ErrorRequestHandler)
  const { status, body: answer } = await request(app).post('/').send(body)
  const { errors = [], detail = '' } = JSON.parse(JSON.stringify(answer)) as { errors?: { field: string }[]; detail?: string }
  return { status, fields: errors.map(({ field }) => field), detail }
}

describe('the body of an order', () => {
  for (const [name, uses] of Object.entries(USES) as [keyof typeof bodies, (typeof USES)['holdBody']][])
    for (const field of Object.keys(SCOPE) as (keyof typeof SCOPE)[]) {
      const isUsed = uses.includes(field)
      it(`${isUsed ? 'may' : 'may not'} have the field ${field} in ${name}`, async () => {
        const { status, fields } = await answerTo(bodies[name], { ...NEEDS[name], [field]: SCOPE[field] })
        expect({ status, fields }).to.deep.equal(isUsed ? { status: 200, fields: [] } : { status: 400, fields: [field] })
      })
    }

  it('is refused with the names of unused fields, and of the usable ones', async () => {
    const { fields, detail } = await answerTo(bodies.holdBody, { nodes: ['nsd1'], clouds: ['NOPE'], serial: 4242 })
    expect(fields).to.deep.equal(['nodes', 'clouds', 'serial'])
    expect(detail).to.include('nodes: an order to hold does not use this field; it uses reason')
  })

  for (const name of ['releaseBody', 'approveBody', 'rejectBody', 'rollbackBody'] as const)
    for (const reason of [undefined, '', '  '])
      it(`may not have the reason ${JSON.stringify(reason)} in ${name}`, async () => {
        const { status, fields } = await answerTo(bodies[name], { ...NEEDS[name], reason })
        expect({ status, fields }).to.deep.equal({ status: 400, fields: ['reason'] })
      })

  it('needs a serial beside a digest, and stages for fast', async () => {
    const digest = '01234567'
    for (const schema of [bodies.approveBody, bodies.rejectBody]) {
      expect((await answerTo(schema, { digest, reason: 'r' })).fields).to.deep.equal(['digest'])
      expect((await answerTo(schema, { digest, serial: 1, reason: 'r' })).status).to.equal(200)
    }
    expect((await answerTo(bodies.approveBody, { primary: 'hm1', fast: true, reason: 'r' })).fields).to.deep.equal(['fast'])
  })

  it('is described with the fields that it accepts', () => {
    interface Operation {
      requestBody?: { content: { 'application/json': { schema: { properties?: object } } } }
    }
    const { paths } = describeApi() as { paths: Record<string, { post?: Operation }> }
    const fieldsOf = (path: string) =>
      Object.keys(paths[path]!.post!.requestBody!.content['application/json'].schema.properties ?? {})
    expect(fieldsOf('/v1/zones/{zone}/hold')).to.deep.equal(['reason'])
    expect(fieldsOf('/v1/nodes/{node}/drain')).to.deep.equal(['reason'])
    expect(fieldsOf('/v1/zones/{zone}/approve')).to.deep.equal(['serial', 'digest', 'primary', 'fast', 'reason'])
    expect(fieldsOf('/v1/nodes/{node}/resync')).to.not.include('nodes')
  })
})
