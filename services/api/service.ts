/** The API role: listens, and passes requests to the Express app. */
import { createServer, type IncomingMessage, type Server } from 'node:http'
import type { Config } from '../../config/config.js'
import { type NextMove, ZonecastError } from '../../lib/errors.js'
import type { Fleet, FleetDiff } from '../../lib/fleet/fleet.js'
import type { ApiClientConfig, ApiToken } from '../../config/caller-types.js'
import type { Clock } from '../../lib/runtime/clock.js'
import type { Service } from '../../lib/runtime/lifecycle.js'
import type { Logger } from '../../lib/runtime/logger.js'
import { type Endpoint, endpointText } from '../../lib/dns/endpoint.js'
import { ApprovalWithdrawals } from './withdrawn-approvals.js'
import { VERSION } from '../../lib/runtime/version.js'
import { makeLocalToken } from '../../lib/state/local-token.js'
import { buildApp } from './app.js'
import { ANONYMOUS, hashOfToken } from './auth.js'
import { CallerUses } from './caller-uses.js'
import { CertificateWatch } from './certificate-watch.js'
import { ApiConnections, MAX_CONNECTIONS, peerKeyOf } from './connections.js'
import type { ApiContext } from './context.js'
import { EventStreams } from './events.js'
import { Gate } from './gate.js'
import { type HealthParts, HealthRounds } from './health/health-rounds.js'
import { HeavyAnswers } from './heavy-answers.js'
import { lateFrom } from './lagging.js'
import { HttpListener } from '../../lib/transport/http-listener.js'
import { Matrix } from './matrix.js'
import { Identities } from './probes/identities.js'
import { ProbeRounds } from './probes/probe-rounds.js'
import { Vantages } from './probes/vantages.js'
import { time } from './json.js'
import { NodeServers, type NodeServersParts } from './node-servers.js'
import { Sessions } from './sessions.js'

export interface ApiParts
  extends Omit<
    ApiContext,
    'matrix' | 'servers' | 'probes' | 'vantages' | 'identities' | 'health' | 'heavy' | 'version' | 'sessions'
  > {
  clock: Clock
  /** Changed by a reload. */
  callers: { readonly tokens: readonly ApiToken[]; readonly clients: readonly ApiClientConfig[] }
  controls: NodeServersParts['controls']
  querier: NodeServersParts['querier']
  withdrawals: HealthParts['withdrawals']
}

class ApiListenError extends ZonecastError<{ code: 'API_CANNOT_LISTEN'; address: string; errno: string }> {
  override readonly name = 'ApiListenError'

  override get nextMove(): NextMove {
    return 'operator'
  }
}

export class ApiService implements Service {
  readonly name = 'api'
  readonly #server: Server
  readonly #listener: HttpListener
  readonly #matrix: Matrix
  readonly #approvals: ApprovalWithdrawals
  readonly #events: EventStreams
  readonly #log: Logger
  readonly #certificates: CertificateWatch
  readonly #probes: ProbeRounds
  readonly #vantages: Vantages
  readonly #health: HealthRounds
  readonly #heavy = new HeavyAnswers()
  /** Hash of the token under dataDir; made when the config has no tokens. */
  #localToken: Buffer | undefined
  address: Endpoint
  readonly scheme: 'http' | 'https'

  constructor(config: Config, fleet: Fleet, parts: ApiParts) {
    this.#matrix = new Matrix(config, fleet, parts.board, parts.clock, (zone, serial) =>
      lateFrom(parts.store.readable(zone), serial),
    )
    const sessions = new Sessions()
    const uses = new CallerUses(parts.board, () => this.#matrix.now())
    const gate = new Gate(
      () => ({
        ...parts.callers,
        local: this.#localToken,
        sessions,
        certificateOf: this.#certificateOf,
      }),
      () => this.#matrix.now(),
      undefined,
      uses.note,
    )
    const identities = new Identities(parts)
    this.#probes = new ProbeRounds({
      ...parts,
      matrix: this.#matrix,
      identities,
      onChange: (probe) => this.#events.announce({ name: 'probe', data: probe }),
    })
    this.#vantages = new Vantages({
      ...parts,
      matrix: this.#matrix,
      identities,
      onProbe: (probe) => this.#events.announce({ name: 'probe', data: probe }),
      onVantage: ({ name, state, since, reportedAt }) =>
        this.#events.announce({ name: 'vantage', data: { name, state, since: time(since), reportedAt: time(reportedAt) } }),
      onReach: (vantage, { cloud, address }, { at, from, to }) =>
        this.#events.announce({
          name: 'catchment',
          data: { vantage, cloud, address, at: time(at), from: [...from], to: [...to] },
        }),
    })
    const isDrained = (node: string): boolean => parts.board.get('drains', node)?.drained ?? false
    const isSilent = (node: string): boolean => parts.board.get('contacts', node)?.silentSince !== undefined
    this.#health = new HealthRounds({ ...parts, matrix: this.#matrix, isDrained, isSilent })
    const context: ApiContext = {
      ...parts,
      probes: this.#probes,
      vantages: this.#vantages,
      health: this.#health,
      identities,
      servers: new NodeServers(parts),
      matrix: this.#matrix,
      heavy: this.#heavy,
      version: VERSION,
      sessions,
    }
    this.#approvals = new ApprovalWithdrawals(context)
    this.#events = new EventStreams(context, gate)
    this.address = config.api.listen
    this.scheme = config.api.tls === undefined ? 'http' : 'https'
    this.#log = parts.log
    this.#certificates = new CertificateWatch(config, parts)
    this.#makeLocalToken(config)
    const app = buildApp(context, this.#events, gate)
    const connections = new ApiConnections()
    const limits = { requestTimeout: 30_000, headersTimeout: 10_000, connectionsCheckingInterval: 2_000, maxHeaderSize: 16_384 }
    this.#server = createServer(limits, (req, res) => {
      const identity = gate.identify(req)
      // A caller without a token has no proven identity.
      if (!('problem' in identity) && identity.caller.name !== ANONYMOUS) connections.know(req.socket, identity.bucket)
      if (this.#listener.isStale(req)) res.shouldKeepAlive = false
      if (gate.admit(req, res)) app(req, res)
    })
    this.#listener = new HttpListener(this.#server, config.api.tls, asksForCertificate(config), {
      take: (socket) => connections.add(socket),
      peerKeyOf,
      // The table of connections decides below this.
      maxConnections: 3 * MAX_CONNECTIONS,
      note: (outcome) => parts.metrics.apiHandshakes.inc({ outcome }),
    })
  }

  // The gate is made before the listener.
  readonly #certificateOf = (req: IncomingMessage) => this.#listener.certificateOf(req)

  adopt(config: Config, fleet: Fleet, diff: FleetDiff): void {
    this.#matrix.adopt(config, fleet, diff)
    this.#makeLocalToken(config)
    this.#certificates.adopt(config)
    this.#probes.adopt()
    this.#vantages.adopt()
    this.#listener.adopt(config.api.tls)
    this.#events.revoke()
    void this.#approvals.judgeAll()
  }

  #makeLocalToken({ api, dataDir }: Config): void {
    if (api.tokens.length + api.clients.length > 0) return
    const token = makeLocalToken(dataDir)
    this.#localToken = token === undefined ? undefined : hashOfToken(token)
    if (token === undefined) this.#log.warn({ op: 'api', dataDir }, 'api token not writable, orders refused')
  }

  /** Throws ApiListenError. */
  async start(): Promise<void> {
    const { ip, port } = this.address
    await new Promise<void>((resolve, reject) => {
      const { server } = this.#listener
      server.once('error', (error) => {
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
      server.listen({ host: ip, port }, () => resolve())
    })
    this.#matrix.sums.begin()
    this.#approvals.start()
    this.#certificates.start()
    this.#probes.start()
    this.#vantages.start()
    this.#health.start()
    const bound = this.#listener.server.address()
    if (typeof bound === 'object' && bound) this.address = { ip, port: bound.port }
  }

  /** Long answers are being written. */
  get isBusy(): boolean {
    return this.#heavy.isBusy
  }

  async finish(): Promise<void> {
    this.#approvals.stop()
    this.#certificates.stop()
    this.#probes.stop()
    this.#vantages.stop()
    this.#health.stop()
    this.#events.close()
    this.#matrix.close()
    this.#listener.close()
  }

  async stop(): Promise<void> {
    this.#server.closeAllConnections()
  }
}

/** Fixed at the start: a reload that changes it is refused (fixed-settings.ts). */
const asksForCertificate = ({ api }: Config): boolean => api.tls?.clientCa !== undefined || api.clients.length > 0
