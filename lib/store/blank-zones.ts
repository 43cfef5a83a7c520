/**
 * The zones of which the disk has nothing, so that nothing is opened for them: at a first start these are all. Only where one process
 * writes every zone does it know that none of them got a version meanwhile.
 */
import { opendirSync } from 'node:fs'
import { join } from 'node:path'
import type { ZoneName } from '../dns/name.js'
import { folderName } from './zone-folder.js'
import { statFile } from './stat-file.js'

export class BlankZones {
  readonly #root: string
  readonly #known = new Set<ZoneName>()
  /** No zone has a folder so far. */
  #areAll: boolean

  /** `root`: the directory of the folders. */
  constructor(root: string) {
    this.#root = root
    this.#areAll = isEmpty(root)
  }

  /** True when the zone has no journal; read from disk once. The caller knows that it is not open. */
  has(zone: ZoneName): boolean {
    if (this.#known.has(zone)) return true
    const isBlank = this.#areAll || isMissing(join(this.#root, folderName(zone), 'journal'))
    if (isBlank) this.#known.add(zone)
    return isBlank
  }

  /** As `has`, without reading the disk. */
  isKnown(zone: ZoneName): boolean {
    return this.#known.has(zone)
  }

  /** The zone has a journal. If it was blank before, the disk has changed since: every zone is looked up again. */
  found(zone: ZoneName): void {
    if (!this.#areAll && !this.#known.has(zone)) return
    this.#areAll = false
    this.#known.clear()
  }

  /** The zone is written now, or is looked up again when it comes back. */
  delete(zone: ZoneName): void {
    this.#areAll = false
    this.#known.delete(zone)
  }
}

/** False where the disk does not answer: what it has is unknown. */
function isMissing(file: string): boolean {
  try {
    return statFile(file) === undefined
  } catch {
    return false
  }
}

function isEmpty(directory: string): boolean {
  try {
    const folders = opendirSync(directory)
    try {
      return folders.readSync() === null
    } finally {
      folders.closeSync()
    }
  } catch (error) {
    return (error as { code?: string }).code === 'ENOENT'
  }
}
