/** Changes a zone on its primary by dynamic update (RFC 2136): Knot and BIND; NSD has none (see replace-zone.ts). */
import { signingArgs } from './keys.js'
import { runCommand } from './run-command.js'
import type { Source } from './compare.js'

/**
 * `changes` are lines of nsupdate, such as `add www.example.com. 300 A 192.0.2.7` or `delete www.example.com. A`; all or none.
 */
export async function updateZone(primary: Source, zone: string, changes: readonly string[]): Promise<void> {
  const lines = [
    `server ${primary.ip} ${primary.port}`,
    `zone ${zone}`,
    ...changes.map((change) => `update ${change}`),
    'send',
    '',
  ]
  await runCommand('nsupdate', ['-v', ...signingArgs(primary.key)], { input: lines.join('\n') })
}
