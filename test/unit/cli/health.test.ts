/** `zonecast health` fails open: a status that means degrade or withdraw comes from a hub alone. */
import { createServer, type Server } from 'node:http'
import type { AddressInfo } from 'node:net'
import { writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { expect } from 'chai'
import { buildProgram, runProgram } from '../../../services/cli/program.js'
import { scratchDirs } from '../../support/scratch-dir.js'

describe('zonecast health', () => {
  const scratch = scratchDirs()
  let server: Server
  let answer: { status: number; body: string }
  const url = () => `http://127.0.0.1:${(server.address() as AddressInfo).port}/`

  before(async () => {
    server = createServer((_req, res) => {
      res.writeHead(answer.status, { 'content-type': 'application/json' }).end(answer.body)
    })
    await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
  })
  after(() => {
    server.closeAllConnections()
    server.close()
  })

  const run = async (...words: string[]) => {
    const result = { out: '', errors: '', status: 0 }
    const program = buildProgram({
      terminal: {
        write: (text) => (result.out += text),
        complain: (text) => (result.errors += text),
        isLive: false,
        hasColour: false,
        columns: 80,
        rows: 24,
      },
      parts: undefined as never,
      setExit: (status) => (result.status = status),
    })
    await program.parseAsync(['node', 'zonecast', 'health', 'ams1', ...words])
    return result
  }
  const expectServe = (result: Awaited<ReturnType<typeof run>>, error: RegExp) => {
    expect(result).to.include({ out: 'serve\n', status: 0 })
    expect(result.errors)
      .to.match(error)
      .and.match(/the verdict is serve/)
  }

  for (const [verdict, status] of [
    ['serve', 0],
    ['degrade', 1],
    ['withdraw', 2],
  ] as const)
    it(`has the status ${status} for ${verdict}`, async () => {
      const body = { verdict, why: null, node: 'ams1', since: '2026-11-03T03:00:00.000Z', ttlSeconds: 30 }
      answer = { status: verdict === 'withdraw' ? 503 : 200, body: JSON.stringify(body) }
      expect(await run('--url', url())).to.deep.equal({ out: `${verdict}\n`, errors: '', status })
    })

  it('serves when the hub does not know the node', async () => {
    answer = { status: 404, body: '{"detail":"no node ams1"}' }
    expectServe(await run('--url', url()), /no node ams1/)
  })

  it('serves when the config does not exist', async () => {
    expectServe(await run('-c', join(scratch(), 'none.yaml')), /none\.yaml/)
  })

  it('serves when the config is not YAML', async () => {
    const file = join(scratch(), 'zonecast.yaml')
    writeFileSync(file, 'hub: [')
    expectServe(await run('-c', file), /zonecast\.yaml/)
  })

  it('serves when the CA file cannot be read', async () => {
    expectServe(await run('--url', 'https://127.0.0.1:1/', '--ca', join(scratch(), 'none.pem')), /none\.pem/)
  })

  it('serves when the URL is not one', async () => {
    expectServe(await run('--url', 'hub.example:x'), /hub\.example/)
  })

  const parts = { loadHub: () => Promise.reject(), loadDemo: () => Promise.reject() } as unknown as Parameters<
    typeof runProgram
  >[1]
  for (const line of ['health', 'health ams1 --bogus', '--ca ca.pem health', 'health ams1 ams2', 'health a\u0007'])
    it(`has a status that is no verdict for the mistake in ${JSON.stringify(line)}`, async () => {
      expect(await runProgram(['node', 'zonecast', ...line.split(' ')], parts)).to.equal(64)
    })

  it('leaves the status of other commands as it is', async () => {
    expect(await runProgram(['node', 'zonecast', 'show', 'health', '--bogus'], parts)).to.equal(1)
  })
})
