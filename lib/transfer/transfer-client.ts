/**
 * One transfer from one primary into contents in memory: returns the outcome or throws. Commits nothing.
 */
import type { SurveyedZone } from '../checks/zone-survey.js'
import type { Soa } from '../dns/message.js'
import { RCODE } from '../dns/rcode.js'
import type { Clock } from '../runtime/clock.js'
import { pause } from '../runtime/turns.js'
import type { TcpPool } from '../transport/tcp-pool.js'
import { TransferError } from '../xfr/errors.js'
import type { InboundOutcome } from '../xfr/inbound-wish.js'
import type { SnapshotDraft } from '../store/snapshot-draft.js'
import { ZoneContents } from '../zone/zone-contents.js'
import type { MergedZone, ZoneMerge } from '../zone/zone-merge.js'
import type { Remote } from '../fleet/remote.js'
import type { Querier } from '../transport/querier.js'
import { receiveTransfer } from './receive-transfer.js'
import type { SummingThreads, ThreadSummer } from './summing-threads.js'
import type { TransferLimits } from './transfer-limits.js'
import type { ZoneMemory } from './zone-memory.js'

export interface TransferWish {
  apex: Buffer
  /** The current SOA, to ask by IXFR; undefined to ask by AXFR. */
  held: Soa | undefined
  limits: TransferLimits
  /** Called when an AXFR begins. */
  startDraft: (contents: ZoneContents) => SnapshotDraft
  /**
   * Called when an AXFR begins, before `startDraft`: a merge with the current contents, or undefined when they are of no use. A
   * zone that cannot be merged is transferred once more, without this.
   */
  startMerge?: ((soa: Soa) => ZoneMerge | undefined) | undefined
  /** The zone cannot be merged, and is transferred once more. */
  onRepeat?: () => void
  /** Ends the transfer before its next message. */
  signal?: AbortSignal | undefined
}

export interface Transferred {
  outcome: InboundOutcome
  /** The draft, when the outcome is `full` and not merged; a caller that does not commit it must discard it. */
  draft: SnapshotDraft | undefined
  /** The difference from the current contents, when the outcome is `full` and merged. */
  merged?: MergedZone | undefined
  /** Survey of the names of a large AXFR, when they came in order. */
  seen?: SurveyedZone | undefined
  messages: number
  records: number
  octets: number
  /** Records dropped because they are outside the zone. */
  outside: number
  tookMs: number
}

/** The arriving zone cannot be merged with the current contents. */
class NotMergeable extends Error {}

export class TransferClient {
  readonly #tcp: TcpPool
  readonly #querier: Pick<Querier, 'usesEdns' | 'forgoEdns'>
  readonly #clock: Clock
  readonly #memory: ZoneMemory
  readonly #threads: SummingThreads

  constructor(
    tcp: TcpPool,
    querier: Pick<Querier, 'usesEdns' | 'forgoEdns'>,
    clock: Clock,
    memory: ZoneMemory,
    threads: SummingThreads,
  ) {
    this.#tcp = tcp
    this.#querier = querier
    this.#clock = clock
    this.#memory = memory
    this.#threads = threads
  }

  /**
   * Transfers the zone; by IXFR when `held` is given. Throws TransferError, TransportError, TsigError, WireError; a partial
   * transfer is dropped.
   */
  async transfer(remote: Remote, wish: TransferWish): Promise<Transferred> {
    const edns = this.#querier.usesEdns(remote.address)
    try {
      return await this.#once(remote, wish, edns)
    } catch (error) {
      if (error instanceof NotMergeable) {
        wish.onRepeat?.()
        return await this.transfer(remote, { ...wish, startMerge: undefined })
      }
      // RFC 6891 §7: FORMERR or NOTIMP may be about EDNS only.
      const isAboutEdns =
        error instanceof TransferError && error.fault.code === 'XFR_RCODE' && error.fault.rcode === RCODE.FORMERR
      if (!edns || !isAboutEdns) throw error
      this.#querier.forgoEdns(remote.address)
      return await this.#once(remote, wish, false)
    }
  }

  async #once(remote: Remote, wish: TransferWish, edns: boolean): Promise<Transferred> {
    const { apex, held, limits } = wish
    const startedAt = performance.now()
    let draft: SnapshotDraft | undefined
    let merge: ZoneMerge | undefined
    let counter: ThreadSummer | undefined
    try {
      const inbound = await receiveTransfer(this.#tcp, this.#clock, remote, {
        apex,
        held,
        edns,
        limits,
        signal: wish.signal,
        onFull: (soa) => {
          merge = wish.startMerge?.(soa)
          if (merge === undefined) draft = wish.startDraft(new ZoneContents(apex))
          this.#memory.watch((merge ?? draft?.contents)!, held ? 'ixfr' : 'axfr', limits.memory)
        },
        onRecords: (data, from, to) => {
          if (merge !== undefined) {
            if (!merge.take(data, from, to)) throw new NotMergeable()
            return
          }
          const { contents } = draft!
          contents.addRun(data, from, to)
          draft!.advance()
          if (counter !== undefined) return
          counter = this.#threads.counterFor(contents)
          if (counter !== undefined) contents.countElsewhere(counter)
        },
        afterMessage: () => {
          const growing = merge ?? draft?.contents
          if (growing) this.#memory.check(growing)
        },
      })
      await draft?.settle(pause)
      const merged = await merge?.finish(pause)
      if (merge !== undefined && merged === undefined) throw new NotMergeable()
      const { messages, records, octets, outside } = inbound
      const tookMs = performance.now() - startedAt
      return { outcome: inbound.outcome!, draft, merged, seen: counter?.seen, messages, records, octets, outside, tookMs }
    } catch (error) {
      await draft?.discard()
      throw error
    } finally {
      counter?.drop()
      const grown = merge ?? draft?.contents
      if (grown) this.#memory.forget(grown)
    }
  }
}
