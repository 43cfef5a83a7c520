/** Breaks the world for a scenario, and repairs it. */
import type { HubId, PrimaryId } from './cast.js'
import { HUB_IDS } from './cast.js'
import type { Break } from './scenarios.js'
import type { World } from './world.js'

const isHub = (who: string): who is HubId => HUB_IDS.includes(who as HubId)

export async function breakWorld(world: World, what: Break): Promise<void> {
  if (what.kind === 'cut') await Promise.all(what.links.map((link) => world.net.cut(link, what.how)))
  else if (what.kind === 'kill') await (isHub(what.who) ? world.killHub(what.who) : world.server(what.who).kill())
  else if (what.kind === 'freeze') freeze(world, what.who)
  else if (what.kind === 'part') await world.part(what.one, what.other)
  else await Promise.all(what.links.map((link) => world.net.shape(link, what.shape)))
}

export async function healWorld(world: World, what: Break): Promise<void> {
  if (what.kind === 'cut') await Promise.all(what.links.map((link) => world.net.heal(link)))
  else if (what.kind === 'kill') await (isHub(what.who) ? world.startHub(what.who) : world.server(what.who).restart())
  else if (what.kind === 'freeze') thaw(world, what.who)
  else if (what.kind === 'part') await world.net.unpart()
  else await Promise.all(what.links.map((link) => world.net.shape(link, undefined)))
}

function freeze(world: World, who: HubId | PrimaryId | 'redis'): void {
  if (isHub(who)) world.signalHub(who, 'SIGSTOP')
  else world.server(who).pause()
}

function thaw(world: World, who: HubId | PrimaryId | 'redis'): void {
  if (isHub(who)) world.signalHub(who, 'SIGCONT')
  else world.server(who).resume()
}
