/** The folder of a zone under `dataDir/zones`. */
import { hash } from 'node:crypto'
import type { ZoneName } from '../dns/name.js'

/** A folder name for any zone name: readable where possible, always unique, never a path. */
export function folderName(zone: ZoneName): string {
  const readable = zone
    .replace(/[^a-z0-9.-]/g, '_')
    .replace(/\.$/, '')
    .slice(0, 100)
  return `${readable}-${hash('sha256', zone).slice(0, 12)}`
}
