/** Webhooks: the changes on the board that are events, their signature, and the effect of a receiver's answer. */
import { createServer, type IncomingHttpHeaders, type Server } from 'node:http'
import type { AddressInfo } from 'node:net'
import { expect } from 'chai'
import { Seals } from '../../../lib/state/seals.js'
import { expectError } from '../../support/expect-error.js'
import type { WebhookJob } from '../../../lib/queue/jobs.js'
import type { JobQueues } from '../../../lib/queue/queues.js'
import { silentLogger } from '../../../lib/runtime/logger.js'
import { Board } from '../../../lib/state/board.js'
import type { ZoneCell } from '../../../lib/state/tables.js'
import type { RolloutMark } from '../../../lib/state/version-marks.js'
import { signatureOf, type Webhook, Webhooks } from '../../../services/worker/webhooks.js'

const ZONE = 'example.'
/** Another worker owns it. */
const ELSEWHERE = 'elsewhere.example.'
const SECRET = Buffer.from('secret-secret')
const mark = (state: RolloutMark['state'], more: Partial<RolloutMark> = {}): RolloutMark => ({
  id: 'example-1-d',
  serial: 1 as RolloutMark['serial'],
  digest: 'd',
  state,
  stage: undefined,
  since: 1,
  reason: undefined,
  verdict: 'pass',
  findings: [],
  ...more,
})

describe('webhooks', () => {
  let board: Board
  let queued: WebhookJob[]
  let hooks: Webhooks
  let at = 0
  const make = (list: Webhook[]): Webhooks =>
    new Webhooks({
      hub: 'hub-a',
      board,
      clock: { now: () => 1_000_000 },
      log: silentLogger,
      queues: { enqueueWebhooks: async (jobs: WebhookJob[]) => void queued.push(...jobs) } as unknown as JobQueues,
      canQueue: () => true,
      webhooks: { list },
      seals: new Seals(Buffer.alloc(32, 1), { hub: 'hub-a', keys: new Map() }),
      owns: (zone) => zone !== ELSEWHERE,
    })
  const hook = (more: Partial<Webhook> = {}): Webhook => ({
    id: 'ops',
    url: 'http://127.0.0.1:9/',
    secret: SECRET,
    events: ['rollout', 'check', 'conflict', 'hold'],
    allowLocal: true,
    ...more,
  })
  const cell = (rollouts: RolloutMark[], conflict?: string, zone = ZONE): void => {
    const blank = { released: undefined, releases: [], staged: [], newest: undefined, trail: undefined, refreshedAt: 0 }
    board.set('zones', zone, {
      ...blank,
      at: ++at,
      expireSeconds: 0,
      error: undefined,
      errorAt: undefined,
      failures: 0,
      rollouts,
      conflict,
    } satisfies ZoneCell)
  }
  const events = (): string[] => queued.map(({ event, webhook }) => `${webhook} ${event}`)
  const bodies = (): Record<string, unknown>[] => queued.map(({ body }) => JSON.parse(body))

  beforeEach(() => {
    board = new Board()
    queued = []
  })
  afterEach(() => hooks?.stop())

  it('report each step of a rollout once, and the findings of checks once', () => {
    hooks = make([hook()])
    hooks.start()
    const findings = [{ check: 'shrink' as const, verdict: 'hold' as const, report: 'half is gone' }]
    cell([mark('held', { verdict: 'hold', findings, reason: 'shrink: half is gone' })])
    cell([mark('held', { verdict: 'hold', findings, reason: 'shrink: half is gone' })])
    cell([mark('releasing', { verdict: 'hold', findings, stage: 'ams1' })])
    expect(events()).to.deep.equal(['ops rollout', 'ops check', 'ops rollout'])
    expect(bodies()[0]).to.deep.include({ event: 'rollout', hub: 'hub-a', zone: ZONE, serial: 1, state: 'held' })
    expect(bodies()[1]).to.deep.include({ event: 'check', verdict: 'hold', findings })
  })

  it('do not report a zone that another worker owns', () => {
    hooks = make([hook()])
    hooks.start()
    cell([mark('held')], 'conflict: hm1 and hm2', ELSEWHERE)
    board.set('orders', ELSEWHERE, { at: 1, decisions: [], hold: { at: 1, by: 'noc', reason: 'r' } })
    expect(events()).to.deep.equal([])
    cell([mark('held')])
    expect(events()).to.deep.equal(['ops rollout'])
  })

  it('do not report the state before the start', () => {
    cell([mark('held')], 'conflict: hm1 and hm2')
    hooks = make([hook()])
    hooks.start()
    cell([mark('held')], 'conflict: hm1 and hm2')
    expect(events()).to.deep.equal([])
  })

  it('report a conflict when it begins, and again only after it ended', () => {
    hooks = make([hook()])
    hooks.start()
    cell([], 'conflict: hm1 and hm2')
    cell([], 'conflict: hm1 and hm2')
    cell([])
    cell([], 'conflict: hm1 and hm2')
    expect(events()).to.deep.equal(['ops conflict', 'ops conflict'])
  })

  it('report holds and their end, with operator and reason', () => {
    hooks = make([hook()])
    hooks.start()
    board.set('orders', ZONE, { at: 1, decisions: [], hold: { at: 1, by: 'noc', reason: 'window' } })
    board.set('orders', ZONE, { at: 2, decisions: [], released: { at: 2, by: 'eve', reason: 'over' } })
    expect(bodies().map(({ held, by, reason }) => [held, by, reason])).to.deep.equal([
      [true, 'noc', 'window'],
      [false, 'eve', 'over'],
    ])
  })

  it('go to the receivers that select the event', () => {
    hooks = make([hook({ events: ['conflict'] }), hook({ id: 'chat', events: ['rollout'] })])
    hooks.start()
    cell([mark('done')])
    expect(events()).to.deep.equal(['chat rollout'])
  })

  describe('on the wire', () => {
    let server: Server
    let url: string
    const got: { headers: IncomingHttpHeaders; body: string }[] = []
    let status = 204
    before(async () => {
      server = createServer((req, res) => {
        let body = ''
        req.on('data', (part) => (body += part))
        req.on('end', () => {
          got.push({ headers: req.headers, body })
          res.writeHead(status, status === 302 ? { location: '/elsewhere' } : {}).end()
        })
      })
      await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
      url = `http://127.0.0.1:${(server.address() as AddressInfo).port}/in`
    })
    after(() => new Promise<void>((resolve) => server.close(() => resolve())))
    const unsealed = { webhook: 'ops', id: 'one', event: 'rollout', body: '{"event":"rollout"}' }
    const seal = new Seals(Buffer.alloc(32, 1), { hub: 'hub-a', keys: new Map() }).sealText(
      ['webhook', ...Object.values(unsealed)].join('\n'),
    )
    const job: WebhookJob = { ...unsealed, seal }

    it('are not signed when no process of this hub queued them', async () => {
      hooks = make([hook({ url })])
      const before = got.length
      for (const forged of [
        { ...job, body: '{"event":"hold"}' },
        { ...job, event: 'hold' },
        { ...job, seal: '' },
        { ...job, seal: 'f'.repeat(64) },
      ])
        await expectError('QUEUE_FOREIGN_JOB', () => hooks.deliver(forged))
      expect(got.length).to.equal(before)
    })

    it('are signed over the time and the body', async () => {
      hooks = make([hook({ url })])
      await hooks.deliver(job)
      const { headers, body } = got.at(-1)!
      expect(body).to.equal(job.body)
      expect(headers).to.include({ 'zonecast-event': 'rollout', 'zonecast-delivery': 'one', 'zonecast-timestamp': '1000' })
      expect(headers['zonecast-signature']).to.equal(`sha256=${signatureOf(SECRET, 1000, body)}`)
    })

    for (const refused of [500, 404, 302])
      it(`are repeated when the receiver answers ${refused}`, async () => {
        status = refused
        hooks = make([hook({ url })])
        let thrown: unknown
        await hooks.deliver(job).catch((error: unknown) => {
          thrown = error
        })
        expect(thrown).to.be.instanceOf(Error)
        expect(String(thrown)).to.not.include('secret')
      })

    it('are dropped for a removed receiver', async () => {
      hooks = make([])
      await hooks.deliver(job)
    })
  })
})
