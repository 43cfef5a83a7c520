/** A vantage point has a token with one right: tasks and reports under its own name. No other role reports. */
import { expect } from 'chai'
import { VantageTakenAnswer, VantageTasksAnswer } from '../../../lib/answers/vantage-answers.js'
import { hashOfToken } from '../../../services/api/auth.js'
import { ROUTES } from '../../../services/api/openapi.js'
import { scratchDirs } from '../../support/scratch-dir.js'
import { strictly } from '../../support/strictly.js'
import { type HubAnswer, HubOfEveryState } from './hub-of-every-state.js'
import { VANTAGE } from './silent-servers.js'

const caller = (name: string, role: string) => ({ name, role, sha256: hashOfToken(name).toString('hex') })
const API = { tokens: [caller('all', 'admin'), caller(VANTAGE, 'vantage'), caller('lima', 'vantage')] }
const TASKS = `/v1/vantages/${VANTAGE}/tasks`
const RESULTS = `/v1/vantages/${VANTAGE}/results`
const VISIT = { transport: 'udp', instance: 'x', serial: 1, rttMs: 1, error: null }
const REPORT = { address: '192.0.2.53', results: [{ zone: 'in-sync.example', visits: [VISIT] }] }

describe('the token of a vantage point', () => {
  const scratch = scratchDirs()
  let hub: HubOfEveryState
  before(async () => {
    hub = await HubOfEveryState.start(scratch(), { api: API })
  })
  after(() => hub.stop())

  const ask = (path: string, as: string, body?: unknown, method = body === undefined ? 'GET' : 'POST'): Promise<HubAnswer> =>
    hub.ask(path, {
      method,
      headers: { authorization: `Bearer ${as}`, ...(body === undefined ? {} : { 'content-type': 'application/json' }) },
      ...(body === undefined ? {} : { body: JSON.stringify(body) }),
    })
  const typeOf = ({ text }: HubAnswer): string => JSON.parse(text).type

  it('gets tasks and takes reports, with the fields of their schemas and no others', async () => {
    const tasks = await ask(TASKS, VANTAGE)
    expect([tasks.status, strictly(VantageTasksAnswer).safeParse(JSON.parse(tasks.text)).error?.issues]).to.deep.equal([
      200,
      undefined,
    ])
    const taken = await ask(RESULTS, VANTAGE, REPORT)
    expect([taken.status, strictly(VantageTakenAnswer).safeParse(JSON.parse(taken.text)).error?.issues]).to.deep.equal([
      200,
      undefined,
    ])
  })

  it('has no other right: every other route refuses it', async () => {
    const routes = ROUTES.filter(({ path, security }) => !path.startsWith('/v1/vantages/{vantage}/') && security === undefined)
    expect(routes.length).to.be.greaterThan(40)
    for (const { method, path } of routes) {
      const answer = await ask(path.replace(/\{\w+\}/g, 'x'), VANTAGE, method === 'get' ? undefined : {})
      expect([answer.status, typeOf(answer)], `${method} ${path} ${answer.text}`).to.deep.equal([
        403,
        'urn:zonecast:problem:role',
      ])
    }
  })

  it('reports under its own name alone, and no other role reports', async () => {
    for (const [path, body] of [
      [TASKS, undefined],
      [RESULTS, REPORT],
    ] as const) {
      expect(typeOf(await ask(path, 'lima', body))).to.equal('urn:zonecast:problem:vantage')
      expect(typeOf(await ask(path, 'all', body))).to.equal('urn:zonecast:problem:role')
      expect((await ask(path, 'stranger', body)).status).to.equal(401)
    }
  })

  for (const [name, body] of [
    ['no body', {}],
    ['no list', { address: '192.0.2.53', results: 'x' }],
    ['a field of its own', { ...REPORT, verdict: 'withdraw' }],
    ['too many zones', { ...REPORT, results: Array.from({ length: 41 }, () => REPORT.results[0]) }],
    ['too many visits', { ...REPORT, results: [{ zone: 'a.example', visits: [VISIT, VISIT, VISIT] }] }],
    ['no visits', { ...REPORT, results: [{ zone: 'a.example', visits: [] }] }],
    ['a long name', { ...REPORT, results: [{ zone: 'a.example', visits: [{ ...VISIT, instance: 'x'.repeat(201) }] }] }],
    ['a serial that is none', { ...REPORT, results: [{ zone: 'a.example', visits: [{ ...VISIT, serial: 2 ** 32 }] }] }],
    ['a time that is none', { ...REPORT, results: [{ zone: 'a.example', visits: [{ ...VISIT, rttMs: -1 }] }] }],
    ['another transport', { ...REPORT, results: [{ zone: 'a.example', visits: [{ ...VISIT, transport: 'quic' }] }] }],
  ] as const)
    it(`is refused a report with ${name}`, async () => {
      const answer = await ask(RESULTS, VANTAGE, body)
      expect([answer.status, typeOf(answer)], answer.text).to.deep.equal([400, 'urn:zonecast:problem:does-not-fit'])
    })

  it('is refused a body that is too large', async () => {
    expect((await ask(RESULTS, VANTAGE, { ...REPORT, address: 'x'.repeat(70_000) })).status).to.equal(413)
  })
})
