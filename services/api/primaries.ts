/** Primaries as the API shows them: their zones compared to the current versions of this hub, from the sums. */
import type { PrimarySummaryAnswer } from '../../lib/answers/primary-answers.js'
import type { FleetZone, Primary } from '../../lib/fleet/fleet.js'
import { PRIMARY_TROUBLE, type PrimaryState } from '../../lib/fleet/primary-state.js'
import { endpointText } from '../../lib/dns/endpoint.js'
import { time } from './json.js'
import type { Matrix } from './matrix.js'
import { oldKeysJson } from './old-keys.js'

/** `sums` must be settled. */
export function primarySummary(matrix: Matrix, primary: Primary): PrimarySummaryAnswer {
  const { id, address } = primary
  const sum = matrix.sums.primary(id)!
  const trouble = PRIMARY_TROUBLE.flatMap((state) => {
    const found = sum.trouble(state)
    const zone = found && matrix.sums.zoneOf(found.example)
    if (found === undefined || zone === undefined) return []
    return [{ state, zones: found.zones, example: zone.name, detail: detailOf(matrix, id, state, zone) }]
  })
  const some = sum.anyZone
  const zone = some === undefined ? undefined : matrix.sums.zoneOf(some)
  const checkedAt = zone && matrix.primaryCell(zone, id)?.checkedAt
  return {
    id,
    address: endpointText(address),
    states: sum.states,
    total: sum.total,
    trouble,
    checkedAt: time(checkedAt),
    oldKeys: oldKeysJson('primary', primary, matrix),
  }
}

/** Primaries with a zone that needs an operator. */
export const primariesInTrouble = (matrix: Matrix): PrimarySummaryAnswer[] =>
  [...matrix.fleet.primaries.values()]
    .map((primary) => primarySummary(matrix, primary))
    .filter(({ trouble }) => trouble.length > 0)

function detailOf(matrix: Matrix, id: string, state: PrimaryState, zone: FleetZone): string | null {
  const cell = matrix.primaryCell(zone, id)
  if (cell === undefined) return null
  if (state === 'silent') return cell.error ?? null
  const current = matrix.zoneCell(zone)?.newest ?? 'none'
  return `serves serial ${cell.serial ?? 'unknown'} of ${zone.name}, current serial ${current}`
}
