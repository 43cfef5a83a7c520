/**
 * Metrics with a series for each zone, or for each zone on each node (docs/contract.md), up to a number of zones. They are written in
 * slices: the library would write them all in one turn of the event loop.
 */
import type { FleetZone } from '../../lib/fleet/fleet.js'
import type { Matrix } from './matrix.js'
import type { AnswerWriter } from './answer-writer.js'

interface ZoneSeries {
  name: string
  help: string
  labelNames: readonly string[]
  /** Labels and value of each series of one zone. */
  of(matrix: Matrix, zone: FleetZone, isListed: boolean): [Record<string, string>, number][]
}

export const ZONE_SERIES: readonly ZoneSeries[] = [
  {
    name: 'zonecast_zone_serial',
    help: 'Serial by source: released, or as a primary serves it',
    labelNames: ['zone', 'source'],
    of: (matrix, zone, isListed) => {
      if (!isListed) return []
      const sources = [
        ['released', matrix.zoneCell(zone)?.released?.serial] as const,
        ...zone.primaries.map(({ id }) => [id, matrix.primaryCell(zone, id)?.serial] as const),
      ]
      return sources.flatMap(([source, serial]) => (serial === undefined ? [] : [[{ zone: zone.name, source }, serial]]))
    },
  },
  {
    name: 'zonecast_node_zone_serial',
    help: "Serial in the node's own last answer",
    labelNames: ['node', 'cloud', 'zone'],
    of: (matrix, zone, isListed) =>
      (isListed ? zone.nodes : []).flatMap(({ id, cloud }) => {
        const serial = matrix.nodeCell(zone, id)?.serial
        return serial === undefined ? [] : [[{ node: id, cloud, zone: zone.name }, serial]]
      }),
  },
  {
    name: 'zonecast_node_zone_lag_seconds',
    help: 'Age of the oldest release that the node has not reached',
    labelNames: ['node', 'cloud', 'zone'],
    of: (matrix, zone, isListed) => {
      if (!isListed) return []
      const sum = matrix.sums.zone(zone.name)
      return zone.nodes.map(({ id, cloud }) => [{ node: id, cloud, zone: zone.name }, sum?.lagSecondsOn(id) ?? 0])
    },
  },
  {
    name: 'zonecast_zone_signature_expiry_timestamp_seconds',
    help: 'Time when the first signature of the released version expires, if the check dnssec covers the zone',
    labelNames: ['zone'],
    of: (matrix, zone, isListed) => {
      const until = isListed ? matrix.zoneCell(zone)?.released?.signedUntil : undefined
      return until === undefined ? [] : [[{ zone: zone.name }, until]]
    },
  },
  {
    name: 'zonecast_primaries_disagree',
    help: '1 when primaries serve two contents under one serial',
    labelNames: ['zone'],
    of: (matrix, zone, isListed) => {
      const isConflict = matrix.sums.conflicts.has(zone.name)
      return isListed || isConflict ? [[{ zone: zone.name }, isConflict ? 1 : 0]] : []
    },
  },
]

/** True when every zone has its series: a larger number would overload the collector. */
export const hasZoneSeries = (matrix: Matrix): boolean => matrix.fleet.zones.size <= matrix.config.api.zonesInMetrics

/** Writes the series in the text exposition format; `sums` must be settled. */
export async function writeZoneSeries(matrix: Matrix, out: AnswerWriter): Promise<void> {
  const isListed = hasZoneSeries(matrix)
  const conflicts = [...matrix.sums.conflicts].flatMap((name) => matrix.fleet.zones.get(name as FleetZone['name']) ?? [])
  for (const { name, help, of } of ZONE_SERIES) {
    await out.write(`\n# HELP ${name} ${help}\n# TYPE ${name} gauge\n`)
    for (const zone of isListed ? matrix.fleet.zones.values() : conflicts)
      for (const [labels, value] of of(matrix, zone, isListed)) await out.write(`${name}${labelText(labels)} ${value}\n`)
  }
}

const labelText = (labels: Record<string, string>): string =>
  `{${Object.entries(labels)
    .map(([name, value]) => `${name}="${value.replace(/[\\"\n]/g, (c) => (c === '\n' ? '\\n' : `\\${c}`))}"`)
    .join(',')}}`
