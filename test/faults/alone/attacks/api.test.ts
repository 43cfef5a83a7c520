/**
 *   strangers, read-only tokens, readers that do not read ──▶ the API of a hub of 3,000 zones and 20 nodes
 *
 * Nodes are answered and orders are carried out meanwhile, and memory stays bounded.
 */
import { createHash } from 'node:crypto'
import { readFileSync, writeFileSync } from 'node:fs'
import { connect, type Socket } from 'node:net'
import { setTimeout as sleep } from 'node:timers/promises'
import { expect } from 'chai'
import { nameToWire } from '../../../../lib/dns/name.js'
import type { ZoneContents } from '../../../../lib/zone/zone-contents.js'
import { bombBase } from '../../../support/bombs.js'
import { eventually } from '../../../support/eventually.js'
import { floodHttp, type HttpFlood } from '../../../support/http-flood.js'
import { question, rawMessage } from '../../../support/raw-message.js'
import { scratchDirs } from '../../../support/scratch-dir.js'
import { rcodeReply, type ScriptedServer, startScripted, zonePrimary } from '../../../support/scripted-server.js'
import { contentsOfLines } from '../../../support/signer.js'
import { probeSoa } from '../../../support/soa-prober.js'
import { api, type HubPlace, type HubProcess, spawnHub, writeHubConfig } from '../../../support/test-hub.js'

const BIG = 'big.test.'
const ZONES = 3_000
const NODES = 20
const RECORDS = 60_000
const LONGEST_PAUSE_MS = 1_000
const FLOOD_MS = 1_500
/** Above the hub's memory at rest; one difference of the zone needed several hundred before it was streamed. */
const MEMORY_MB = 250
const REFUSED = 5

const TOKENS = { viewer: 'viewer-token', operator: 'operator-token', leaving: 'leaving-token' }
const bearer = (name: keyof typeof TOKENS): { authorization: string } => ({ authorization: `Bearer ${TOKENS[name]}` })

const hosts = (serial: number): string[] =>
  Array.from({ length: RECORDS }, (_, i) => `h${serial}x${i}.${BIG} 300 A 10.${serial}.${(i >> 8) & 255}.${i & 255}`)

describe('the API under attack', function () {
  this.timeout(90_000)
  const scratch = scratchDirs()
  let primary: ScriptedServer
  let place: HubPlace
  let hub: HubProcess
  let contents: ZoneContents
  let restingMb: number

  const memoryMb = (): number => Number(/^VmRSS:\s+(\d+)/m.exec(readFileSync(`/proc/${hub.child.pid}/status`, 'utf8'))![1]) / 1024
  const get = (path: string, headers: Record<string, string> = bearer('operator')): Promise<Response> =>
    fetch(hub.api + path, { headers })
  const order = (path: string): Promise<Response> =>
    fetch(`${hub.api}/v1/zones/${BIG}/${path}`, {
      method: 'POST',
      headers: { ...bearer('operator'), 'content-type': 'application/json' },
      body: '{"reason":"test"}',
    })
  const version = (serial: number) => contentsOfLines(BIG, [...bombBase(BIG, serial), ...hosts(serial)])
  const released = (serial: number) =>
    eventually(
      async () => {
        const zone = await api<{ serial: number; error: string }>({ ...hub, token: TOKENS.operator }, `/v1/zones/${BIG}`)
        expect(zone.serial, zone.error).to.equal(serial)
      },
      { timeoutMs: 40_000 },
    )

  /** Runs the attack, with orders in the middle of it; returns the counts by status. */
  const endure = async (begin: () => HttpFlood[], meanwhile: () => Promise<unknown> = async () => undefined) => {
    const prober = probeSoa(hub.transfer, rawMessage({ questions: [question(BIG, 'SOA')] }))
    const floods = begin()
    await sleep(FLOOD_MS / 2)
    for (const path of ['hold', 'release']) expect((await order(path)).status, path).to.equal(200)
    await meanwhile()
    await sleep(FLOOD_MS / 2)
    const peakMb = memoryMb()
    const statuses = await Promise.all(floods.map((flood) => flood.stop()))
    const { answers, lost, longestMs } = await prober.stop()
    expect(hub.child.exitCode).to.equal(null)
    expect(answers).to.be.greaterThan(10)
    expect(lost).to.equal(0)
    expect(longestMs, 'longest wait for an SOA').to.be.lessThan(LONGEST_PAUSE_MS)
    expect(peakMb - restingMb, 'memory used').to.be.lessThan(MEMORY_MB)
    return statuses
  }

  before(async () => {
    contents = version(1)
    const big = zonePrimary(() => contents)
    const wire = nameToWire(BIG)
    primary = await startScripted((asked) =>
      asked.message.question?.name.equals(wire) ? big(asked) : rcodeReply(REFUSED)(asked),
    )
    const sha256 = (token: string): string => createHash('sha256').update(token).digest('hex')
    const tokens = Object.entries(TOKENS).map(([name, token]) => ({
      name,
      role: name === 'operator' ? 'admin' : 'viewer',
      sha256: sha256(token),
    }))
    place = await writeHubConfig({
      folder: scratch(),
      primaries: { hm1: primary },
      nodes: Object.fromEntries(
        Array.from({ length: NODES }, (_, i) => [
          `n${i}`,
          { cloud: i < 10 ? 'A' : 'B', ip: '127.0.0.1', port: i === 0 ? 5354 : 5400 + i },
        ]),
      ),
      zones: [{ name: BIG }, ...Array.from({ length: ZONES }, (_, i) => ({ name: `z${i}.test.` }))],
      extra: {
        checks: { churn: { mode: 'off' }, growth: { mode: 'off' }, shrink: { mode: 'off' } },
        defaults: { refresh: { min: '1s', max: '1h' } },
      },
    })
    const config = JSON.parse(readFileSync(place.configFile, 'utf8'))
    config.api.tokens = tokens
    writeFileSync(place.configFile, JSON.stringify(config))
    hub = await spawnHub(place)
    await released(1)
    contents = version(2)
    await fetch(`${hub.api}/v1/zones/${BIG}/refresh`, { method: 'POST', headers: bearer('operator') })
    await released(2)
    restingMb = memoryMb()
  })
  after(async () => {
    await hub?.stop()
    await primary?.stop()
  })

  for (const path of ['/metrics', '/v1/status', '/v1/nodes', '/v1/zones', '/v1/matrix', '/v1/rollouts', '/v1/nodes/n1'])
    it(`endures one token that requests ${path} on four connections`, async () => {
      const [statuses] = await endure(() => [floodHttp(hub.api + path, { headers: bearer('viewer') })])
      expect(statuses).to.not.have.any.keys('500', '503')
    })

  it('endures a stranger that requests /readyz on eight connections, and sends it no name', async () => {
    await endure(() => [floodHttp(`${hub.api}/readyz`, { connections: 8 })])
    const text = await (await get('/readyz')).text()
    expect(text).to.include('zones have no released version').and.not.include('.test.')
  })

  for (const [what, path] of [
    ['differences', `/v1/zones/${BIG}/diff?from=1&to=2`],
    ['the text of a version', `/v1/zones/${BIG}/versions/1`],
  ] as const)
    for (const reads of [true, false])
      it(`endures one token that requests ${what} on twelve connections and ${reads ? 'reads' : 'does not read'}`, async () => {
        const flood = () => [floodHttp(hub.api + path, { headers: bearer('viewer'), connections: 12, reads })]
        const [statuses] = await endure(flood, async () => {
          // Another caller has a slot of its own.
          expect((await get(`/v1/zones/${BIG}/diff?from=1&to=1`)).status).to.equal(200)
        })
        expect(statuses!['429'], 'refused').to.be.greaterThan(0)
      })

  it('sends complete differences in order', async () => {
    const answer = (await (await get(`/v1/zones/${BIG}/diff?from=1&to=2`)).json()) as Record<'removed' | 'added', string[]>
    for (const side of ['removed', 'added'] as const) {
      const [soa, ...others] = answer[side]
      expect(soa).to.match(/ SOA /)
      expect(others).to.have.length(RECORDS)
      expect(others).to.deep.equal(others.toSorted())
    }
  })

  it('serves other callers beside strangers with bad tokens and a reader above its rate', async () => {
    const flood = (headers: Record<string, string>) => floodHttp(`${hub.api}/v1/zones/${BIG}`, { headers, connections: 8 })
    const [none, bad] = await endure(
      () => [flood({}), flood({ authorization: 'Bearer bad' }), flood(bearer('viewer'))],
      async () => {
        expect((await get('/v1/status')).status).to.equal(200)
        expect((await fetch(`${hub.api}/`)).status).to.equal(200)
      },
    )
    expect({ ...none, ...bad }).to.have.keys('401', '429')
    const refused = await eventually(async () => {
      const answer = await fetch(`${hub.api}/v1/status`, { headers: { authorization: 'Bearer bad' } })
      expect(answer.status).to.equal(429)
      return answer
    })
    expect(Number(refused.headers.get('retry-after'))).to.be.greaterThan(0)
  })

  it('endures half requests on 700 connections', async () => {
    const sockets: Socket[] = []
    try {
      await endure(
        () => {
          for (let i = 0; i < 700; i++) {
            const socket = connect({
              host: '127.0.0.1',
              port: Number(new URL(hub.api).port),
              localAddress: `127.0.3.${1 + (i % 200)}`,
            })
            socket.on('error', () => undefined).write('GET / HTTP/1.1\r\nX: ')
            sockets.push(socket)
          }
          return []
        },
        async () => {
          expect((await get('/v1/status')).status).to.equal(200)
        },
      )
      expect(sockets.filter(({ destroyed, readyState }) => !destroyed && readyState === 'open').length).to.be.lessThan(520)
    } finally {
      for (const socket of sockets) socket.destroy()
    }
  })

  it('allows eight event streams for one token, and ends them when it is revoked', async () => {
    const streams = await Promise.all(Array.from({ length: 12 }, () => get('/v1/events', bearer('leaving'))))
    const open = streams.filter(({ status }) => status === 200)
    expect(open).to.have.length(8)
    expect(streams.filter(({ status }) => status === 429)).to.have.length(4)
    const config = JSON.parse(readFileSync(place.configFile, 'utf8'))
    config.api.tokens = config.api.tokens.filter(({ name }: { name: string }) => name !== 'leaving')
    writeFileSync(place.configFile, JSON.stringify(config))
    expect((await fetch(`${hub.api}/v1/reload`, { method: 'POST', headers: bearer('operator') })).status).to.equal(200)
    for (const stream of open) await stream.text()
    expect((await get('/v1/status', bearer('leaving'))).status).to.equal(401)
  })

  for (const [what, text] of [
    ['lists', `{"reason":${'['.repeat(20_000)}${']'.repeat(20_000)}}`],
    ['objects', `${'{"reason":'.repeat(5_000)}1${'}'.repeat(5_000)}`],
  ] as const)
    for (const path of ['hold', 'approve', 'rollback', 'refresh'])
      it(`refuses ${what} in ${what} on ${path}`, async () => {
        const headers = { ...bearer('operator'), 'content-type': 'application/json' }
        const answer = await fetch(`${hub.api}/v1/zones/${BIG}/${path}`, { method: 'POST', headers, body: text })
        expect(answer.status).to.equal(400)
        expect(((await answer.json()) as { detail: string }).detail).to.include('nested deeper than 32 levels')
      })

  for (const path of ['hold', 'approve', 'rollback', 'refresh'])
    it(`refuses a reason whose length cannot be compared on ${path}`, async () => {
      const headers = { ...bearer('operator'), 'content-type': 'application/json' }
      const body = '{"reason":{"length":{"toString":1}}}'
      const answer = await fetch(`${hub.api}/v1/zones/${BIG}/${path}`, { method: 'POST', headers, body })
      expect(answer.status).to.equal(400)
    })

  it('has no unexpected error to report', async () => {
    expect(await (await get('/metrics')).text()).to.not.match(/^zonecast_unexpected_errors_total\{/m)
  })
})
