/** The delivery to one node in the trace of its version (lib/runtime/trace.ts): from the push to the node's own answer. */
import type { ZoneName } from '../dns/name.js'
import { versionTraces } from '../runtime/version-traces.js'
import type { NodeCell } from '../state/tables.js'
import type { Version } from '../store/version.js'

export function tracePush(zone: ZoneName, node: string, { push, since }: NodeCell, version: Version): void {
  const { startedAt, confirmedAt, takenBy } = push?.target === version.serial ? push : {}
  const endTime = Math.max(startedAt ?? 0, confirmedAt ?? since)
  versionTraces.step('push', zone, version, { startTime: startedAt, endTime, attributes: { node, transfer: takenBy } })
}
