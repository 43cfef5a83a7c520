/**
 * Converts table values for Redis and back: seals the values that decide something, and validates every value before it is used.
 */
import type { ZoneName } from '../dns/name.js'
import type { Clock } from '../runtime/clock.js'
import type { Logger } from '../runtime/logger.js'
import type { Metrics } from '../runtime/metrics.js'
import { readCell, readSealed } from './schemas.js'
import type { Seals } from './seals.js'
import { ownedZone, PER_HUB, splitPair, type TableName, type Tables } from './tables.js'

/** More hubs than any installation has: further ones are fabricated. */
const MOST_HUBS = 256

/** Clocks of hubs differ, but not by so much. */
const MOST_AHEAD_MS = 86_400_000
const IS_TIME = /^(at|of|since)$|(At|Since)$/

/** The zones and nodes of the fleet: a value about another one has no place. */
export interface Places {
  hasZone: (name: string) => boolean
  hasNode: (id: string) => boolean
  zones: () => Iterable<ZoneName>
}

export interface DoorParts {
  clock: Clock
  seals: Seals
  log: Logger
  metrics: Metrics
  fleet: Places
  /** This process reads values of the zone in the table; default: of every zone. */
  reads?: ((zone: string | undefined, table: TableName) => boolean) | undefined
}

export class CellDoor {
  readonly #parts: DoorParts
  /** Tables whose foreign values were logged: once for each table. */
  readonly #warned = new Set<string>()
  readonly #hubs = new Set<string>()

  constructor(parts: DoorParts) {
    this.#parts = parts
  }

  /** A value in its form in Redis. */
  written<T extends TableName>(table: T, key: string, value: Tables[T]): unknown {
    const { seals } = this.#parts
    return seals.isSealed(table) ? seals.seal(table, key, value) : value
  }

  /**
   * Undefined for a value that this process does not read, and for one that no hub of this installation wrote: counts that, and
   * logs it once for each table.
   */
  read<T extends TableName>(table: T, key: string, written: unknown): Tables[T] | undefined {
    if (this.#parts.reads?.(ownedZone({ table, key }), table) === false) return undefined
    const isSealed = this.#parts.seals.isSealed(table)
    // Unsealed values may be anything. Their number is limited to the nodes and hubs, so they fill no memory.
    if (!isSealed && !this.#hasPlace(table, key)) return undefined
    const read = isSealed ? this.#open(table, key, written) : readCell(table, written)
    // A time in the future would count over every local value until then.
    const value = !isSealed && read !== undefined && this.#isAhead(read) ? undefined : read
    if (value === undefined) this.refuse(table, key)
    return value
  }

  /** A time in a cell, or in its parts, is more than a day ahead. */
  #isAhead(value: object): boolean {
    const most = this.#parts.clock.now() + MOST_AHEAD_MS
    return Object.entries(value).some(([name, part]) =>
      typeof part === 'number'
        ? IS_TIME.test(name) && part > most
        : typeof part === 'object' && part !== null && this.#isAhead(part),
    )
  }

  #hasPlace(table: TableName, key: string): boolean {
    const { hasZone, hasNode } = this.#parts.fleet
    const [zone, node] = table === 'contacts' ? [undefined, key] : table === 'contents' ? [key, undefined] : splitPair(key)
    if (table === 'nodes' || table === 'forces' || table === 'verdicts' || table === 'contacts' || table === 'contents')
      return (zone === undefined || hasZone(zone)) && (node === undefined || hasNode(node))
    const user = table === 'keyUses' ? /^node:(.+)$/.exec(zone ?? '')?.[1] : undefined
    if (user !== undefined) return hasNode(user)
    if (this.#hubs.size < MOST_HUBS) this.#hubs.add(key)
    return this.#hubs.has(key)
  }

  #open<T extends TableName>(table: T, key: string, written: unknown): Tables[T] | undefined {
    const sealed = readSealed(written)
    const json = sealed && this.#parts.seals.open(table, key, sealed)
    return json === undefined ? undefined : readCell(table, parseJson(json))
  }

  /**
   * Time until which the value in Redis must not be overwritten: its own time, also when a peer hub sealed it with a key that
   * this hub lacks; never when this hub's own seal has changed since.
   */
  keepsUntil<T extends TableName>(table: T, key: string, written: unknown, value: Tables[T] | undefined): number {
    // Their one seal is never stale; a restart reads hundreds of thousands.
    if (value !== undefined && PER_HUB.has(table)) return value.at
    const sealed = this.#parts.seals.isSealed(table) ? readSealed(written) : undefined
    if (sealed === undefined) return value?.at ?? Number.NEGATIVE_INFINITY
    if (value === undefined) return this.#parts.seals.isPeer(sealed.by) ? sealed.at : Number.NEGATIVE_INFINITY
    return this.#parts.seals.isStale(table, key, sealed) ? Number.NEGATIVE_INFINITY : value.at
  }

  /** Counts and logs a foreign value. `what`: a table, `message` or `signal`. */
  refuse(what: string, key?: string): void {
    this.#parts.metrics.foreignValues.inc({ what })
    if (this.#warned.has(what)) return
    this.#warned.add(what)
    this.#parts.log.warn({ op: 'redis', what, key }, 'value in redis ignored: no hub of this installation wrote it')
  }
}

/** Undefined for text that is not JSON. */
export function parseJson(json: string): unknown {
  try {
    return JSON.parse(json)
  } catch {
    return undefined
  }
}

/** Characters of values in one message between processes. */
const PACKET_CHARACTERS = 1 << 20

/** Splits values into as many messages as needed, none of them long. */
export function* inPackets<T extends { json: string }>(values: readonly T[]): Generator<Omit<T, 'json'>[]> {
  let part: Omit<T, 'json'>[] = []
  let characters = 0
  for (const { json, ...value } of values) {
    if (part.length > 0 && characters + json.length > PACKET_CHARACTERS) {
      yield part
      part = []
      characters = 0
    }
    part.push(value)
    characters += json.length
  }
  if (part.length > 0) yield part
}
