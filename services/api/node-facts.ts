/** The facts about a pair of zone and node, from its cell. */
import type { NodeFacts } from '../../lib/fleet/zone-view.js'
import type { NodeCell } from '../../lib/state/tables.js'

/** Objects of one shape, field by field: cells have many shapes, and fields of many shapes are read slowly. */
export const nodeFacts = (cell: NodeCell | undefined, id: string, drained: boolean): NodeFacts => ({
  id,
  drained,
  serial: cell?.serial,
  since: cell?.since ?? 0,
  observedAt: cell?.observedAt,
  missed: cell?.missed ?? 0,
  error: cell?.error,
  lostAt: cell?.lostAt,
  taken: cell?.taken,
  strayAt: cell?.strayAt,
  elsewhereAt: cell?.elsewhereAt,
  unprovedAt: cell?.unprovedAt,
  proved: cell?.proved,
  disproved: cell?.disproved,
  differs: cell?.differs,
})
