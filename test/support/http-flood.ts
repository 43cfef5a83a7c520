/** HTTP requests one after the other on some connections, in their own thread, until it is stopped. */
import { once } from 'node:events'
import { Worker } from 'node:worker_threads'

const PROGRAM = `
const { parentPort, workerData } = require('node:worker_threads')
const http = require('node:http')
const { url, headers, connections, reads } = workerData
const statuses = {}
let ends = false
const ask = (agent) => {
  if (ends) return
  const again = () => { if (!ends) setImmediate(ask, agent) }
  const req = http.get(url, { headers, agent }, (res) => {
    statuses[res.statusCode] = (statuses[res.statusCode] ?? 0) + 1
    if (reads || res.statusCode !== 200) res.resume().on('error', () => undefined).on('close', again)
  })
  req.on('error', () => { statuses.error = (statuses.error ?? 0) + 1; setTimeout(again, 10) })
}
for (let i = 0; i < connections; i++) ask(new http.Agent({ keepAlive: true, maxSockets: 1 }))
parentPort.on('message', () => { ends = true; parentPort.postMessage(statuses); process.exit() })
`

export interface HttpFlood {
  /** Answers by status. */
  stop(): Promise<Record<string, number>>
}

/** `reads` false: the body of a good answer is left unread. */
export function floodHttp(
  url: string,
  {
    headers = {},
    connections = 4,
    reads = true,
  }: { headers?: Record<string, string>; connections?: number; reads?: boolean } = {},
): HttpFlood {
  const worker = new Worker(PROGRAM, { eval: true, workerData: { url, headers, connections, reads } })
  return {
    stop: async () => {
      const result = once(worker, 'message')
      const gone = once(worker, 'exit')
      worker.postMessage('stop')
      const [statuses] = (await result) as [Record<string, number>]
      await gone
      return statuses
    },
  }
}
