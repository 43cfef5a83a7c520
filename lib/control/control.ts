/**
 * The interface of control channels: one for each make of name server, with the same commands. Results are values: a channel never
 * throws, whatever its peer sends.
 */
import type { Endpoint } from '../dns/endpoint.js'
import type { ZoneName } from '../dns/name.js'
import type { Make } from '../fleet/control-settings.js'
import { printable } from '../runtime/printable.js'

/**
 * `refused`: the server's answer is no · `unreachable`: no connection, or no answer in time · `protocol`: the peer is not the
 * expected server, or does not prove that it is · `unsupported`: the make has no such command; nothing was sent.
 */
export type FailureKind = 'refused' | 'unreachable' | 'protocol' | 'unsupported'

export interface ControlFailure {
  kind: FailureKind
  /** A sentence: the node, the channel, the reason, what to do. */
  error: string
  /** The server's own words where it refused; otherwise the reason alone. */
  words: string
}

export type ControlResult<T> = { kind: 'ok'; value: T } | ControlFailure

export interface ServerStatus {
  /** As the server reports it, such as `4.6.1`. */
  version: string
  /** Undefined where the server does not report it. */
  zones: number | undefined
  /** Further facts in the server's own words, by their names. */
  details: Readonly<Record<string, string>>
}

export interface ZoneStatus {
  /** False: the server does not have the zone; then the other facts are missing. */
  isConfigured: boolean
  /** The serial that the server serves; undefined while it has none. */
  serial: number | undefined
  /** The server's own word, such as `ok`, `refreshing`, `expired`. */
  state: string | undefined
  details: Readonly<Record<string, string>>
}

/** `hasEnded`: the server reported the end of the transfer; otherwise it only accepted the order. */
export interface ForceOutcome {
  hasEnded: boolean
}

/** `tls`: for BIND, the name of a `tls` statement in its named.conf; undefined: in the clear. */
export interface PrimaryOfZone {
  address: Endpoint
  key: string | undefined
  tls?: string | undefined
}

/** A zone to add, with the settings of a secondary. */
export interface NewZone {
  name: ZoneName
  /** The transfer server of the hub, by each of its addresses. */
  primaries: readonly PrimaryOfZone[]
  /** NSD: the pattern · Knot: the template; default: that of the server. */
  template?: string | undefined
  /** BIND: the path of its file, relative to the server's directory. */
  file?: string | undefined
}

export interface NodeControl {
  readonly make: Make
  /** For messages, such as `nsd-control at 127.0.0.1:8952`. */
  readonly channel: string
  status(): Promise<ControlResult<ServerStatus>>
  zoneStatus(zone: ZoneName): Promise<ControlResult<ZoneStatus>>
  /** The server transfers the zone by AXFR, whatever serial it has. */
  forceTransfer(zone: ZoneName): Promise<ControlResult<ForceOutcome>>
  /** The server queries its primaries, and transfers the zone if they have a newer serial. */
  refresh(zone: ZoneName): Promise<ControlResult<undefined>>
  /** Knot: drops the zone's data, journal and timers · PowerDNS: empties its caches of the zone · others: unsupported. */
  purge(zone: ZoneName): Promise<ControlResult<undefined>>
  /** Adds the zone as a secondary, and starts its first transfer. */
  addZone(zone: NewZone): Promise<ControlResult<undefined>>
  /** Removes the zone with its data. Succeeds where the server does not have the zone. */
  removeZone(zone: ZoneName): Promise<ControlResult<undefined>>
  /** The server reads its configuration again. PowerDNS: unsupported. */
  reload(): Promise<ControlResult<undefined>>
}

export const ok = <T>(value: T): { kind: 'ok'; value: T } => ({ kind: 'ok', value })
export const DONE = ok(undefined)

/** The result of a command whose answer has no value. */
export const done = (answer: ControlResult<unknown>): ControlResult<undefined> => (answer.kind === 'ok' ? DONE : answer)

/** The result of a forced transfer at a server that does not report its end. */
export const accepted = (answer: ControlResult<unknown>): ControlResult<ForceOutcome> =>
  answer.kind === 'ok' ? ok({ hasEnded: false }) : answer

/** Characters of a peer's words in a message, and those that are read at all. */
const MOST_WORDS = 300
const MOST_READ = 4_096

/** The words of a peer as one safe line. */
export function peerWords(text: string): string {
  const parts = text
    .slice(0, MOST_READ)
    .split('\n')
    .map((part) => part.trim())
  const line = printable(parts.filter(Boolean).join('; '))
  return line.length > MOST_WORDS ? `${line.slice(0, MOST_WORDS)}…` : line
}

/** Makes the failures of one channel; each names the node and the channel. */
export class FailureWriter {
  readonly #node: string
  readonly #channel: string

  constructor(node: string, channel: string) {
    this.#node = node
    this.#channel = channel
  }

  refused(words: string, todo: string): ControlFailure {
    const said = peerWords(words) || 'no reason'
    return { kind: 'refused', words: said, error: `${this.#node}: ${this.#channel} refuses: ${said} (${todo})` }
  }

  unreachable(reason: string, todo: string): ControlFailure {
    return { kind: 'unreachable', words: reason, error: `${this.#node}: ${this.#channel}: ${reason} (${todo})` }
  }

  protocol(reason: string, todo: string): ControlFailure {
    return { kind: 'protocol', words: reason, error: `${this.#node}: ${this.#channel}: ${reason} (${todo})` }
  }

  unsupported(reason: string, todo: string): ControlFailure {
    return { kind: 'unsupported', words: reason, error: `${this.#node}: ${this.#channel}: ${reason} (${todo})` }
  }
}
