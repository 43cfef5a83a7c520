/** A thread that reads a large config file once, and sends it in a form that the event loop can take over in small steps. */
import { parentPort, workerData } from 'node:worker_threads'
import type { Config, ZoneConfig } from '../../config/config.js'
import type { Finding } from '../../config/errors.js'
import { fingerprintOf } from '../../config/fingerprint.js'
import { checkConfig } from '../../config/load.js'
import { describeError } from '../../lib/errors.js'

export type ReadConfig =
  | { kind: 'mistakes'; mistakes: Finding[] }
  | { kind: 'failed'; error: string }
  | {
      kind: 'config'
      /** Without zones. */
      config: Config
      fingerprint: string
      /** The names of all zones, a line each; Latin-1. */
      names: Uint8Array
      /** The settings of each zone: an index into `settings`. */
      which: Uint32Array
      settings: ZoneConfig[]
    }

function read(file: string): ReadConfig {
  const { config, findings } = checkConfig(file)
  if (config === undefined) return { kind: 'mistakes', mistakes: findings.filter(({ severity }) => severity === 'error') }
  const settings = [...new Set(config.zones.values())]
  const index = new Map(settings.map((each, i) => [each, i]))
  return {
    kind: 'config',
    config: { ...config, zones: new Map() },
    fingerprint: fingerprintOf(config),
    names: new Uint8Array(Buffer.from([...config.zones.keys()].map((name) => `${name}\n`).join(''), 'latin1')),
    which: Uint32Array.from(config.zones.values(), (zone) => index.get(zone)!),
    settings,
  }
}

try {
  const answer = read(workerData as string)
  parentPort?.postMessage(
    answer,
    answer.kind === 'config' ? [answer.names.buffer as ArrayBuffer, answer.which.buffer as ArrayBuffer] : [],
  )
} catch (error) {
  parentPort?.postMessage({ kind: 'failed', error: describeError(error) } satisfies ReadConfig)
}
