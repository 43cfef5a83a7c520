/**
 * Sessions of the live page: a browser trades a token for a cookie once, and a script never sees either again. A session has no
 * rights of its own: each request looks its token up in the current config, so that it ends with the token. Kept in memory: a hub that
 * restarts asks for the token again.
 */
import { createHash, randomBytes, timingSafeEqual } from 'node:crypto'

/** Longest life of a session, and longest time without a request. Milliseconds. */
const LIFE_MS = 12 * 3_600_000
const IDLE_MS = 3_600_000
const MOST = 1_000
const MOST_PER_CALLER = 16
const OCTETS = 32

export interface Session {
  /** Hash of the token that opened it. */
  token: Buffer
  caller: string
  /** Orders must have it in a header, which a page of another origin cannot write. */
  csrf: string
  endsAt: number
  usedAt: number
}

const secret = (): string => randomBytes(OCTETS).toString('base64url')
const keyOf = (id: string): string => createHash('sha256').update(id).digest('base64')

export class Sessions {
  /** By the hash of the id, oldest first: a dump of the memory opens none. */
  readonly #sessions = new Map<string, Session>()

  get size(): number {
    return this.#sessions.size
  }

  /** `expires`: that of the token. Milliseconds since 1970. The oldest session of the caller, or of all, gives way to a new one. */
  open(token: Buffer, caller: string, now: number, expires = Number.POSITIVE_INFINITY): { id: string; session: Session } {
    this.#sweep(now)
    const own = [...this.#sessions].filter(([, session]) => session.caller === caller)
    if (own.length >= MOST_PER_CALLER) this.#sessions.delete(own[0]![0])
    const [oldest] = this.#sessions.keys()
    if (this.#sessions.size >= MOST && oldest !== undefined) this.#sessions.delete(oldest)
    const id = secret()
    const session = { token, caller, csrf: secret(), endsAt: Math.min(now + LIFE_MS, expires), usedAt: now }
    this.#sessions.set(keyOf(id), session)
    return { id, session }
  }

  /** Undefined when it is over, or never was. The session stays as idle as it is. */
  find(id: string, now: number): Session | undefined {
    const key = keyOf(id)
    const session = this.#sessions.get(key)
    if (session === undefined) return undefined
    if (isOver(session, now)) {
      this.#sessions.delete(key)
      return undefined
    }
    return session
  }

  /** An admitted request: the session is not idle. */
  touch(session: Session, now: number): void {
    session.usedAt = now
  }

  end(session: Session): void {
    for (const [key, each] of this.#sessions) if (each === session) this.#sessions.delete(key)
  }

  #sweep(now: number): void {
    for (const [key, session] of this.#sessions) if (isOver(session, now)) this.#sessions.delete(key)
  }
}

const isOver = ({ endsAt, usedAt }: Session, now: number): boolean => endsAt <= now || now - usedAt > IDLE_MS

/** True for the text that the session wants in the header of an order. */
export function hasCsrf({ csrf }: Session, given: string | undefined): boolean {
  const [wanted, text] = [Buffer.from(csrf), Buffer.from(given ?? '')]
  return wanted.length === text.length && timingSafeEqual(wanted, text)
}
