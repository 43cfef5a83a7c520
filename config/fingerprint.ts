/** Digests all settings on which hubs must agree, so that two hubs can compare their configs. */
import { createHash } from 'node:crypto'
import type { Config, ZoneConfig } from './config.js'

/** Settings that may differ between hubs. */
const OWN: ReadonlySet<string> = new Set([
  'file',
  'hub',
  'dataDir',
  'redis',
  'api',
  'transfer',
  'workers',
  'audit',
  'probe',
  'log',
  'topology',
])
const DIGITS = 16
/** Characters that are digested in one call. */
const LONG_TEXT = 1 << 14

/**
 * Hexadecimal. It covers secrets without revealing them, and ignores comments, the order of keys and the spelling of durations.
 */
export function fingerprintOf(config: Config): string {
  // The contents of certificate files count, not their paths here.
  const { zones, nodes, certificates: _, ...rest } = config
  // Each hub has control channels of its own, such as a forwarded socket.
  const nodesOfAll = new Map([...nodes].map(([id, node]) => [id, { ...node, control: undefined }]))
  // A rehearsal at the start concerns the process alone.
  const others = { ...rest, nodes: nodesOfAll, defaults: { ...rest.defaults, rehearses: undefined } }
  const shared = Object.entries(others).filter(([name]) => !OWN.has(name))
  const hash = createHash('sha256').update(canonical(Object.fromEntries(shared)))
  // A hundred thousand zones share few settings.
  const digests = new Map<ZoneConfig, string>()
  let text = ''
  for (const [name, settings] of zones) {
    let digest = digests.get(settings)
    if (digest === undefined) {
      digest = createHash('sha256').update(canonical(settings)).digest('hex')
      digests.set(settings, digest)
    }
    text += `\n${name} ${digest}`
    if (text.length < LONG_TEXT) continue
    hash.update(text)
    text = ''
  }
  hash.update(text)
  return hash.digest('hex').slice(0, DIGITS)
}

function canonical(value: unknown): string {
  if (Buffer.isBuffer(value)) return `"${createHash('sha256').update(value).digest('hex')}"`
  if (value instanceof Map) {
    // The order of primaries is their order of preference.
    return `[${[...value].map(([key, entry]) => `${JSON.stringify(key)}:${canonical(entry)}`).join(',')}]`
  }
  if (Array.isArray(value)) return `[${value.map(canonical).join(',')}]`
  if (value !== null && typeof value === 'object') {
    const entries = Object.entries(value).filter(([, entry]) => entry !== undefined)
    return `{${entries
      .sort(([a], [b]) => (a < b ? -1 : 1))
      .map(([key, entry]) => `${JSON.stringify(key)}:${canonical(entry)}`)
      .join(',')}}`
  }
  return JSON.stringify(value) ?? 'null'
}
