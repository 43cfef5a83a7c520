/** AXFR out: the large zone to 1, 10 and 50 clients at once. The client counts records from message heads and reads none. */
import { connect } from 'node:net'
import { nameToWire } from '../lib/dns/name.js'
import { writeQuery } from '../lib/dns/message.js'
import { TYPE } from '../lib/dns/rrtype.js'
import { frame } from '../lib/dns/framing.js'
import { KNOBS } from './knobs.js'
import { type Place, Probe } from './probe.js'
import { type Measured, measured } from './statistics.js'
import { memoryMb, Source, startReceiver } from './transfers-in.js'

const ZONE = 'large.example.'

/** Resolves with the octets when `records` answers have come. */
function drain(server: Place, records: number): Promise<number> {
  return new Promise((resolve, reject) => {
    let octets = 0
    let seen = 0
    // Octets to skip, and what is left of a message's first eight octets.
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
    const socket = connect({
      host: server.ip,
      port: server.port,
      noDelay: true,
      onread: { buffer: Buffer.alloc(1 << 18), callback: onData },
    })
    socket.on('error', reject)
    socket.on('close', () => reject(new Error('closed early')))
    socket.write(frame(writeQuery({ id: 7, apex: nameToWire(ZONE), type: TYPE.AXFR, edns: false })))
  })
}

export async function measureTransfersOut(): Promise<Measured[]> {
  const who = ['Knot', 'NSD', 'BIND', 'zonecast']
  const source = await Source.start(KNOBS.records)
  await source.go(1)
  const rates = new Map<string, number[]>()
  const memory: Measured[] = []
  const probe = new Probe()
  try {
    for (const name of who) {
      const server = await startReceiver(name, ZONE, source.place)
      try {
        await probe.untilAllShow([server], ZONE, (serial) => serial === 1, 120_000)
        const peak: number[] = []
        for (const clients of KNOBS.clients)
          for (let round = 0; round < KNOBS.rounds + 1; round++) {
            const startedAt = performance.now()
            await Promise.all(Array.from({ length: clients }, () => drain(server, KNOBS.records + 1)))
            const seconds = (performance.now() - startedAt) / 1000
            peak.push(memoryMb(server.pids()))
            // The first one warms up: ready-made messages are made, pages are touched.
            if (round === 0) continue
            const key = `${clients} ${name}`
            rates.set(key, [...(rates.get(key) ?? []), (clients * KNOBS.records) / seconds / 1e6])
          }
        memory.push(measured(`memory after AXFR out to ${KNOBS.clients.at(-1)} clients`, name, 'MB', [Math.max(...peak)]))
      } finally {
        await server.stop()
      }
    }
  } finally {
    probe.close()
    await source.stop()
  }
  const rows = KNOBS.clients.flatMap((clients) =>
    who.map((name) =>
      measured(`AXFR out, ${clients} clients at once`, name, 'million records/s', rates.get(`${clients} ${name}`)!),
    ),
  )
  return [...rows, ...memory]
}
