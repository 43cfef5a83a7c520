/**
 * One transfer as an exchange over TCP: sends the request, verifies each message, and passes its records on. Keeps nothing and
 * decides nothing about the records.
 */
import { randomInt } from 'node:crypto'
import { TsigError } from '../dns/errors.js'
import { rcodeOf, type Soa, writeQuery } from '../dns/message.js'
import { TYPE } from '../dns/rrtype.js'
import { AnswerVerifier, signRequest } from '../dns/tsig.js'
import type { Remote } from '../fleet/remote.js'
import { type Clock, seconds } from '../runtime/clock.js'
import type { Patience } from '../transport/tcp-client.js'
import type { TcpPool } from '../transport/tcp-pool.js'
import { InboundTransfer } from '../xfr/inbound.js'
import type { InboundWish } from '../xfr/inbound-wish.js'
import type { TransferLimits } from './transfer-limits.js'

export interface ReceiveWish extends Pick<InboundWish, 'onRecords' | 'onFull' | 'known'> {
  apex: Buffer
  /** The current SOA, to ask by IXFR; undefined to ask by AXFR. */
  held: Soa | undefined
  edns: boolean
  /** See Patience. */
  isAlone?: boolean | undefined
  limits: Omit<TransferLimits, 'growth'>
  /** Ends the transfer before its next message. */
  signal?: AbortSignal | undefined
  /** Called after each message. An error that it throws ends the transfer. */
  afterMessage?: () => void
}

/** A silent IXFR is ended sooner than an AXFR: the AXFR that follows it costs little. An estimate, 2026-11. */
const IXFR_IDLE_MS = 5_000
/** A single newer SOA over TCP may be the complete answer (RFC 1995 §2 defines that for UDP only). */
const LONE_SOA_IDLE_MS = 2_000

/**
 * Resolves when the transfer is complete, and signed where the remote has a key (RFC 8945 §5.3.1: nothing counts before that).
 * Throws TransferError, TransportError, TsigError, WireError.
 */
export async function receiveTransfer(
  tcp: Pick<TcpPool, 'exchange'>,
  clock: Clock,
  remote: Remote,
  wish: ReceiveWish,
): Promise<InboundTransfer> {
  const { apex, held, limits, edns } = wish
  const asked = held ? 'ixfr' : 'axfr'
  let inbound!: InboundTransfer
  let verifier: AnswerVerifier | undefined
  const patience: Patience = {
    ...limits,
    isAlone: wish.isAlone,
    idleMs: () =>
      asked === 'axfr' ? limits.idleMs : Math.min(limits.idleMs, inbound.isLoneSoa ? LONE_SOA_IDLE_MS : IXFR_IDLE_MS),
  }
  await tcp.exchange(remote, patience, () => {
    const id = randomInt(0x10000)
    const query = writeQuery({ id, apex, type: held ? TYPE.IXFR : TYPE.AXFR, currentSoa: held?.stored, edns })
    const signed = remote.key ? signRequest(remote.key, query, seconds(clock)) : undefined
    verifier = signed && remote.key ? new AnswerVerifier(remote.key, signed.mac) : undefined
    const { onFull, onRecords, known } = wish
    inbound = new InboundTransfer({ asked, apex, currentSerial: held?.serial, id, limits, onFull, onRecords, known })
    const take = (message: Buffer): 'more' | 'done' => {
      wish.signal?.throwIfAborted()
      verify(verifier, message, clock)
      inbound.accept(message, verifier?.unsignedEnd)
      wish.afterMessage?.()
      return inbound.outcome === undefined ? 'more' : 'done'
    }
    return { request: signed?.message ?? query, take, isReusable: () => !inbound.surplus }
  })
  if (verifier && !verifier.complete)
    throw new TsigError({ code: 'TSIG_MISSING' }, 'the last message of the transfer is not signed')
  return inbound
}

/** An error answer may come unsigned (BADKEY); its RCODE is more informative than the missing TSIG. */
function verify(verifier: AnswerVerifier | undefined, message: Buffer, clock: Clock): void {
  if (!verifier) return
  try {
    verifier.accept(message, seconds(clock))
  } catch (error) {
    const isPlainRefusal =
      error instanceof TsigError &&
      error.code === 'TSIG_MISSING' &&
      message.length >= 12 &&
      rcodeOf(message.readUInt16BE(2)) !== 0
    if (!isPlainRefusal) throw error
  }
}
