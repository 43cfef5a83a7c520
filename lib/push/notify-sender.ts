/** Sends NOTIFY to one node (RFC 1996), signed when the node has a key. An answer proves only its arrival. */
import { opcodeOf, rcodeOf, writeNotify } from '../dns/message.js'
import { OPCODE, RCODE, rcodeName } from '../dns/rcode.js'
import { AnswerVerifier, signRequest } from '../dns/tsig.js'
import { describeError } from '../errors.js'
import type { FleetNode, FleetZone } from '../fleet/fleet.js'
import { type Clock, seconds } from '../runtime/clock.js'
import type { Metrics } from '../runtime/metrics.js'
import type { NodePaths } from '../observe/node-paths.js'
import type { UdpAsker } from '../transport/udp-asker.js'
import { TransportError } from '../transport/errors.js'

/** `silent`: no answer in time; `unreachable`: the system reports at once that it cannot send. */
export type NotifyOutcome = { kind: 'answered' } | { kind: 'refused' | 'silent' | 'unreachable'; reason: string }

export class NotifySender {
  readonly #udp: UdpAsker
  readonly #paths: NodePaths
  readonly #clock: Clock
  readonly #metrics: Metrics

  constructor(udp: UdpAsker, paths: NodePaths, clock: Clock, metrics: Metrics) {
    this.#paths = paths
    this.#udp = udp
    this.#clock = clock
    this.#metrics = metrics
  }

  /** Sends one NOTIFY and waits for its answer. Calls `onSent` when it has left. */
  async send(node: FleetNode, zone: FleetZone, soa: Buffer, waitMs: number, onSent: () => void): Promise<NotifyOutcome> {
    let outcome: NotifyOutcome
    try {
      const answer = this.#ask(node, zone, soa, waitMs)
      onSent()
      const rcode = rcodeOf((await answer).readUInt16BE(2))
      outcome =
        rcode === RCODE.NOERROR
          ? { kind: 'answered' }
          : { kind: 'refused', reason: `the node answers ${rcodeName(rcode)} to NOTIFY` }
    } catch (error) {
      const isTimeout = error instanceof TransportError && error.code === 'TRANSPORT_TIMED_OUT'
      outcome = { kind: isTimeout ? 'silent' : 'unreachable', reason: describeError(error) }
    }
    this.#metrics.notify.inc({ direction: 'out', outcome: outcome.kind === 'unreachable' ? 'silent' : outcome.kind })
    return outcome
  }

  async #ask(node: FleetNode, zone: FleetZone, soa: Buffer, waitMs: number): Promise<Buffer> {
    const { address, key } = this.#paths.current(node)
    let verifier: AnswerVerifier | undefined
    const answer = await this.#udp.ask(
      address,
      (id) => {
        const notify = writeNotify(id, zone.apex, soa)
        if (key === undefined) return notify
        const signed = signRequest(key, notify, seconds(this.#clock))
        verifier = new AnswerVerifier(key, signed.mac)
        return signed.message
      },
      waitMs,
      (message) => opcodeOf(message.readUInt16BE(2)) === OPCODE.NOTIFY,
    )
    // An error may come unsigned (BADKEY); it counts as a reason, never as an acknowledgement.
    if (rcodeOf(answer.readUInt16BE(2)) === RCODE.NOERROR) verifier?.accept(answer, seconds(this.#clock))
    return answer
  }
}
