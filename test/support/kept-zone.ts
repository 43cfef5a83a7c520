/** A zone in a store of its own folder, for tests: versions committed from models, and their contents when they are served. */
import { join } from 'node:path'
import { parseZoneName } from '../../lib/dns/name.js'
import type { Difference } from '../../lib/zone/difference.js'
import { StoredZone } from '../../lib/store/stored-zone.js'
import type { Version } from '../../lib/store/version.js'
import { contentsOfModel, textsOfModel, type ZoneModel } from './arbitrary-zone.js'
import { APEX, textsOf, ZONE } from './transfer-script.js'

export const journalOf = (folder: string): string => join(folder, 'journal')

/** Opens the folder like a start does; an empty one is a zone without versions. */
export function openZone(folder: string): StoredZone {
  const zone = new StoredZone(parseZoneName(ZONE), APEX, folder)
  zone.catchUp()
  return zone
}

const provenance = (releasedAt: number | undefined) => async () => ({
  seenAt: 1,
  committedAt: 2,
  from: 'hm1',
  ...(releasedAt === undefined ? {} : { releasedAt }),
})

/** Like an AXFR. */
export async function commitWhole(zone: StoredZone, model: ZoneModel, releasedAt?: number): Promise<Version> {
  return await zone.commitFull(zone.draft(contentsOfModel(model)), zone.latest, provenance(releasedAt))
}

/** Like an IXFR. */
export async function commitChain(zone: StoredZone, chain: readonly Difference[], releasedAt?: number): Promise<Version> {
  return await zone.commitIncremental(chain, zone.latest!, provenance(releasedAt))
}

/** Lines of a stored version, read from disk or memory. */
export const keptTexts = async (zone: StoredZone, version: Version): Promise<string[]> => textsOf(await zone.contentsOf(version))

export interface Kept {
  serial: number
  digest: string
  texts: string[]
}

export const keptModel = (model: ZoneModel): Kept => ({
  serial: model.serial,
  digest: contentsOfModel(model).digest,
  texts: textsOfModel(model),
})
