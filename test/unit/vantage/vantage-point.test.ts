/** A vantage point between a hub that answers anything and servers that do: bounded, and never ended by either. */
import { createServer, type Server } from 'node:http'
import type { AddressInfo } from 'node:net'
import { expect } from 'chai'
import { VantageReport, type VantageTasksAnswer } from '../../../lib/answers/vantage-answers.js'
import { silentLogger } from '../../../lib/runtime/logger.js'
import { HubLink } from '../../../services/vantage/hub-link.js'
import { ReportChain } from '../../../services/vantage/report-chain.js'
import { VantagePoint } from '../../../services/vantage/vantage-point.js'

const turn = () => new Promise<void>((resolve) => setImmediate(resolve))
const SILENT = { ask: () => Promise.reject(new Error(`no answer ${'x'.repeat(400)}`)) }
const TASKS: VantageTasksAnswer = {
  everySeconds: 60,
  port: 53,
  addresses: [{ address: '192.0.2.53', zones: ['a.example.', '..', 'b.example.'] }],
}

class FakeHub {
  readonly reports: VantageReport[] = []
  answer: VantageTasksAnswer | undefined = TASKS
  takes = true
  asked = 0
  tasks = async () => {
    this.asked += 1
    return this.answer
  }
  report = async (report: VantageReport) => {
    this.reports.push(report)
    return this.takes
  }
}

describe('a vantage point', () => {
  it('reports to each hub what it asked for the first one', async () => {
    const hubs = [new FakeHub(), new FakeHub()]
    expect(await new VantagePoint({ querier: SILENT, hubs }).round()).to.deep.equal({ everyMs: 60_000, isComplete: true })
    expect(hubs.map(({ asked }) => asked)).to.deep.equal([1, 0])
    for (const { reports } of hubs) {
      expect(reports).to.have.length(1)
      expect(VantageReport.safeParse(reports[0]).error?.issues).to.equal(undefined)
      expect(reports[0]!.results.map(({ zone }) => zone).sort()).to.deep.equal(['a.example.', 'b.example.'])
      for (const { visits } of reports[0]!.results)
        expect(visits.map(({ transport, serial }) => `${transport} ${serial}`)).to.deep.equal(['udp null', 'tcp null'])
    }
  })

  it('asks the next hub when one is away, and tries again soon when all are', async () => {
    const hubs = [new FakeHub(), new FakeHub()] as const
    hubs[0].answer = undefined
    hubs[0].takes = false
    expect(await new VantagePoint({ querier: SILENT, hubs }).round()).to.deep.equal({ everyMs: 60_000, isComplete: false })
    expect(hubs[1].reports).to.have.length(1)
    hubs[1].answer = undefined
    expect(await new VantagePoint({ querier: SILENT, hubs }).round()).to.deep.equal({ everyMs: 5_000, isComplete: false })
  })

  it('goes on with the next address and round while a hub gives no answer to its reports', async () => {
    const hubs = [new FakeHub(), new FakeHub()] as const
    const addresses = ['192.0.2.53', '198.51.100.53'].map((address) => ({ address, zones: ['a.example.'] }))
    hubs[0].answer = { ...TASKS, everySeconds: 1, addresses }
    let fail = (): void => {}
    const sent: string[] = []
    hubs[1].report = ({ address }) => {
      sent.push(address)
      return new Promise((resolve) => (fail = () => resolve(false)))
    }
    const point = new VantagePoint({ querier: SILENT, hubs })
    let rounds = 0
    await point.run((isComplete) => {
      rounds += 1
      if (rounds === 2) point.stop()
      else expect(isComplete, 'no report has failed yet').to.equal(true)
    })
    fail()
    const all = addresses.map(({ address }) => address)
    expect(hubs[0].reports.map(({ address }) => address)).to.deep.equal([...all, ...all])
    expect(sent).to.deep.equal(['192.0.2.53'])
  })

  it('asks the hub first that gave the last tasks', async () => {
    const hubs = [new FakeHub(), new FakeHub()] as const
    hubs[0].answer = undefined
    const point = new VantagePoint({ querier: SILENT, hubs })
    await point.round()
    await point.round()
    expect(hubs.map(({ asked }) => asked)).to.deep.equal([1, 2])
  })

  it('sends the newest report about each address to a slow hub, and drops those that wait when it fails', async () => {
    const sent: string[] = []
    const answers: ((isTaken: boolean) => void)[] = []
    const chain = new ReportChain({
      report: ({ address, results }) => {
        sent.push(`${address} ${results[0]!.zone}`)
        return new Promise((resolve) => answers.push(resolve))
      },
    })
    const add = (address: string, zone: string) => chain.add({ address, results: [{ zone, visits: [] }] })
    for (const zone of ['1', '2', '3']) for (const address of ['a', 'b']) add(address, zone)
    answers.shift()!(true)
    await turn()
    answers.shift()!(true)
    await turn()
    expect(sent).to.deep.equal(['a 1', 'b 3', 'a 3'])
    add('b', '4')
    answers.shift()!(false)
    await chain.idle()
    expect([sent.length, chain.isTaking, chain.failures]).to.deep.equal([3, false, 2])
    for (let i = 0; i < 1_000; i++) add(`address ${i}`, '5')
    for (let i = 0; i < 200; i++) {
      answers.shift()?.(true)
      await turn()
    }
    await chain.idle()
    expect([sent.length, sent.at(-1)]).to.deep.equal([3 + 1 + 100, 'address 999 5'])
  })

  it('asks no more than it may, whatever a hub answers', async () => {
    const hub = new FakeHub()
    let asked = 0
    const querier = { ask: async () => Promise.reject(new Error(String(asked++))) }
    const zones = Array.from({ length: 500 }, (_, i) => `z${i}.example.`)
    const addresses = ['not an address', 'www.example', ...Array.from({ length: 300 }, (_, i) => `192.0.2.${i % 256}`)]
    hub.answer = { everySeconds: 0, port: 53, addresses: addresses.map((address) => ({ address, zones })) }
    expect((await new VantagePoint({ querier, hubs: [hub] }).round()).everyMs).to.equal(1_000)
    expect(asked).to.equal(98 * 40 * 2)
    hub.answer = { ...TASKS, everySeconds: 1e12 }
    expect((await new VantagePoint({ querier, hubs: [hub] }).round()).everyMs).to.equal(3_600_000)
  })

  it('ends its rounds when it is stopped', async () => {
    const hub = new FakeHub()
    const point = new VantagePoint({ querier: SILENT, hubs: [hub] })
    let rounds = 0
    const running = point.run(() => {
      rounds += 1
      point.stop()
    })
    await running
    expect([rounds, hub.asked]).to.deep.equal([1, 1])
  })

  describe('asks a hub', () => {
    let server: Server
    let answer: (path: string) => { status: number; body: string }
    let seen: string[]
    const link = () => {
      const { port } = server.address() as AddressInfo
      return new HubLink({
        url: `http://127.0.0.1:${port}/below`,
        name: 'tokyo',
        token: 'sesame',
        ca: undefined,
        log: silentLogger,
      })
    }
    before(async () => {
      server = createServer((req, res) => {
        seen.push(`${req.method} ${req.url} ${req.headers.authorization}`)
        const { status, body } = answer(req.url!)
        res.writeHead(status, { 'content-type': 'application/json', location: 'http://127.0.0.1:1/' }).end(body)
      })
      await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
    })
    beforeEach(() => (seen = []))
    after(() => server.close())

    it('with its token, below the path of the URL', async () => {
      answer = () => ({ status: 200, body: JSON.stringify(TASKS) })
      expect(await link().tasks()).to.deep.equal(TASKS)
      expect(seen).to.deep.equal(['GET /below/v1/vantages/tokyo/tasks Bearer sesame'])
      answer = () => ({ status: 200, body: '{"taken":1,"ignored":0}' })
      expect(await link().report({ address: '192.0.2.53', results: [] })).to.equal(true)
    })

    for (const [what, status, body] of [
      ['a refusal', 403, '{"detail":"tokyo is viewer"}'],
      ['an error page', 502, '<html>'],
      ['a redirect', 307, ''],
      ['no JSON', 200, '<html>'],
      ['other JSON', 200, '{"addresses":1}'],
      ['null', 200, 'null'],
      ['an endless answer', 200, 'x'.repeat(2_000_000)],
    ] as const)
      it(`and goes on without one that answers ${what}`, async () => {
        answer = () => ({ status, body })
        expect(await link().tasks()).to.equal(undefined)
        expect(await link().report({ address: '192.0.2.53', results: [] })).to.equal(false)
      })
  })
})
