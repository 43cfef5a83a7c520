/** Queries a server for a zone's SOA: polls a primary for the version to transfer, observes the version that a node serves. */
import { endpointText } from '../dns/endpoint.js'
import { findSoa, OPTION, type Soa } from '../dns/message.js'
import { FLAG, RCODE, rcodeName } from '../dns/rcode.js'
import { storedType } from '../dns/record.js'
import { TYPE } from '../dns/rrtype.js'
import { type NextMove, ZonecastError } from '../errors.js'
import type { Remote } from '../fleet/remote.js'
import type { Querier, QueryManner, QueryPatience, Question } from './querier.js'

export type SoaQueryFault =
  | { code: 'SOA_RCODE'; remote: string; rcode: number }
  | { code: 'SOA_NOT_AUTHORITATIVE'; remote: string }
  | { code: 'SOA_MISSING'; remote: string }
  | { code: 'SOA_SEVERAL'; remote: string }

class SoaQueryError extends ZonecastError<SoaQueryFault> {
  override readonly name = 'SoaQueryError'

  override get nextMove(): NextMove {
    return 'next-primary'
  }
}

export interface SoaAnswer {
  soa: Soa
  /** Seconds left, from EDNS EXPIRE (RFC 7314 §2). */
  expireSeconds: number | undefined
  tookMs: number
}

const SOA_PATIENCE: QueryPatience = { udpMs: 1_500, udpTries: 2, tcpMs: 5_000 }

/** Without an answer over UDP the query goes over TCP. */
export type SoaManner = QueryManner & { tcpAfterSilence: true }
const SHARED: SoaManner = { patience: SOA_PATIENCE, tcpAfterSilence: true, port: 'shared' }
const FRESH: SoaManner = { ...SHARED, port: 'fresh' }
/** Knot answers for a catalog zone over TCP alone, and only to an address that may transfer it. */
export const overTcp = (manner: SoaManner): SoaManner => ({ ...manner, overTcp: true })

/** Made once, as there are fifty thousand polls a second. `fresh`: see QueryManner. */
export const soaManner = (port: 'shared' | 'fresh'): SoaManner => (port === 'fresh' ? FRESH : SHARED)

export class SoaQuerier {
  readonly #querier: Pick<Querier, 'ask'>
  readonly #questions = new WeakMap<Buffer, Question>()

  constructor(querier: Pick<Querier, 'ask'>) {
    this.#querier = querier
  }

  /** Throws TransportError, TsigError, WireError or SoaQueryError. */
  async ask(remote: Remote, apex: Buffer, manner: SoaManner = SHARED): Promise<SoaAnswer> {
    const startedAt = performance.now()
    const message = await this.#querier.ask(remote, this.#question(apex), manner)
    const { rcode } = message
    const from = endpointText(remote.address)
    if (rcode !== RCODE.NOERROR)
      throw new SoaQueryError({ code: 'SOA_RCODE', remote: from, rcode }, `${from} answers ${rcodeName(rcode)} to the SOA query`)
    if ((message.flags & FLAG.AA) === 0)
      throw new SoaQueryError({ code: 'SOA_NOT_AUTHORITATIVE', remote: from }, `${from} is not authoritative for the zone`)
    const soa = findSoa(message.answer, apex)
    if (!soa) throw new SoaQueryError({ code: 'SOA_MISSING', remote: from }, `${from} answers without the zone's SOA`)
    // A zone has one SOA (RFC 1035 §5.2): with two, the right serial is unknown.
    if (soasIn(message.answer) > 1)
      throw new SoaQueryError({ code: 'SOA_SEVERAL', remote: from }, `${from} answers with several SOA records`)
    const expire = message.edns?.options.get(OPTION.EXPIRE)
    return {
      soa,
      expireSeconds: expire?.length === 4 ? expire.readUInt32BE(0) : undefined,
      tookMs: performance.now() - startedAt,
    }
  }

  #question(apex: Buffer): Question {
    let question = this.#questions.get(apex)
    if (question === undefined) {
      question = { name: apex, type: TYPE.SOA, expire: true }
      this.#questions.set(apex, question)
    }
    return question
  }
}

const soasIn = (answer: readonly Buffer[]): number => {
  let count = 0
  for (const record of answer) if (storedType(record, 0) === TYPE.SOA) count += 1
  return count
}
