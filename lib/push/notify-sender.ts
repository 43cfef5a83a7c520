/** NOTIFY to one node, with retries (RFC 1996 §3.6), signed when the node has a key. Its answer proves nothing but arrival. */
import { opcodeOf, rcodeOf, writeNotify } from '../dns/message.js'
import { OPCODE, RCODE, rcodeName } from '../dns/rcode.js'
import { AnswerVerifier, signRequest } from '../dns/tsig.js'
import { describeError } from '../errors.js'
import type { FleetNode, FleetZone } from '../fleet/fleet.js'
import { type Clock, seconds } from '../runtime/clock.js'
import type { Metrics } from '../runtime/metrics.js'
import type { UdpAsker } from '../transport/udp-asker.js'
import { TransportError } from '../transport/errors.js'

export type NotifyOutcome = { kind: 'answered' } | { kind: 'refused'; reason: string } | { kind: 'silent'; reason: string }

export class NotifySender {
  readonly #udp: UdpAsker
  readonly #clock: Clock
  readonly #metrics: Metrics
  readonly #retriesMs: readonly number[]

  constructor(udp: UdpAsker, clock: Clock, metrics: Metrics, retriesMs: readonly number[]) {
    this.#udp = udp
    this.#clock = clock
    this.#metrics = metrics
    this.#retriesMs = retriesMs
  }

  /** Sends until answered, `isStale` says so, or the retries are used up. `onSent` runs for each one sent. */
  async send(node: FleetNode, zone: FleetZone, soa: Buffer, isStale: () => boolean, onSent: () => void): Promise<NotifyOutcome> {
    let reason = 'no answer'
    for (const waitMs of this.#retriesMs) {
      if (isStale()) break
      try {
        const answer = this.#ask(node, zone, soa, waitMs)
        onSent()
        const rcode = rcodeOf((await answer).readUInt16BE(2))
        const outcome = rcode === RCODE.NOERROR ? 'answered' : 'refused'
        this.#metrics.notify.inc({ direction: 'out', outcome })
        return rcode === RCODE.NOERROR
          ? { kind: 'answered' }
          : { kind: 'refused', reason: `the node answers ${rcodeName(rcode)} to NOTIFY` }
      } catch (error) {
        reason = describeError(error)
        this.#metrics.notify.inc({ direction: 'out', outcome: 'silent' })
        if (!(error instanceof TransportError) || error.code !== 'TRANSPORT_TIMED_OUT') return { kind: 'silent', reason }
      }
    }
    return { kind: 'silent', reason }
  }

  async #ask(node: FleetNode, zone: FleetZone, soa: Buffer, waitMs: number): Promise<Buffer> {
    let verifier: AnswerVerifier | undefined
    const answer = await this.#udp.ask(
      node.paths[0]!,
      (id) => {
        const notify = writeNotify(id, zone.apex, soa)
        if (!node.key) return notify
        const signed = signRequest(node.key, notify, seconds(this.#clock))
        verifier = new AnswerVerifier(node.key, signed.mac)
        return signed.message
      },
      waitMs,
      (message) => opcodeOf(message.readUInt16BE(2)) === OPCODE.NOTIFY,
    )
    // An error may come unsigned (BADKEY); it is believed as a reason, never as an acknowledgement.
    if (rcodeOf(answer.readUInt16BE(2)) === RCODE.NOERROR) verifier?.accept(answer, seconds(this.#clock))
    return answer
  }
}
