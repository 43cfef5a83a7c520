/** The smallest change at a primary by dynamic update: one more name. */
import { awaitSerial } from '../../lab/ask-serial.js'
import type { LabKey, LabServer } from '../../lab/server.js'
import { updateZone } from '../../lab/update.js'

let changes = 0

/** Resolves with the new serial when the primary serves it. */
export async function changeZone(primary: LabServer, zone: string, key: LabKey): Promise<number> {
  const before = await awaitSerial(primary, zone)
  await updateZone({ ip: primary.ip, port: primary.port, key }, zone, [`add n${++changes}.${zone} 60 A 192.0.2.1`])
  return await awaitSerial(primary, zone, (serial) => serial !== before)
}
