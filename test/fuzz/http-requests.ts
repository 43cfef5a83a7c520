/** HTTP requests to the API as octets: sound ones with odd parts, and malformed ones. */
import { NODES, SERVICE_ADDRESS, TOKENS_PER_ROLE, tokenOf, ZONES } from './api-scene.js'
import { type Dice, mutate } from './mutate.js'
import { anyValue, mutateText, mutateValue, PROTO_NAMES } from './values.js'

const READS = [
  '/v1/status',
  '/v1/matrix',
  '/v1/nodes',
  '/v1/zones',
  '/v1/rollouts',
  '/v1/jobs',
  '/v1/vantages',
  '/v1/vantages/vantage1',
  '/v1/catchment',
  '/v1/whois/ams1?at=2026-11-30',
  '/metrics',
  '/readyz',
  '/healthz',
]
const FILES = ['/', '/main.js', '/openapi.json', '/style.css', '/favicon.ico']
const ORDERS = ['refresh', 'resync', 'hold', 'unhold', 'release', 'approve', 'reject', 'rollback']
const QUERY_NAMES = ['limit', 'after', 'zone', 'node', 'match', 'state', 'from', 'to', ...PROTO_NAMES]
const QUERY_VALUES = [
  '1',
  '-1',
  '1e9',
  '0x10',
  '1001',
  '1',
  '2',
  '2:00000000',
  'example.',
  'held',
  'in-sync,behind',
  '%',
  '%ff',
  '%00',
  '[]',
  'a%5B%5D=1',
]
const WORDS = [
  ...QUERY_VALUES,
  ...PROTO_NAMES,
  '%2e%2e',
  '//',
  '..',
  ';',
  '?',
  '#',
  '*',
  '\\',
  '%2f',
  'http://x/',
  '\x80',
  '{"a":',
]

/** Bodies that fit their schemas. */
const BODIES: readonly unknown[] = [
  {},
  { serial: 2, nodes: ['ams1'], clouds: ['A'], strength: 'notify', reason: 'a new disk' },
  { serial: 2, reason: 'compared', fast: true, digest: '0123456789abcdef', primary: 'hm1' },
  { serial: 1, reason: 'worse than before' },
  { zones: ['example.'], nodes: NODES, strength: 'retransfer' },
]
const VISIT = { transport: 'udp', instance: 'ams1', serial: 2, rttMs: 3.5, error: null }
/** Reports of vantage points that fit their schema. */
const REPORTS: readonly unknown[] = [
  { address: SERVICE_ADDRESS, results: ZONES.map((zone) => ({ zone, visits: [VISIT, { ...VISIT, transport: 'tcp' }] })) },
  {
    address: SERVICE_ADDRESS,
    results: [{ zone: 'example', visits: [{ ...VISIT, instance: null, serial: null, error: 'silent' }] }],
  },
  { address: '203.0.113.1', results: [{ zone: 'example', visits: [VISIT] }] },
  { address: SERVICE_ADDRESS, results: [] },
]
const TYPES = [
  'application/json',
  'application/json; charset=utf-8',
  'application/json; charset=utf-16',
  'application/json; charset=x',
]
const OTHER_TYPES = [
  'text/plain',
  'application/x-www-form-urlencoded',
  'multipart/form-data; boundary=a',
  '',
  ';',
  'application/jsonx',
  'a/b/c',
]
const HEADERS = [
  'Origin: http://evil.example',
  'Sec-Fetch-Site: cross-site',
  'X-Forwarded-For: 1.2.3.4',
  'Expect: 100-continue',
  'Upgrade: websocket',
]
const MORE_HEADERS = [
  'Content-Encoding: gzip',
  'Content-Encoding: x',
  'Range: bytes=0-1,5-',
  'If-None-Match: *',
  'Accept: \x80',
  'Cookie: a=b',
  'TE: x',
]

function pathOf(dice: Dice, isRead: boolean): string {
  const zone = encodeURIComponent(dice.roll(10) === 0 ? dice.pick(WORDS) : dice.pick(ZONES))
  const node = encodeURIComponent(dice.roll(10) === 0 ? dice.pick(WORDS) : dice.pick(NODES))
  const id = dice.pick(['refresh-1', 'resync-2', 'example-2-2', 'x', encodeURIComponent(dice.pick(WORDS))])
  const serial = dice.pick(['1', '2', '3', '4294967296', '-1', '1e1', '2:0'])
  const reads = [
    ...[dice.pick(READS), dice.pick(FILES), `/v1/zones/${zone}`, `/v1/nodes/${node}`, `/v1/zones/${zone}/nodes/${node}`],
    ...[`/v1/zones/example./versions/${serial}`, `/v1/zones/example./diff?from=1&to=${serial}`],
    ...[`/v1/jobs/${id}`, `/v1/rollouts/${id}`],
  ]
  const orders = [
    ...[`/v1/zones/${zone}/${dice.pick(ORDERS)}`, `/v1/zones/example./${dice.pick(ORDERS)}`],
    ...[`/v1/nodes/${node}/${dice.pick(['resync', 'drain', 'undrain'])}`, '/v1/resync', '/v1/reload'],
  ]
  const path = dice.pick(isRead ? reads : orders)
  const query = Array.from({ length: dice.roll(3) }, () => `${dice.pick(QUERY_NAMES)}=${dice.pick(QUERY_VALUES)}`).join('&')
  const whole = query === '' ? path : `${path}${path.includes('?') ? '&' : '?'}${query}`
  return dice.roll(10) === 0 ? mutateText(whole, dice, WORDS).replace(/[\s\0]/g, '') : whole
}

function bodyOf(dice: Dice, bodies: readonly unknown[] = BODIES): Buffer {
  const json = JSON.stringify(dice.roll(2) === 0 ? mutateValue(dice.pick(bodies), dice) : dice.pick(bodies)) ?? ''
  switch (dice.roll(10)) {
    case 0:
      return Buffer.from(mutateText(json, dice, WORDS))
    case 1:
      return mutate(Buffer.from(json), dice, [Buffer.from(json)])
    case 2:
      return Buffer.from(JSON.stringify(anyValue(dice, 5)) ?? '')
    case 3: {
      const [open, close] = dice.pick([
        ['[', ']'],
        ['{"a":', '}'],
        ['{"__proto__":', '}'],
      ] as const)
      const levels = dice.pick([10, 40, 1_000, 10_000, 30_000])
      return Buffer.from(`${open.repeat(levels)}1${close.repeat(levels)}`)
    }
    case 4:
      return Buffer.from(`{"serial":${dice.pick(['1e400', '-0', '99999999999999999999', '1.5', '0x1', '01'])},"serial":2}`)
    default:
      return Buffer.from(json)
  }
}

function headersOf(dice: Dice, body: Buffer, own?: string): string[] {
  const role = dice.pick(['vantage', 'viewer', 'operator', 'publisher', 'admin', 'admin', 'admin'] as const)
  const odd = ['', 'x', 'a'.repeat(2_000), '\x80', ...PROTO_NAMES]
  const token = dice.roll(8) === 0 ? dice.pick(odd) : (own ?? tokenOf(role, dice.next()))
  const headers = ['Host: 127.0.0.1', `Authorization: Bearer ${token}`]
  if (body.length > 0)
    headers.push(`Content-Type: ${dice.roll(8) === 0 ? dice.pick([...TYPES, ...OTHER_TYPES]) : 'application/json'}`)
  if (dice.roll(4) === 0)
    headers.push(`Idempotency-Key: ${dice.pick(['a', 'b', dice.next().toString(36), ' ', 'x'.repeat(300)])}`)
  for (let i = dice.pick([0, 0, 0, 1, 3]); i > 0; i--) headers.push(dice.pick([...HEADERS, ...MORE_HEADERS]))
  return headers
}

const joined = (start: string, headers: readonly string[], body: Buffer): Buffer =>
  Buffer.concat([Buffer.from(`${[start, ...headers].join('\r\n')}\r\n\r\n`, 'latin1'), body])

/** A request that a server can answer, whatever its content. */
export function soundRequest(dice: Dice): Buffer {
  const isRead = dice.roll(2) === 0
  // A vantage point reports under the name of its token.
  const vantage = dice.roll(6) === 0 ? dice.roll(TOKENS_PER_ROLE) : undefined
  const ownPath = vantage === undefined ? undefined : `/v1/vantages/vantage${vantage}/${isRead ? 'tasks' : 'results'}`
  const path = ownPath ?? pathOf(dice, isRead)
  const method = dice.roll(12) === 0 ? dice.pick(['PUT', 'DELETE', 'OPTIONS', 'HEAD', 'PATCH', 'QUERY']) : isRead ? 'GET' : 'POST'
  const body = isRead && dice.roll(8) > 0 ? Buffer.alloc(0) : bodyOf(dice, vantage === undefined ? BODIES : REPORTS)
  const headers = [...headersOf(dice, body, vantage === undefined ? undefined : tokenOf('vantage', vantage)), 'Connection: close']
  if (dice.roll(6) > 0 || body.length === 0)
    return joined(`${method} ${path} HTTP/1.1`, [...headers, `Content-Length: ${body.length}`], body)
  const chunk = 1 + dice.roll(body.length)
  const chunks: Buffer[] = []
  for (let o = 0; o < body.length; o += chunk) {
    const part = body.subarray(o, o + chunk)
    chunks.push(Buffer.from(`${part.length.toString(16)}\r\n`), part, Buffer.from('\r\n'))
  }
  return joined(
    `${method} ${path} HTTP/1.1`,
    [...headers, 'Transfer-Encoding: chunked'],
    Buffer.concat([...chunks, Buffer.from('0\r\n\r\n')]),
  )
}

/** Octets that resemble one or several requests: cut, mutated, with false lengths, with floods of headers. */
export function brokenRequest(dice: Dice): Buffer {
  const sound = soundRequest(dice)
  switch (dice.roll(7)) {
    case 0:
      return sound.subarray(0, dice.roll(sound.length))
    case 1:
      return mutate(sound, dice, [sound])
    case 2:
      return Buffer.from(
        sound
          .toString('latin1')
          .replace(
            /Content-Length: \d+/,
            () => `Content-Length: ${dice.pick(['-1', '5', '1e3', '99999999999', '0x5', '5, 6', ''])}`,
          ),
        'latin1',
      )
    case 3: {
      const flood = Array.from(
        { length: dice.pick([10, 100, 3_000]) },
        (_, i) => `${dice.pick(['X', 'Cookie', '__proto__'])}${dice.roll(2) * i}: ${'v'.repeat(dice.pick([1, 50, 9_000]))}`,
      )
      return joined('GET /v1/status HTTP/1.1', ['Host: x', ...flood.slice(0, 3_000)], Buffer.alloc(0)).subarray(0, 200_000)
    }
    case 4:
      return Buffer.concat(
        Array.from({ length: 2 + dice.roll(20) }, () =>
          Buffer.from(soundRequest(dice).toString('latin1').replace('Connection: close\r\n', ''), 'latin1'),
        ),
      )
    case 5:
      return Buffer.from(
        sound.toString('latin1').replace('HTTP/1.1', () => dice.pick(['HTTP/1.0', 'HTTP/2.0', 'HTTP/9.9', 'RTSP/1.0', ''])),
        'latin1',
      )
    default:
      return Buffer.from(
        sound.toString('latin1').replace(/\r\n/g, () => dice.pick(['\r\n', '\r\n', '\r\n', '\n', '\r', '\r\n '])),
        'latin1',
      )
  }
}
