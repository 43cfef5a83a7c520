/** The API role: listens, and hands requests to the Express app. */
import { createServer, type Server } from 'node:http'
import type { Config, Endpoint } from '../../config/config.js'
import { type NextMove, ZonecastError } from '../../lib/errors.js'
import type { Fleet } from '../../lib/fleet/fleet.js'
import type { Clock } from '../../lib/runtime/clock.js'
import type { Service } from '../../lib/runtime/lifecycle.js'
import { endpointText } from '../../lib/transport/errors.js'
import { VERSION } from '../../lib/runtime/version.js'
import { buildApp } from './app.js'
import type { ApiContext } from './context.js'
import { EventStreams } from './events.js'
import { Matrix } from './matrix.js'

export interface ApiParts extends Omit<ApiContext, 'matrix' | 'version'> {
  clock: Clock
}

export class ApiListenError extends ZonecastError<{ code: 'API_CANNOT_LISTEN'; address: string; errno: string }> {
  override readonly name = 'ApiListenError'

  override get nextMove(): NextMove {
    return 'operator'
  }
}

export class ApiService implements Service {
  readonly name = 'api'
  readonly #server: Server
  readonly #matrix: Matrix
  readonly #events: EventStreams
  address: Endpoint

  constructor(config: Config, fleet: Fleet, parts: ApiParts) {
    this.#matrix = new Matrix(config, fleet, parts.board, parts.clock)
    const context: ApiContext = { ...parts, matrix: this.#matrix, version: VERSION }
    this.#events = new EventStreams(context)
    this.address = config.api.listen
    this.#server = createServer(
      { requestTimeout: 30_000, headersTimeout: 10_000, maxHeaderSize: 16_384 },
      buildApp(context, this.#events),
    )
  }

  adopt(config: Config, fleet: Fleet): void {
    this.#matrix.config = config
    this.#matrix.fleet = fleet
  }

  /** Throws ApiListenError. */
  async start(): Promise<void> {
    const { ip, port } = this.address
    await new Promise<void>((resolve, reject) => {
      this.#server.once('error', (error) => {
        const errno = (error as { code?: string }).code ?? 'unknown'
        const reason = errno === 'EADDRINUSE' ? 'another program listens there' : errno
        reject(
          new ApiListenError(
            { code: 'API_CANNOT_LISTEN', address: endpointText(this.address), errno },
            `cannot listen on ${endpointText(this.address)}: ${reason}; change api.listen`,
            { cause: error },
          ),
        )
      })
      this.#server.listen({ host: ip, port }, () => resolve())
    })
    const bound = this.#server.address()
    if (typeof bound === 'object' && bound) this.address = { ip, port: bound.port }
  }

  async drain(): Promise<void> {
    this.#events.close()
    this.#server.close()
    this.#server.closeIdleConnections()
  }

  async stop(): Promise<void> {
    this.#server.closeAllConnections()
  }
}
