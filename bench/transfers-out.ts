/**
 * AXFR out: the large zone to 1, 10 and 50 clients at once, without TSIG and with it on every message. The client counts records
 * from message heads; it parses and verifies none, so that the measurement is about the server.
 */
import { connect } from 'node:net'
import { connect as connectTls } from 'node:tls'
import { checkProgram } from '../lab/available.js'
import { makeKey } from '../lab/keys.js'
import type { LabKey } from '../lab/server.js'
import { frame } from '../lib/dns/framing.js'
import { writeQuery } from '../lib/dns/message.js'
import { nameToWire } from '../lib/dns/name.js'
import { TYPE } from '../lib/dns/rrtype.js'
import { signRequest } from '../lib/dns/tsig.js'
import { TsigKey } from '../lib/dns/tsig-record.js'
import { isAtLeast } from '../lib/render/server-version.js'
import { KNOBS } from './knobs.js'
import { memoryMb } from './processes.js'
import { type Place, Probe } from './probe.js'
import { type Measured, measured } from './statistics.js'
import { type BenchTls, makeTls } from './tls.js'
import { type Receiver, Source, startReceiver } from './transfers-in.js'

const ZONE = 'large.example.'

/** Resolves with the octets when `records` answers have arrived. */
export function drain(server: Place, records: number, request: Buffer, isSecure = false): Promise<number> {
  return new Promise((resolve, reject) => {
    let octets = 0
    let seen = 0
    // Octets to skip, and the rest of a message's first eight octets.
    let skip = 0
    const head = Buffer.alloc(10)
    let have = 0
    const onData = (length: number, chunk: Uint8Array): boolean => {
      octets += length
      let o = 0
      while (o < length) {
        if (skip > 0) {
          const n = Math.min(skip, length - o)
          skip -= n
          o += n
          continue
        }
        while (have < 10 && o < length) head[have++] = chunk[o++]!
        if (have < 10) break
        have = 0
        seen += head.readUInt16BE(8)
        skip = head.readUInt16BE(0) - 8
      }
      if (seen >= records && skip === 0) {
        socket.destroy()
        resolve(octets)
      }
      return true
    }
    const options = {
      host: server.ip,
      port: server.port,
      noDelay: true,
      onread: { buffer: Buffer.alloc(1 << 18), callback: onData },
    }
    // The measurement is about the server: certificates are not verified.
    const socket = isSecure
      ? connectTls({ ...options, ALPNProtocols: ['dot'], minVersion: 'TLSv1.3', rejectUnauthorized: false })
      : connect(options)
    socket.on('error', reject)
    socket.on('close', () => reject(new Error('closed early')))
    socket.write(frame(request))
  })
}

/** Unsigned when there is no key. */
export function axfrRequest(key: LabKey | undefined): Buffer {
  const query = writeQuery({ id: 7, apex: nameToWire(ZONE), type: TYPE.AXFR, edns: false })
  if (!key) return query
  const tsig = new TsigKey(key.name, key.algorithm, Buffer.from(key.secret, 'base64'))
  return signRequest(tsig, query, Math.floor(Date.now() / 1000)).message
}

export function measureTransfersOut(): Promise<Measured[]> {
  return measureLoads([{}, { key: makeKey('bench-key', 'hmac-sha256') }])
}

/** Servers without TLS do not take part: Knot has it from 3.5 on. */
export async function measureTransfersOutOverTls(): Promise<Measured[]> {
  return await measureLoads([{ tls: await makeTls() }])
}

async function measureLoads(ways: readonly Pick<Load, 'key' | 'tls'>[]): Promise<Measured[]> {
  const rows: Measured[] = []
  for (const { records, clients } of KNOBS.clients) {
    const source = await Source.start(records)
    try {
      await source.go(1)
      for (const way of ways) rows.push(...(await measureOut(source, { records, clients, ...way })))
    } finally {
      await source.stop()
    }
  }
  return rows
}

interface Load {
  records: number
  clients: readonly number[]
  key?: LabKey | undefined
  tls?: BenchTls | undefined
}

async function measureOut(source: Source, load: Load): Promise<Measured[]> {
  const rates = new Map<string, number[]>()
  const memory: Measured[] = []
  const label = `AXFR out${load.tls ? ' over TLS' : ''}${load.key ? ` signed with ${load.key.algorithm}` : ''}, ${load.records.toLocaleString('en')} records`
  const who = receiversFor(load)
  for (const receiver of who) {
    const server = await startReceiver(receiver, ZONE, source.place, { key: load.key, tls: load.tls })
    const probe = new Probe()
    try {
      await probe.untilAllShow([server], ZONE, (serial) => serial === 1, 120_000)
      const peak: number[] = []
      for (const clients of load.clients) {
        rates.set(`${clients} ${receiver}`, await ratesOf(server, clients, load))
        peak.push(memoryMb(server.pids()))
      }
      memory.push(measured(`memory after ${label}, ${load.clients.at(-1)} clients`, receiver, 'MB', [Math.max(...peak)]))
    } finally {
      probe.close()
      await server.stop()
    }
  }
  const rows = load.clients.flatMap((clients) =>
    who.map((each) => measured(`${label}, ${clients} at once`, each, 'million records/s', rates.get(`${clients} ${each}`)!)),
  )
  return [...rows, ...memory]
}

const receiversFor = ({ tls }: Load): string[] =>
  KNOBS.receivers.filter((who) => tls === undefined || who !== 'Knot' || isAtLeast(checkProgram('knot').version ?? '0', '3.5'))

/**
 * Millions of records per second, over all clients. The first round warms up: ready-made messages are made, pages are touched.
 */
async function ratesOf(server: Receiver, clients: number, { records, key, tls }: Load): Promise<number[]> {
  const rates: number[] = []
  for (let round = 0; round < KNOBS.rounds + 1; round++) {
    const request = axfrRequest(key)
    const startedAt = performance.now()
    await Promise.all(
      Array.from({ length: clients }, () =>
        drain(tls === undefined ? server : server.secure!, records + 1, request, tls !== undefined),
      ),
    )
    if (round > 0) rates.push((clients * records) / ((performance.now() - startedAt) / 1000) / 1e6)
  }
  return rates
}
