/**
 *   an operator ──▶ zonecast ──▶ its audit log on disk ◀── zonecast audit, audit verify
 *
 * Each order of the API leaves its line, durable before it takes effect, with who, from where, what and why; so does each thing that
 * the hub does by itself. A line that is changed behind its back is found.
 */
import { execFile } from 'node:child_process'
import { createHash } from 'node:crypto'
import { readdirSync, readFileSync, statSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { promisify } from 'node:util'
import { expect } from 'chai'
import { awaitSerial } from '../../../lab/ask-serial.js'
import { makeKey } from '../../../lab/keys.js'
import { startKnot } from '../../../lab/knot.js'
import { findPort } from '../../../lab/ports.js'
import type { LabServer } from '../../../lab/server.js'
import { updateZone } from '../../../lab/update.js'
import { zoneText } from '../../../lab/zone-text.js'
import { ROUTES } from '../../../services/api/openapi.js'
import { eventually } from '../../support/eventually.js'
import { needsPeers } from '../../support/peers.js'
import { PROGRAM } from '../../support/program.js'
import { scratchDirs } from '../../support/scratch-dir.js'
import { type HubPlace, type HubProcess, spawnHub, writeHubConfig } from '../../support/test-hub.js'

const ZONE = 'audit.example.'
const TOKEN = 'token-of-the-night-shift-0123456789'
const SECRET = 'c2VjcmV0IHRoYXQgbm8gbGluZSBtYXkgaG9sZA=='
const execFileAsync = promisify(execFile)

interface Entry {
  at: string
  by: string
  from: string
  action: string
  target: Record<string, unknown>
  before: unknown
  after: unknown
  reason: string | null
  outcome: string
  error: string | null
  hash: string
}

describe('the audit log of a hub', function () {
  this.timeout(180_000)
  needsPeers('knot', 'redis')
  const scratch = scratchDirs()
  const key = makeKey('hm-key')
  let primary: LabServer
  let place: HubPlace
  let hub: HubProcess

  const ask = async (method: string, path: string, body?: object) => {
    const response = await fetch(`${place.api}${path}`, {
      method,
      headers: { authorization: `Bearer ${TOKEN}`, 'content-type': 'application/json' },
      ...(body === undefined ? {} : { body: JSON.stringify(body) }),
    })
    // biome-ignore lint/suspicious/noExplicitAny: what an answer holds is what is tested
    return { status: response.status, body: (await response.json()) as any }
  }
  const entries = async (query = ''): Promise<Entry[]> => (await ask('GET', `/v1/audit${query}`)).body.entries
  const folder = () => join(place.configFile, '../data/audit')
  const logFiles = () =>
    readdirSync(folder(), { recursive: true, encoding: 'utf8' })
      .filter((name) => name.endsWith('.jsonl'))
      .map((name) => join(folder(), name))
  const zonecast = async (...args: string[]): Promise<{ code: number; out: string; err: string }> => {
    const env = { ...process.env, ZONECAST_TOKEN: TOKEN }
    const program = [...PROGRAM, ...args, '-c', place.configFile]
    try {
      const { stdout, stderr } = await execFileAsync(process.execPath, program, { env, encoding: 'utf8' })
      return { code: 0, out: stdout, err: stderr }
    } catch (error) {
      const { code, stdout, stderr } = error as { code: number; stdout: string; stderr: string }
      return { code, out: stdout, err: stderr }
    }
  }
  const change = async (...lines: string[]): Promise<number> => {
    const before = await awaitSerial(primary, ZONE)
    await updateZone({ ip: primary.ip, port: primary.port, key }, ZONE, lines)
    return await awaitSerial(primary, ZONE, (serial) => serial !== before)
  }

  before(async () => {
    primary = await startKnot({
      name: 'hm1',
      port: await findPort(),
      zones: [{ name: ZONE, text: zoneText(ZONE, { records: 100, retrySeconds: 1 }) }],
      transferKey: key,
      updateKey: key,
    })
    const api = await findPort()
    place = await writeHubConfig(
      {
        folder: scratch(),
        primaries: { hm1: { ip: primary.ip, port: primary.port, key } },
        nodes: { ams1: { cloud: 'A', ip: '127.0.0.1', port: 9 } },
        zones: [{ name: ZONE }],
        extra: {
          hub: 'east',
          api: {
            listen: `127.0.0.1:${api}`,
            tokens: [{ name: 'night-shift', role: 'admin', sha256: createHash('sha256').update(TOKEN).digest('hex') }],
          },
          webhooks: { chat: { url: 'http://127.0.0.1:9/', secret: SECRET, allowLocal: true } },
        },
      },
      { api },
    )
    hub = await spawnHub(place)
    await eventually(async () => expect((await ask('GET', `/v1/zones/${ZONE}`)).body.serial).to.equal(1))
  })
  after(async () => {
    await hub?.stop()
    await primary?.stop()
  })

  it('has the start of the hub', async () => {
    await eventually(async () => {
      const start = (await entries()).find(({ action }) => action === 'start')
      expect(start).to.include({ by: 'zonecast', from: 'east', outcome: 'done' })
      expect(start!.target).to.deep.equal({ hub: 'east' })
    })
  })

  const REASONLESS = ['/v1/reload', '/v1/probes']
  // Sessions have tests of their own, and the reports of vantage points change nothing: they are no orders about zones and nodes.
  const NO_ORDERS = ['/v1/sign-in', '/v1/sign-out', '/v1/vantages/{vantage}/results']
  const MORE: Record<string, object> = { '/v1/zones/{zone}/rollback': { serial: 1 } }
  for (const { path } of ROUTES.filter(({ method, path: each }) => method === 'post' && !NO_ORDERS.includes(each)))
    it(`has a line of every order: ${path}`, async () => {
      const reason = `because of ${path}`
      const body = { ...MORE[path], ...(REASONLESS.includes(path) ? {} : { reason }) }
      const { status } = await ask('POST', path.replace('{zone}', ZONE.slice(0, -1)).replace('{node}', 'ams1'), body)
      expect(status).to.be.lessThan(500)
      // Refused before it is an order: the node has no control channel.
      if (path.endsWith('/provision')) return void expect(status).to.equal(422)
      const action = path.split('/').at(-1)
      await eventually(async () => {
        const entry = (await entries()).find((each) => each.action === action && (body.reason ?? null) === each.reason)
        expect(entry, `${action} ${status}`).to.include({ by: 'night-shift', from: '127.0.0.1' })
        expect(entry!.outcome).to.equal(status < 300 ? 'done' : 'failed')
        if (path.includes('{zone}')) expect(entry!.target.zone).to.equal(ZONE)
        if (path.includes('{node}')) expect(entry!.target.node).to.equal('ams1')
        expect(entry!.hash).to.match(/^[0-9a-f]{64}$/)
      })
    })

  it('has the state before and after an order', async () => {
    await ask('POST', '/v1/nodes/ams1/drain', { reason: 'new disks' })
    await eventually(async () => {
      const [entry] = await entries('?node=ams1')
      expect(entry).to.deep.include({ action: 'drain', reason: 'new disks', before: { drained: false } })
      expect(entry!.after).to.deep.include({ drained: true })
    })
    await ask('POST', '/v1/nodes/ams1/undrain')
  })

  it('has one line for a request that is repeated under its Idempotency-Key', async () => {
    const headers = { authorization: `Bearer ${TOKEN}`, 'content-type': 'application/json', 'idempotency-key': 'once' }
    const body = JSON.stringify({ reason: 'asked three times' })
    for (let i = 0; i < 3; i++) await fetch(`${place.api}/v1/zones/${ZONE}/hold`, { method: 'POST', headers, body })
    expect((await entries()).filter(({ reason }) => reason === 'asked three times')).to.have.length(1)
    await ask('POST', `/v1/zones/${ZONE}/release`, { reason: 'goes on' })
  })

  it('has a version that a check held', async () => {
    const serial = await change(...Array.from({ length: 70 }, (_, i) => `delete h${i}.${ZONE}`))
    await eventually(async () => {
      const entry = (await entries(`?zone=${ZONE}&by=zonecast`)).find(({ action }) => action === 'held-by-check')
      expect(entry?.target).to.include({ zone: ZONE, serial })
      expect(entry?.reason).to.match(/shrink/)
    })
  })

  it('has a reload by signal', async () => {
    hub.child.kill('SIGHUP')
    await eventually(async () =>
      expect((await entries('?by=signal'))[0]).to.include({ action: 'reload', from: 'SIGHUP', outcome: 'done' }),
    )
  })

  it('is read by the command, with its filters', async () => {
    const { out } = await zonecast('audit', '--by', 'night-shift', '--node', 'ams1', '--since', '1h')
    const [header, ...rows] = out.trim().split('\n')
    expect(header).to.match(/^AT \(UTC\) +BY +FROM +ACTION +TARGET +OUTCOME/)
    expect(rows.length).to.be.greaterThan(3)
    for (const row of rows) expect(row).to.match(/night-shift +127\.0\.0\.1 .*node=ams1/)
    expect((await zonecast('audit', '--since', 'yesterday')).err).to.match(/neither a time .* nor an age/)
    const json = JSON.parse((await zonecast('audit', '--json', '--limit', '3')).out)
    expect(json).to.have.length(3)
  })

  it('is closed to other users, and holds no secret', () => {
    for (const file of logFiles()) {
      expect(statSync(file).mode & 0o077, file).to.equal(0)
      const text = readFileSync(file, 'utf8')
      for (const secret of [TOKEN, SECRET, key.secret, createHash('sha256').update(TOKEN).digest('hex')])
        expect(text).to.not.include(secret)
    }
  })

  it('is proved unchanged by the command and by the API', async () => {
    const { code, out, err } = await zonecast('audit', 'verify')
    expect([code, err]).to.deep.equal([0, ''])
    expect(out).to.match(/^east-[0-9a-f]{8} \(own\): unchanged; \d+ lines, 1 to \d+/)
    const { body } = await ask('GET', '/v1/audit/verify')
    expect(body.ok).to.equal(true)
    expect((await zonecast('audit', 'verify', '--url', place.api)).code).to.equal(0)
    const text = await (await fetch(`${place.api}/metrics`, { headers: { authorization: `Bearer ${TOKEN}` } })).text()
    expect(Number(/^zonecast_audit_entries_total (\d+)/m.exec(text)?.[1])).to.be.greaterThan(10)
  })

  it('is refused to verify when a line was edited, also when every hash was made anew', async () => {
    const [file] = logFiles()
    const text = readFileSync(file!, 'utf8')
    writeFileSync(file!, text.replace('new disks', 'old disks'))
    const edited = await zonecast('audit', 'verify')
    expect(edited.code).to.equal(1)
    expect(edited.err).to.match(/east-[0-9a-f]{8}\/000000000001\.jsonl:\d+: edited: the text does not match its hash/)
    expect((await ask('GET', '/v1/audit/verify')).body.ok).to.equal(false)
    writeFileSync(file!, text)
    const [, chain, line, hash] = /([\w-]+):(\d+):([0-9a-f]{64})/.exec((await zonecast('audit', 'verify')).out)!
    expect((await zonecast('audit', 'verify', '--expect', `${chain}:${line}:${hash}`)).code).to.equal(0)
    expect((await zonecast('audit', 'verify', '--expect', `${chain}:${line}:${'0'.repeat(64)}`)).code).to.equal(1)
  })

  it('has the line of an order whose hub was killed, and states that its outcome is unknown', async () => {
    const body = JSON.stringify({ reason: 'before the end' })
    const headers = { authorization: `Bearer ${TOKEN}`, 'content-type': 'application/json' }
    const asked = fetch(`${place.api}/v1/reload`, { method: 'POST', headers, body: '{}' }).catch(() => undefined)
    const held = fetch(`${place.api}/v1/zones/${ZONE}/hold`, { method: 'POST', headers, body }).catch(() => undefined)
    await eventually(
      () =>
        expect(
          logFiles()
            .map((file) => readFileSync(file, 'utf8'))
            .join(''),
        ).to.include('before the end'),
      {
        everyMs: 1,
      },
    )
    await hub.kill()
    await Promise.all([asked, held])
    hub = await spawnHub(place)
    await eventually(async () => {
      const [entry] = (await entries()).filter(({ reason }) => reason === 'before the end')
      expect(entry?.outcome).to.be.oneOf(['unknown', 'done'])
    })
    expect((await zonecast('audit', 'verify')).code).to.equal(0)
  })
})
