/**
 * Finds weak settings: links without a signature or encryption, secrets that are short, shared or readable by others, an API open
 * to all. They are warnings, except for secrets in files that others can read and webhooks to addresses of this machine.
 */
import { statSync } from 'node:fs'
import { canonicalIp, isLoopback, isWildcard, subnetHolds } from './address.js'
import { lintApprovers } from './approvers.js'
import type { Config, PeerTlsConfig } from './config.js'
import type { SettingPath } from './document.js'
import type { Report } from './report.js'
import type { RawConfig } from './schema.js'
import { quote } from './secrets.js'

/** Octets; a search of all values is infeasible. */
const LEAST_SECRET = 16
const ON_BY_DEFAULT = ['serial-forward', 'apex', 'shrink', 'growth', 'churn', 'zonemd', 'dnssec'] as const
/** Read permission of group and others. */
const OTHERS = 0o077

export function lintWeaknesses(raw: RawConfig, config: Config, report: Report): void {
  lintApi(config, report)
  lintApprovers(config, report)
  lintRedis(config, report)
  lintLinks(config, report)
  lintWebhooks(config, report)
  lintSecrets(raw, config, report)
  // The other checks are off by default, as they need settings.
  const off = ON_BY_DEFAULT.filter((check) => raw.checks[check].mode === 'off')
  if (off.length > 3)
    report(
      'WEAK_CHECKS',
      ['checks'],
      `${off.length} checks are off: a bad version reaches every node; set them to "warn" at least`,
    )
  if (config.log.level === 'trace')
    report('WEAK_LOG', ['log', 'level'], 'the level is trace, which writes far more than operation needs: write info')
}

function lintApi({ api }: Config, report: Report): void {
  for (const list of ['tokens', 'clients'] as const)
    for (const [i, { name, expires }] of api[list].entries()) {
      const at: SettingPath = ['api', list, i]
      const days = expires === undefined ? undefined : (expires.getTime() - Date.now()) / 86_400_000
      if (days !== undefined && days < 0) report('WEAK_TOKEN', at, `${quote(name)} has expired: remove it`)
      else if (days !== undefined && days <= 30)
        report('TOKEN_EXPIRES', at, `${quote(name)} expires on ${expires!.toISOString().slice(0, 10)}: make its successor now`)
    }
  if (isLoopback(api.listen.ip)) return
  if (api.tls === undefined)
    report(
      'WEAK_API',
      ['api', 'listen'],
      'the API is served in the clear beyond this machine, tokens included: write api.tls, or listen on 127.0.0.1 behind a proxy with TLS',
    )
  const hashes = new Map<string, string>()
  for (const [i, { name, sha256, subnets, expires }] of api.tokens.entries()) {
    const at: SettingPath = ['api', 'tokens', i]
    if (subnets.length === 0 || subnets.some((subnet) => subnet.endsWith('/0')))
      report('WEAK_TOKEN', at, `token ${quote(name)} may be used from anywhere: write "subnets"`)
    if (expires === undefined) report('WEAK_TOKEN', at, `token ${quote(name)} never expires: write "expires"`)
    const twin = hashes.get(sha256.toString('hex'))
    if (twin !== undefined)
      report('WEAK_TOKEN', at, `token ${quote(name)} is token ${quote(twin)} under another name: give each its own`)
    hashes.set(sha256.toString('hex'), name)
  }
}

function lintRedis({ redis, hub, hubs }: Config, report: Report): void {
  if (redis.kind === 'private') return
  const at: SettingPath = ['redis']
  const url = redis.kind === 'url' ? parseUrl(redis.url) : undefined
  const hosts = redis.kind === 'url' ? [url?.hostname ?? ''] : redis.sentinels.map(({ host }) => host)
  const isNear = hosts.every((host) => host === 'localhost' || (isAddress(host) && isLoopback(host.replace(/^\[|\]$/g, ''))))
  if (!isNear && url?.protocol !== 'rediss:')
    report('WEAK_REDIS', at, 'redis is reached over the network without TLS: write rediss:// and a certificate on the server')
  if (!isNear && (redis.kind === 'url' ? !url?.password : redis.password === undefined))
    report(
      'WEAK_REDIS',
      at,
      'redis is reached over the network without a password: give the hubs an ACL user, on a network without nodes',
    )
  if (!hubs.has(hub))
    report(
      'WEAK_REDIS',
      at,
      'this hub has no key under "hubs": orders of other hubs in this redis do not count; add every hub there',
    )
}

function parseUrl(text: string): URL | undefined {
  try {
    return new URL(text)
  } catch {
    return undefined
  }
}

/** Reports only the first secret: one chmod fixes all. */
function lintSecrets(raw: RawConfig, { file }: Config, report: Report): void {
  if (!canOthersRead(file)) return
  for (const section of ['keys', 'webhooks'] as const)
    for (const [id, { secret }] of Object.entries(raw[section])) {
      if (secret === undefined) continue
      const what = 'this file holds secrets and others can read it'
      report('WEAK_SECRET', [section, id, 'secret'], `${what}: chmod 600 it, or use "secretFile"`)
      return
    }
}

function canOthersRead(file: string): boolean {
  try {
    return (statSync(file).mode & OTHERS) !== 0
  } catch {
    return false
  }
}

function lintLinks({ transfer, primaries, nodes }: Config, report: Report): void {
  const wildcard = transfer.listen.findIndex(({ ip }) => isWildcard(ip))
  for (const i of nodes.size > 0 && wildcard >= 0 ? [wildcard] : [])
    report(
      'WEAK_LISTEN',
      ['transfer', 'listen', i],
      'the transfer server listens on every address: write those of the control network',
    )
  for (const { id, address, key, tls } of primaries.values())
    if (key === undefined && !isLoopback(address.ip) && !isProved(tls))
      report(
        'WEAK_LINK',
        ['primaries', id],
        `primary "${id}" has no TSIG key: an attacker who forges its address can change zones; give it a key`,
      )
  for (const { id, paths, key, tls } of nodes.values())
    if (key === undefined && paths.some(({ ip }) => !isLoopback(ip)) && !isProved(tls))
      report(
        'WEAK_LINK',
        ['nodes', id],
        `node "${id}" has no TSIG key: an attacker who forges its address can transfer its zones; give it a key`,
      )
}

/** A certificate proves who the peer is. */
const isProved = (tls: PeerTlsConfig | undefined): boolean => tls !== undefined && (tls.name !== undefined || tls.pins.length > 0)

/** Addresses to which no webhook should lead by accident: this machine, its link, the metadata service of clouds. */
const LOCAL = [
  '127.0.0.0/8',
  '0.0.0.0/8',
  '169.254.0.0/16',
  '::1/128',
  '::/128',
  'fe80::/10',
  'fd00:ec2::254/128',
  '100.100.100.200/32',
]

/** True when an address leads to this machine, its link or a metadata service. */
export function isLocalTarget(ip: string): boolean {
  const plain = canonicalIp(ip) ?? ip
  // RFC 6052 §2.1: the last 32 bits are an IPv4 address.
  const translated = /^64:ff9b::([0-9a-f]{1,4}):([0-9a-f]{1,4})$/.exec(plain)
  const mapped = translated && canonicalIp(`::ffff:${translated[1]}:${translated[2]}`)
  return LOCAL.some((subnet) => subnetHolds(subnet, mapped ?? plain))
}

function lintWebhooks(config: Config, report: Report): void {
  for (const { id, url, secret, allowLocal } of config.webhooks) {
    const at: SettingPath = ['webhooks', id]
    const { protocol, hostname } = new URL(url)
    const host = hostname.replace(/^\[|\]$/g, '')
    const isLocal = host === 'localhost' || (isAddress(host) && isLocalTarget(host))
    if (isLocal && !allowLocal)
      report(
        'CONFIG_WEBHOOK_LOCAL',
        [...at, 'url'],
        'the receiver is on this machine or its link: write "allowLocal: true" if that is meant',
      )
    if (protocol === 'http:' && !isLocal) report('WEAK_WEBHOOK', [...at, 'url'], 'events go in the clear: write an https URL')
    if (secret.length < LEAST_SECRET)
      report(
        'WEAK_WEBHOOK',
        at,
        `the secret has ${secret.length === 1 ? 'one octet' : `${secret.length} octets`}: make one of 32, as "openssl rand -base64 32" does`,
      )
  }
}

const isAddress = (host: string): boolean => /^[\d.]+$/.test(host) || host.includes(':')
