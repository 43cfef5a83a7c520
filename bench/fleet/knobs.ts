/** The knobs of `npm run bench -- fleet`, from the environment. */
const number = (name: string, fallback: number): number => Number(process.env[name] ?? fallback)

export interface Size {
  zones: number
  nodes: number
}

export const FLEET = {
  /** FLEET=1000x2,10000x20: zones × nodes. */
  sizes: (process.env.FLEET ?? '1000x2,1000x20,10000x20').split(',').map((text): Size => {
    const [zones = 0, nodes = 0] = text.split('x').map(Number)
    if (!(zones > 0 && nodes > 0)) throw new Error(`FLEET: "${text}" is not a size; write zones x nodes, such as 10000x20`)
    return { zones, nodes }
  }),
  /** BENCH_WAYS chooses. */
  distributors: (['zonecast', 'Knot'] as const).filter((way) => process.env.BENCH_WAYS?.split(',').includes(way) ?? true),
  /** Times that all zones change at once. */
  rounds: number('FLEET_ROUNDS', 3),
  /** A phase that takes longer is reported as not reached. */
  timeoutMs: number('FLEET_TIMEOUT', 300) * 1000,
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
