/** The last result of each address and zone, in memory, and counts of them that are kept, so that a scrape counts nothing. */
import type { ProbeAnswer } from '../../../lib/answers/probe-answers.js'
import type { ProbeState } from '../../../lib/probe/judge-visits.js'

/** Results that are kept. */
const MOST_KEPT = 10_000

interface AddressCounts {
  cloud: string
  address: string
  total: number
  strangers: number
  /** Keys of results without an answer. */
  silent: Set<string>
}

export class ProbeResults {
  readonly #most: number
  /** The oldest result first. */
  readonly #kept = new Map<string, ProbeAnswer>()
  /** Keys in the order in which they came first: a scrape with a limit has the same series each time. */
  readonly #first = new Set<string>()
  readonly #states = new Map<string, Map<ProbeState, number>>()
  readonly #addresses = new Map<string, AddressCounts>()

  constructor(most = MOST_KEPT) {
    this.#most = most
  }

  get size(): number {
    return this.#kept.size
  }

  /** Keeps the result, and returns the one before. `beganAt`: milliseconds; an answer voids the silence before it. */
  keep(answer: ProbeAnswer, beganAt: number): ProbeAnswer | undefined {
    const key = keyOf(answer.cloud, answer.address, answer.zone)
    const before = this.#kept.get(key)
    if (before !== undefined) this.#count(key, before, -1)
    this.#kept.delete(key)
    this.#kept.set(key, answer)
    this.#first.add(key)
    this.#count(key, answer, 1)
    if (answer.state !== 'silent') this.#voidSilence(answer, beganAt)
    for (const oldest of this.#kept.keys()) {
      if (this.#kept.size <= this.#most) break
      this.#drop(oldest)
    }
    return before
  }

  /** The address answers: that it was silent for other zones is not true any more. */
  #voidSilence({ cloud, address }: ProbeAnswer, beganAt: number): void {
    for (const key of this.#addresses.get(addressKey(cloud, address))?.silent ?? [])
      if (Date.parse(this.#kept.get(key)?.at ?? '') <= beganAt) this.#drop(key)
  }

  #drop(key: string): void {
    const answer = this.#kept.get(key)
    if (answer === undefined) return
    this.#count(key, answer, -1)
    this.#kept.delete(key)
    this.#first.delete(key)
  }

  #count(key: string, { cloud, address, state }: ProbeAnswer, n: 1 | -1): void {
    const states = this.#states.get(cloud) ?? new Map<ProbeState, number>()
    this.#states.set(cloud, states.set(state, (states.get(state) ?? 0) + n))
    const place = addressKey(cloud, address)
    const counts = this.#addresses.get(place) ?? { cloud, address, total: 0, strangers: 0, silent: new Set<string>() }
    this.#addresses.set(place, counts)
    counts.total += n
    if (state === 'stranger') counts.strangers += n
    if (state === 'silent' && n > 0) counts.silent.add(key)
    else if (state === 'silent') counts.silent.delete(key)
    if (counts.total === 0) this.#addresses.delete(place)
  }

  /** The oldest result first. */
  all(): Iterable<ProbeAnswer> {
    return this.#kept.values()
  }

  dropUnless(isThere: (answer: ProbeAnswer) => boolean): void {
    for (const [key, answer] of this.#kept) if (!isThere(answer)) this.#drop(key)
  }

  /** In the order of clouds, addresses and zones. */
  sorted(): ProbeAnswer[] {
    return Array.from(this.#kept, ([key, answer]) => ({ key, answer }))
      .sort((a, b) => (a.key < b.key ? -1 : 1))
      .map(({ answer }) => answer)
  }

  /** The results that came first, at most so many. */
  *first(most: number): Generator<ProbeAnswer> {
    let left = most
    for (const key of this.#first) {
      if (left-- <= 0) return
      yield this.#kept.get(key)!
    }
  }

  countOf(cloud: string, state: ProbeState): number {
    return this.#states.get(cloud)?.get(state) ?? 0
  }

  byAddress(): Iterable<Pick<AddressCounts, 'cloud' | 'address' | 'strangers'>> {
    return this.#addresses.values()
  }
}

const addressKey = (cloud: string, address: string): string => `${cloud} ${address}`
const keyOf = (cloud: string, address: string, zone: string): string => `${cloud} ${address} ${zone}`
