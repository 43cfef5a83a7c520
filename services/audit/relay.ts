/**
 * Carries audit chains between hubs through Redis: sends the lines of this process, and copies those of other hubs and machines to
 * disk. Each hub reads all; the copies survive the loss of a hub, and of Redis.
 */
import { join } from 'node:path'
import type { ChainAnchor } from '../../lib/audit/check-folder.js'
import { Copies, OtherChain } from '../../lib/audit/copies.js'
import { chainsIn, copiesFolder, isChainName } from '../../lib/audit/folders.js'
import { ChainFollower, type RawLine } from '../../lib/audit/forward.js'
import { readLine } from '../../lib/audit/line.js'
import type { AuditTrail } from '../../lib/audit/trail.js'
import { describeError } from '../../lib/errors.js'
import { guard } from '../../lib/runtime/guard.js'
import type { Logger } from '../../lib/runtime/logger.js'
import type { AuditChannel, ReportedHead } from '../../lib/state/audit-channel.js'
import { FileLock } from '../../lib/store/file-lock.js'

export interface RelayParts {
  hub: string
  trail: AuditTrail
  channel: AuditChannel
  log: Logger
}

const TICK_MS = 1_000
const STOP_MS = 2_000
const LINES_PER_STEP = 200
/** Steps of one tick: a chain with a long backlog does not keep the others waiting. */
const STEPS = 20

export class AuditRelay {
  readonly #parts: RelayParts
  readonly #copies: Copies
  readonly #lock: FileLock
  #follower: ChainFollower | undefined
  #isCopier = false
  #timer: NodeJS.Timeout | undefined
  #running: Promise<void> = Promise.resolve()
  /** Chains with lines that do not continue their copy; logged once. */
  readonly #refused = new Set<string>()
  #isStopped = false

  constructor(parts: RelayParts) {
    this.#parts = parts
    this.#copies = new Copies(parts.trail.folder)
    this.#lock = new FileLock(join(parts.trail.folder, 'copies.lock'))
  }

  start(): void {
    this.#timer = setInterval(
      guard('audit relay', () => this.#tick()),
      TICK_MS,
    ).unref()
  }

  /** One round at a time. */
  #tick(): Promise<void> {
    this.#running = this.#running.then(() => this.#round())
    return this.#running
  }

  async #round(): Promise<void> {
    const { channel, log } = this.#parts
    if (this.#isStopped || !channel.isReady) return
    try {
      await this.#send()
      await this.#copy()
    } catch (error) {
      // The next round continues where this one ended.
      this.#follower = undefined
      log.debug({ op: 'audit', err: describeError(error) }, 'audit lines not exchanged; retrying')
    }
  }

  async #send(): Promise<void> {
    const { channel, trail } = this.#parts
    const { chain, end } = trail
    if (chain === undefined || end === undefined) return
    this.#follower ??= new ChainFollower(trail.folder, chain, await channel.lastOf(chain))
    for (let step = 0; step < STEPS && this.#follower.last < end.n; step++) {
      const lines = await this.#follower.next(LINES_PER_STEP)
      const last = lines.at(-1)
      if (last === undefined) return
      await channel.send(chain, lines, { chain, n: last.n, hash: last.hash, at: last.at })
    }
    // Redis was emptied: everything that it keeps is sent again.
    if ((await channel.lastOf(chain)) < this.#follower.last) this.#follower = undefined
  }

  async #copy(): Promise<void> {
    if (!this.#mayCopy()) return
    const { channel, trail } = this.#parts
    const own = await chainsIn(trail.folder)
    for (const head of await channel.chains())
      if (isChainName(head.chain) && !own.includes(head.chain) && !this.#refused.has(head.chain)) await this.#copyChain(head)
  }

  #mayCopy(): boolean {
    try {
      this.#isCopier = this.#isCopier ? this.#lock.renew() : this.#lock.take()
    } catch {
      // No process has begun the folder yet, or this one may not write there.
      this.#isCopier = false
    }
    return this.#isCopier
  }

  async #copyChain({ chain, n, hash, at }: ReportedHead): Promise<void> {
    const { hub, channel, log } = this.#parts
    let have = await this.#copies.head(chain)
    if (have.n === n && have.hash !== hash) return this.#refuse(chain, `line ${n} differs from its copy`)
    try {
      for (let step = 0; step < STEPS && have.n < n; step++) {
        const lines = (await channel.linesAfter(chain, have.n, LINES_PER_STEP)).flatMap(rawOf)
        if (lines.length === 0) return
        for (const run of runsOf(lines)) have = await this.#copies.append(chain, run)
        await channel.acknowledge(hub, { chain, ...have, at })
      }
    } catch (error) {
      if (error instanceof OtherChain) return this.#refuse(chain, error.message)
      log.warn({ op: 'audit', chain, err: describeError(error) }, 'audit copy not written; retrying')
    }
  }

  #refuse(chain: string, reason: string): void {
    this.#refused.add(chain)
    this.#parts.log.error({ op: 'audit', chain, reason }, 'audit chain of another hub does not continue its copy')
    this.#parts.trail.note({ action: 'audit-copy-refused', target: { chain }, reason })
  }

  /** The lines that Redis and other hubs know; none without Redis. */
  async anchors(): Promise<ChainAnchor[]> {
    const { hub, channel, trail } = this.#parts
    if (!channel.isReady) return []
    try {
      const chains = (await channel.chains()).map(({ chain, n, hash }) => ({ chain, n, hash, where: 'redis' }))
      const copies = (await channel.copies())
        .filter(({ by }) => by !== hub)
        .map(({ by, chain, n, hash }) => ({ chain, n, hash, where: `the copy of ${by}` }))
      const known = new Set([...(await chainsIn(trail.folder)), ...(await chainsIn(copiesFolder(trail.folder)))])
      return [...chains, ...copies].filter(({ chain }) => known.has(chain))
    } catch {
      return []
    }
  }

  /** Sends what the process has written last, unless Redis keeps it waiting: the lines are on disk, and the next start sends them. */
  async stop(): Promise<void> {
    clearInterval(this.#timer)
    const timeUp = new Promise<void>((resolve) => void setTimeout(resolve, STOP_MS).unref())
    await Promise.race([this.#tick().catch(() => undefined), timeUp])
    this.#isStopped = true
    if (this.#isCopier) this.#lock.release()
  }
}

/** Lines whose numbers follow each other: Redis may have lost some between them. */
function runsOf(lines: readonly RawLine[]): RawLine[][] {
  const runs: RawLine[][] = []
  for (const line of lines) {
    const run = runs.at(-1)
    if (run !== undefined && run.at(-1)!.n + 1 === line.n) run.push(line)
    else runs.push([line])
  }
  return runs
}

function rawOf({ n, octets }: { n: number; octets: Buffer }): RawLine[] {
  const reading = readLine(octets)
  if (!('line' in reading) || reading.line.n !== n) return []
  const { prev, hash, at } = reading.line
  return [{ n, prev, hash, at, octets }]
}
