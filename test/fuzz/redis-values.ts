/**
 * Damaged values and messages in Redis: cells of every table, sealed ones among them, packets, signals and jobs. Reading never
 * fails, no value without a hub's seal decides anything, and every answer is JSON with all accepted values on the board.
 */
import { setImmediate as turn } from 'node:timers/promises'
import { TsigKey } from '../../lib/dns/tsig-record.js'
import type { ZoneName } from '../../lib/dns/name.js'
import { noteAnswer } from '../../lib/observe/node-cells.js'
import { ForeignJobError, jobOf } from '../../lib/queue/job-schemas.js'
import type { QueueKind } from '../../lib/queue/queue-kinds.js'
import { Board } from '../../lib/state/board.js'
import { encodePairs } from '../../lib/state/pair-pages.js'
import { BoardSync } from '../../lib/state/board-sync.js'
import { systemClock } from '../../lib/runtime/clock.js'
import { type Sealed, Seals } from '../../lib/state/seals.js'
import { PER_HUB, TABLE_NAMES, type TableName } from '../../lib/state/tables.js'
import { ApiScene, NODES, ZONES } from './api-scene.js'
import type { Family, Note } from './family.js'
import { type Dice, mutate } from './mutate.js'
import { CELLS, JOBS, keyFor, SIGNALS } from './redis-samples.js'
import { anyValue, mutateValue } from './values.js'

const KEY = new TsigKey('hubs.', 'hmac-sha256', Buffer.from('the hubs know it'))
const sealsOf = (hub: string, own: number): Seals =>
  new Seals(Buffer.alloc(32, own), {
    hub,
    keys: new Map([
      ['east', [KEY]],
      ['west', [KEY]],
    ]),
  })
/** A forger without any hub's key. */
const FORGER = new Seals(Buffer.alloc(32, 9), {
  hub: 'west',
  keys: new Map([['west', [new TsigKey('hubs.', 'hmac-sha256', Buffer.from('guess'))]]]),
})

const PATHS = [
  ...['/v1/status', '/v1/matrix', '/v1/nodes', '/v1/zones', '/v1/rollouts', '/v1/jobs', '/metrics', '/readyz'],
  ...ZONES.flatMap((zone) => [`/v1/zones/${encodeURIComponent(zone)}`, `/v1/rollouts?zone=${encodeURIComponent(zone)}`]),
  ...NODES.flatMap((node) => [`/v1/nodes/${node}`, `/v1/zones/example./nodes/${node}`]),
]
const VALUES_PER_ROUND = 12
const PATHS_PER_ROUND = 4

class RedisValues implements Family {
  readonly #scene: ApiScene
  readonly #sync: BoardSync
  readonly #peer = sealsOf('west', 2)
  readonly #own = sealsOf('east', 1)
  /** Events of the API, so that the listeners of the board run as well. */
  readonly #reader: AbortController
  readonly #lacks: string[] = []

  constructor(scene: ApiScene, reader: AbortController) {
    this.#scene = scene
    this.#reader = reader
    const { redis, board, bus, metrics } = scene
    const log = Object.create(scene.log, {
      warn: { value: ({ err }: { err?: unknown }, what: string) => err !== undefined && this.#lacks.push(`${what}: ${err}`) },
    }) as typeof scene.log
    this.#sync = new BoardSync({
      redis: redis.client,
      subscriber: redis.client,
      board,
      bus,
      hub: 'east',
      seals: this.#own,
      log,
      clock: systemClock,
      metrics,
      isPrivate: false,
      isWorker: true,
      fleet: { hasZone: (name) => name !== '', hasNode: (id) => id !== '', zones: () => ZONES as ZoneName[] },
    })
  }

  start(): Promise<void> {
    return this.#sync.start()
  }

  async play(dice: Dice, note: Note): Promise<void> {
    for (let i = 0; i < VALUES_PER_ROUND; i++) this.#put(dice, note)
    this.#putPage(dice, note)
    if (dice.roll(8) === 0) await this.#reconnect(dice, note)
    this.#job(dice, note)
    for (let i = 0; i < PATHS_PER_ROUND; i++) await this.#scene.get(dice.pick(PATHS), dice.roll(1000))
    await turn()
    const [lack] = this.#lacks
    if (lack !== undefined) throw new Error(lack)
    if (this.#scene.errors.length > 0) throw new Error(this.#scene.errors.join('\n'))
  }

  /** A value in the form of Redis, sound or not, and true when a hub sealed exactly this for this place. */
  #value(dice: Dice, table: TableName, key: string): { written: unknown; isSealed: boolean } {
    const sound = dice.pick(CELLS[table])
    const cell = { ...(dice.roll(3) === 0 ? sound : (mutateValue(sound, dice) as typeof sound)) }
    const hub = PER_HUB.has(table) ? this.#own : this.#peer
    if (!hub.isSealed(table)) return { written: dice.roll(30) === 0 ? anyValue(dice) : cell, isSealed: false }
    const sealed = hub.seal(table, key, cell)
    switch (dice.roll(6)) {
      case 0:
        return { written: cell, isSealed: false }
      case 1:
        return { written: FORGER.seal(table, key, cell), isSealed: false }
      case 2: {
        const written = mutateValue(sealed, dice)
        return { written, isSealed: isSame(written, sealed) }
      }
      case 3:
        // Sealed for another place.
        return { written: hub.seal(table, `${key}x`, cell), isSealed: false }
      default:
        return { written: sealed, isSealed: true }
    }
  }

  #put(dice: Dice, note: Note): void {
    const table = dice.pick(TABLE_NAMES)
    const key = keyFor(table, dice)
    const { written, isSealed } = this.#value(dice, table, key)
    const changes = [{ table, key, value: written }]
    const packet = dice.roll(6) === 0 ? { signal: dice.pick(SIGNALS) } : { changes }
    let message: unknown = { from: 'another', hub: dice.pick(['east', 'west']), ...packet }
    const isMutated = dice.roll(8) === 0
    if (isMutated) message = mutateValue(message, dice)
    const json = JSON.stringify(message) ?? ''
    const text = dice.roll(12) === 0 ? mutate(Buffer.from(json), dice, [Buffer.from(json)]).toString('utf8') : json
    note(() => text)
    const before = this.#scene.board.get(table, key)
    this.#scene.redis.emit('message', 'zonecast:changes', text)
    if (!this.#peer.isSealed(table) || isSealed) return
    if (this.#scene.board.get(table, key) !== before) throw new Error(`${table} ${key} changed, and no hub sealed the value`)
  }

  /** Packed pairs as another process publishes them, sound or not. */
  #putPage(dice: Dice, note: Note): void {
    const octets = this.#page(dice)
    const node = dice.pick([...NODES, 'gone', '', 'a\nb'])
    note(() => `pairs of ${node}: ${octets.toString('hex')}`)
    const message = Buffer.concat([Buffer.alloc(16, 7), Buffer.from(`${node}\n`), octets])
    this.#scene.redis.emit(
      'messageBuffer',
      Buffer.from('zonecast:pages'),
      dice.roll(9) === 0 ? message.subarray(0, dice.roll(20)) : message,
    )
  }

  #page(dice: Dice): Buffer {
    const board = new Board({ recent: 0 })
    for (const zone of ZONES as ZoneName[]) noteAnswer(board, zone, 'ams1', dice.roll(5), Date.now() - dice.roll(100) * 1_000)
    const all = ZONES.map((zone) => board.pairs.rows.of(zone as ZoneName))
    const sound = encodePairs(board.pairs, 'ams1', all)
    return dice.roll(3) === 0 ? mutate(sound, dice, [sound]) : sound
  }

  /** Reads all of a table anew, like after a reconnect. */
  async #reconnect(dice: Dice, note: Note): Promise<void> {
    const { hashes } = this.#scene.redis
    hashes.clear()
    for (const table of TABLE_NAMES) {
      const name = ['zones', 'primaries', 'paths'].includes(table) ? `zonecast:east:${table}` : `zonecast:${table}`
      const key = keyFor(table, dice)
      const json = JSON.stringify(this.#value(dice, table, key).written) ?? ''
      const text = dice.roll(5) === 0 ? mutate(Buffer.from(json), dice, [Buffer.from(json)]).toString('utf8') : json
      note(() => `${name} ${key} ${text}`)
      hashes.set(name, new Map([[key, text]]))
    }
    const field =
      dice.roll(4) === 0 ? dice.pick(['', 'ams1', 'ams1 64', 'ams1 -1', ' 1']) : `${dice.pick(NODES)} ${dice.roll(64)}`
    hashes.set('zonecast:pairs', new Map([[field, this.#page(dice).toString('latin1')]]))
    this.#scene.redis.emit('ready')
    for (let i = 0; i < 30; i++) await turn()
  }

  #job(dice: Dice, note: Note): void {
    const kind = dice.pick(Object.keys(JOBS) as QueueKind[])
    const data = mutateValue(JOBS[kind], dice)
    note(() => `${kind} job ${JSON.stringify(data)}`)
    try {
      jobOf(kind, data)
    } catch (error) {
      if (!(error instanceof ForeignJobError)) throw error
    }
    // It is listed anyway: an operator sees every job in the queues.
    this.#scene.list(kind, data)
  }

  async close(): Promise<void> {
    this.#reader.abort()
    await this.#sync.stop()
    await this.#scene.stop()
  }
}

/** The sealed value is the same; `at` beside it decides nothing. */
function isSame(written: unknown, sealed: Sealed): boolean {
  const { value, by } = (typeof written === 'object' && written !== null ? written : {}) as Partial<Sealed>
  return value === sealed.value && by === sealed.by
}

async function readEvents(scene: ApiScene, signal: AbortSignal): Promise<void> {
  const { ip, port } = scene.address
  const headers = { authorization: 'Bearer admin-0' }
  const response = await fetch(`http://${ip}:${port}/v1/events`, { headers, signal })
  for await (const _ of response.body as unknown as AsyncIterable<Uint8Array>) if (signal.aborted) return
}

export async function openRedisValues(): Promise<Family> {
  const scene = await ApiScene.start()
  const reader = new AbortController()
  readEvents(scene, reader.signal).catch(() => undefined)
  const family = new RedisValues(scene, reader)
  await family.start()
  return family
}
