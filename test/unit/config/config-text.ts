/** A small sound config in parts, for tests to break; and the way to load text as a file. */
import { writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { type ConfigReport, checkConfig } from '../../../config/load.js'

export const SOUND = `hub: hub-east
transfer: { listen: [127.0.0.1:5300] }
keys:
  hm-key: { algorithm: hmac-sha256, secret: c2VjcmV0LXNlY3JldC1zZWNyZXQ= }
primaries:
  hm1: { address: 127.0.0.1:5301, key: hm-key }
  hm2: { address: 127.0.0.1:5302 }
clouds:
  A: { addresses: [192.0.2.53] }
nodes:
  ams1: { cloud: A, address: 127.0.0.1:5311 }
  lhr1: { cloud: A, address: 127.0.0.1:5312 }
zones:
  - { name: example.com }
`

/** SOUND with one line replaced (1-based, as editors count) or, past its end, added. */
export function withLine(line: number, ...replacement: string[]): string {
  const lines = SOUND.trimEnd().split('\n')
  lines.splice(line - 1, 1, ...replacement)
  return `${lines.join('\n')}\n`
}

export function checkText(dir: string, text: string): ConfigReport {
  const file = join(dir, 'zonecast.yaml')
  writeFileSync(file, text, { mode: 0o600 })
  return checkConfig(file)
}
