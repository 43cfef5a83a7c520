/** Which versions of a zone are being released, and which are overrun by newer ones. */
import { isGoing } from '../rollout/machine.js'
import type { StoredZone } from '../store/stored-zone.js'
import type { Version } from '../store/version.js'

/** The version waits for a turn or for the end of a hold, and so does a newer one: only the newest of them will be released. */
export function isOverrun(stored: StoredZone, version: Version): boolean {
  const waits = ({ rollout }: Version): boolean =>
    rollout?.state === 'waiting' || (rollout?.state === 'held' && rollout.heldBy === 'order')
  const newest = stored.versions.findLast(waits)
  return waits(version) && newest !== version && Object.keys(version.releasedTo).length === 0
}

export const isOut = ({ rollout }: Version): boolean => rollout !== undefined && isGoing(rollout.state)

/** The newest version that is or was being released; older ones are obsolete. */
export const newestGoing = (stored: StoredZone): Version | undefined =>
  stored.versions.findLast((version) => {
    const { rollout, releasedAt } = version
    return rollout === undefined ? releasedAt !== undefined : rollout.state === 'done' || isOut(version)
  })
