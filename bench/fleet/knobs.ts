/** The knobs of `npm run bench -- fleet`, from the environment. */
const number = (name: string, fallback: number): number => Number(process.env[name] ?? fallback)

export interface Size {
  zones: number
  nodes: number
  /** Every message between primary, distributor and nodes is signed. */
  isSigned?: boolean
}

export const FLEET = {
  /** FLEET=1000x2,10000x20,1000x20+tsig: zones × nodes, with TSIG on all links. */
  sizes: (process.env.FLEET ?? '1000x2,1000x20,10000x20').split(',').map((text): Size => {
    const match = /^(\d+)x(\d+)(\+tsig)?$/.exec(text)
    if (!match) throw new Error(`FLEET: "${text}" is not a size; write zones x nodes, such as 10000x20 or 1000x20+tsig`)
    return { zones: Number(match[1]), nodes: Number(match[2]), ...(match[3] ? { isSigned: true } : {}) }
  }),
  /** BENCH_WAYS chooses. */
  distributors: (['zonecast', 'Knot'] as const).filter((way) => process.env.BENCH_WAYS?.split(',').includes(way) ?? true),
  /** Times that all zones change at once. */
  rounds: number('FLEET_ROUNDS', 3),
  /** A phase that takes longer is reported as not reached. */
  timeoutMs: number('FLEET_TIMEOUT', 300) * 1000,
  /** Time after the load before anything is measured at rest: large fleets are rehearsed and swept meanwhile. */
  settleMs: number('FLEET_SETTLE', 5) * 1000,
  /** Time over which the CPU at rest is measured. */
  idleMs: number('FLEET_IDLE', 30) * 1000,
  /** NOTIFYs per second of the primary. */
  pace: number('FLEET_PACE', 5000),
  /** Transfers that a node asks for at once, over this number of connections. */
  window: number('FLEET_WINDOW', 20),
  connections: number('FLEET_CONNECTIONS', 2),
  /** Seconds in which a node asks for the SOA of each zone once; 0 for never. */
  refreshSeconds: number('FLEET_REFRESH', 3600),
  /** Simulated nodes in one process. */
  nodesPerProcess: number('FLEET_NODES_PER_PROCESS', 100),
}
