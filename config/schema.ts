/**
 * Every setting: its type, default, unit and one sentence about it. A setting that is not here is a mistake.
 * Not here: where a mistake stands in the file (positions.ts), what names must point at (lint.ts), defaults that depend on
 * other settings (resolve.ts).
 */
import { z } from 'zod'
import { ADDRESS_HINT } from './address.js'
import { checksSchema } from './checks-schema.js'
import { limits, zoneLimits } from './limits-schema.js'
import { rolloutSchema } from './rollout-schema.js'
import { topologySchema } from './topology-schema.js'
import {
  address,
  algorithm,
  count,
  duration,
  expiry,
  hexDigest,
  identifier,
  ipAddress,
  listenAddress,
  listOf,
  mapOf,
  redisUrl,
  section,
  sentinelAddress,
  subnet,
  text,
  webUrl,
  wireKeyName,
  zoneName,
} from './setting-types.js'

const key = section({
  name: wireKeyName()
    .optional()
    .describe(
      'Its name on the wire, any domain name; the name of the entry when left out. Peers may share a name and differ in the secret.',
    ),
  algorithm: algorithm().describe('HMAC algorithm (RFC 8945 §6): hmac-sha1, -sha224, -sha256, -sha384, -sha512, or hmac-md5.'),
  secret: text('write the secret in base64').optional().describe('The shared secret in base64; either this or secretFile.'),
  secretFile: text('write the path of a file')
    .optional()
    .describe('A file that holds the secret in base64, relative to the config file.'),
})

const primary = section({
  address: address(53).describe(`Where the primary answers: ${ADDRESS_HINT.slice(6)}; port 53 unless given.`),
  key: text('write the name of a key')
    .optional()
    .describe('TSIG key for queries and transfers; a NOTIFY from it must be signed too.'),
})

const hub = section({
  address: address(53).describe('Where its transfer server answers the other hubs; port 53 unless given.'),
  key: text('write the name of a key').describe(
    'TSIG key for what hubs ask of each other; used by no node, as hubs are given what nodes are not.',
  ),
})

const cloud = section({
  addresses: listOf(ipAddress(), 'addresses').default([]).describe('The anycast service addresses of the cloud.'),
  prefixes: listOf(subnet(), 'prefixes')
    .default([])
    .describe('What is announced for them; when left out, the /24 or /48 around each.'),
})

const node = section({
  cloud: text('write the name of a cloud').describe('The cloud the node belongs to.'),
  site: text('write a name').optional().describe('Where it stands: a site of the topology, where there is one.'),
  address: address(53).optional().describe('Its unicast control address.'),
  paths: listOf(address(53), 'control addresses')
    .optional()
    .describe('Control addresses in order of preference; includes address when both are given.'),
  key: text('write the name of a key').optional().describe('TSIG key between the hub and the node.'),
  transits: listOf(text('write a name such as AS174'), 'transits')
    .default([])
    .describe('Its large upstream networks: two that every node of the cloud has.'),
})

const zone = section({
  name: zoneName().describe('The name of the zone, with or without the final dot.'),
  primaries: listOf(text('write the name of a primary'), 'primaries')
    .optional()
    .describe('Primaries in order of preference; every primary in the order given when left out.'),
  clouds: listOf(text('write the name of a cloud'), 'clouds')
    .optional()
    .describe('The clouds that carry it; every cloud when left out.'),
  refresh: section({
    min: duration().optional().describe('Never poll this zone more often than this.'),
    max: duration().optional().describe('Never poll this zone less often than this.'),
  })
    .optional()
    .describe('Bounds of the SOA polling interval for this zone, instead of defaults.refresh.'),
  limits: zoneLimits.prefault({}).describe('Limits on transfers of this zone, instead of those of defaults.limits.'),
})

const token = section({
  name: identifier().describe('Who this is, for the audit.'),
  role: z
    .enum(['viewer', 'operator', 'publisher', 'admin'], { error: 'write viewer, operator, publisher or admin' })
    .describe('What it may do; each role includes the ones before it.'),
  sha256: hexDigest()
    .optional()
    .describe('SHA-256 of the token in hex, the token itself is kept nowhere; either this or sha256File.'),
  sha256File: text('write the path of a file')
    .optional()
    .describe('A file that holds the SHA-256 in hex, relative to the config file.'),
  subnets: listOf(subnet(), 'subnets').default([]).describe('Where it may be used from; anywhere when left out.'),
  expires: expiry().optional().describe('The first moment it no longer works.'),
})

const sentinel = section({
  sentinels: listOf(sentinelAddress(), 'sentinels').describe('The Sentinels, host:port; port 26379 unless given.'),
  name: text('write the name of the monitored group').describe('What the Sentinels call the group.'),
  username: text('write a name').optional().describe('User for the Redis servers.'),
  password: text('write the password as text, in quotes').optional().describe('Password for the Redis servers.'),
  db: count(0).optional().describe('Database number.'),
})

const refreshDefaults = section({
  min: duration().default(1000).describe('Never poll a zone more often than this.'),
  max: duration().default(3_600_000).describe('Never poll a zone less often than this.'),
}).describe("SOA polling follows the zone's own REFRESH and RETRY, clipped to this.")

const observeDefaults = section({
  every: duration().default(60_000).describe("How often a node's serials are looked at, at rest."),
  afterRelease: duration().default(5000).describe('How often after a release that a node has not confirmed.'),
  afterReleaseFor: duration().default(120_000).describe('How long after a release that pace is kept.'),
}).describe("Looking at the nodes' own serials.")

const compare = section({
  every: duration().default(86_400_000).describe('Content compared so long ago is compared again; 0 for never.'),
})

export const WEBHOOK_EVENTS = ['rollout', 'check', 'conflict', 'hold'] as const
export type WebhookEvent = (typeof WEBHOOK_EVENTS)[number]

const webhook = section({
  url: webUrl().describe('Where events are POSTed, http:// or https://.'),
  secret: text('write the secret in base64')
    .optional()
    .describe('Signs each event (HMAC-SHA256), base64; either this or secretFile.'),
  secretFile: text('write the path of a file')
    .optional()
    .describe('A file that holds the secret in base64, relative to the config file.'),
  allowLocal: z
    .boolean({ error: 'write true or false' })
    .default(false)
    .describe('The receiver may be on this machine, its link, or a metadata service of a cloud.'),
  events: listOf(z.enum(WEBHOOK_EVENTS, { error: `write some of ${WEBHOOK_EVENTS.join(', ')}` }), 'events')
    .default([...WEBHOOK_EVENTS])
    .describe('Which events.'),
})

const defaults = section({
  refresh: refreshDefaults.prefault({}),
  observe: observeDefaults.prefault({}),
  notify: section({
    retries: listOf(duration(), 'durations')
      .default([2000, 4000, 8000, 16_000, 32_000])
      .describe('Waits between NOTIFYs to a node that does not take the version.'),
  })
    .prefault({})
    .describe('NOTIFY to the nodes (RFC 1996 §3.6).'),
  lag: section({
    warn: duration().default(300_000).describe('A node this far behind is lagging.'),
    page: duration().default(900_000).describe('A node this far behind needs a person.'),
  })
    .prefault({})
    .describe('When being behind is worth saying.'),
  shutdownGrace: duration()
    .default(10_000)
    .describe('Time to finish transfers, jobs and requests after SIGTERM; then they are ended.'),
  stuck: duration().default(600_000).describe('A node on one serial this long while newer releases wait is stuck.'),
  unknownAfterMissed: count(1).default(3).describe('SOA queries without an answer in a row, after which a node is unknown.'),
  comparePrimaries: z
    .boolean({ error: 'write true or false' })
    .default(true)
    .describe('Compare the contents of primaries that serve one serial; false where each signs for itself.'),
  compare: compare.prefault({}).describe('When primaries are compared although nothing casts doubt on them.'),
  keepVersions: count(1).default(20).describe('Versions of a zone kept, besides all in use.'),
  keepFor: duration().default(0).describe('Versions younger than this are kept as well, whatever their number.'),
  keepOctets: count(0)
    .default(2 ** 30)
    .describe('Octets of differences kept of a zone; past them the oldest versions go, but none in use.'),
  limits: limits.prefault({}),
}).describe('What holds for every zone and node.')

export const configSchema = section({
  hub: identifier().optional().describe('The name of this hub; the host name when left out.'),
  dataDir: text('write the path of a folder').default('./data').describe('Zone versions live here, and the private Redis.'),
  redis: z
    .union([redisUrl(), sentinel], { error: 'write redis://host:port/db, rediss://host:port/db or { sentinels: […], name: … }' })
    .optional()
    .describe('The Redis that hubs share; a private one is started under dataDir when left out.'),
  redisPasswordFile: text('write the path of a file')
    .optional()
    .describe('A file that holds the password for redis, relative to the config file; readable by its owner alone.'),
  api: section({
    listen: listenAddress(8053).prefault('127.0.0.1:8053').describe('Where the API and the dashboard are served.'),
    tokens: listOf(token, 'tokens')
      .default([])
      .describe(
        'Who may call the API. When left out, loopback only: the token in the file api.token under dataDir is admin, everyone else a viewer.',
      ),
    zonesInMetrics: count(0)
      .default(500)
      .describe('Metrics have a series for each zone up to this many zones; past them only sums.'),
  })
    .prefault({})
    .describe('The HTTP API.'),
  transfer: section({
    listen: listOf(listenAddress(53), 'addresses')
      .prefault(['0.0.0.0:53', '[::]:53'])
      .describe('Where nodes ask and primaries NOTIFY, UDP and TCP.'),
    source: listOf(ipAddress(), 'addresses')
      .optional()
      .describe(
        'Where NOTIFY, SOA queries and transfers leave from; the first listen address of each family, unless a wildcard, when left out.',
      ),
    idle: duration().default(30_000).describe('A connection idle this long is closed.'),
    maxConnections: count(1)
      .default(1000)
      .describe('Connections at once; when there are as many, the peer that has most loses the one that has rested longest.'),
    minOctetsPerSecond: count(0)
      .default(10_240)
      .describe('Slowest transfer to a node, octets per second over 30 seconds; 0 disables the check.'),
    total: duration().default(7_200_000).describe('Longest transfer to a node.'),
    repeats: count(0)
      .default(6)
      .describe(
        'Transfers of one version of a zone that a node may have within five minutes without a wait; further ones wait up to 30 seconds. 0 disables the waits.',
      ),
  })
    .prefault({})
    .describe('The transfer server.'),
  keys: mapOf(key, 'keys').describe('TSIG keys (RFC 8945) by name.'),
  primaries: mapOf(primary, 'primaries').describe('Hidden primaries by name, in order of preference.'),
  hubs: mapOf(hub, 'hubs').describe(
    'Every hub of this installation by name, this one among them: they take a version from each other when no primary can give it.',
  ),
  clouds: mapOf(cloud, 'clouds').describe('Clouds by name.'),
  nodes: mapOf(node, 'nodes').describe('Anycast nodes by name.'),
  zones: listOf(zone, 'zones').default([]).describe('The zones.'),
  defaults: defaults.prefault({}),
  checks: checksSchema.prefault({}).describe('What a version must pass before it is released.'),
  topology: topologySchema
    .optional()
    .describe('Sites and the links between them; single points of failure are looked for when it is there.'),
  rollout: rolloutSchema.prefault({}).describe('In which order nodes get a version; every node at once when left out.'),
  webhooks: mapOf(webhook, 'webhooks').describe('Who is told of what happens to versions, by name.'),
  log: section({
    level: z
      .enum(['trace', 'debug', 'info', 'warn', 'error', 'fatal', 'silent'], {
        error: 'write trace, debug, info, warn, error, fatal or silent',
      })
      .default('info')
      .describe('The least urgent log line written.'),
  })
    .prefault({})
    .describe('Logs.'),
})

export type RawConfig = z.output<typeof configSchema>

/** Keys of the outside contract that this version does not act on: refused, not ignored. `*` stands for any name or index. */
export const UNSUPPORTED: readonly string[] = ['transfer.tls', 'primaries.*.tls', 'catalogs']
