/**
 * Every knob of the bench in one place. Environment: BENCH_RECORDS, BENCH_NODES, BENCH_ROUNDS, and comma-separated BENCH_ROWS,
 * BENCH_WAYS, BENCH_SIZES, BENCH_CLIENTS (of the large zone). The knobs of the fleet are in fleet/knobs.ts.
 */
import { execFileSync } from 'node:child_process'

const number = (name: string, fallback: number): number => Number(process.env[name] ?? fallback)

/** One hub for each Node.js, named by its version. */
function hubsOf(programs: string | undefined): { who: string; node?: string }[] {
  if (programs === undefined) return [{ who: 'zonecast' }]
  return programs.split(',').map((node) => {
    const version = execFileSync(node, ['--version'], { encoding: 'utf8' }).trim()
    return { who: `zonecast on Node.js ${version}`, node }
  })
}

export const KNOBS = {
  /** Records of the large zone. */
  records: number('BENCH_RECORDS', 1_000_000),
  /** Real name servers behind each distributor. */
  nodes: number('BENCH_NODES', 20),
  /** Make of these name servers: Knot or NSD (BENCH_NODE_KIND). */
  nodeKind: process.env.BENCH_NODE_KIND === 'NSD' ? 'NSD' : 'Knot',
  /** Simulated nodes of a zone: fleets that run side by side (BENCH_SIMULATED=20,200). */
  simulated: process.env.BENCH_SIMULATED?.split(',').map(Number) ?? [20, 200],
  /** Changes before the measured ones, for a hub whose code is compiled. */
  warm: number('BENCH_WARM', 300),
  /** The Node.js that runs the hub: BENCH_HUB_NODES=/srv/node-22/bin/node,/srv/node-24/bin/node compares several. */
  hubs: hubsOf(process.env.BENCH_HUB_NODES),
  /** Changes measured per distributor; odd, so that the median is one of them. */
  changes: number('BENCH_CHANGES', 41),
  /** Alternating rounds of AXFR transfers. */
  rounds: number('BENCH_ROUNDS', 3),
  /** Clients that transfer a zone at once, by the records of the zone. */
  clients: [
    { records: number('BENCH_RECORDS', 1_000_000), clients: process.env.BENCH_CLIENTS?.split(',').map(Number) ?? [1] },
    { records: number('BENCH_RECORDS', 1_000_000) / 10, clients: [1, 10, 50] },
  ],
  /** Zone sizes for the small change. */
  sizes: process.env.BENCH_SIZES?.split(',').map(Number) ?? [10_000, 100_000, number('BENCH_RECORDS', 1_000_000)],
  /** Distributors between primary and nodes; BENCH_WAYS chooses. */
  distributors: (['direct', 'NSD', 'BIND', 'zonecast'] as const).filter(
    (way) => process.env.BENCH_WAYS?.split(',').includes(way) ?? true,
  ),
  /** Servers that transfer a change of a large zone, and send zones to clients; BENCH_WAYS chooses. */
  receivers: ['Knot', 'NSD', 'BIND', 'zonecast'].filter((way) => process.env.BENCH_WAYS?.split(',').includes(way) ?? true),
  /** Primaries of a zone that receivers hold already: `fast` sends prepared messages; BENCH_PRIMARIES chooses. */
  primaries: (['fast', 'Knot'] as const).filter((who) => process.env.BENCH_PRIMARIES?.split(',').includes(who) ?? true),
  /** Zones that change at once. */
  zones: number('BENCH_ZONES', 10_000),
  rows: process.env.BENCH_ROWS?.split(','),
}
