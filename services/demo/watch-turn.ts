/** Queries servers for a zone's serial repeatedly until each has changed: the servers' own answers, not zonecast's. */
import { setTimeout as sleep } from 'node:timers/promises'
import { askSerial } from '../../lab/ask-serial.js'
import { DemoError } from './errors.js'

export interface Watched {
  id: string
  ip: string
  port: number
}

const EVERY_MS = 8
const TURN_WITHIN_MS = 20_000

/** Calls `onTurn` when a server changes away from `before`. Throws DemoError DEMO_NEVER_TURNED, and the reason of `signal`. */
export async function watchTurn(
  servers: readonly Watched[],
  zone: string,
  before: number | undefined,
  onTurn: (id: string, serial: number, at: number) => void,
  signal: AbortSignal,
): Promise<void> {
  const deadline = performance.now() + TURN_WITHIN_MS
  const late: string[] = []
  await Promise.all(
    servers.map(async (server) => {
      while (performance.now() < deadline) {
        signal.throwIfAborted()
        const serial = (await askSerial(server, zone))?.serial
        if (serial !== undefined && serial !== before) return onTurn(server.id, serial, performance.now())
        await sleep(EVERY_MS)
      }
      late.push(server.id)
    }),
  )
  if (late.length === 0) return
  const seconds = TURN_WITHIN_MS / 1000
  throw new DemoError(
    { code: 'DEMO_NEVER_TURNED', zone, servers: late },
    `${late.join(', ')} did not get the new version of ${zone} within ${seconds} s`,
  )
}
