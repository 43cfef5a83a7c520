/**
 * Refuses requests: one small answer with the RCODE of the reason, and a line in the debug log. Above a rate per network the
 * answer is dropped, so that the hub amplifies no traffic, and a flood costs little more than its reading.
 */
import { rcodeName, RCODE } from '../../lib/dns/rcode.js'
import { type Clock, seconds } from '../../lib/runtime/clock.js'
import type { Logger } from '../../lib/runtime/logger.js'
import type { Metrics } from '../../lib/runtime/metrics.js'
import { type Channel, type Peer, transportOf } from '../../lib/transport/channel.js'
import { endpointText } from '../../lib/dns/endpoint.js'
import { hashAddress, hashPrefix, RateLimiter } from '../../lib/transport/rate-limiter.js'
import { answerTo, type ServerRequest } from './request.js'

export interface Asking {
  request: ServerRequest
  channel: Channel
}

/** For each /24 and /56: enough to find a misconfigured node or primary, too little for an attack. */
const BY_NETWORK = { perSecond: 100, burst: 200 }
/** For all networks together, as sources can be forged. */
const IN_ALL = { perSecond: 2_000, burst: 2_000 }

export class Refusals {
  readonly #parts: { log: Logger; clock: Clock; metrics: Metrics }
  readonly #networks = new RateLimiter(BY_NETWORK)
  readonly #connected = new RateLimiter(BY_NETWORK)
  readonly #all = new RateLimiter(IN_ALL)

  constructor(parts: { log: Logger; clock: Clock; metrics: Metrics }) {
    this.#parts = parts
  }

  /** `answer` makes the answer, and is not called for a dropped one. Over TCP the connection is closed instead. */
  send(channel: Channel, why: string, answer: () => Buffer): void {
    const { peer } = channel
    if (!this.#mayAnswer(peer)) {
      this.#parts.metrics.refusals.inc({ outcome: 'dropped' })
      channel.abort()
      return
    }
    this.#parts.metrics.refusals.inc({ outcome: 'answered' })
    const { log } = this.#parts
    if (log.isLevelEnabled('debug'))
      log.debug({ op: 'request', dir: 'in', remote: endpointText(peer), proto: transportOf(peer), why }, 'request refused')
    channel.send(answer())
  }

  /** A connection proves its address, so it is counted by address only. The source of a datagram may be forged, in any number. */
  #mayAnswer({ ip, proto }: Peer): boolean {
    const now = performance.now()
    if (proto === 'tcp') return this.#connected.take(hashAddress(ip), now)
    return this.#networks.take(hashPrefix(ip), now) && this.#all.take(0, now)
  }

  /** Refuses a well-formed request. SERVFAIL has no rate limit. */
  refuse({ request, channel }: Asking, rcode: number, why: string): void {
    const answer = (): Buffer => answerTo(request, { rcode }, seconds(this.#parts.clock))
    if (rcode === RCODE.SERVFAIL) channel.send(answer())
    else this.send(channel, `${rcodeName(rcode)}: ${why}`, answer)
  }
}
