/** Queries a server for an SOA over UDP, one query after the other, in its own thread, so that the test's own work does not count. */
import { once } from 'node:events'
import { Worker } from 'node:worker_threads'

export interface Probed {
  answers: number
  lost: number
  longestMs: number
}

const PROGRAM = `
const { parentPort, workerData } = require('node:worker_threads')
const socket = require('node:dgram').createSocket('udp4')
const { ip, port, query, everyMs, lostMs } = workerData
const probed = { answers: 0, lost: 0, longestMs: 0 }
let sentAt = 0, timer
const ask = () => {
  sentAt = performance.now()
  timer = setTimeout(() => { probed.lost += 1; ask() }, lostMs)
  socket.send(query, port, ip)
}
socket.on('message', () => {
  clearTimeout(timer)
  probed.answers += 1
  probed.longestMs = Math.max(probed.longestMs, performance.now() - sentAt)
  timer = setTimeout(ask, everyMs)
})
parentPort.on('message', () => { parentPort.postMessage(probed); process.exit() })
ask()
`

export interface SoaProber {
  stop(): Promise<Probed>
}

export function probeSoa({ ip, port }: { ip: string; port: number }, query: Buffer): SoaProber {
  const worker = new Worker(PROGRAM, { eval: true, workerData: { ip, port, query, everyMs: 10, lostMs: 10_000 } })
  return {
    stop: async () => {
      const result = once(worker, 'message')
      const gone = once(worker, 'exit')
      worker.postMessage('stop')
      const [probed] = (await result) as [Probed]
      await gone
      return probed
    },
  }
}
