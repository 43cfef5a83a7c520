/** Loads the config while the hub runs: a large file in a thread, because the event loop must not wait for it. */
import { statSync } from 'node:fs'
import type { Config } from '../../config/config.js'
import { ConfigError } from '../../config/errors.js'
import { fingerprintOf } from '../../config/fingerprint.js'
import { loadConfig } from '../../config/load.js'
import type { ZoneName } from '../../lib/dns/name.js'
import { InvariantError } from '../../lib/errors.js'
import { startThread } from '../../lib/runtime/thread.js'
import { pause } from '../../lib/runtime/turns.js'
import type { ReadConfig } from './config-thread.js'

export interface LoadedConfig {
  config: Config
  fingerprint: string
}

/** Octets of a file that is read in some 10 ms. */
const SMALL_OCTETS = 32 << 10
const ZONES_PER_TURN = 500
const LINE_END = 10

/** `known` returns the name that is in memory already, so that there is one. Rejects with ConfigError. */
export async function loadAside(file: string, known: (name: ZoneName) => ZoneName | undefined): Promise<LoadedConfig> {
  if ((statSync(file, { throwIfNoEntry: false })?.size ?? 0) <= SMALL_OCTETS) {
    const config = loadConfig(file)
    return { config, fingerprint: fingerprintOf(config) }
  }
  const read = await readInThread(file)
  if (read.kind === 'mistakes') throw new ConfigError(read.mistakes)
  if (read.kind === 'failed') throw new InvariantError(`reading ${file}: ${read.error}`)
  const config = withBuffers(read.config)
  const settings = withBuffers(read.settings)
  const names = Buffer.from(read.names.buffer, read.names.byteOffset, read.names.byteLength)
  let from = 0
  for (const which of read.which) {
    const end = names.indexOf(LINE_END, from)
    const name = names.toString('latin1', from, end) as ZoneName
    config.zones.set(known(name) ?? name, settings[which]!)
    from = end + 1
    if (config.zones.size % ZONES_PER_TURN === 0) await pause()
  }
  return { config, fingerprint: read.fingerprint }
}

function readInThread(file: string): Promise<ReadConfig> {
  return new Promise((resolve, reject) => {
    const thread = startThread('./config-thread.js', import.meta.url, file)
    thread.once('message', resolve)
    thread.once('error', reject)
    thread.once('exit', () => reject(new InvariantError(`the thread that reads ${file} ended`)))
  })
}

/** Buffers arrive from another thread as plain arrays of octets. */
function withBuffers<T>(value: T): T {
  if (value instanceof Uint8Array) return Buffer.from(value.buffer, value.byteOffset, value.byteLength) as unknown as T
  if (typeof value !== 'object' || value === null || value instanceof Date) return value
  if (value instanceof Map) {
    for (const [key, entry] of value) value.set(key, withBuffers(entry))
    return value
  }
  for (const [key, entry] of Object.entries(value)) {
    const changed = withBuffers(entry)
    if (changed !== entry) (value as Record<string, unknown>)[key] = changed
  }
  return Object.freeze(value)
}
