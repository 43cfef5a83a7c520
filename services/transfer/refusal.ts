/**
 * Saying no: one small answer with the reason's RCODE, and a line in the debug log. Above a rate for each network the answer is
 * dropped, so that nobody gets more out of the hub than it puts in, and a flood costs little more than its reading.
 */
import { rcodeName, RCODE } from '../../lib/dns/rcode.js'
import { type Clock, seconds } from '../../lib/runtime/clock.js'
import type { Logger } from '../../lib/runtime/logger.js'
import type { Metrics } from '../../lib/runtime/metrics.js'
import type { Channel, Peer } from '../../lib/transport/channel.js'
import { endpointText } from '../../lib/dns/endpoint.js'
import { hashAddress, hashPrefix, RateLimiter } from '../../lib/transport/rate-limiter.js'
import { answerTo, type ServerRequest } from './request.js'

export interface Asking {
  request: ServerRequest
  channel: Channel
}

/** For each /24 and /56: more than a misconfigured node or primary needs to be seen, too little to be of use to anyone. */
const BY_NETWORK = { perSecond: 100, burst: 200 }
/** For all networks together, as sources can be forged. */
const IN_ALL = { perSecond: 2_000, burst: 2_000 }

export class Refusals {
  readonly #parts: { log: Logger; clock: Clock; metrics: Metrics }
  readonly #networks = new RateLimiter(BY_NETWORK)
  readonly #connected = new RateLimiter(BY_NETWORK)
  readonly #all = new RateLimiter(IN_ALL)
  readonly #answered
  readonly #dropped

  constructor(parts: { log: Logger; clock: Clock; metrics: Metrics }) {
    this.#parts = parts
    this.#answered = parts.metrics.refusals.labels({ outcome: 'answered' })
    this.#dropped = parts.metrics.refusals.labels({ outcome: 'dropped' })
  }

  /** `answer` makes the answer, and is not called for one that is dropped. Over TCP the connection is closed instead. */
  send(channel: Channel, why: string, answer: () => Buffer): void {
    const { peer } = channel
    if (!this.#mayAnswer(peer)) {
      this.#dropped.inc()
      channel.abort()
      return
    }
    this.#answered.inc()
    const { log } = this.#parts
    if (log.isLevelEnabled('debug'))
      log.debug({ op: 'request', dir: 'in', remote: endpointText(peer), proto: peer.proto, why }, 'refused a request')
    channel.send(answer())
  }

  /** A connection proves an address: it is counted by that alone. The source of a datagram may be forged, and so may any number of them. */
  #mayAnswer({ ip, proto }: Peer): boolean {
    const now = performance.now()
    if (proto === 'tcp') return this.#connected.take(hashAddress(ip), now)
    return this.#networks.take(hashPrefix(ip), now) && this.#all.take(0, now)
  }

  /** A request that was read well. That we cannot answer is said as often as it is asked. */
  refuse({ request, channel }: Asking, rcode: number, why: string): void {
    const answer = (): Buffer => answerTo(request, { rcode }, seconds(this.#parts.clock))
    if (rcode === RCODE.SERVFAIL) channel.send(answer())
    else this.send(channel, `${rcodeName(rcode)}: ${why}`, answer)
  }
}
