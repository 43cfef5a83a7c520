/** The folder of a zone under `dataDir/zones`. */
import { hash } from 'node:crypto'
import { readdir } from 'node:fs/promises'
import { join } from 'node:path'
import type { ZoneName } from '../dns/name.js'

/** A folder name for any zone name: readable where possible, always unique, never a path. */
export function folderName(zone: ZoneName): string {
  const readable = zone
    .replace(/[^a-z0-9.-]/g, '_')
    .replace(/\.$/, '')
    .slice(0, 100)
  return `${readable}-${hash('sha256', zone).slice(0, 12)}`
}

/** A name with more of them is not looked for: each doubles the names to try. */
const MAX_UNSURE = 6

/** The zone of a folder, from its readable part; undefined for a name with unusual or very many characters. */
export function zoneOfFolder(folder: string): ZoneName | undefined {
  const parts = `${folder.replace(/-[0-9a-f]{12}$/, '')}.`.split('_')
  if (parts.length > MAX_UNSURE + 1) return undefined
  // A slash is written as an underscore (RFC 2317).
  const names = parts.reduce<string[]>(
    (heads, part) => (heads.length === 0 ? [part] : heads.flatMap((head) => [`${head}_${part}`, `${head}/${part}`])),
    [],
  )
  return names.find((name) => folderName(name as ZoneName) === folder) as ZoneName | undefined
}

/** Names of the zones on disk, those that the config no longer has included. Rejects with an error of the file system. */
export async function zonesOnDisk(dataDir: string): Promise<ZoneName[]> {
  const folders = await readdir(join(dataDir, 'zones'))
  return folders.flatMap((folder) => zoneOfFolder(folder) ?? [])
}
