/** The sending end of a transfer: the records and their order (RFC 5936 §2.2, RFC 1995 §4). Pure, without sockets. */
import { type Difference, differenceOctets } from '../zone/difference.js'
import { recordsIn } from '../zone/record-run.js'
import type { ZoneView } from '../zone/contents-view.js'
import { TYPE } from '../dns/rrtype.js'
import { MessageCutter, type PreparedMessages } from './message-cutter.js'

/** Records cut per slice; about 1 ms, so that no zone delays the others. */
const RECORDS_PER_SLICE = 1_000

/** An AXFR: SOA, all other records, SOA. `pause` is awaited between slices. */
export async function cutAxfr(apex: Buffer, soa: Buffer, view: ZoneView, pause: () => Promise<void>): Promise<PreparedMessages> {
  const cutter = new MessageCutter(apex, TYPE.AXFR)
  cutter.add(soa, 0)
  for (let from: number | undefined = 0; from !== undefined; ) {
    from = view.walk(from, RECORDS_PER_SLICE, (data, at) => cutter.add(data, at))
    if (from !== undefined) await pause()
  }
  cutter.add(soa, 0)
  return cutter.finish()
}

/** Difference sequences oldest first, the newest SOA around them. The chain must be gapless. `pause` as above. */
export async function cutIxfr(apex: Buffer, chain: readonly Difference[], pause: () => Promise<void>): Promise<PreparedMessages> {
  const cutter = new MessageCutter(apex, TYPE.IXFR)
  const newest = chain.at(-1)!.toSoa
  cutter.add(newest, 0)
  for (const step of chain) {
    for (const [soa, run] of [
      [step.fromSoa, step.removed],
      [step.toSoa, step.added],
    ] as const) {
      cutter.add(soa, 0)
      let done = 0
      for (const at of recordsIn(run)) {
        cutter.add(run.data, at)
        if (++done % RECORDS_PER_SLICE === 0) await pause()
      }
    }
  }
  cutter.add(newest, 0)
  return cutter.finish()
}

/** RFC 1995 §5: when the differences are larger than the zone, an AXFR is the better answer. */
export function isWorthIxfr(chain: readonly Difference[], zoneOctets: number): boolean {
  return chain.reduce((sum, step) => sum + differenceOctets(step), 0) < zoneOctets
}
