/** Server-sent events (contract §3): what changes on the board, as it changes. A reader who falls behind is let go. */
import type { Request, Response } from 'express'
import { splitPair } from '../../lib/state/tables.js'
import type { Change } from '../../lib/state/board.js'
import type { ZoneName } from '../../lib/dns/name.js'
import type { ApiContext } from './context.js'
import { nodeZoneJson, zoneSummaryJson } from './json.js'

const KEEP_ALIVE_MS = 15_000
/** Unsent octets after which a reader is too slow. */
const MAX_BEHIND_OCTETS = 1 << 20
const MAX_READERS = 200

export class EventStreams {
  readonly #context: ApiContext
  readonly #readers = new Set<Response>()
  #number = 0
  readonly #unlisten: () => void
  readonly #timer: NodeJS.Timeout

  constructor(context: ApiContext) {
    this.#context = context
    this.#unlisten = context.board.onChange((change) => this.#onChange(change))
    this.#timer = setInterval(() => this.#send(': still here\n\n'), KEEP_ALIVE_MS)
    this.#timer.unref()
  }

  open(_req: Request, res: Response): void {
    if (this.#readers.size >= MAX_READERS) {
      res.status(503).end()
      return
    }
    res.writeHead(200, { 'content-type': 'text/event-stream', 'cache-control': 'no-store', 'x-accel-buffering': 'no' })
    res.write('retry: 2000\n\n')
    this.#readers.add(res)
    res.on('close', () => this.#readers.delete(res))
  }

  #onChange(change: Change): void {
    if (this.#readers.size === 0) return
    const { matrix } = this.#context
    if (change.table === 'zones') this.#zone(change.key as ZoneName)
    else if (change.table === 'nodes') {
      const [name, id] = splitPair(change.key)
      const zone = matrix.fleet.zones.get(name as ZoneName)
      const node = matrix.fleet.nodes.get(id)
      if (zone && node) this.#event('node', { zone: name, node: id, ...nodeZoneJson(matrix.nodeZone(zone, node)) })
    } else if (change.table === 'drains')
      for (const zone of matrix.fleet.zonesOf(change.key))
        this.#event('node', {
          zone: zone.name,
          node: change.key,
          ...nodeZoneJson(matrix.nodeZone(zone, matrix.fleet.nodes.get(change.key)!)),
        })
  }

  #zone(name: ZoneName): void {
    const zone = this.#context.matrix.fleet.zones.get(name)
    if (zone) this.#event('zone', zoneSummaryJson(this.#context.matrix.row(zone).summary))
  }

  #event(name: string, data: unknown): void {
    this.#number += 1
    this.#send(`id: ${this.#number}\nevent: ${name}\ndata: ${JSON.stringify(data)}\n\n`)
  }

  #send(text: string): void {
    for (const res of this.#readers) {
      if (res.writableLength > MAX_BEHIND_OCTETS) res.destroy()
      else res.write(text)
    }
  }

  close(): void {
    clearInterval(this.#timer)
    this.#unlisten()
    for (const res of this.#readers) res.end()
    this.#readers.clear()
  }
}
