/** Finds TSIG keys that are weak, shared by peers that must not have one key, or being replaced. */
import type { Config, TsigKeyConfig } from './config.js'
import type { SettingPath } from './document.js'
import type { Report } from './report.js'
import { quote } from './secrets.js'

/** In order of strength (RFC 8945 §6). */
const BY_STRENGTH = ['hmac-md5', 'hmac-sha1', 'hmac-sha224', 'hmac-sha256', 'hmac-sha384', 'hmac-sha512']

export function lintKeys(config: Config, report: Report): void {
  lintStrength(config, report)
  lintHolders(config, report)
  for (const section of ['primaries', 'hubs', 'nodes'] as const)
    for (const { id, oldKeys } of config[section].values())
      if (oldKeys.length > 0)
        report(
          'KEY_ROLLING',
          [section, id, 'keys'],
          `${oldKeys.map(quote).join(' and ')} ${oldKeys.length === 1 ? 'is' : 'are'} still accepted from "${id}": when "zonecast ${section === 'nodes' ? 'nodes' : 'primaries'}" shows no use any more, write "key" with the first alone`,
        )
}

function lintStrength({ keys, tsig }: Config, report: Report): void {
  const code = tsig.weaker === 'refuse' ? 'CONFIG_WEAK_KEY' : 'WEAK_KEY'
  for (const [id, key] of keys) {
    const at: SettingPath = ['keys', id]
    if (BY_STRENGTH.indexOf(key.algorithm) < BY_STRENGTH.indexOf(tsig.lowestAlgorithm))
      report(code, [...at, 'algorithm'], `key ${quote(id)} uses ${key.algorithm}: write ${tsig.lowestAlgorithm}`)
    if (key.secret.length * 8 < tsig.leastSecretBits)
      report(
        code,
        at,
        `the secret of key ${quote(id)} has ${octets(key)}: make one of ${Math.max(32, Math.ceil(tsig.leastSecretBits / 8))}, as "openssl rand -base64 ${Math.max(32, Math.ceil(tsig.leastSecretBits / 8))}" does`,
      )
  }
}

function lintHolders(config: Config, report: Report): void {
  const holders = new Map<string, string[]>()
  const hold = (key: string, who: string): void => {
    holders.set(key, [...(holders.get(key) ?? []), who])
  }
  for (const { id, key, oldKeys, control } of config.nodes.values()) {
    const own = key === undefined ? [] : [key, ...oldKeys]
    for (const each of own) hold(each, `node "${id}"`)
    if (control?.kind === 'bind' && !own.includes(control.key)) hold(control.key, `the control channel of node "${id}"`)
  }
  const primaryKeys = new Set([...config.primaries.values()].flatMap(({ key, oldKeys }) => [key, ...oldKeys]))
  for (const [key, who] of holders) {
    if (who.length > 1)
      report(
        'WEAK_KEY',
        ['keys', key],
        `key ${quote(key)} is used by ${who.slice(0, 3).join(', ')}${who.length > 3 ? ' …' : ''}: an attacker on one node has the key of all; make one for each`,
      )
    if (primaryKeys.has(key))
      report(
        'WEAK_KEY',
        ['keys', key],
        `key ${quote(key)} is used by a primary and ${who[0]}: an attacker on the node can act as the primary; make one for each`,
      )
  }
}

const octets = ({ secret }: TsigKeyConfig): string => (secret.length === 1 ? 'one octet' : `${secret.length} octets`)
