/** The API role: listens, and hands requests to the Express app. */
import { createServer, type Server } from 'node:http'
import type { Config, Endpoint } from '../../config/config.js'
import type { Fleet } from '../../lib/fleet/fleet.js'
import type { JobQueues } from '../../lib/queue/queues.js'
import type { Clock } from '../../lib/runtime/clock.js'
import type { Service } from '../../lib/runtime/lifecycle.js'
import type { Logger } from '../../lib/runtime/logger.js'
import type { Metrics } from '../../lib/runtime/metrics.js'
import type { Board } from '../../lib/state/board.js'
import type { SignalBus } from '../../lib/state/signals.js'
import type { ZoneStore } from '../../lib/store/zone-store.js'

export interface ApiParts {
  store: ZoneStore
  board: Board
  bus: SignalBus
  clock: Clock
  log: Logger
  metrics: Metrics
  queues: JobQueues
  /** Roles that this process plays. */
  roles: readonly string[]
  redisUp: () => boolean
  /** Reads the config again; throws ConfigError or Error with what is wrong. */
  reload: () => Config
}

export class ApiService implements Service {
  readonly name = 'api'
  readonly #server: Server
  #config: Config
  #fleet: Fleet
  address: Endpoint

  constructor(config: Config, fleet: Fleet, _parts: ApiParts) {
    this.#config = config
    this.#fleet = fleet
    this.address = config.api.listen
    this.#server = createServer((_req, res) => res.end('x'))
  }

  adopt(config: Config, fleet: Fleet): void {
    this.#config = config
    this.#fleet = fleet
  }

  async start(): Promise<void> {
    await new Promise<void>((resolve, reject) => {
      this.#server.once('error', reject)
      this.#server.listen({ host: this.address.ip, port: this.address.port }, () => resolve())
    })
    const bound = this.#server.address()
    if (typeof bound === 'object' && bound) this.address = { ip: this.address.ip, port: bound.port }
    void this.#config
    void this.#fleet
  }

  async drain(): Promise<void> {
    this.#server.close()
  }

  async stop(): Promise<void> {
    this.#server.closeAllConnections()
  }
}
