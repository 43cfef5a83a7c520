/**
 * Limits the requests of each caller. Callers with an identity are counted by token, reads and orders apart; requests without one
 * are counted by network, so that they cannot use up the share of others. A request above its rate is refused before the app gets
 * it.
 */
import type { IncomingMessage, ServerResponse } from 'node:http'
import type { Socket } from 'node:net'
import type { ProblemAnswer } from '../../lib/answers/problem-answers.js'
import { hashAddress, hashPrefix, type Rate, RateLimiter } from '../../lib/transport/rate-limiter.js'
import { type AccessRules, addressOf, type Caller, type Identity, identityOf } from './auth.js'

export interface GateRates {
  /** Requests of one token that change nothing: far above a dashboard with a script beside it. */
  reads: Rate
  /**
   * Orders of one token: a burst of one for each of some thousand zones, then the rate of people. Each may be written to disk.
   */
  orders: Rate
  /** Requests without a valid token, from one /24 or /56. */
  failures: Rate
  /** Requests that need no token: probes, and files of the page. */
  open: Rate
}

const GATE_RATES: GateRates = {
  reads: { perSecond: 100, burst: 500 },
  orders: { perSecond: 10, burst: 3_000 },
  failures: { perSecond: 5, burst: 100 },
  open: { perSecond: 50, burst: 500 },
}

/** A refusal is delayed by this long, so that a caller who repeats it at once is slowed down. */
const HOLD_MS = 1_000
/** Most refusals delayed at a time; further ones are answered at once. */
const MAX_HELD = 128

const PROBLEM = JSON.stringify({
  type: 'urn:zonecast:problem:rate',
  title: 'too many requests',
  status: 429,
  detail: 'too many requests; wait for the seconds in Retry-After',
} satisfies ProblemAnswer)

export class Gate {
  readonly #access: () => AccessRules
  readonly #now: () => number
  readonly #limiters: Record<keyof GateRates, RateLimiter>
  readonly #identities = new WeakMap<IncomingMessage, Identity>()
  readonly #held = new Set<Socket>()
  readonly #onUse: (caller: Caller, req: IncomingMessage) => void

  /** `onUse`: called for each admitted request of a caller. */
  constructor(
    access: () => AccessRules,
    now: () => number,
    rates: GateRates = GATE_RATES,
    onUse: (caller: Caller, req: IncomingMessage) => void = () => undefined,
  ) {
    this.#access = access
    this.#now = now
    this.#onUse = onUse
    this.#limiters = {
      reads: new RateLimiter(rates.reads),
      orders: new RateLimiter(rates.orders),
      failures: new RateLimiter(rates.failures),
      open: new RateLimiter(rates.open),
    }
  }

  /** The caller, as identified when the request arrived. */
  identify = (req: IncomingMessage): Identity => {
    const known = this.#identities.get(req)
    if (known) return known
    const identity = identityOf(req, this.#access(), this.#now())
    this.#identities.set(req, identity)
    return identity
  }

  /** True when the caller of a running request still has the rights that it had. */
  isStillAllowed(req: IncomingMessage, before: Caller): boolean {
    const identity = identityOf(req, this.#access(), this.#now())
    return !('problem' in identity) && JSON.stringify(identity.caller) === JSON.stringify(before)
  }

  /** True when the request may go on; otherwise answers it. */
  admit(req: IncomingMessage, res: ServerResponse): boolean {
    const identity = this.identify(req)
    const isRead = req.method === 'GET' || req.method === 'HEAD'
    if (!('problem' in identity)) {
      if (this.#limiters[isRead ? 'reads' : 'orders'].take(hashAddress(identity.bucket))) {
        if (identity.session !== undefined) this.#access().sessions.touch(identity.session, this.#now())
        this.#onUse(identity.caller, req)
        return true
      }
      this.#holdBack(req.socket, res, { retryAfter: 1, isStranger: false })
      return false
    }
    const isOpen = isRead && req.headers.authorization === undefined && !/^\/+(v1|metrics)(\/|\?|$)/i.test(req.url ?? '')
    if (this.#limiters[isOpen ? 'open' : 'failures'].take(hashPrefix(addressOf(req)))) return true
    this.#holdBack(req.socket, res, { retryAfter: 10, isStranger: true })
    return false
  }

  #holdBack(socket: Socket, res: ServerResponse, { retryAfter, isStranger }: { retryAfter: number; isStranger: boolean }): void {
    const isHeld = this.#held.has(socket)
    if (isHeld && isStranger) {
      // Further requests behind a delayed one: the client sent them without waiting for the answer.
      socket.destroy()
      return
    }
    if (isHeld || this.#held.size >= MAX_HELD) {
      refuse(res, retryAfter, isStranger)
      return
    }
    this.#held.add(socket)
    const release = (): void => {
      clearTimeout(timer)
      socket.off('close', release)
      this.#held.delete(socket)
    }
    const timer = setTimeout(() => {
      release()
      refuse(res, retryAfter, isStranger)
    }, HOLD_MS)
    socket.once('close', release)
  }
}

function refuse(res: ServerResponse, retryAfter: number, closes: boolean): void {
  res.writeHead(429, {
    'content-type': 'application/problem+json',
    'retry-after': String(retryAfter),
    ...(closes ? { connection: 'close' } : {}),
  })
  res.end(PROBLEM)
}
