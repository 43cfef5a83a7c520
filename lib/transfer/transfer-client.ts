/**
 * One transfer from one primary: sends the request, verifies and interprets the messages, returns the outcome or throws. Commits
 * nothing.
 */
import type { SurveyedZone } from '../checks/zone-survey.js'
import { rcodeOf, type Soa, writeQuery } from '../dns/message.js'
import { RCODE } from '../dns/rcode.js'
import { randomInt } from 'node:crypto'
import { TYPE } from '../dns/rrtype.js'
import { AnswerVerifier, signRequest } from '../dns/tsig.js'
import { TsigError } from '../dns/errors.js'
import { type Clock, seconds } from '../runtime/clock.js'
import { pause } from '../runtime/turns.js'
import type { Patience } from '../transport/tcp-client.js'
import type { TcpPool } from '../transport/tcp-pool.js'
import { TransferError } from '../xfr/errors.js'
import { type InboundOutcome, InboundTransfer } from '../xfr/inbound.js'
import type { SnapshotDraft } from '../store/snapshot-draft.js'
import { ZoneContents } from '../zone/zone-contents.js'
import type { Remote } from '../fleet/remote.js'
import type { Querier } from '../transport/querier.js'
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
  /** Ends the transfer before its next message. */
  signal?: AbortSignal | undefined
}

export interface Transferred {
  outcome: InboundOutcome
  /** The draft, when the outcome is `full`; a caller that does not commit it must discard it. */
  draft: SnapshotDraft | undefined
  /** Survey of the names of a large AXFR, when they came in order. */
  seen?: SurveyedZone | undefined
  messages: number
  records: number
  octets: number
  /** Records dropped because they are outside the zone. */
  outside: number
  tookMs: number
}

/** A silent IXFR is ended sooner than an AXFR: the AXFR that follows it costs little. An estimate, 2026-11. */
const IXFR_IDLE_MS = 5_000
/** A single newer SOA over TCP may be the complete answer (RFC 1995 §2 defines that for UDP only). */
const LONE_SOA_IDLE_MS = 2_000

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
    const asked = held ? 'ixfr' : 'axfr'
    let draft: SnapshotDraft | undefined
    let counter: ThreadSummer | undefined
    let inbound!: InboundTransfer
    let verifier: AnswerVerifier | undefined
    const patience: Patience = {
      ...limits,
      idleMs: () =>
        asked === 'axfr' ? limits.idleMs : Math.min(limits.idleMs, inbound.isLoneSoa ? LONE_SOA_IDLE_MS : IXFR_IDLE_MS),
    }
    const build = (): { request: Buffer; take: (message: Buffer) => 'more' | 'done'; isReusable: () => boolean } => {
      const id = randomInt(0x10000)
      const query = writeQuery({ id, apex, type: held ? TYPE.IXFR : TYPE.AXFR, currentSoa: held?.stored, edns })
      const signed = remote.key ? signRequest(remote.key, query, seconds(this.#clock)) : undefined
      verifier = signed && remote.key ? new AnswerVerifier(remote.key, signed.mac) : undefined
      inbound = new InboundTransfer({
        asked,
        apex,
        currentSerial: held?.serial,
        id,
        limits,
        onFull: () => {
          draft = wish.startDraft(new ZoneContents(apex))
          this.#memory.watch(draft.contents, asked, limits.memory)
        },
        onRecords: (data, from, to) => {
          const { contents } = draft!
          contents.addRun(data, from, to)
          draft!.advance()
          if (counter !== undefined) return
          counter = this.#threads.counterFor(contents)
          if (counter !== undefined) contents.countElsewhere(counter)
        },
      })
      const take = (message: Buffer): 'more' | 'done' => {
        wish.signal?.throwIfAborted()
        this.#verify(verifier, message)
        inbound.accept(message)
        if (draft) this.#memory.check(draft.contents)
        return inbound.outcome === undefined ? 'more' : 'done'
      }
      return { request: signed?.message ?? query, take, isReusable: () => !inbound.surplus }
    }
    try {
      await this.#tcp.exchange(remote, patience, build)
      // RFC 8945 §5.3.1: the last message must be signed; nothing counts before that.
      if (verifier && !verifier.complete)
        throw new TsigError({ code: 'TSIG_MISSING' }, 'the last message of the transfer is not signed')
      await draft?.settle(pause)
    } catch (error) {
      await draft?.discard()
      throw error
    } finally {
      counter?.drop()
      if (draft) this.#memory.forget(draft.contents)
    }
    const { messages, records, octets, outside } = inbound
    const tookMs = performance.now() - startedAt
    return { outcome: inbound.outcome!, draft, seen: counter?.seen, messages, records, octets, outside, tookMs }
  }

  /** An error answer may come unsigned (BADKEY); its RCODE is more informative than the missing TSIG. */
  #verify(verifier: AnswerVerifier | undefined, message: Buffer): void {
    if (!verifier) return
    try {
      verifier.accept(message, seconds(this.#clock))
    } catch (error) {
      const isPlainRefusal =
        error instanceof TsigError &&
        error.code === 'TSIG_MISSING' &&
        message.length >= 12 &&
        rcodeOf(message.readUInt16BE(2)) !== 0
      if (!isPlainRefusal) throw error
    }
  }
}
