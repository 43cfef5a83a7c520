/** A primary's zone file replaced and read again, as those do it who make their zones elsewhere. */
import { rmSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import type { LabServer } from './server.js'
import { zoneFileName } from './zone-text.js'

/** Where a make keeps its zone files, and its own words for reading one again. */
const MAKES: Partial<Record<LabServer['kind'], { folder: string; reload: string }>> = {
  knot: { folder: 'zones', reload: 'zone-reload' },
  nsd: { folder: '', reload: 'reload' },
  bind: { folder: '', reload: 'reload' },
}

/** `text` must have a higher serial. With Knot and BIND the zone must have been given as `fromFile`; NSD knows no other way. */
export async function replaceZone(server: LabServer, zone: string, text: string): Promise<void> {
  const make = MAKES[server.kind]
  if (make === undefined) throw new Error(`${server.kind} is no primary that reads zone files`)
  const file = join(server.folder, make.folder, zoneFileName(zone))
  writeFileSync(file, text)
  // One that does not run reads it when it starts; BIND would first look whether its journal fits, which a kill may have left torn.
  if (!server.isRunning()) rmSync(`${file}.jnl`, { force: true })
  if (server.isRunning()) await server.control(make.reload, zone)
}
