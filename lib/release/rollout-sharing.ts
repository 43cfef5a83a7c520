/** Exchanges the progress of a rollout with the other hubs, and decides which hub advances it to the next stage. */
import type { FleetZone } from '../fleet/fleet.js'
import type { RolloutEvent } from '../rollout/machine.js'
import { rolloutId } from '../rollout/record.js'
import { type OwnRollout, planOf, toldBy, toTell } from '../rollout/shared.js'
import type { Clock } from '../runtime/clock.js'
import type { Board } from '../state/board.js'
import type { StageClaims } from '../state/stage-claims.js'
import type { Version } from '../store/version.js'

export interface SharingParts {
  /** Name of this hub. */
  hub: string
  board: Board
  clock: Clock
  claims: StageClaims
}

/** Another hub that has claimed a stage has so long to pass it: a hub that died meanwhile must not stop the others. */
const FOLLOW_MS = 5_000

export class RolloutSharing {
  readonly #parts: SharingParts
  /** Stages that another hub has claimed, and since when this hub waits for its report. */
  readonly #followed = new Map<string, { stage: string; since: number }>()

  constructor(parts: SharingParts) {
    this.#parts = parts
  }

  #own(zone: FleetZone, { serial, digest, rollout }: Version): OwnRollout {
    return { id: rolloutId(zone.name, serial, digest), serial, record: rollout!, hub: this.#parts.hub }
  }

  /** The event for this hub's record that follows from another hub's report. */
  toldOf(zone: FleetZone, version: Version): RolloutEvent | undefined {
    const told = toldBy(this.#parts.board.get('stages', zone.name), this.#own(zone, version))
    return told?.kind === 'gate-failed' ? { ...told, told: true } : told
  }

  /** Publishes the progress that the other hubs do not know. */
  tell(zone: FleetZone, version: Version): void {
    if (version.rollout === undefined) return
    const { board, clock } = this.#parts
    const cell = toTell(board.get('stages', zone.name), this.#own(zone, version), clock.now())
    if (cell !== undefined) board.set('stages', zone.name, cell)
  }

  /** False while another hub has claimed the stage; its report comes over the board. */
  async isOursToLetThrough(zone: FleetZone, version: Version): Promise<boolean> {
    const { claims, clock, hub } = this.#parts
    const { id, record } = this.#own(zone, version)
    const stage = `${id} ${planOf(record)} ${record.stage} ${record.decided ?? 0}`
    if ((await claims.claim(stage)) === hub) return true
    const followed = this.#followed.get(zone.name)
    if (followed?.stage === stage) return clock.now() - followed.since >= FOLLOW_MS
    this.#followed.set(zone.name, { stage, since: clock.now() })
    return false
  }
}
