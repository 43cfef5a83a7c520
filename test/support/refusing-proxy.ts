/** A server of a node whose control channel accepts half of the orders. */
import { createServer } from 'node:http'
import type { AddressInfo } from 'node:net'

async function bodyOf(req: AsyncIterable<Buffer>): Promise<Buffer[]> {
  const parts: Buffer[] = []
  for await (const part of req) parts.push(part)
  return parts
}

/** A proxy before the API of PowerDNS that refuses every second order to create or remove a zone. */
export async function startRefusingProxy(target: string): Promise<{ url: string; stop: () => Promise<void> }> {
  let orders = 0
  const server = createServer(async (req, res) => {
    const isOrder = (req.method === 'POST' && /zones$/.test(req.url!)) || req.method === 'DELETE'
    if (isOrder && orders++ % 2 === 1) {
      res.writeHead(500, { 'content-type': 'application/json' }).end('{"error":"backend is read-only"}')
      return
    }
    const body = req.method === 'GET' ? undefined : Buffer.concat(await bodyOf(req))
    const headers = { 'x-api-key': String(req.headers['x-api-key']), 'content-type': 'application/json' }
    const answer = await fetch(target + req.url, { method: req.method!, headers, ...(body?.length ? { body } : {}) })
    res.writeHead(answer.status, { 'content-type': 'application/json' }).end(await answer.text())
  })
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
  const { port } = server.address() as AddressInfo
  const stop = async (): Promise<void> => {
    server.closeAllConnections()
    await new Promise((resolve) => server.close(resolve))
  }
  return { url: `http://127.0.0.1:${port}`, stop }
}
