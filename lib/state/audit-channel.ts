/**
 * The lines of audit chains in Redis, from the process that writes a chain to other hubs and machines. All values are sealed: a
 * client with access to Redis alone can make no line, and no proof of one.
 *
 *   zonecast:audit:line:CHAIN   stream: the newest lines, the number of a line is its id
 *   zonecast:audit:chains       hash: chain → its last line     zonecast:audit:copies   hash: `HUB CHAIN` → last line of the copy
 */
import type { Redis } from 'ioredis'
import { z } from 'zod'
import { fitting } from '../runtime/fitting.js'
import { parseJson } from './cell-door.js'
import { cellsIn } from './cells-in.js'
import type { Seals } from './seals.js'

export interface ChainHead {
  chain: string
  n: number
  hash: string
  /** Time of the last line, milliseconds since 1970. */
  at: number
}

/** A head, and the hub that reported it. */
export type ReportedHead = ChainHead & { by: string }

const CHAINS = 'zonecast:audit:chains'
const COPIES = 'zonecast:audit:copies'
const streamOf = (chain: string): string => `zonecast:audit:line:${chain}`
/** Lines that Redis keeps of a chain: a hub that was away for longer has a gap in its copy. */
const MOST_LINES = 10_000
const KEEP_SECONDS = 30 * 86_400
/** More chains than any installation has: further ones are fabricated. */
const MOST_CHAINS = 512

const SEAL = z.object({
  by: z.string().max(100),
  own: z.string().max(100),
  mac: z.string().max(200).optional(),
  text: z.string(),
})
const HEAD = z.object({
  chain: z.string().max(100),
  n: z.int().min(1),
  hash: z.string().regex(/^[0-9a-f]{64}$/),
  at: z.number().min(0).max(8e15),
})

export class AuditChannel {
  readonly #redis: Redis
  readonly #seals: Seals

  constructor(redis: Redis, seals: Seals) {
    this.#redis = redis
    this.#seals = seals
  }

  get isReady(): boolean {
    return this.#redis.status === 'ready'
  }

  /** Number of the newest line in Redis; 0 without one. All methods reject with the error of Redis. */
  async lastOf(chain: string): Promise<number> {
    const [newest] = await this.#redis.xrevrange(streamOf(chain), '+', '-', 'COUNT', 1)
    return newest === undefined ? 0 : Number(newest[0].split('-')[0])
  }

  async send(chain: string, lines: readonly { n: number; octets: Buffer }[], head: ChainHead): Promise<void> {
    const key = streamOf(chain)
    const batch = this.#redis.pipeline()
    for (const { n, octets } of lines)
      batch.xadd(key, 'MAXLEN', '~', MOST_LINES, `${n}-0`, 'line', this.#sealed(place(chain, n), octets.toString('utf8')))
    batch.expire(key, KEEP_SECONDS)
    batch.hset(CHAINS, chain, this.#sealed(`chain ${chain}`, JSON.stringify(head)))
    for (const [error] of (await batch.exec()) ?? []) if (error !== null) throw error
  }

  /** Lines behind a number, oldest first; those that no hub of this installation sealed are left out. */
  async linesAfter(chain: string, after: number, most: number): Promise<{ n: number; octets: Buffer }[]> {
    const rows = await this.#redis.xrange(streamOf(chain), `${after + 1}-0`, '+', 'COUNT', most)
    return rows.flatMap(([id, fields]) => {
      const n = Number(id.split('-')[0])
      const opened = this.#opened(place(chain, n), fields[1] ?? '')
      return opened === undefined ? [] : [{ n, octets: Buffer.from(opened.text) }]
    })
  }

  chains(): Promise<ReportedHead[]> {
    return this.#headsIn(CHAINS, (head) => [`chain ${head.chain}`, head.chain])
  }

  /** Reports how far this hub has copied a chain. */
  async acknowledge(hub: string, head: ChainHead): Promise<void> {
    await this.#redis.hset(COPIES, `${hub} ${head.chain}`, this.#sealed(`copy ${head.chain}`, JSON.stringify(head)))
  }

  copies(): Promise<ReportedHead[]> {
    return this.#headsIn(COPIES, (head, by) => [`copy ${head.chain}`, `${by} ${head.chain}`])
  }

  async #headsIn(
    hash: string,
    expected: (head: ChainHead, by: string) => [place: string, field: string],
  ): Promise<ReportedHead[]> {
    const heads: ReportedHead[] = []
    for await (const [field, json] of cellsIn(this.#redis, hash)) {
      const sealed = fitting(SEAL, parseJson(json)) as z.infer<typeof SEAL> | undefined
      const head = sealed && (fitting(HEAD, parseJson(sealed.text)) as ChainHead | undefined)
      if (sealed === undefined || head === undefined) continue
      const [where, name] = expected(head, sealed.by)
      if (name === field && this.#opened(where, json) !== undefined) heads.push({ ...head, by: sealed.by })
      if (heads.length >= MOST_CHAINS) break
    }
    return heads
  }

  #sealed(where: string, text: string): string {
    return JSON.stringify({ ...this.#seals.sealShared(`${where}\n${text}`), text })
  }

  #opened(where: string, json: string): { text: string; by: string } | undefined {
    const sealed = fitting(SEAL, parseJson(json)) as z.infer<typeof SEAL> | undefined
    return sealed !== undefined && this.#seals.isSharedSeal(`${where}\n${sealed.text}`, sealed) ? sealed : undefined
  }
}

const place = (chain: string, n: number): string => `line ${chain} ${n}`
