/** The peer hubs of a hub that publishes catalogs: a newer version of theirs comes before the next one of this hub. */
import { isNewer } from '../../lib/dns/serial.js'
import type { FleetZone, Primary } from '../../lib/fleet/fleet.js'
import { askPrimary, type PrimaryWatchParts } from '../../lib/observe/primary-cells.js'
import type { RefreshJob } from '../../lib/queue/jobs.js'
import { hubsOf } from '../../lib/state/hub-presence.js'
import type { ZoneStore } from '../../lib/store/zone-store.js'

export interface PublishPeersParts extends PrimaryWatchParts {
  hub: string
  store: ZoneStore
  refresh: (job: RefreshJob) => Promise<unknown>
}

export class PublishPeers {
  readonly #parts: PublishPeersParts

  constructor(parts: PublishPeersParts) {
    this.#parts = parts
  }

  /** Resolves when the newest version of the hubs that answer is on disk. A hub that is away is not asked. */
  async ask(zone: FleetZone, peers: readonly Primary[]): Promise<void> {
    const { board, clock, hub, refresh, store } = this.#parts
    const away = new Set(hubsOf(board, hub, clock.now()).flatMap(({ name, isAway }) => (isAway ? [name] : [])))
    for (const peer of peers) {
      if (away.has(peer.id)) continue
      const answer = await askPrimary(zone, peer, this.#parts)
      if (answer instanceof Error || !isNewer(answer.soa.serial, store.zone(zone.name).latest?.serial)) continue
      const job = { zone: zone.name, strength: 'refresh', askFirst: false, reason: 'poll', seen: undefined } as const
      await refresh({ ...job, elsewhere: answer.soa.serial }).catch(() => undefined)
    }
  }
}
