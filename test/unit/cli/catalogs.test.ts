/** `zonecast catalogs`: its table, its JSON, and its errors. */
import { createServer, type Server } from 'node:http'
import type { AddressInfo } from 'node:net'
import { expect } from 'chai'
import { describeError } from '../../../lib/errors.js'
import { buildProgram } from '../../../services/cli/program.js'

const SUMMARY = { serial: 7, members: 2, leaving: 1, for: null, error: null, findings: [] }
const CATALOGS = [
  { ...SUMMARY, name: 'cat.example.', direction: 'consumed', findings: ['1 of its members are zones of the config'] },
  {
    ...SUMMARY,
    name: 'bad.example.',
    direction: 'consumed',
    serial: null,
    members: 0,
    error: 'version.bad.example. TXT is missing',
  },
  { ...SUMMARY, name: 'nodes.example.', direction: 'published', for: 'A', leaving: 0 },
]
const MEMBER = {
  group: null,
  since: '2026-11-01T10:00:00.000Z',
  from: ['hm1', 'hm2'],
  catalog: 'cat.example.',
  leavingSince: null,
  leavesAt: null,
}
const PAGES: Record<string, object> = {
  '': {
    ...CATALOGS[0],
    count: 3,
    members: [
      { ...MEMBER, zone: 'a.example.', id: 'i1', group: 'gold' },
      { ...MEMBER, zone: 'b.example.', id: 'i2', leavingSince: '2026-11-02T10:00:00.000Z', leavesAt: '2026-11-09T10:00:00.000Z' },
    ],
    next: 'b.example.',
  },
  'b.example.': { ...CATALOGS[0], count: 3, members: [{ ...MEMBER, zone: 'c.example.', id: 'i3', catalog: null }], next: null },
}

describe('zonecast catalogs', () => {
  let server: Server
  before(async () => {
    server = createServer((req, res) => {
      const { pathname, searchParams } = new URL(req.url!, 'http://hub')
      const answer =
        pathname === '/v1/catalogs'
          ? { catalogs: CATALOGS }
          : pathname === '/v1/catalogs/cat.example.' || pathname === '/v1/catalogs/cat.example'
            ? PAGES[searchParams.get('after') ?? '']
            : undefined
      res.writeHead(answer === undefined ? 404 : 200, { 'content-type': 'application/json' })
      res.end(JSON.stringify(answer ?? { detail: 'other.example. is a zone, not a catalog' }))
    })
    await new Promise<void>((resolve) => {
      server.listen(0, '127.0.0.1', resolve)
    })
  })
  after(() => {
    server.close()
    server.closeAllConnections()
  })

  const run = async (...args: string[]): Promise<string> => {
    let text = ''
    const write = (words: string) => {
      text += words
    }
    const terminal = { isLive: false, hasColour: false, columns: 160, rows: 24, write, complain: write }
    const program = buildProgram({ terminal, parts: undefined as never, setExit: () => undefined })
    const url = `http://127.0.0.1:${(server.address() as AddressInfo).port}/`
    await program
      .parseAsync(['node', 'zonecast', 'catalogs', ...args, '--url', url])
      .catch((error: unknown) => write(describeError(error)))
    return text
  }
  /** The words of each line, without the blanks of the columns. */
  const rows = (text: string): string[] =>
    text
      .trimEnd()
      .split('\n')
      .map((line) => line.trim().split(/ {2,}/).join(' | '))

  it('lists each catalog with its members, and why newer ones do not count', async () => {
    expect(rows(await run())).to.deep.equal([
      'CATALOG | DIRECTION | SERIAL | MEMBERS | LEAVING | ERROR',
      'cat.example. | consumed | 7 | 2 | 1 | 1 of its members are zones of the config',
      'bad.example. | consumed | - | 0 | 1 | version.bad.example. TXT is missing',
      'nodes.example. | published | 7 | 2 | 0',
    ])
  })

  it('prints the answer of the hub as JSON', async () => {
    expect(JSON.parse(await run('--json'))).to.deep.equal(CATALOGS)
  })

  it('lists the members of one catalog, over all pages', async () => {
    expect(rows(await run('cat.example'))).to.deep.equal([
      'ZONE | GROUP | SINCE (UTC) | PRIMARIES | CATALOG',
      'a.example. | gold | 2026-11-01 10:00:00 | hm1, hm2 | cat.example.',
      'b.example. | 2026-11-01 10:00:00 | hm1, hm2 | cat.example. | leaves 2026-11-09 10:00:00',
      'c.example. | 2026-11-01 10:00:00 | hm1, hm2 | config',
    ])
  })

  it('prints the members of one catalog as JSON, over all pages', async () => {
    const members = JSON.parse(await run('cat.example', '--json')) as { zone: string; leavesAt: string | null }[]
    expect(members.map(({ zone, leavesAt }) => [zone, leavesAt])).to.deep.equal([
      ['a.example.', null],
      ['b.example.', '2026-11-09T10:00:00.000Z'],
      ['c.example.', null],
    ])
  })

  it('passes on why the hub has no such catalog', async () => {
    expect(await run('other.example')).to.match(/other\.example\. is a zone, not a catalog/)
  })

  it('names an argument too many, and an unknown option', async () => {
    expect(await run('cat.example', 'more')).to.match(/too many arguments/)
    expect(await run('--colour')).to.match(/unknown option '--colour'/)
  })
})
