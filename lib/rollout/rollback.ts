/**
 * Plans the return to old content. Secondaries only go forward (RFC 1982, RFC 1034 §4.3.5), so the old content is released again
 * under a serial above all that were served. Pure.
 */
import { addToSerial, compareSerials, type Serial } from '../dns/serial.js'

export interface RollbackPlan {
  newSerial: Serial
  /** Sentences for the operator: facts and next steps. */
  notes: string[]
}

const DAY_MS = 86_400_000

/**
 * `served`: serials that nodes or primaries serve or may have transferred, including the one to leave. `primaries`: the serial
 * that each primary serves.
 */
export function planRollback(
  served: readonly Serial[],
  primaries: readonly { id: string; serial: Serial }[],
  now: number,
): RollbackPlan {
  const top = served.reduce((highest, serial) => (compareSerials(serial, highest) === 'newer' ? serial : highest))
  const newSerial = addToSerial(top, 1)
  const notes: string[] = []
  for (const { id, serial } of primaries) {
    const next = nextSerial(serial, now)
    if (compareSerials(next.serial, newSerial) === 'newer') continue
    notes.push(
      `${id} serves ${serial} and would give its next version ${next.serial} (${next.how}), which is not above ${newSerial}: ` +
        `set its serial to ${addToSerial(newSerial, 1)} or higher before it publishes again`,
    )
  }
  return { newSerial, notes }
}

/** The serial that a primary gives its next version, judged by its last one. */
function nextSerial(serial: Serial, now: number): { serial: Serial; how: string } {
  const counted = addToSerial(serial, 1)
  const seconds = Math.floor(now / 1000)
  if (serial <= seconds && seconds - serial < (10 * 365 * DAY_MS) / 1000)
    return { serial: Math.max(counted, seconds) as Serial, how: 'it counts seconds' }
  const date = new Date(now).toISOString().slice(0, 10).replaceAll('-', '')
  const today = (Number(date) * 100) as Serial
  const looksDated = /^20\d{2}(0[1-9]|1[0-2])(0[1-9]|[12]\d|3[01])\d{2}$/.test(String(serial))
  if (looksDated) return { serial: Math.max(counted, today) as Serial, how: 'it counts by date' }
  return { serial: counted, how: 'it counts one by one' }
}
