/** The folder of a zone under `dataDir/zones`. */
import { createHash } from 'node:crypto'
import type { ZoneName } from '../dns/name.js'

/** A folder name for any zone name: readable where possible, always unique, never a path. */
export function folderName(zone: ZoneName): string {
  const readable = zone
    .replace(/[^a-z0-9.-]/g, '_')
    .replace(/\.$/, '')
    .slice(0, 100)
  return `${readable}-${createHash('sha256').update(zone).digest('hex').slice(0, 12)}`
}
