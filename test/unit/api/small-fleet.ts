/** A board, a fleet and the matrix over them, in memory, for tests of the API. */
import { loadConfig } from '../../../config/load.js'
import { writeFileSync } from 'node:fs'
import { join } from 'node:path'
import type { Serial } from '../../../lib/dns/serial.js'
import type { ZoneName } from '../../../lib/dns/name.js'
import { Board } from '../../../lib/state/board.js'
import { type NodeCell, pairKey, type ZoneCell } from '../../../lib/state/tables.js'
import { Matrix } from '../../../services/api/matrix.js'
import { fleetOfConfig } from '../../../services/fleet/fleet-of-config.js'

export const NOW = Date.parse('2026-11-03T03:00:00.000Z')

export interface SmallFleet {
  board: Board
  matrix: Matrix
  release(zone: string, serial: number, atMs?: number): void
  serve(zone: string, node: string, serial: number, more?: Partial<NodeCell>): void
}

export const BLANK: Omit<ZoneCell, 'at' | 'released' | 'releases'> = {
  staged: [],
  newest: undefined,
  rollouts: [],
  trail: undefined,
  refreshedAt: NOW,
  expireSeconds: 604_800,
  error: undefined,
  errorAt: undefined,
  failures: 0,
  conflict: undefined,
}

/** `zones` by name; each is served by the named clouds, or by all. */
export function smallFleet(folder: string, zones: Record<string, string[] | undefined>): SmallFleet {
  const file = join(folder, 'zonecast.yaml')
  const config = {
    hub: 'test',
    transfer: { listen: ['127.0.0.1:5300'] },
    primaries: { hm1: { address: '127.0.0.1:5301' } },
    clouds: { A: {}, B: {}, empty: {} },
    nodes: {
      ams1: { cloud: 'A', address: '127.0.0.1:5311' },
      lhr1: { cloud: 'A', address: '127.0.0.1:5312' },
      fra1: { cloud: 'B', address: '127.0.0.1:5313' },
    },
    zones: Object.entries(zones).map(([name, clouds]) => ({ name, ...(clouds === undefined ? {} : { clouds }) })),
  }
  writeFileSync(file, JSON.stringify(config))
  const loaded = loadConfig(file)
  const board = new Board()
  let written = NOW
  const matrix = new Matrix(loaded, fleetOfConfig(loaded), board, { now: () => NOW })
  return {
    board,
    matrix,
    release: (zone, serial, atMs = NOW - 1000) => {
      const mark = { serial: serial as Serial, digest: `d${serial}`, releasedAt: atMs }
      const releases = [...(board.get('zones', zone as ZoneName)?.releases ?? []), mark]
      board.set('zones', zone, { ...BLANK, at: written++, released: { ...mark, records: 5, octets: 100 }, releases })
    },
    serve: (zone, node, serial, more = {}) => {
      const cell: NodeCell = {
        at: written++,
        serial: serial as Serial,
        since: NOW - 500,
        observedAt: NOW - 100,
        missed: 0,
        error: undefined,
        push: undefined,
        ...more,
      }
      board.set('nodes', pairKey(zone, node), cell)
    },
  }
}
