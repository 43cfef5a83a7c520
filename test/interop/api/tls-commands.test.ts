/**
 *   zonecast ──TLS──▶ API of the hub
 *
 * Commands reach a hub with TLS, and trust no other.
 */
import { expect } from 'chai'
import { spawn } from 'node:child_process'
import { type LabCa, type LabCertificate, makeCa } from '../../../lab/certificates.js'
import { findPort } from '../../../lab/ports.js'
import { hashOfToken } from '../../../services/api/auth.js'
import { needsPeers } from '../../support/peers.js'
import { PROGRAM } from '../../support/program.js'
import { scratchDirs } from '../../support/scratch-dir.js'
import { type HubProcess, spawnHub, writeHubConfig } from '../../support/test-hub.js'

describe('a hub with TLS', function () {
  this.timeout(60_000)
  needsPeers('redis')
  const scratch = scratchDirs()
  let ca: LabCa
  let ann: LabCertificate
  let hub: HubProcess
  let port: number

  before(async () => {
    ca = await makeCa()
    const server = await ca.issue('localhost')
    ann = await ca.issue('ann.lab')
    port = await findPort()
    const tokens = [{ name: 'noc', role: 'operator', sha256: hashOfToken('noc-token').toString('hex') }]
    const place = await writeHubConfig(
      {
        folder: scratch(),
        primaries: { hm1: { ip: '127.0.0.1', port: await findPort() } },
        nodes: {},
        zones: [{ name: 'a.example' }, { name: 'b.example' }],
        extra: {
          api: {
            listen: `127.0.0.1:${port}`,
            tls: { cert: server.cert, key: server.key, clientCa: ca.file },
            tokens,
            clients: [{ name: 'ann', role: 'publisher', certificate: 'ann.lab', zones: ['a.example'] }],
          },
        },
      },
      { api: port },
    )
    hub = await spawnHub(place)
  })
  after(() => hub?.stop())

  /** Exit status and output of the program. */
  const zonecast = (args: readonly string[], env: Record<string, string> = {}): Promise<{ code: number | null; said: string }> =>
    new Promise((resolve) => {
      const child = spawn(process.execPath, [...PROGRAM, ...args], { env: { ...process.env, ...env } })
      let said = ''
      for (const stream of [child.stdout, child.stderr])
        stream.setEncoding('utf8').on('data', (text: string) => {
          said += text
        })
      child.on('close', (code) => resolve({ code, said }))
    })

  it('is reached by the command line: by CA, by client certificate, and by the config alone', async () => {
    const url = ['--url', `https://localhost:${port}`]
    const own = await zonecast(['zones', ...url, '--ca', ca.file], { ZONECAST_TOKEN: 'noc-token' })
    expect(own.code, own.said).to.equal(0)
    expect(own.said).to.include('b.example.')
    const scoped = await zonecast(['zones', ...url, '--ca', ca.file, '--cert', ann.cert, '--key', ann.key])
    expect(scoped.said).to.include('a.example.').and.not.include('b.example.')
    const byConfig = await zonecast(['zones', '-c', hub.configFile], { ZONECAST_TOKEN: 'noc-token' })
    expect(byConfig.code, byConfig.said).to.equal(0)
    const byVariables = await zonecast(['zones'], {
      ...{ ZONECAST_URL: `https://localhost:${port}`, ZONECAST_CA: ca.file },
      ...{ ZONECAST_CERT: ann.cert, ZONECAST_KEY: ann.key },
    })
    expect(byVariables.said).to.include('a.example.')
  })

  const fails = (what: string, args: () => Promise<string[]>, said: RegExp): void => {
    it(`is not trusted by the command line ${what}`, async () => {
      const answer = await zonecast(['zones', ...(await args())], { ZONECAST_TOKEN: 'noc-token' })
      expect(answer.code).to.equal(1)
      expect(answer.said).to.match(said)
      expect(answer.said.trim().split('\n')).to.have.length(1)
    })
  }
  fails('without its CA', async () => ['--url', `https://localhost:${port}`], /its CA is unknown here: name it with --ca/)
  fails(
    'under another name',
    async () => ['--url', `https://127.0.0.1:${port}`, '--ca', ca.file],
    /its certificate is for another name/,
  )
  fails(
    'with another CA',
    async () => ['--url', `https://localhost:${port}`, '--ca', (await makeCa('another ca')).file],
    /its CA is unknown here/,
  )
  fails('with http:// in the URL', async () => ['--url', `http://localhost:${port}`], /if it has api\.tls, write https:\/\//)
})
