/**
 * Fleets of many zones and nodes, all simulated but the distributor: what each size costs. FLEET=10000x20,10000x200 chooses the
 * sizes, BENCH_WAYS=zonecast leaves out Knot.
 */
import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { descendants, killAll } from '../processes.js'
import type { Measured } from '../statistics.js'
import { type Figures, slopeTableOf, tableOf } from './figures.js'
import { FLEET } from './knobs.js'
import { watchOtherLoad } from './other-load.js'
import { runKnot } from './run-knot.js'
import { runZonecast } from './run-zonecast.js'

const RUNS = { zonecast: runZonecast, Knot: runKnot }

export async function measureFleet(): Promise<Measured[]> {
  const all: Figures[] = []
  const scratch = mkdtempSync(join(tmpdir(), 'zonecast-fleet-'))
  const clear = () => rmSync(scratch, { recursive: true, force: true, maxRetries: 5 })
  // A bench that is ended by a signal leaves no hub and no Redis behind.
  const end = () => {
    killAll(descendants(process.pid).slice(1))
    clear()
    process.exit(1)
  }
  process.once('SIGINT', end).once('SIGTERM', end)
  try {
    for (const size of FLEET.sizes)
      for (const who of FLEET.distributors) {
        const otherLoad = watchOtherLoad()
        const figures = await RUNS[who](size, scratch)
        figures.add('CPU used by other programs', '%', [otherLoad()])
        all.push(figures)
      }
  } finally {
    process.off('SIGINT', end).off('SIGTERM', end)
    clear()
  }
  console.log(`\n${tableOf(all)}\n\n${slopeTableOf(all.filter(({ who, size }) => who === 'zonecast' && !size.isSigned))}`)
  return all.flatMap(({ rows }) => rows)
}
