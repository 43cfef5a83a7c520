/** The parts of the API that ask servers, with a querier that fails every question. */
import { silentLogger } from '../../../lib/runtime/logger.js'
import type { Clock } from '../../../lib/runtime/clock.js'
import type { Board } from '../../../lib/state/board.js'
import type { ApiContext } from '../../../services/api/context.js'
import type { Matrix } from '../../../services/api/matrix.js'
import { NodeServers } from '../../../services/api/node-servers.js'
import { Identities } from '../../../services/api/probes/identities.js'
import { ProbeRounds } from '../../../services/api/probes/probe-rounds.js'

const SERVE = { verdict: 'serve', why: undefined, since: 0, ttlMs: 30_000 } as const

export function silentServers(
  board: Board,
  clock: Clock,
  matrix: Matrix,
): Pick<ApiContext, 'servers' | 'probes' | 'identities' | 'health'> {
  const querier = { ask: () => Promise.reject(new Error('no server is asked')) }
  const identities = new Identities({ querier, board, clock })
  return {
    servers: new NodeServers({ controls: { of: () => undefined }, querier, board, clock }),
    identities,
    health: { of: () => SERVE, ofCluster: () => SERVE },
    probes: new ProbeRounds({ querier, matrix, identities, log: silentLogger, onChange: () => undefined }),
  }
}
