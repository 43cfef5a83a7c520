/**
 * The live page with the data of a hub that has many zones and nodes: the page's own files, and answers that are computed when they are
 * asked for. It has no zone, no Redis and no name server.
 */
import { createServer, type ServerResponse } from 'node:http'
import { readFileSync } from 'node:fs'
import { join, normalize } from 'node:path'
import type { State } from '../../lib/answers/fields.js'
import type { NodeZoneAnswer, ZoneSummaryAnswer } from '../../lib/answers/zone-answers.js'
import { SEVERITIES } from '../../services/api/zone-sum.js'

const FOLDER = 'services/api/dashboard'
const TYPES: Record<string, string> = { html: 'text/html', js: 'text/javascript', css: 'text/css', svg: 'image/svg+xml' }
const POLICY = "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self'; connect-src 'self'"

export interface SimulatedHub {
  url: string
  /** Milliseconds before each answer. */
  delayMs: number
  /** Sends an event to every reader. */
  report(name: string, data: object): void
  close(): Promise<void>
}

/** Two nodes do not answer, one is stuck on every hundredth zone, zone 42 is held, and n006 and n008 are a local cluster. */
export async function startSimulatedHub(zoneCount: number, nodeCount: number): Promise<SimulatedHub> {
  const nodes = Array.from({ length: nodeCount }, (_, i) => ({
    id: `n${String(i).padStart(3, '0')}`,
    cloud: i % 2 === 0 ? 'A' : 'B',
    cluster: i === 6 || i === 8 ? 'ams' : null,
    site: `S${String(i % 20).padStart(2, '0')}`,
  }))
  const names = Array.from({ length: zoneCount }, (_, i) => `zone${String(i).padStart(6, '0')}.example.`)
  const now = (): string => new Date().toISOString()
  const isSilent = (node: number): boolean => node === 3 || node === 4
  const isStuck = (zone: number, node: number): boolean => node === 7 && zone % 100 === 5
  const stateOf = (zone: number, node: number): State => (isSilent(node) ? 'unknown' : isStuck(zone, node) ? 'stuck' : 'in-sync')
  const severityOf = (zone: number): State =>
    nodeCount > 7 && isStuck(zone, 7) ? 'stuck' : zone === 42 ? 'held' : nodeCount > 3 ? 'unknown' : 'in-sync'
  const cellOf = (zone: number, node: number): NodeZoneAnswer => {
    const state = stateOf(zone, node)
    const lagSeconds = state === 'in-sync' ? 0 : 900
    const serial = state === 'in-sync' ? 2026112501 : 2026112500
    return {
      serial,
      state,
      since: now(),
      observedAt: now(),
      lagSeconds,
      error: state === 'stuck' ? 'SERVFAIL' : null,
      verified: null,
    }
  }
  const summaryOf = (zone: number): ZoneSummaryAnswer => ({
    name: names[zone]!,
    serial: 2026112501,
    digest: 'd'.repeat(32),
    records: 120,
    state: severityOf(zone) === 'held' ? 'unknown' : severityOf(zone),
    releasedAt: now(),
    lagSeconds: 900,
    inSync: nodeCount - 2,
    total: nodeCount,
    error: null,
    held: zone === 42 ? 'serial 2026112502 is held: shrink: 60 of 120 records are gone' : null,
  })
  const bySeverity = names
    .map((_, i) => i)
    .sort((a, b) => SEVERITIES.indexOf(severityOf(a)) - SEVERITIES.indexOf(severityOf(b)) || a - b)
  const matrix = (query: URLSearchParams): object => {
    const isSorted = query.get('sort') === 'severity'
    const match = query.get('match') ?? ''
    const states = query.get('state')?.split(',')
    const cloud = query.get('cloud')
    const shown = nodes.map((node, i) => ({ ...node, i })).filter((node) => cloud === null || node.cloud === cloud)
    const all = (isSorted ? bySeverity : names.map((_, i) => i)).filter(
      (i) => names[i]!.includes(match) && (states === undefined || states.includes(severityOf(i))),
    )
    const after = query.get('after')
    const cursor = (i: number): string => (isSorted ? `${severityOf(i)} ${names[i]!}` : names[i]!)
    const from = after === null ? 0 : all.findIndex((i) => cursor(i) === after) + 1
    const page = all.slice(from, from + Number(query.get('limit') ?? 1000))
    return {
      zones: page.map((zone) => ({
        ...summaryOf(zone),
        nodes: Object.fromEntries(shown.map(({ id, i }) => [id, cellOf(zone, i)])),
      })),
      next: from + page.length < all.length ? cursor(page.at(-1)!) : null,
      nodes: shown.map(({ i: _, ...node }) => node),
      primaries: [],
      pageLagSeconds: 300,
    }
  }
  const stuck = Math.ceil((zoneCount - 5) / 100)
  const nodeSums = nodes.map((node, i) => {
    const bad: Partial<Record<State, number>> = isSilent(i) ? { unknown: zoneCount } : i === 7 ? { stuck } : {}
    const inSync = isSilent(i) ? 0 : i === 7 ? zoneCount - stuck : zoneCount
    return {
      ...node,
      kind: 'nsd',
      identity: null,
      address: `192.0.2.${i}:53`,
      paths: [{ address: `192.0.2.${i}:53`, inUse: true, error: null, silentSince: null }],
      oldKeys: [],
      drained: false,
      drainedBy: null,
      drainReason: null,
      states: { ...bad, ...(inSync > 0 ? { 'in-sync': inSync } : {}) },
      lagSeconds: isSilent(i) || i === 7 ? 900 : 0,
      observedAt: now(),
      inSync,
      total: zoneCount,
    }
  })
  const answers: Record<string, (query: URLSearchParams) => object> = {
    '/v1/status': () => ({
      hub: 'east',
      version: '0.1.0',
      zones: zoneCount,
      nodes: nodeCount,
      states: { unknown: 2 * zoneCount, stuck, 'in-sync': (nodeCount - 2) * zoneCount - stuck },
      hubs: [{ name: 'east', state: 'up', config: 'same', version: '0.1.0', seenAt: now(), startedAt: now() }],
      redis: 'up',
      held: [names[42]],
      missing: [],
      primaries: [],
      now: now(),
      observationsHoldSeconds: 600,
      caller: { name: 'noc', role: 'operator', scope: null, expires: null },
    }),
    '/v1/session': () => ({ caller: { name: 'noc', role: 'operator', scope: null, expires: null }, csrf: null, endsAt: null }),
    '/v1/nodes': () => ({ nodes: nodeSums }),
    '/v1/matrix': matrix,
    '/v1/primaries': () => ({ primaries: [] }),
    '/v1/rollouts': () => ({ rollouts: [], next: null }),
    '/v1/probes': () => ({ probes: [] }),
    '/v1/vantages': () => ({ vantages: [] }),
    '/v1/catalogs': () => ({ catalogs: [] }),
  }
  const readers = new Set<ServerResponse>()
  const server = createServer((req, res) => {
    const { pathname, searchParams } = new URL(req.url ?? '/', 'http://hub')
    res.setHeader('content-security-policy', POLICY)
    if (pathname === '/v1/events') {
      res.writeHead(200, { 'content-type': 'text/event-stream' })
      res.write(': open\n\n')
      readers.add(res)
      res.on('close', () => readers.delete(res))
      return
    }
    const answer = answers[pathname]
    if (answer !== undefined) {
      const send = (): unknown =>
        res.writeHead(200, { 'content-type': 'application/json' }).end(JSON.stringify(answer(searchParams)))
      return hub.delayMs > 0 ? setTimeout(send, hub.delayMs) : send()
    }
    const file = normalize(pathname === '/' ? '/index.html' : pathname)
    try {
      const content = readFileSync(join(FOLDER, file))
      res.writeHead(200, { 'content-type': TYPES[file.split('.').at(-1)!] ?? 'text/plain' })
      res.end(content)
    } catch {
      res.writeHead(404).end()
    }
  })
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
  const { port } = server.address() as { port: number }
  const hub: SimulatedHub = {
    url: `http://127.0.0.1:${port}`,
    delayMs: 0,
    report: (name, data) => {
      for (const reader of readers) reader.write(`event: ${name}\ndata: ${JSON.stringify(data)}\n\n`)
    },
    close: async () => {
      server.closeAllConnections()
      await new Promise((resolve) => server.close(resolve))
    },
  }
  return hub
}
