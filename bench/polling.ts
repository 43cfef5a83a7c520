/**
 * SOA polling: measures how many zones one process can poll per second, with everything in a poll except the network. A primary
 * without a key is queried from a new port each time, which costs a socket.
 */
import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { fileURLToPath } from 'node:url'
import { findPort } from '../lab/ports.js'
import { nameToWire } from '../lib/dns/name.js'
import { systemClock } from '../lib/runtime/clock.js'
import { Querier } from '../lib/transport/querier.js'
import { soaManner, SoaQuerier } from '../lib/transport/soa-query.js'
import { TcpPool } from '../lib/transport/tcp-pool.js'
import { UdpAsker } from '../lib/transport/udp-asker.js'
import { KNOBS } from './knobs.js'
import { type Measured, measured } from './statistics.js'

/** Most open queries, as in the watcher. */
const WINDOW = 512
const QUESTIONS = 100_000

export async function measurePolling(): Promise<Measured[]> {
  const port = await findPort()
  const responder = spawn(
    process.execPath,
    ['--import', 'tsx', fileURLToPath(new URL('./soa-responder.ts', import.meta.url)), '127.0.0.1', String(port)],
    { stdio: ['pipe', 'pipe', 'inherit'] },
  )
  await once(responder.stdout, 'data')
  const udp = new UdpAsker(['127.0.0.1'])
  const tcp = new TcpPool(['127.0.0.1'], { perServer: 1, total: 1 })
  const querier = new SoaQuerier(new Querier(udp, tcp, systemClock))
  const address = { ip: '127.0.0.1', port }
  const apexes = Array.from({ length: 1000 }, (_, i) => nameToWire(`zone-${i}.example.`))
  const kinds = { shared: { rates: [] as number[], cpu: [] as number[] }, fresh: { rates: [] as number[], cpu: [] as number[] } }
  for (let round = 0; round < KNOBS.rounds + 1; round++)
    for (const kind of ['shared', 'fresh'] as const) {
      const server = { id: 'responder', address, key: undefined }
      const startedAt = performance.now()
      const before = process.cpuUsage()
      let next = 0
      await Promise.all(
        Array.from({ length: WINDOW }, async () => {
          while (next < QUESTIONS) await querier.ask(server, apexes[next++ % apexes.length]!, soaManner(kind))
        }),
      )
      const used = process.cpuUsage(before)
      if (round === 0) continue
      kinds[kind].rates.push(QUESTIONS / ((performance.now() - startedAt) / 1000) / 1000)
      kinds[kind].cpu.push(QUESTIONS / ((used.user + used.system) / 1e6) / 1000)
    }
  udp.close()
  tcp.close()
  responder.stdin.end()
  await once(responder, 'exit')
  return [
    measured('SOA polling, one process', 'zonecast', 'thousand zones/s', kinds.shared.rates),
    measured('SOA polling for each second of CPU', 'zonecast', 'thousand zones', kinds.shared.cpu),
    measured('SOA polling without a key, a port for each query', 'zonecast', 'thousand zones/s', kinds.fresh.rates),
    measured('SOA polling without a key, for each second of CPU', 'zonecast', 'thousand zones', kinds.fresh.cpu),
  ]
}
