/** Turns key settings into keys: their names on the wire, their secrets, and which of them a peer uses. */
import { resolve } from 'node:path'
import { parseZoneName } from '../lib/dns/name.js'
import type { TsigKeyConfig } from './config.js'
import type { SettingPath } from './document.js'
import type { Report } from './report.js'
import type { RawConfig } from './schema.js'
import { decodeSecret, readSecretFile } from './secrets.js'

/** Keys of one peer while they are replaced: each costs a signature for a message with a bad one. */
const MOST_KEYS = 4

/** The keys of a peer: the first signs, the others are accepted too. */
export function keysOfPeer(
  at: SettingPath,
  { key, keys }: { key?: string | undefined; keys?: string[] | undefined },
  report: Report,
): { key: string | undefined; oldKeys: string[] } {
  if (key !== undefined && keys !== undefined)
    report('CONFIG_VALUE', [...at, 'keys'], 'both "key" and "keys" are given: keep one of the two')
  if (keys?.length === 0) report('CONFIG_VALUE', [...at, 'keys'], '"keys" is empty: write at least one key, or remove the line')
  if ((keys?.length ?? 0) > MOST_KEYS)
    report('CONFIG_VALUE', [...at, 'keys'], `"keys" has more than ${MOST_KEYS} keys: remove those that are no longer used`)
  const [first, ...old] = keys ?? []
  return { key: key ?? first, oldKeys: key === undefined ? old : [] }
}

export function resolveKeys(folder: string, raw: RawConfig, report: Report): Map<string, TsigKeyConfig> {
  const keys = new Map<string, TsigKeyConfig>()
  const seen = new Map<string, string[]>()
  for (const [id, key] of Object.entries(raw.keys)) {
    const name = key.name ?? keyName(id)
    if (name === undefined) {
      report('CONFIG_VALUE', ['keys', id], 'the name of this key is not a domain name: write one such as hub-key')
      continue
    }
    const secret = resolveSecret(folder, ['keys', id], key, report)
    // Two peers may use one key name with different secrets. Two entries without a "name" that result in the same name are a
    // mistake.
    const twins = seen.get(name) ?? []
    const isSlip = twins.some((twin) => {
      const isNamed = key.name !== undefined || raw.keys[twin]?.name !== undefined
      return !isNamed || (secret !== undefined && keys.get(twin)?.secret.equals(secret))
    })
    if (isSlip)
      report(
        'CONFIG_DUPLICATE',
        ['keys', id],
        'this key has the same name as another one: remove one of the two, or write a "name" and a secret of its own',
      )
    seen.set(name, [...twins, id])
    if (secret !== undefined) keys.set(id, { name, algorithm: key.algorithm, secret })
  }
  return keys
}

function keyName(id: string): string | undefined {
  try {
    return parseZoneName(id)
  } catch {
    return undefined
  }
}

export function resolveSecret(
  folder: string,
  at: SettingPath,
  key: { secret?: string | undefined; secretFile?: string | undefined },
  report: Report,
): Buffer | undefined {
  if (key.secret !== undefined && key.secretFile !== undefined) {
    report('CONFIG_VALUE', [...at, 'secretFile'], 'both "secret" and "secretFile" are given: keep one of the two')
  }
  if (key.secret === undefined && key.secretFile === undefined) {
    report('CONFIG_MISSING', at, '"secret" is missing: write the secret in base64, or "secretFile" with the path of a file')
    return undefined
  }
  const setting = key.secret === undefined ? 'secretFile' : 'secret'
  const result = key.secret === undefined ? readSecretFile(resolve(folder, key.secretFile!)) : decodeSecret(key.secret)
  if ('readableBy' in result && result.readableBy !== undefined)
    report('CONFIG_SECRET_READABLE', [...at, setting], `the secret file is readable by ${result.readableBy}: chmod 600 it`)
  if ('secret' in result) return result.secret
  report('CONFIG_SECRET', [...at, setting], `${result.reason}: write base64, such as the output of "openssl rand -base64 32"`)
  return undefined
}
