/**
 * Token buckets for addresses and prefixes, in a table of fixed size: no number of senders makes it grow or allocates objects.
 * Two senders may share a bucket by chance; the seed is secret, so that a sender cannot choose its bucket.
 */
import { randomInt } from 'node:crypto'

export interface Rate {
  /** Tokens added each second. */
  perSecond: number
  /** Tokens of a full bucket. */
  burst: number
}

const SLOTS = 1 << 14

export class RateLimiter {
  readonly #rate: Rate
  readonly #tokens = new Float32Array(SLOTS)
  /** Milliseconds, in the clock of performance.now(). */
  readonly #at = new Float64Array(SLOTS)
  readonly #seed = randomInt(2 ** 32)

  constructor(rate: Rate) {
    this.#rate = rate
    this.#tokens.fill(rate.burst)
  }

  /** Takes a token from the bucket of a 32-bit hash; false when it has none. */
  take(hash: number, now = performance.now()): boolean {
    const slot = mix(hash ^ this.#seed) & (SLOTS - 1)
    const { perSecond, burst } = this.#rate
    const tokens = Math.min(burst, this.#tokens[slot]! + ((now - this.#at[slot]!) * perSecond) / 1000)
    this.#at[slot] = now
    this.#tokens[slot] = tokens < 1 ? tokens : tokens - 1
    return tokens >= 1
  }
}

function mix(hash: number): number {
  let h = Math.imul(hash ^ (hash >>> 16), 0x85ebca6b)
  h = Math.imul(h ^ (h >>> 13), 0xc2b2ae35)
  return (h ^ (h >>> 16)) >>> 0
}

/** 32 bits over a text (FNV-1a). */
export function hashAddress(ip: string): number {
  let hash = 0x811c9dc5
  for (let i = 0; i < ip.length; i++) hash = Math.imul(hash ^ ip.charCodeAt(i), 0x01000193)
  return hash >>> 0
}

/** 32 bits over the network of an address: its /24 for IPv4, its /56 for IPv6, the usual range of one sender. */
export function hashPrefix(ip: string): number {
  const colon = ip.indexOf(':')
  if (colon < 0) return hashAddress(ip.slice(0, ip.lastIndexOf('.')))
  const [head, tail] = ip.split('::') as [string, string | undefined]
  const groups = head === '' ? [] : head.split(':')
  if (tail !== undefined) {
    const behind = tail === '' ? [] : tail.split(':')
    while (groups.length + behind.length < 8) groups.push('0')
    groups.push(...behind)
  }
  let hash = 0x811c9dc5
  for (let i = 0; i < 4; i++) {
    const group = Number.parseInt(groups[i] ?? '0', 16)
    hash = Math.imul(hash ^ (i === 3 ? group >> 8 : group), 0x01000193)
  }
  return hash >>> 0
}
