/**
 *   `zonecast start` with an obstacle
 *
 * It ends at once, with the exit status of the contract and a sentence with the fault and the fix; no process remains, and the
 * files on disk are unchanged.
 */
import { spawn } from 'node:child_process'
import { createSocket } from 'node:dgram'
import { mkdirSync, readdirSync, readFileSync, writeFileSync } from 'node:fs'
import { createServer } from 'node:net'
import { join } from 'node:path'
import { expect } from 'chai'
import { runCommand } from '../../../lab/run-command.js'
import { findPort } from '../../../lab/ports.js'
import { startRedis } from '../../../lab/redis.js'
import { needsPeers } from '../../support/peers.js'
import { PROGRAM, START } from '../../support/program.js'
import { scratchDirs } from '../../support/scratch-dir.js'
import { spawnHub, writeHubConfig } from '../../support/test-hub.js'

interface Ended {
  code: number | null
  out: string
  err: string
}

function start(configFile: string, words = START): Promise<Ended> {
  return new Promise((resolve) => {
    const child = spawn(process.execPath, [...PROGRAM, ...words, '-c', configFile], {
      stdio: ['ignore', 'pipe', 'pipe'],
    })
    const ended: Ended = { code: null, out: '', err: '' }
    child.stdout.on('data', (text) => {
      ended.out += text
    })
    child.stderr.on('data', (text) => {
      ended.err += text
    })
    child.on('close', (code) => resolve({ ...ended, code }))
  })
}

describe('a start that fails', function () {
  this.timeout(40_000)
  needsPeers('redis')
  const scratch = scratchDirs()

  async function configured(extra: Record<string, unknown> = {}, ports: { transfer?: number; api?: number } = {}) {
    const folder = scratch()
    const place = await writeHubConfig(
      {
        folder,
        primaries: { hm1: { ip: '127.0.0.1', port: 7 } },
        nodes: { ams1: { cloud: 'A', ip: '127.0.0.1', port: 9 } },
        zones: [{ name: 'example' }],
        extra,
      },
      ports,
    )
    return { folder, ...place }
  }

  /** Exit status 1, no `ready`, and one sentence without a stack. */
  function expectSentence({ code, out, err }: Ended, sentence: RegExp, status = 1): void {
    expect(err).to.match(sentence)
    expect([code, out]).to.deep.equal([status, ''])
    expect(err).to.not.match(/\n\s+at |undefined|\[object/)
    expect(
      err
        .trim()
        .split('\n')
        .filter((line) => !line.startsWith('{')).length,
      err,
    ).to.equal(1)
  }

  for (const proto of ['TCP', 'UDP'])
    it(`because the ${proto} port of the transfer server is in use names the port`, async () => {
      const port = await findPort()
      const busy = proto === 'TCP' ? createServer() : createSocket('udp4')
      await new Promise<void>((resolve) =>
        'listen' in busy ? busy.listen(port, '127.0.0.1', resolve) : busy.bind(port, '127.0.0.1', resolve),
      )
      const { configFile } = await configured({}, { transfer: port })
      expectSentence(
        await start(configFile),
        new RegExp(`cannot listen on ${proto} 127\\.0\\.0\\.1:${port}: another program listens there; change transfer\\.listen`),
      )
      await new Promise<void>((resolve) => busy.close(() => resolve()))
    })

  it('because the port of the API is in use names the port', async () => {
    const port = await findPort()
    const busy = createServer()
    await new Promise<void>((resolve) => busy.listen(port, '127.0.0.1', resolve))
    const { configFile } = await configured({}, { api: port })
    expectSentence(await start(configFile), new RegExp(`127\\.0\\.0\\.1:${port}.*api\\.listen`))
    await new Promise<void>((resolve) => busy.close(() => resolve()))
  })

  it('because this machine does not have the address names the address', async () => {
    const { configFile } = await configured({ transfer: { listen: ['192.0.2.99:5300'] } })
    expectSentence(await start(configFile), /192\.0\.2\.99:5300.*transfer\.listen/)
  })

  it('because it runs as root names the option, and leaves no files', async function () {
    if (process.getuid?.() !== 0) return this.skip()
    const { configFile, folder } = await configured({ transfer: { listen: ['0.0.0.0:5300'], source: ['127.0.0.1'] } })
    const refusal = /does not run as root .*\(0\.0\.0\.0:5300\): start it as a user of its own, or add --allow-root/
    expectSentence(await start(configFile, ['start']), refusal)
    expect(readdirSync(folder)).to.deep.equal(['zonecast.yaml'])
  })

  it('because Redis may evict keys names the setting', async () => {
    const redis = await startRedis()
    try {
      await runCommand('redis-cli', ['-u', redis.url, 'CONFIG', 'SET', 'maxmemory-policy', 'allkeys-lru'])
      const { configFile } = await configured({ redis: redis.url })
      expectSentence(await start(configFile), /redis has maxmemory-policy allkeys-lru and may drop jobs; set it to noeviction/)
    } finally {
      await redis.stop()
    }
  })

  it('because the data directory is in use names its user, which continues', async () => {
    const place = await configured()
    const first = await spawnHub(place)
    const other = await configured({ dataDir: join(place.folder, 'data') })
    expectSentence(await start(other.configFile), new RegExp(`is in use by process ${first.child.pid} on .*; stop it first`))
    expect((await fetch(`${first.api}/healthz`)).status).to.equal(200)
    expect(await first.stop()).to.equal(0)
  })

  it('because the data directory belongs to another hub names that hub', async () => {
    const place = await configured()
    const first = await spawnHub(place)
    await first.stop()
    const other = await configured({ hub: 'other', dataDir: join(place.folder, 'data') })
    expectSentence(await start(other.configFile), /belongs to hub "test", not to "other"; give each hub its own dataDir/)
  })

  it('because the data directory has a newer format leaves it unchanged', async () => {
    const { configFile, folder } = await configured()
    const data = join(folder, 'data')
    mkdirSync(data)
    writeFileSync(join(data, 'hub.json'), '{"format":99,"hub":"test"}')
    expectSentence(await start(configFile), /written by a newer zonecast \(format 99, this one reads up to \d+\); upgrade/)
    expect(readdirSync(data)).to.deep.equal(['hub.json'])
    expect(readFileSync(join(data, 'hub.json'), 'utf8')).to.equal('{"format":99,"hub":"test"}')
  })

  it('because Redis has the state of a newer zonecast reports that, and leaves it unchanged', async () => {
    const redis = await startRedis({ name: 'newer' })
    try {
      await redis.control('SET', 'zonecast:format', '99')
      const { configFile } = await configured({ redis: redis.url })
      expectSentence(await start(configFile), /written by a newer zonecast \(format 99, this one knows up to \d+\); upgrade/)
      expect((await redis.control('KEYS', 'zonecast:*')).trim()).to.equal('zonecast:format')
    } finally {
      await redis.stop()
    }
  })

  it('because the data directory is a file names the file', async () => {
    const { configFile, folder } = await configured()
    writeFileSync(join(folder, 'data'), '')
    expectSentence(await start(configFile), new RegExp(`${folder}/data`))
  })

  const CONFIGS: readonly (readonly [id: string, extra: Record<string, unknown>, sentence: RegExp])[] = [
    [
      'a missing key file',
      { keys: { k: { algorithm: 'hmac-sha256', secretFile: 'nowhere.key' } } },
      /nowhere\.key" cannot be read \(ENOENT\)/,
    ],
    ['a key file that is a folder', { keys: { k: { algorithm: 'hmac-sha256', secretFile: '.' } } }, /is not a file/],
    ['a public API without tokens', { api: { listen: '0.0.0.0:8053' } }, /token/],
    ['an undefined key', { primaries: { hm1: { address: '127.0.0.1:7', key: 'nope' } } }, /no key of that name/],
    ['a zone name of 300 octets', { zones: [{ name: `${'a'.repeat(59)}.`.repeat(5) }] }, /longer than 255 octets/],
  ]
  for (const [id, extra, sentence] of CONFIGS)
    it(`because of ${id} has status 2 and names the line`, async () => {
      const { configFile } = await configured(extra)
      const ended = await start(configFile)
      expectSentence(ended, sentence, 2)
      expect(ended.err).to.match(/zonecast\.yaml:\d+:\d+/)
    })
})
