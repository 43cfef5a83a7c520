/**
 * Every setting: its type, default, unit and one sentence about it. A setting that is not here is a mistake.
 * Not here: places in the file (document.ts), whether names refer to an existing thing (lint.ts), defaults that depend on
 * other settings (resolve.ts).
 */
import { z } from 'zod'
import { approvalsSchema } from './approvals-schema.js'
import { auditSchema } from './audit-schema.js'
import { clientSchema, tokenSchema } from './callers-schema.js'
import { catalogSchema } from './catalog-schema.js'
import { checksSchema } from './checks-schema.js'
import { unstickSchema } from './control-schema.js'
import { limits, zoneLimits } from './limits-schema.js'
import { nodeSchema } from './node-schema.js'
import { hub, key, primary } from './peers-schema.js'
import { rolloutSchema } from './rollout-schema.js'
import { apiTlsSchema, serverTlsSchema } from './tls-schema.js'
import { healthSchema } from './health-schema.js'
import { probeSchema } from './probe-schema.js'
import { verifySchema } from './verify-schema.js'
import { topologySchema } from './topology-schema.js'
import { tsigSchema } from './tsig-schema.js'
import { workersSchema } from './workers-schema.js'
import {
  count,
  duration,
  identifier,
  ipAddress,
  listenAddress,
  listOf,
  logLevel,
  mapOf,
  redisUrl,
  section,
  sentinelAddress,
  subnet,
  text,
  webUrl,
  zoneName,
} from './setting-types.js'

const cloud = section({
  addresses: listOf(ipAddress(), 'addresses').default([]).describe('The anycast service addresses of the cloud.'),
  prefixes: listOf(subnet(), 'prefixes').default([]).describe('Announced prefixes; default: the /24 or /48 around each address.'),
})

const zone = section({
  name: zoneName().describe('The name of the zone, with or without the final dot.'),
  primaries: listOf(text('write the name of a primary'), 'primaries')
    .optional()
    .describe('Primaries in order of preference; default: every primary, in the order of the config.'),
  clouds: listOf(text('write the name of a cloud'), 'clouds')
    .optional()
    .describe('The clouds that serve the zone; default: every cloud.'),
  refresh: section({
    min: duration().optional().describe('Never poll this zone more often than this.'),
    max: duration().optional().describe('Never poll this zone less often than this.'),
  })
    .optional()
    .describe('Bounds of the SOA polling interval for this zone, instead of defaults.refresh.'),
  limits: zoneLimits.prefault({}).describe('Limits on transfers of this zone, instead of those of defaults.limits.'),
})

const sentinel = section({
  sentinels: listOf(sentinelAddress(), 'sentinels').describe('The Sentinels, host:port; default port: 26379.'),
  name: text('write the name of the monitored group').describe('Name of the monitored group at the Sentinels.'),
  username: text('write a name').optional().describe('User for the Redis servers.'),
  password: text('write the password as text, in quotes').optional().describe('Password for the Redis servers.'),
  db: count(0).optional().describe('Database number.'),
})

const refreshDefaults = section({
  min: duration().default(1000).describe('Never poll a zone more often than this.'),
  max: duration().default(3_600_000).describe('Never poll a zone less often than this.'),
}).describe("SOA polling follows the zone's own REFRESH and RETRY, within these bounds.")

const observeDefaults = section({
  every: duration().default(60_000).describe('How often the hub observes the serials of a node.'),
  afterRelease: duration().default(5000).describe('How often after a release, until the node confirms it.'),
  afterReleaseFor: duration().default(120_000).describe('How long after a release the afterRelease interval applies.'),
  budget: section({
    total: count(1)
      .default(2000)
      .describe(
        'Queries per second to all nodes together. The regular observation of a large fleet at rest uses a quarter of them.',
      ),
    perNode: count(1).default(200).describe('Queries per second to one node.'),
  })
    .prefault({})
    .describe(
      'Limits on regular SOA queries: a fleet with more zones and nodes than they allow is observed less often than observe.every.',
    ),
}).describe('SOA queries to the nodes.')

const WEBHOOK_EVENTS = ['rollout', 'check', 'conflict', 'hold', 'force'] as const
export type WebhookEvent = (typeof WEBHOOK_EVENTS)[number]

const webhook = section({
  url: webUrl().describe('URL to which events are POSTed, http:// or https://.'),
  secret: text('write the secret in base64')
    .optional()
    .describe('Secret that signs each event (HMAC-SHA256), base64; either this or secretFile.'),
  secretFile: text('write the path of a file')
    .optional()
    .describe('A file that holds the secret in base64, relative to the config file.'),
  allowLocal: z
    .boolean({ error: 'write true or false' })
    .default(false)
    .describe('Allow a receiver on this machine, on its link, or at a metadata service of a cloud.'),
  events: listOf(z.enum(WEBHOOK_EVENTS, { error: `write some of ${WEBHOOK_EVENTS.join(', ')}` }), 'events')
    .default([...WEBHOOK_EVENTS])
    .describe('Events to send.'),
})

const defaults = section({
  refresh: refreshDefaults.prefault({}),
  observe: observeDefaults.prefault({}),
  notify: section({
    retries: listOf(duration(), 'durations')
      .default([2000, 4000, 8000, 16_000, 32_000])
      .describe('Waits between NOTIFYs to a node that does not transfer the version.'),
  })
    .prefault({})
    .describe('NOTIFY to the nodes (RFC 1996 §3.6).'),
  lag: section({
    warn: duration().default(300_000).describe('A node that is this far behind is lagging.'),
    page: duration().default(900_000).describe('A node that is this far behind needs an operator.'),
  })
    .prefault({})
    .describe('Lag from which a node is reported.'),
  shutdownGrace: duration()
    .default(10_000)
    .describe('Time to finish transfers, jobs and requests after SIGTERM; then the hub ends them.'),
  stuck: duration().default(600_000).describe('A node that keeps one serial this long while newer releases wait is stuck.'),
  unknownAfterMissed: count(1).default(3).describe('Consecutive SOA queries without an answer, after which a node is unknown.'),
  comparePrimaries: z
    .boolean({ error: 'write true or false' })
    .default(true)
    .describe('Compare the contents of primaries that serve one serial; set false where each primary signs for itself.'),
  compare: section({
    every: duration().default(86_400_000).describe('Contents are compared again after this long; 0: never.'),
  })
    .prefault({})
    .describe('Regular comparison of primaries.'),
  keepVersions: count(1).default(20).describe('Versions to keep of each zone, besides all in use.'),
  keepFor: duration().default(0).describe('Versions younger than this are kept too, whatever their number.'),
  keepOctets: count(0)
    .default(2 ** 30)
    .describe(
      'Octets of difference sequences to keep of each zone; above this the oldest versions are removed, except those in use.',
    ),
  rehearsal: z
    .boolean({ error: 'write true or false' })
    .default(true)
    .describe(
      'After the start, while nothing happens, changes of an invented zone go through the hub for up to 8 seconds, on loopback addresses, so that the first change of a real zone is as fast as later ones.',
    ),
  limits: limits.prefault({}),
}).describe('Defaults for every zone and node.')

export const configSchema = section({
  hub: identifier().optional().describe('The name of this hub; default: the host name.'),
  dataDir: text('write the path of a folder').default('./data').describe('Folder for zone versions and the private Redis.'),
  redis: z
    .union([redisUrl(), sentinel], { error: 'write redis://host:port/db, rediss://host:port/db or { sentinels: […], name: … }' })
    .optional()
    .describe('The Redis that hubs share; default: the hub starts a private one under dataDir.'),
  redisPasswordFile: text('write the path of a file')
    .optional()
    .describe('A file that holds the Redis password, relative to the config file; only its owner may read it.'),
  api: section({
    listen: listenAddress(8053).prefault('127.0.0.1:8053').describe('Address of the API and the dashboard.'),
    tls: apiTlsSchema.optional().describe('TLS 1.2 and 1.3 of the API and the dashboard; default: none, plain HTTP.'),
    tokens: listOf(tokenSchema, 'tokens')
      .default([])
      .describe(
        'Tokens of API callers. Default: loopback only; the token in the file api.token under dataDir is admin, any other caller a viewer.',
      ),
    clients: listOf(clientSchema, 'clients')
      .default([])
      .describe('Callers of the API that client certificates identify; needs api.tls.'),
    zonesInMetrics: count(0)
      .default(500)
      .describe('Metrics have a series for each zone up to this many zones; above it only sums.'),
  })
    .prefault({})
    .describe('The HTTP API.'),
  transfer: section({
    listen: listOf(listenAddress(53), 'addresses')
      .prefault(['0.0.0.0:53', '[::]:53'])
      .describe('Addresses for queries of nodes and NOTIFYs of primaries, UDP and TCP.'),
    source: listOf(ipAddress(), 'addresses')
      .optional()
      .describe(
        'Source addresses of NOTIFY, SOA queries and transfers; default: the first listen address of each family, unless a wildcard.',
      ),
    idle: duration().default(30_000).describe('A connection idle this long is closed.'),
    maxConnections: count(1)
      .default(1000)
      .describe('Most connections at once; at the limit, the peer with the most connections loses the one idle longest.'),
    minOctetsPerSecond: count(0)
      .default(10_240)
      .describe('Minimum rate of a transfer to a node, octets per second over 30 seconds; 0 disables the check.'),
    total: duration().default(7_200_000).describe('Longest transfer to a node.'),
    repeats: count(0)
      .default(6)
      .describe(
        'Transfers of one version of a zone to one node within five minutes without a wait; further ones wait up to 30 seconds. 0 disables the waits.',
      ),
    processes: count(1)
      .default(1)
      .describe('Processes of the transfer server, which share its addresses; each serves every zone.'),
    tls: serverTlsSchema.optional().describe('TLS 1.3 of the transfer server (RFC 9103); default: none.'),
  })
    .prefault({})
    .describe('The transfer server.'),
  workers: workersSchema,
  keys: mapOf(key, 'keys').describe('TSIG keys (RFC 8945) by name.'),
  tsig: tsigSchema,
  primaries: mapOf(primary, 'primaries').describe('Hidden primaries by name, in order of preference.'),
  hubs: mapOf(hub, 'hubs').describe(
    'Every hub of this installation by name, this one included. Peer hubs transfer a version from each other when no primary has it.',
  ),
  clouds: mapOf(cloud, 'clouds').describe('Clouds by name.'),
  nodes: mapOf(nodeSchema, 'nodes').describe('Anycast nodes and local clusters by name.'),
  zones: listOf(zone, 'zones').default([]).describe('The zones.'),
  catalogs: listOf(catalogSchema, 'catalogs')
    .default([])
    .describe('Catalog zones (RFC 9432): consumed ones, whose members become zones, and published ones, for the nodes.'),
  defaults: defaults.prefault({}),
  checks: checksSchema.prefault({}).describe('Checks that a version must pass before its release.'),
  unstick: unstickSchema,
  topology: topologySchema
    .optional()
    .describe('Sites and the links between them; if given, the hub reports single points of failure.'),
  approvals: approvalsSchema,
  rollout: rolloutSchema.prefault({}).describe('Order in which nodes get a version; default: every node at once.'),
  verify: verifySchema.prefault({}),
  probe: probeSchema,
  health: healthSchema,
  webhooks: mapOf(webhook, 'webhooks').describe('Receivers of events about versions, by name.'),
  audit: auditSchema,
  log: section({
    level: logLevel().describe('Lowest level of log lines that are written.'),
  })
    .prefault({})
    .describe('Logs.'),
})

export type RawConfig = z.output<typeof configSchema>
