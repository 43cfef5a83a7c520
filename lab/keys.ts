/** TSIG keys of the lab: makes them, collects those of a server, and writes them for dig and nsupdate. */
import { randomBytes } from 'node:crypto'
import { mkdtempSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import type { LabKey, LabServerOptions } from './server.js'
import { labFolder } from './watchdog.js'

/** Each lab makes its own secrets: they are worthless outside, and none is in the source. */
export function makeKey(name: string, algorithm = 'hmac-sha256'): LabKey {
  return { name, algorithm, secret: randomBytes(32).toString('base64') }
}

/** Every key in a server's configuration, each once. */
export function keysOf(options: LabServerOptions): LabKey[] {
  const peers = [...(options.notify ?? []), ...options.zones.flatMap((zone) => zone.from ?? [])]
  const all = [options.transferKey, options.updateKey, ...peers.map((peer) => peer.key)]
  const byName = new Map(all.flatMap((key) => (key === undefined ? [] : [[key.name, key] as const])))
  return [...byName.values()]
}

const files = new Map<string, string>()

/** Arguments that make dig or nsupdate sign: by a file, so that no secret is in the process list. */
export function signingArgs(key: LabKey | undefined): string[] {
  if (key === undefined) return []
  const text = bindKey(key)
  let file = files.get(text)
  if (file === undefined) {
    file = join(mkdtempSync(join(labFolder(), 'key-')), 'key.conf')
    writeFileSync(file, text, { mode: 0o600 })
    files.set(text, file)
  }
  return ['-k', file]
}

/** A key as named.conf, nsupdate, dig and rndc read it. */
export function bindKey({ name, algorithm, secret }: LabKey): string {
  return `key "${name}" { algorithm ${algorithm}; secret "${secret}"; };\n`
}
