/**
 * Sends NOTIFY to one node (RFC 1996), signed when the node has a key; over UDP, or over TLS to a node that takes it there. An answer
 * proves only its arrival.
 */
import { opcodeOf, rcodeOf, writeNotify } from '../dns/message.js'
import { OPCODE, RCODE, rcodeName } from '../dns/rcode.js'
import { AnswerVerifier, signRequest } from '../dns/tsig.js'
import { describeError } from '../errors.js'
import type { FleetNode, FleetZone } from '../fleet/fleet.js'
import { type Clock, seconds } from '../runtime/clock.js'
import type { Metrics } from '../runtime/metrics.js'
import type { NodePaths } from '../observe/node-paths.js'
import type { TlsAsker } from '../transport/tls-asker.js'
import type { AnswerTaker } from '../transport/answer-taker.js'
import type { UdpAsker } from '../transport/udp-asker.js'
import { TransportError } from '../transport/errors.js'

/** `silent`: no answer in time; `unreachable`: the system reports at once that it cannot send. */
export type NotifyOutcome = { kind: 'answered' } | { kind: 'refused' | 'silent' | 'unreachable'; reason: string }

export class NotifySender {
  readonly #udp: UdpAsker
  readonly #tls: TlsAsker | undefined
  readonly #paths: NodePaths
  readonly #clock: Clock
  readonly #metrics: Metrics

  /** `tls`: for nodes with a place for NOTIFY over TLS. */
  constructor(udp: UdpAsker, paths: NodePaths, clock: Clock, metrics: Metrics, tls?: TlsAsker) {
    this.#tls = tls
    this.#paths = paths
    this.#udp = udp
    this.#clock = clock
    this.#metrics = metrics
  }

  /** Sends one NOTIFY; `done` is called once with its outcome, always after this call. */
  send(node: FleetNode, zone: FleetZone, soa: Buffer, waitMs: number, done: (outcome: NotifyOutcome) => void): void {
    const { address, key, notifyOver } = this.#paths.current(node)
    let verifier: AnswerVerifier | undefined
    const build = (id: number): Buffer => {
      const notify = writeNotify(id, zone.apex, soa)
      if (key === undefined) return notify
      const signed = signRequest(key, notify, seconds(this.#clock))
      verifier = new AnswerVerifier(key, signed.mac)
      return signed.message
    }
    const take: AnswerTaker = (answer, error) => {
      const outcome = answer === undefined ? failureOf(error) : this.#outcomeOf(answer, verifier)
      this.#metrics.notify.inc({ direction: 'out', outcome: outcome.kind === 'unreachable' ? 'silent' : outcome.kind })
      done(outcome)
    }
    if (notifyOver === undefined || this.#tls === undefined) this.#udp.send(address, build, waitMs, isNotifyAnswer, take)
    else this.#tls.send(notifyOver, { build, isAnswer: isNotifyAnswer }, take)
  }

  #outcomeOf(answer: Buffer, verifier: AnswerVerifier | undefined): NotifyOutcome {
    const rcode = rcodeOf(answer.readUInt16BE(2))
    // An error may come unsigned (BADKEY); it counts as a reason, never as an acknowledgement.
    if (rcode !== RCODE.NOERROR) return { kind: 'refused', reason: `the node answers ${rcodeName(rcode)} to NOTIFY` }
    try {
      verifier?.accept(answer, seconds(this.#clock))
      return ANSWERED
    } catch (error) {
      return failureOf(error)
    }
  }
}

const ANSWERED: NotifyOutcome = { kind: 'answered' }

const isNotifyAnswer = (message: Buffer): boolean => opcodeOf(message.readUInt16BE(2)) === OPCODE.NOTIFY

function failureOf(error: unknown): NotifyOutcome {
  const isTimeout = error instanceof TransportError && error.code === 'TRANSPORT_TIMED_OUT'
  return { kind: isTimeout ? 'silent' : 'unreachable', reason: describeError(error) }
}
