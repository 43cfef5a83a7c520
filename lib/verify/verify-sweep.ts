/**
 * Verifies each zone of each node once in an interval, evenly spread and within the budget, and some pairs soon: after events that
 * put their content in doubt. A pair that any hub verified meanwhile is passed over.
 */
import type { ZoneName } from '../dns/name.js'
import type { Fleet, FleetNode, FleetZone } from '../fleet/fleet.js'
import { nodeCell } from '../observe/node-cells.js'
import type { Clock } from '../runtime/clock.js'
import { guard } from '../runtime/guard.js'
import type { Board } from '../state/board.js'
import { type NodeCell, pairKey } from '../state/tables.js'
import type { ZoneStore } from '../store/zone-store.js'
import type { Verifier, VerifyHow } from './verifier.js'
import { verdictOf } from './verdicts.js'

export interface VerifySchedule {
  /** Milliseconds; 0: never. */
  everyMs: number
  how: VerifyHow
}

export interface VerifySweepParts {
  board: Board
  store: Pick<ZoneStore, 'releasedTo'>
  clock: Clock
  verifier: Pick<Verifier, 'verify' | 'turns' | 'octets'>
  schedule: VerifySchedule
}

const TICK_MS = 1_000
/** Pairs that one tick considers for one node: some hundred microseconds. */
const LOOKED_AT = 200
/** The first pair of a node is verified within this time after the start. */
const FIRST_WITHIN_MS = 600_000
/** The zones of a node that came back are verified within this time, if the interval is longer. */
const RETURNED_WITHIN_MS = 3_600_000
/** A pair that should be verified soon has this long to serve its version. */
const SOON_FOR_MS = 3_600_000
/** After a verify that could not compare. */
const AGAIN_MS = 60_000
/** Pairs that wait for a verify soon; the schedule reaches all others. */
const MOST_SOON = 100_000

interface Course {
  node: FleetNode
  zones: readonly FleetZone[]
  cursor: number
  nextAt: number
  /** Pairs with an older verdict are due, whatever the interval. */
  dueBefore: number
  /** Pairs that were considered since then. */
  looked: number
}

interface Soon {
  zone: ZoneName
  node: string
  dueAt: number
  until: number
}

export class VerifySweep {
  readonly #parts: VerifySweepParts
  #fleet: Fleet
  readonly #courses = new Map<string, Course>()
  readonly #soon = new Map<string, Soon>()
  readonly #silent = new Set<string>()
  #timer: NodeJS.Timeout | undefined
  #unlisten: () => void = () => undefined

  constructor(fleet: Fleet, parts: VerifySweepParts) {
    this.#fleet = fleet
    this.#parts = parts
  }

  start(): void {
    const { board } = this.#parts
    this.adopt(this.#fleet)
    this.#unlisten = board.onChange((change) => {
      if (change.table === 'contacts') this.#onContact(change.key, change.value.silentSince !== undefined)
      else if (change.table === 'nodes' && !change.isQuiet) this.#onPair(change.zone, change.node, change.value)
    })
    this.#timer = setInterval(
      guard('verify timer', () => this.#tick()),
      TICK_MS,
    )
    this.#timer.unref()
  }

  stop(): void {
    clearInterval(this.#timer)
    this.#unlisten()
  }

  adopt(fleet: Fleet): void {
    this.#fleet = fleet
    const now = this.#parts.clock.now()
    for (const id of this.#courses.keys()) if (!fleet.nodes.has(id)) this.#courses.delete(id)
    for (const node of fleet.nodes.values()) {
      const zones = fleet.zonesOf(node.id)
      const known = this.#courses.get(node.id)
      if (known !== undefined) Object.assign(known, { node, zones })
      else {
        const cursor = Math.floor(Math.random() * zones.length)
        const nextAt = now + Math.random() * Math.min(FIRST_WITHIN_MS, this.#gapMs(zones.length))
        this.#courses.set(node.id, { node, zones, cursor, nextAt, dueBefore: 0, looked: 0 })
      }
    }
  }

  #gapMs(zones: number, withinMs = this.#parts.schedule.everyMs): number {
    return withinMs / Math.max(1, zones)
  }

  /** Verifies the pair when the node serves its version, and not before `delayMs`. Nothing is done while the schedule is off. */
  verifySoon(zone: ZoneName, node: string, delayMs = TICK_MS): void {
    const key = pairKey(zone, node)
    const now = this.#parts.clock.now()
    if (this.#soon.size >= MOST_SOON && !this.#soon.has(key)) return
    this.#soon.set(key, { zone, node, dueAt: now + delayMs, until: now + SOON_FOR_MS })
  }

  /** The node answers again: it may have been restarted, or may be another machine. */
  #onContact(node: string, isSilent: boolean): void {
    if (isSilent) this.#silent.add(node)
    else if (this.#silent.delete(node)) {
      const course = this.#courses.get(node)
      if (course !== undefined)
        Object.assign(course, { dueBefore: this.#parts.clock.now(), nextAt: this.#parts.clock.now(), looked: 0 })
    }
  }

  /** The node shows another serial than the one under which its content differed. */
  #onPair(zone: ZoneName, node: string, { differs, serial }: NodeCell): void {
    if (differs === undefined || serial === differs.serial || this.#soon.has(pairKey(zone, node))) return
    if (serial === this.#parts.store.releasedTo(zone, node)?.serial) this.verifySoon(zone, node)
  }

  #tick(): void {
    const { schedule, verifier, clock } = this.#parts
    if (schedule.everyMs === 0) return
    const now = clock.now()
    for (const [key, soon] of this.#soon) {
      if (verifier.turns.isFull) return
      if (soon.until < now) this.#soon.delete(key)
      else if (soon.dueAt <= now) this.#runSoon(key, soon)
    }
    if (!verifier.octets.isFree) return
    for (const course of this.#courses.values()) {
      if (verifier.turns.isFull) return
      if (course.nextAt <= now && !verifier.turns.isBusy(course.node.id)) this.#advance(course, now)
    }
  }

  #runSoon(key: string, soon: Soon): void {
    const zone = this.#fleet.zones.get(soon.zone)
    const node = this.#fleet.nodes.get(soon.node)
    if (zone === undefined || node === undefined || !zone.nodes.includes(node)) {
      this.#soon.delete(key)
      return
    }
    const { verifier, clock } = this.#parts
    if (verifier.turns.isBusy(node.id) || !this.#isReady(zone, node)) return
    this.#soon.delete(key)
    void this.#run(zone, node).then((isDone) => {
      if (!isDone && !this.#soon.has(key)) this.#soon.set(key, { ...soon, dueAt: clock.now() + AGAIN_MS })
    })
  }

  /** Starts the verify of the next pair that is due. */
  #advance(course: Course, now: number): void {
    const { zones, node } = course
    const isReturn = course.dueBefore > 0
    const within = isReturn ? Math.min(this.#parts.schedule.everyMs, RETURNED_WITHIN_MS) : this.#parts.schedule.everyMs
    for (let i = 0; i < Math.min(LOOKED_AT, zones.length); i++) {
      course.cursor = (course.cursor + 1) % zones.length
      course.looked += 1
      const zone = zones[course.cursor]!
      if (!this.#isDue(zone, course, now) || !this.#isReady(zone, node)) continue
      course.nextAt = Math.max(now, course.nextAt) + this.#gapMs(zones.length, within)
      void this.#run(zone, node)
      return
    }
    // Twice around: the node's zones were verified since it came back, as far as they can be.
    if (course.looked > zones.length * 2) course.dueBefore = 0
    course.nextAt = now + (zones.length > LOOKED_AT ? TICK_MS : Math.min(AGAIN_MS, this.#gapMs(zones.length)))
  }

  #isDue(zone: FleetZone, { node, dueBefore }: Course, now: number): boolean {
    const { board, schedule } = this.#parts
    const at = verdictOf(board, zone.name, node.id)?.at ?? 0
    return at < dueBefore || at + schedule.everyMs <= now
  }

  /** The node answers with the serial of the version that it should serve. */
  #isReady(zone: FleetZone, node: FleetNode): boolean {
    const { board, store } = this.#parts
    if (board.get('drains', node.id)?.drained === true) return false
    const { serial, missed, lostAt } = nodeCell(board, zone.name, node.id)
    return serial !== undefined && missed === 0 && lostAt === undefined && serial === store.releasedTo(zone.name, node.id)?.serial
  }

  /** Returns true when the pair was compared. */
  async #run(zone: FleetZone, node: FleetNode): Promise<boolean> {
    const { verifier, schedule } = this.#parts
    return (await verifier.verify(zone, node, { how: schedule.how, isOrder: false })).verdict !== 'cannot'
  }
}
