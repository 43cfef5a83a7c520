/** The parts of the API that ask servers, with a querier that fails every question. */
import { silentLogger } from '../../../lib/runtime/logger.js'
import type { Clock } from '../../../lib/runtime/clock.js'
import type { Board } from '../../../lib/state/board.js'
import type { ApiContext } from '../../../services/api/context.js'
import type { Matrix } from '../../../services/api/matrix.js'
import { NodeServers } from '../../../services/api/node-servers.js'
import { Identities } from '../../../services/api/probes/identities.js'
import { Vantages } from '../../../services/api/probes/vantages.js'
import { ProbeRounds } from '../../../services/api/probes/probe-rounds.js'

/** A vantage point of each hub in the tests. */
export const VANTAGE = 'tokyo'

const SERVE = { verdict: 'serve', why: undefined, since: 0, ttlMs: 30_000 } as const
const WITHDRAW = { ...SERVE, verdict: 'withdraw', why: 'other content' } as const

export function silentServers(
  board: Board,
  clock: Clock,
  matrix: Matrix,
): Pick<ApiContext, 'servers' | 'probes' | 'vantages' | 'identities' | 'health'> {
  const querier = { ask: () => Promise.reject(new Error('no server is asked')) }
  const identities = new Identities({ querier, board, clock })
  const { config, fleet } = matrix
  const tokens = [...config.api.tokens, { name: VANTAGE, role: 'vantage' }]
  const seen = { config: { ...config, api: { ...config.api, tokens } }, fleet, now: () => clock.now() } as unknown as Matrix
  const nothing = { log: silentLogger, onProbe: () => undefined, onVantage: () => undefined, onReach: () => undefined }
  return {
    vantages: new Vantages({ ...nothing, matrix: seen, identities }),
    servers: new NodeServers({ controls: { of: () => undefined }, querier, board, clock }),
    identities,
    health: { of: (node) => (node === 'lhr1' ? WITHDRAW : SERVE), ofCluster: () => SERVE },
    probes: new ProbeRounds({ querier, matrix, identities, log: silentLogger, onChange: () => undefined }),
  }
}
