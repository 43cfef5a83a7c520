/** The parts of provision jobs, from those of the worker and the source of the fleet. */
import type { Config } from '../../config/config.js'
import { controlWays } from '../../lib/control/open-control.js'
import type { ZoneName } from '../../lib/dns/name.js'
import type { Fleet } from '../../lib/fleet/fleet.js'
import { setupOf } from '../../lib/render/setup-of-node.js'
import type { Logger } from '../../lib/runtime/logger.js'
import { ZoneTurns } from '../../lib/runtime/zone-turns.js'
import { zonesOnDisk } from '../../lib/store/zone-folder.js'
import { type ConfirmParts, confirmChange } from './provision-confirm.js'
import type { ProvisionParts } from './provision-processor.js'

/** The config and all zones of the hub, also where several workers share them. */
export interface WholeFleet {
  readonly config: Config
  readonly fleet: Fleet
}

interface ProvisionerParts extends ConfirmParts {
  controls: ProvisionParts['controls']
  clock: { now(): number }
  log: Logger
}

export const provisionerOf = (whole: WholeFleet, parts: ProvisionerParts): ProvisionParts => ({
  fleet: () => whole.fleet,
  setup: (node, version) => setupOf(whole.config, node, { version }),
  ways: () => controlWays(whole.config.transfer.source),
  known: async (): Promise<readonly ZoneName[]> => [
    ...new Set([...whole.fleet.zones.keys(), ...(await zonesOnDisk(whole.config.dataDir))]),
  ],
  confirm: (zone, node, action) => confirmChange(zone, node, action, parts),
  controls: parts.controls,
  inTurn: new ZoneTurns<string>().run,
  log: parts.log,
})
