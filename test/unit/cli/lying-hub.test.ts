/**
 *   a hub with control characters in every field ──▶ each command ──▶ a terminal, with colours and without
 *
 * The terminal gets no control characters except those of the CLI's own colours.
 */
import { createServer, type Server } from 'node:http'
import type { AddressInfo } from 'node:net'
import { expect } from 'chai'
import { describeError } from '../../../lib/errors.js'
import { buildProgram } from '../../../services/cli/program.js'
import { asciiOf, outputOf } from '../../../services/cli/terminal.js'

/** Title, a colour, C1, redrawing, line start and direction of writing. */
const LIE = '\u001b]0;owned\u0007\u001b[31mred\u009b32m\u001b[3A\u001b[J\r\u202e\u001b[0m'
/** The output without the CLI's own colours. */
const STEERS = /[^\P{Cc}\n\t]|[\u202a-\u202e\u2066-\u2069]/u

const ESC = String.fromCharCode(27)
const COLOURED = new RegExp(`${ESC}\\[(?:1|2|31|32|33)m([^${ESC}]*)${ESC}\\[0m`, 'g')
const REDRAWN = new RegExp(`${ESC}\\[\\d+A${ESC}\\[J`, 'g')

const zone = {
  name: LIE,
  serial: 1,
  records: 1,
  state: LIE,
  inSync: 0,
  total: 1,
  lagSeconds: 9,
  releasedAt: LIE,
  error: LIE,
  digest: LIE,
}
const pair = { serial: 1, state: LIE, since: LIE, observedAt: LIE, lagSeconds: 9, error: LIE }
const node = { id: LIE, cloud: LIE, site: LIE, address: LIE, drained: false, inSync: 0, total: 1, observedAt: LIE, lagSeconds: 9 }
const listed = {
  ...node,
  paths: [{ address: LIE, inUse: true, error: LIE }],
  states: { [LIE]: 1 },
  oldKeys: [{ key: LIE, usedAt: LIE }],
}
const capabilities = { ixfr: null, expire: null, catalog: null, xot: null, nsid: null, zoneversion: null }
const serverOf = { make: LIE, channel: LIE, version: LIE, zones: 1, identity: LIE, checkedAt: LIE, error: LIE, capabilities }
const job = { id: LIE, kind: LIE, state: 'failed', error: LIE, progress: null, createdAt: LIE, finishedAt: LIE }
const rollout = { id: LIE, zone: LIE, serial: 1, state: LIE, stage: LIE, reason: LIE }
const stage = { name: LIE, state: LIE, nodes: [{ node: LIE, confirmed: false, serial: 1, releasedAt: LIE }] }
const version = { serial: 1, digest: LIE, records: 1, from: LIE, verdict: LIE, seenAt: LIE, releasedAt: LIE, state: LIE }

const caller = { name: LIE, kind: 'token', role: 'viewer', person: LIE, scope: LIE, subnets: [LIE], state: 'valid' }

const ANSWERS: [RegExp, unknown][] = [
  [/tokens/, { callers: [{ ...caller, expires: LIE, usedAt: LIE, usedFrom: LIE }] }],
  [/diff/, { removed: [LIE], added: [LIE] }],
  [/drain/, { node: LIE, drained: true }],
  [/zones\/.*\/nodes\//, { ...pair, chain: [{ step: LIE, at: LIE, detail: LIE }], waitingFor: LIE }],
  [
    /rollouts\//,
    {
      ...rollout,
      since: LIE,
      approvals: { required: 2, given: [{ by: LIE, at: LIE, reason: LIE }] },
      stages: [stage],
      waitingFor: [LIE],
      checks: [{ check: LIE, verdict: LIE, report: LIE }],
      log: [{ at: LIE, what: LIE }],
    },
  ],
  [/rollouts/, { rollouts: [rollout], next: null }],
  [/(hold|release|approve|reject)$/, { zone: LIE, serial: 1, rollout: LIE, state: LIE, notes: [LIE] }],
  [/(refresh|resync)/, { job: LIE }],
  [/jobs\//, { ...job, progress: { total: 1, confirmed: 0, targets: [{ zone: LIE, node: LIE, step: 'failed', error: LIE }] } }],
  [/jobs/, { jobs: [job] }],
  [/zones\//, { ...zone, versions: [{ ...version, releasedTo: { [LIE]: LIE }, confirmed: { [LIE]: LIE } }] }],
  [/zones/, { zones: [zone], next: null }],
  [/matrix/, { zones: [{ ...zone, nodes: { [LIE]: pair } }], nodes: [{ id: LIE, cloud: LIE, site: LIE }], next: null }],
  [/nodes\//, { ...listed, server: serverOf, zones: { [LIE]: pair } }],
  [/nodes/, { nodes: [listed] }],
  [/status/, { hubs: [{ name: LIE, state: 'up', config: 'same', version: LIE, startedAt: LIE, seenAt: LIE }] }],
]

const COMMANDS = [
  'status',
  'status --format json',
  'status --format nagios',
  'status --format prom',
  'zones',
  'nodes',
  'nodes --json',
  'nodes n',
  'nodes n --json',
  'hubs',
  'jobs',
  'token',
  'rollouts',
  'rollouts x',
  'rollouts x --json',
  'history z',
  'history z --nodes',
  'why z n',
  'diff z 1 2',
  'diff z 1 2 --json',
  'hold z',
  'approve z 1 --reason r',
  'approve --all-halted --reason r',
  'status --all',
  'status --state stuck',
  'unhold z --reason r',
  'reload',
  'refresh z',
  'refresh z --wait',
  'resync z --wait',
  'drain n',
  'reject z 1 --reason r',
]

describe('a hub with control characters in every field', () => {
  let server: Server
  before(async () => {
    server = createServer((req, res) => {
      const answer = ANSWERS.find(([path]) => path.test(req.url!))?.[1]
      res.writeHead(answer === undefined ? 409 : 200, { 'content-type': 'application/json' })
      res.end(JSON.stringify(answer ?? { detail: LIE }))
    })
    await new Promise<void>((resolve) => {
      server.listen(0, '127.0.0.1', resolve)
    })
  })
  after(() => {
    server.close()
    server.closeAllConnections()
  })

  for (const hasColour of [false, true])
    for (const command of COMMANDS)
      it(`does not control the terminal of "${command}" ${hasColour ? 'with colours' : 'without colours'}`, async () => {
        let text = ''
        const shape = { isLive: hasColour, hasColour }
        const write = (words: string) => {
          text += outputOf(words, shape)
        }
        const terminal = { ...shape, write, complain: write, columns: 500, rows: 24 }
        const program = buildProgram({ terminal, parts: undefined as never, setExit: () => undefined })
        const url = `http://127.0.0.1:${(server.address() as AddressInfo).port}/`
        await program
          .parseAsync(['node', 'zonecast', ...command.split(' '), '--url', url])
          .catch((error: unknown) => write(describeError(error)))
        expect(text)
          .to.not.equal('')
          .and.not.match(/cannot read the answer/)
        // The CLI's colours come in pairs, a colour and its end: an accepted one from the hub leaves one over.
        const bare = text.replace(COLOURED, '$1').replace(REDRAWN, '')
        expect(bare).to.not.match(STEERS)
      })

  it('prints zone text as ASCII', () => {
    const lie = Buffer.concat([Buffer.from(`${LIE}\na 1 IN TXT "x"\n`), Buffer.from([0x9b, 0x7f, 0])])
    expect(Buffer.from(asciiOf(lie)).toString('latin1')).to.match(/^[ -~\n]*$/)
    expect(Buffer.from(asciiOf(Buffer.from('a\t1 IN A 1.2.3.4\n'))).toString()).to.equal('a\t1 IN A 1.2.3.4\n')
  })
})
