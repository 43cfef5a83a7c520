/** `zonecast approve --all-halted`: one approval per zone, on every page, and a summary of failures. */
import { createServer, type Server } from 'node:http'
import type { AddressInfo } from 'node:net'
import { expect } from 'chai'
import { ApiClient } from '../../../services/cli/api-client.js'
import { approveHalted } from '../../../services/cli/commands/approve-halted.js'

type Answer = readonly [status: number, body: object, headers?: Record<string, string>]

describe('approve --all-halted', () => {
  let server: Server
  let answers: Record<string, Answer[]>
  let asked: { path: string; body: string }[]
  let text: string
  const approve = () => {
    const client = new ApiClient(new URL(`http://127.0.0.1:${(server.address() as AddressInfo).port}/`), undefined)
    const write = (words: string) => {
      text += words
    }
    return approveHalted(client, { reason: 'nodes are fixed' }, { write })
  }
  const halted = (zone: string) => ({ zone, serial: 2, digest: 'd2' })
  const zone = (state: string): Answer => [
    200,
    {
      versions: [
        { serial: 2, digest: 'd2'.repeat(6), state },
        { serial: 1, digest: 'd1'.repeat(6), state: 'released' },
      ],
    },
  ]
  const orders = () => asked.filter(({ path }) => path.endsWith('/approve'))

  beforeEach(async () => {
    asked = []
    text = ''
    server = createServer((req, res) => {
      let body = ''
      req.on('data', (chunk: Buffer) => (body += chunk))
      req.on('end', () => {
        asked.push({ path: req.url!, body })
        const list = answers[req.url!] ?? []
        const [status, answer, headers = {}] = (list.length > 1 ? list.shift() : list[0]) ?? [404, { detail: `no ${req.url}` }]
        res.writeHead(status, { 'content-type': 'application/json', ...headers }).end(JSON.stringify(answer))
      })
    })
    await new Promise<void>((resolve) => {
      server.listen(0, '127.0.0.1', resolve)
    })
  })
  afterEach(() => {
    server.close()
    server.closeAllConnections()
  })

  it('approves each zone of all pages once, at its newest version', async () => {
    answers = {
      '/v1/rollouts?state=halted': [[200, { rollouts: [halted('b.'), halted('a.')], next: 'x' }]],
      '/v1/rollouts?state=halted&after=x': [[200, { rollouts: [halted('a.')], next: null }]],
      '/v1/zones/a.': [zone('halted')],
      '/v1/zones/b.': [zone('halted')],
      '/v1/zones/a./approve': [[200, {}]],
      '/v1/zones/b./approve': [[200, {}]],
    }
    expect(await approve()).to.equal(true)
    expect(text).to.equal('a. serial 2: approved\nb. serial 2: approved\n2 approved, 0 failed, 2 halted\n')
    expect(orders().map(({ path }) => path)).to.deep.equal(['/v1/zones/a./approve', '/v1/zones/b./approve'])
    expect(JSON.parse(orders()[0]!.body)).to.deep.equal({ serial: 2, digest: 'd2'.repeat(6), reason: 'nodes are fixed' })
  })

  it('leaves a zone unchanged whose newest version is another one', async () => {
    answers = {
      '/v1/rollouts?state=halted': [[200, { rollouts: [halted('a.')], next: null }]],
      '/v1/zones/a.': [zone('soaking')],
    }
    expect(await approve()).to.equal(true)
    expect(text).to.equal('a.: skipped, its newest version is soaking\n0 approved, 0 failed, 1 halted\n')
    expect(orders()).to.deep.equal([])
  })

  it('continues after a zone that fails, and reports it at the end', async () => {
    answers = {
      '/v1/rollouts?state=halted': [[200, { rollouts: [halted('a.'), halted('b.')], next: null }]],
      '/v1/zones/a.': [zone('halted')],
      '/v1/zones/b.': [zone('halted')],
      '/v1/zones/a./approve': [[409, { detail: 'contradicts' }]],
      '/v1/zones/b./approve': [[200, {}]],
    }
    expect(await approve()).to.equal(false)
    expect(text).to.equal('a.: not approved: contradicts\nb. serial 2: approved\n1 approved, 1 failed, 2 halted\n')
  })

  it('waits as long as the hub requests', async () => {
    answers = {
      '/v1/rollouts?state=halted': [[200, { rollouts: [halted('a.')], next: null }]],
      '/v1/zones/a.': [zone('halted')],
      '/v1/zones/a./approve': [
        [429, { detail: 'too many' }, { 'retry-after': '1' }],
        [200, {}],
      ],
    }
    expect(await approve()).to.equal(true)
    expect(orders()).to.have.length(2)
  })

  it('reports that no zone is halted', async () => {
    answers = { '/v1/rollouts?state=halted': [[200, { rollouts: [], next: null }]] }
    expect(await approve()).to.equal(true)
    expect(text).to.equal('no zone is halted\n')
  })
})
