/** `npm run bench`: measures zonecast and its peers side by side in one run; prints tables and writes bench/results.json. */
import { mkdirSync, writeFileSync } from 'node:fs'
import { cpus, totalmem } from 'node:os'
import { checkProgram } from '../lab/available.js'
import { labRoot } from '../lab/program.js'
import { KNOBS } from './knobs.js'
import { measureAttacks } from './attacks.js'
import { measureChecks } from './checks.js'
import { measureChangesIn } from './changes-in.js'
import { measureHeldZone } from './held-zone.js'
import { measureFleet } from './fleet/fleet.js'
import { measureSimulation } from './fleet/project.js'
import { measureManyNodes } from './many-nodes.js'
import { measureManyZones } from './many-zones.js'
import { measurePolling } from './polling.js'
import { measurePropagation, measurePropagationOverTls } from './propagation.js'
import { measureTransfersIn } from './transfers-in.js'
import { measureTransfersOut, measureTransfersOutOverTls } from './transfers-out.js'
import { measureVerify } from './verify.js'
import { measureVerifyEndToEnd } from './verify-end-to-end.js'
import { measureWorkers } from './workers.js'
import { type Measured, printTable } from './statistics.js'

const ROWS: Record<string, () => Promise<Measured[]>> = {
  propagation: measurePropagation,
  nodes: measureManyNodes,
  'propagation-tls': measurePropagationOverTls,
  in: measureTransfersIn,
  held: measureHeldZone,
  changes: measureChangesIn,
  polling: measurePolling,
  many: measureManyZones,
  workers: measureWorkers,
  out: measureTransfersOut,
  'out-tls': measureTransfersOutOverTls,
  checks: measureChecks,
  verify: measureVerify,
  'verify-large': measureVerifyEndToEnd,
  attacks: measureAttacks,
  fleet: measureFleet,
  simulation: measureSimulation,
}
/** Rows that only run when they are named: they take an hour, or much memory. */
const BY_NAME: readonly string[] = ['fleet', 'simulation', 'verify-large']
const WITH_OWN_TABLES: readonly string[] = ['fleet', 'simulation']

const versions = Object.fromEntries(
  (['knot', 'nsd', 'bind'] as const).map((kind) => [kind, checkProgram(kind).version ?? 'missing']),
)
const machine = {
  cores: cpus().length,
  model: cpus()[0]?.model,
  memoryGiB: Math.round(totalmem() / 2 ** 30),
  node: process.version,
  ...versions,
  ...(labRoot() === undefined ? {} : { root: labRoot() }),
}
console.log(`machine ${JSON.stringify(machine)}\nknobs ${JSON.stringify(KNOBS)}`)
const all: Measured[] = []
/** `npm run bench -- fleet`, or BENCH_ROWS. */
const chosen = process.argv.length > 2 ? process.argv.slice(2) : KNOBS.rows
const unknown = chosen?.filter((name) => !Object.hasOwn(ROWS, name)) ?? []
if (unknown.length > 0) throw new Error(`no row ${unknown.join(', ')}; there are ${Object.keys(ROWS).join(', ')}`)
for (const [name, measure] of Object.entries(ROWS)) {
  if (!(chosen?.includes(name) ?? !BY_NAME.includes(name))) continue
  const rows = await measure()
  all.push(...rows)
  if (!WITH_OWN_TABLES.includes(name)) console.log(printTable(rows))
}
mkdirSync('bench', { recursive: true })
writeFileSync(
  'bench/results.json',
  `${JSON.stringify({ at: new Date().toISOString(), machine, knobs: KNOBS, results: all }, undefined, 1)}\n`,
)
console.log('\nwritten to bench/results.json')
