/**
 * Receives a zone from a node and compares it with a version while it arrives; keeps no records but a few examples. Runs in a thread
 * of its own (transfer-thread.ts), with a connection of its own.
 */
import type { IgnoredRecords } from '../dns/ignored-records.js'
import { storedLength, storedTtl, storedType } from '../dns/record.js'
import type { Serial } from '../dns/serial.js'
import type { Remote } from '../fleet/remote.js'
import { type Clock, systemClock } from '../runtime/clock.js'
import { RCODE } from '../dns/rcode.js'
import { receiveTransfer } from '../transfer/receive-transfer.js'
import type { TransferLimits } from '../transfer/transfer-limits.js'
import { TcpPool } from '../transport/tcp-pool.js'
import { TransferError } from '../xfr/errors.js'
import type { InboundTransfer } from '../xfr/inbound.js'
import { ContentSum } from '../zone/content-sum.js'
import type { KnownMessages } from './known-messages.js'
import { RecordHash } from '../zone/record-hash.js'
import type { RecordKeys } from '../zone/record-keys.js'

export interface ReadWish {
  remote: Remote
  /** Source addresses. */
  sources: readonly string[]
  apex: Buffer
  limits: Omit<TransferLimits, 'growth'>
  ignored: IgnoredRecords
  /** The records of the version: differences are found, not only that there are some. */
  keys?: RecordKeys | undefined
  /** Messages that came before, of any node. */
  known?: KnownMessages | undefined
}

export interface Received {
  serial: Serial
  /** Digest and number of the records that are not ignored. */
  digest: string
  count: number
  /** Octets of the messages. */
  octets: number
  tookMs: number
  /** With `keys`: records that the version does not have. */
  extra: number
  /** Records of the version that came with another TTL. */
  otherTtl: number
  /** The first of them, in stored form, back to back. */
  extras: Buffer
  otherTtls: Buffer
}

/** Records that are kept as examples. */
export const MOST_EXAMPLES = 10
/** Records with another TTL that are kept: whether their RRset has several is found out later. */
export const MOST_TTLS = 20_000
/** Extra records that are remembered, so that none of them counts twice. */
const MOST_EXTRAS = 200_000

/** Throws TransferError, TransportError, TsigError, WireError. */
export async function readFromNode(wish: ReadWish, clock: Clock = systemClock): Promise<Received> {
  const tcp = new TcpPool(wish.sources, { perServer: 1, total: 1 })
  try {
    return await readOnce(tcp, wish, true, clock)
  } catch (error) {
    // RFC 6891 §7: FORMERR may be about EDNS only.
    const isAboutEdns = error instanceof TransferError && error.fault.code === 'XFR_RCODE' && error.fault.rcode === RCODE.FORMERR
    if (!isAboutEdns) throw error
    return await readOnce(tcp, wish, false, clock)
  } finally {
    tcp.close()
  }
}

async function readOnce(tcp: TcpPool, wish: ReadWish, edns: boolean, clock: Clock): Promise<Received> {
  const { remote, apex, limits, ignored, keys, known } = wish
  const startedAt = performance.now()
  let sum = new ContentSum(ignored)
  let meeting = keys && new Meeting(keys, ignored)
  const inbound: InboundTransfer = await receiveTransfer(tcp, clock, remote, {
    apex,
    held: undefined,
    edns,
    isAlone: true,
    limits,
    // The search for differences meets every record.
    known: keys === undefined ? known?.during(apex, ignored, () => sum) : undefined,
    onFull: () => {
      sum = new ContentSum(ignored)
      meeting = keys && new Meeting(keys, ignored)
    },
    onRecords: (data, from, to) => {
      if (meeting === undefined) sum.addRun(data, from, to)
      else meeting.takeRun(data, from, to)
    },
  })
  const { outcome, octets } = inbound
  if (outcome?.kind !== 'full') throw new RangeError('an AXFR ended without a zone')
  const tookMs = performance.now() - startedAt
  const { extra = 0, otherTtl = 0 } = meeting ?? {}
  const [extras, otherTtls] = [meeting?.extras, meeting?.otherTtls].map((kept) => kept?.run ?? Buffer.alloc(0))
  return {
    serial: outcome.soa.serial,
    digest: sum.digest,
    count: sum.count,
    octets,
    tookMs,
    extra,
    otherTtl,
    extras: extras!,
    otherTtls: otherTtls!,
  }
}

/** Meets each record with those of the version. */
class Meeting {
  readonly #keys: RecordKeys
  readonly #ignored: IgnoredRecords
  readonly #hash = new RecordHash()
  readonly #known = new Set<number>()
  extra = 0
  otherTtl = 0
  readonly extras = new FirstRecords(MOST_EXAMPLES)
  readonly otherTtls = new FirstRecords(MOST_TTLS)

  constructor(keys: RecordKeys, ignored: IgnoredRecords) {
    this.#keys = keys
    this.#ignored = ignored
  }

  takeRun(data: Buffer, from: number, to: number): void {
    for (let at = from; at < to; at += storedLength(data, at)) this.#take(data, at)
  }

  #take(data: Buffer, at: number): void {
    const { ttl, types } = this.#ignored
    if (types.has(storedType(data, at))) return
    const met = this.#keys.meet(data, at, ttl ? 0 : storedTtl(data, at))
    if (met === 'ttl') {
      this.otherTtl += 1
      this.otherTtls.add(data, at)
    } else if (met === 'unknown' && this.#isFirst(data, at)) {
      this.extra += 1
      this.extras.add(data, at)
    }
  }

  /** RFC 5936 §2.2: duplicates do not count. */
  #isFirst(data: Buffer, at: number): boolean {
    this.#hash.of(data, at)
    const key = (this.#hash.a >>> 0) * 2 ** 21 + (this.#hash.b & 0x1fffff)
    if (this.#known.has(key)) return false
    if (this.#known.size < MOST_EXTRAS) this.#known.add(key)
    return true
  }
}

/** Copies of the first records: one buffer, which another thread receives in no time. */
class FirstRecords {
  readonly #most: number
  readonly #records: Buffer[] = []

  constructor(most: number) {
    this.#most = most
  }

  add(data: Buffer, at: number): void {
    if (this.#records.length < this.#most) this.#records.push(Buffer.from(data.subarray(at, at + storedLength(data, at))))
  }

  get run(): Buffer {
    return Buffer.concat(this.#records)
  }
}
