/**
 * Turns settings that fit the schema into the Config: makes names canonical, reads secrets, decides defaults. Reports, through
 * `report`, mistakes that need a file or more than one setting. Not here: whether names refer to an existing thing
 * something (lint.ts).
 */
import type { Report } from './report.js'
import { hostname } from 'node:os'
import { dirname, resolve } from 'node:path'
import type { ZoneName } from '../lib/dns/name.js'
import { type Endpoint, endpointText } from '../lib/dns/endpoint.js'
import { isLoopback, isWildcard } from './address.js'
import type { Config, NodeConfig, PrimaryConfig, RedisConfig, ServerTlsConfig, WebhookConfig } from './config.js'
import { type SingleNode, singleNodes } from './clusters.js'
import { resolveControl } from './control.js'
import { resolveCatalogs } from './catalogs.js'
import { keysOfPeer, resolveKeys, resolveSecret } from './keys.js'
import type { SettingPath } from './document.js'
import { rolloutRulesOf } from './rollout-schema.js'
import type { RawConfig } from './schema.js'
import { readTextFile } from './secrets.js'
import { NO_PORT } from './setting-types.js'
import { TlsReader } from './tls.js'
import { checkApprovers } from './approvers.js'
import { healthOf } from './health-schema.js'
import { probeOf } from './probe-schema.js'
import { resolveCallers } from './callers.js'
import { verifyOf } from './verify-schema.js'
import { topologyOf } from './topology-schema.js'
import { checkBounds } from './bounds.js'
import { resolveZones, type ZoneList } from './resolve-zones.js'

/** Workers report each second, and a busy one a little later. */
const LEAST_LEASE_MS = 2_000

export interface Resolved {
  config: Config
  /** The index of each zone in the file's list. */
  zoneIndex: Map<ZoneName, number>
}

export function resolveConfig(file: string, raw: RawConfig, list: ZoneList, report: Report): Resolved {
  const folder = dirname(file)
  const d = raw.defaults
  checkBounds(d.refresh.min, d.refresh.max, ['defaults', 'refresh'], report)
  if (d.lag.page < d.lag.warn)
    report('CONFIG_VALUE', ['defaults', 'lag', 'page'], '"page" is shorter than "warn": write a longer duration')
  if (raw.workers.lease < LEAST_LEASE_MS)
    report('CONFIG_VALUE', ['workers', 'lease'], '"lease" is shorter than 2s: write a longer duration')
  if (raw.audit.keep < 86_400_000) report('CONFIG_VALUE', ['audit', 'keep'], '"keep" is shorter than 1d: write a longer duration')
  if (raw.workers.share === 'machines' && raw.redis === undefined)
    report('CONFIG_VALUE', ['workers', 'share'], '"machines" needs a Redis that all machines reach: set redis')
  if (raw.workers.share === 'machines' && raw.workers.key === undefined)
    report('CONFIG_VALUE', ['workers', 'share'], '"machines" needs a key that all machines of this hub have: set workers.key')
  const listen = raw.transfer.listen
  if (listen.length === 0) report('CONFIG_VALUE', ['transfer', 'listen'], '"listen" is empty: write at least one address')
  const tls = new TlsReader(folder, report)
  const serverTls = tls.server(raw.transfer.tls)
  const config: Config = {
    file,
    hub: raw.hub ?? hostname(),
    dataDir: resolve(folder, raw.dataDir),
    redis: resolveRedis(folder, raw, report),
    api: {
      listen: raw.api.listen,
      tls: tls.api(raw.api.tls),
      ...resolveCallers(folder, raw.api, report),
      zonesInMetrics: raw.api.zonesInMetrics,
    },
    transfer: {
      listen,
      source: raw.transfer.source ?? defaultSources(listen),
      idleMs: raw.transfer.idle,
      maxConnections: raw.transfer.maxConnections,
      pace: { minOctetsPerSecond: raw.transfer.minOctetsPerSecond, maxMs: raw.transfer.total },
      repeats: raw.transfer.repeats,
      processes: raw.transfer.processes,
      tls: serverTls,
    },
    workers: { share: raw.workers.share, leaseMs: raw.workers.lease, key: raw.workers.key },
    keys: resolveKeys(folder, raw, report),
    tsig: raw.tsig,
    primaries: mapEntries(raw.primaries, (id, primary) =>
      resolvePeer(['primaries', id], id, primary, tls.primary(id, primary.tls), report),
    ),
    hubs: mapEntries(raw.hubs, (id, hub) => resolveHub(id, hub, tls.hub(id, hub.tls, serverTls), report)),
    clouds: mapEntries(raw.clouds, (id, cloud) => ({ id, addresses: cloud.addresses, prefixes: cloud.prefixes })),
    nodes: mapEntries(singleNodes(raw.nodes, report), (id, node) => resolveNode(folder, id, node, tls, serverTls, report)),
    zones: new Map(),
    catalogs: { consumed: new Map(), published: new Map(), order: [] },
    topology: topologyOf(raw.topology),
    defaults: {
      refresh: { minMs: d.refresh.min, maxMs: d.refresh.max },
      observe: {
        everyMs: d.observe.every,
        afterReleaseMs: d.observe.afterRelease,
        afterReleaseForMs: d.observe.afterReleaseFor,
        budget: d.observe.budget,
      },
      notify: { retriesMs: d.notify.retries },
      lag: { warnMs: d.lag.warn, pageMs: d.lag.page },
      stuckMs: d.stuck,
      shutdownGraceMs: d.shutdownGrace,
      rehearses: d.rehearsal,
      unknownAfterMissed: d.unknownAfterMissed,
      comparePrimaries: d.comparePrimaries,
      compareEveryMs: d.compare.every,
      keepVersions: d.keepVersions,
      keepForMs: d.keepFor,
      keepOctets: d.keepOctets,
      limits: {
        octets: d.limits.octets,
        records: d.limits.records,
        messages: d.limits.messages,
        names: d.limits.names,
        memory: d.limits.memory,
        totalMemory: d.limits.totalMemory,
        growth: d.limits.growth,
        connectMs: d.limits.connect,
        firstOctetMs: d.limits.firstOctet,
        idleMs: d.limits.idle,
        minOctetsPerSecond: d.limits.minOctetsPerSecond,
        totalMs: d.limits.total,
        transfersPerPrimary: d.limits.transfersPerPrimary,
        transfers: d.limits.transfers,
      },
    },
    approvals: raw.approvals,
    rollout: rolloutRulesOf(raw.rollout),
    unstick: { afterMs: raw.unstick.after, atOnce: raw.unstick.atOnce },
    verify: verifyOf(raw.verify),
    probe: probeOf(raw.probe),
    health: healthOf(raw.health),
    webhooks: resolveWebhooks(folder, raw, report),
    audit: { keepMs: raw.audit.keep },
    log: { level: raw.log.level },
    certificates: tls.certificates,
  }
  const zoneIndex = resolveZones(raw, list, config, report)
  resolveCatalogs(raw, config, report)
  checkApi(raw, config, report)
  return { config, zoneIndex }
}

const mapEntries = <T, U>(record: Record<string, T>, to: (id: string, value: T) => U): Map<string, U> =>
  new Map(Object.entries(record).map(([id, value]) => [id, to(id, value)]))

function resolveRedis(folder: string, { redis, redisPasswordFile: file }: RawConfig, report: Report): RedisConfig {
  if (redis === undefined) return { kind: 'private' }
  const fromFile = file === undefined ? undefined : readPassword(resolve(folder, file), report)
  if (typeof redis === 'string') return { kind: 'url', url: fromFile === undefined ? redis : withPassword(redis, fromFile) }
  const { username, password = fromFile, db } = redis
  return {
    kind: 'sentinel',
    sentinels: redis.sentinels,
    name: redis.name,
    ...(username === undefined ? {} : { username }),
    ...(password === undefined ? {} : { password }),
    ...(db === undefined ? {} : { db }),
  }
}

function readPassword(file: string, report: Report): string | undefined {
  const { text, readableBy, reason } = readTextFile(file)
  const at: SettingPath = ['redisPasswordFile']
  if (readableBy !== undefined)
    report('CONFIG_SECRET_READABLE', at, `the password file is readable by ${readableBy}: chmod 600 it`)
  if (text === undefined || text === '')
    report('CONFIG_SECRET', at, `${reason ?? 'the password file is empty'}: write the password into it`)
  return text
}

function withPassword(text: string, password: string): string {
  const url = new URL(text)
  url.password = encodeURIComponent(password)
  return url.href
}

/**
 * Peers allow the hub by address, so queries leave from the listen addresses; a wildcard leaves the choice to the routing table.
 */
function defaultSources(listen: readonly Endpoint[]): string[] {
  const families = [listen.find((l) => !l.ip.includes(':')), listen.find((l) => l.ip.includes(':'))]
  return families.flatMap((endpoint) => (endpoint === undefined || isWildcard(endpoint.ip) ? [] : [endpoint.ip]))
}

function resolveWebhooks(folder: string, raw: RawConfig, report: Report): WebhookConfig[] {
  return Object.entries(raw.webhooks).flatMap(([id, webhook]) => {
    const secret = resolveSecret(folder, ['webhooks', id], webhook, report)
    return secret === undefined ? [] : [{ id, url: webhook.url, secret, events: webhook.events, allowLocal: webhook.allowLocal }]
  })
}

function resolvePeer(
  at: SettingPath,
  id: string,
  peer: RawConfig['primaries'][string],
  tls: PrimaryConfig['tls'],
  report: Report,
): PrimaryConfig {
  const { ip, port } = peer.address
  const address = { ip, port: port === NO_PORT ? (tls === undefined ? 53 : 853) : port }
  return { id, address, ...keysOfPeer(at, peer, report), tls }
}

function resolveHub(
  id: string,
  hub: RawConfig['hubs'][string],
  tls: PrimaryConfig['tls'],
  report: Report,
): PrimaryConfig & { key: string } {
  const peer = resolvePeer(['hubs', id], id, hub, tls, report)
  if (hub.key === undefined && hub.keys === undefined)
    report('CONFIG_MISSING', ['hubs', id], '"key" is missing: write the name of a key, or "keys"')
  return { ...peer, key: peer.key ?? '' }
}

function resolveNode(
  folder: string,
  id: string,
  node: SingleNode,
  reader: TlsReader,
  serverTls: ServerTlsConfig | undefined,
  report: Report,
): NodeConfig {
  const tls = reader.node(id, node, serverTls)
  const at = ['nodes', id]
  if (node.address === undefined && node.paths === undefined) {
    report('CONFIG_MISSING', at, '"address" is missing: write the control address of the node, ip or ip:port')
  } else if (node.paths?.length === 0) {
    report('CONFIG_VALUE', [...at, 'paths'], '"paths" is empty: write at least one address, or use "address"')
  } else if (node.address !== undefined && node.paths !== undefined) {
    const address = endpointText(node.address)
    if (!node.paths.some((path) => endpointText(path) === address)) {
      report('CONFIG_VALUE', [...at, 'paths'], `"paths" does not include the address ${address}: add it, or remove "address"`)
    }
  }
  const paths = node.paths ?? (node.address === undefined ? [] : [node.address])
  const { cloud, cluster, site, transits, identity, verify } = node
  const control = resolveControl(folder, id, node, report, reader.certificates)
  return {
    id,
    cloud,
    cluster,
    site,
    paths,
    ...keysOfPeer(at, node, report),
    tls,
    transits,
    kind: node.kind ?? control?.kind,
    identity,
    control,
    verify,
  }
}

function checkApi(raw: RawConfig, config: Config, report: Report): void {
  const { listen } = config.api
  checkApprovers(config, report)
  if (raw.api.tokens.length + raw.api.clients.length > 0 || isLoopback(listen.ip)) return
  const what = `the API would be open to everyone at ${endpointText(listen)}: add "tokens", or listen on 127.0.0.1`
  report('CONFIG_OPEN_API', ['api', 'listen'], what)
}
