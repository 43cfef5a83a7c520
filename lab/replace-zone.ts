/** Replaces a primary's zone file and makes the server read it again, like operators who generate their zones. */
import { rmSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import type { LabServer } from './server.js'
import { zoneFileName } from './zone-text.js'

/** The folder of each make's zone files, and its command for reading one again. */
const MAKES: Partial<Record<LabServer['kind'], { folder: string; reload: string }>> = {
  knot: { folder: 'zones', reload: 'zone-reload' },
  nsd: { folder: '', reload: 'reload' },
  bind: { folder: '', reload: 'reload' },
}

/** `text` must have a higher serial. With Knot and BIND the zone must be configured as `fromFile`; NSD supports nothing else. */
export async function replaceZone(server: LabServer, zone: string, text: string): Promise<void> {
  const make = MAKES[server.kind]
  if (make === undefined) throw new Error(`${server.kind} is not a primary that reads zone files`)
  const file = join(server.folder, make.folder, zoneFileName(zone))
  writeFileSync(file, text)
  // A stopped server reads the file at its start; BIND would first check its journal, which a kill may have damaged.
  if (!server.isRunning()) rmSync(`${file}.jnl`, { force: true })
  if (server.isRunning()) await server.control(make.reload, zone)
}
