/** The difference between two contents, for a primary that sent only AXFR. Pure; `pause` is awaited between slices. */
import { storedType } from '../dns/record.js'
import type { Difference } from './difference.js'
import { RunBuilder } from './record-run.js'
import type { ZoneContents } from './zone-contents.js'

const RECORDS_PER_SLICE = 1_000

/**
 * Undefined when the difference exceeds `limitOctets`: then an AXFR is the better answer. Records of ignored types are in neither
 * run.
 */
export async function compareContents(
  older: ZoneContents,
  newer: ZoneContents,
  limitOctets: number,
  pause: () => Promise<void>,
  isLookedAt: (type: number) => boolean = () => true,
): Promise<Difference | undefined> {
  await older.hash(pause)
  await newer.hash(pause)
  const removed = new RunBuilder()
  const added = new RunBuilder()
  for (const [from, other, run] of [
    [older, newer, removed],
    [newer, older, added],
  ] as const) {
    const view = from.view()
    try {
      for (let at: number | undefined = 0; at !== undefined; ) {
        at = view.walk(at, RECORDS_PER_SLICE, (data, start) => {
          if (isLookedAt(storedType(data, start)) && !other.has(data, start)) run.add(data, start)
        })
        if (removed.octets + added.octets > limitOctets) return undefined
        if (at !== undefined) await pause()
      }
    } finally {
      view.release()
    }
  }
  return {
    from: older.soa.serial,
    to: newer.soa.serial,
    fromSoa: older.soa.stored,
    toSoa: newer.soa.stored,
    removed: removed.finish(),
    added: added.finish(),
  }
}

/**
 * True when a record of the newer contents has other letter case in the older ones. It is the same record (RFC 4343 §3), so no
 * difference has it; but its letters are kept (RFC 4343 §4).
 */
export async function isRespelled(older: ZoneContents, newer: ZoneContents, pause: () => Promise<void>): Promise<boolean> {
  await older.hash(pause)
  const view = newer.view()
  try {
    let found = false
    for (let at: number | undefined = 0; at !== undefined && !found; ) {
      at = view.walk(at, RECORDS_PER_SLICE, (data, start) => {
        found ||= older.has(data, start) && !older.hasSpelled(data, start)
      })
      if (at !== undefined) await pause()
    }
    return found
  } finally {
    view.release()
  }
}
