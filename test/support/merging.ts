/** Zones that arrive in canonical order, for tests of a merge with held contents. */
import { recordText } from '../../lib/dns/record-text.js'
import { canonicalOrder } from '../../lib/zone/canonical-order.js'
import { ZoneContents } from '../../lib/zone/zone-contents.js'
import type { MergedZone, ZoneMerge } from '../../lib/zone/zone-merge.js'
import { contentsOfModel, type ZoneModel } from './arbitrary-zone.js'
import { record } from './record-lines.js'
import { APEX, soa } from './transfer-script.js'

const pause = async (): Promise<void> => undefined

/** The records of a zone in canonical order, the SOA first. */
export async function inOrder(model: ZoneModel): Promise<Buffer[]> {
  const contents = contentsOfModel(model)
  const view = contents.view()
  const order = await canonicalOrder(view, APEX.length, pause)
  const texts = new Map([...model.records.values()].map((stored) => [recordText(stored, 0), stored]))
  return [
    record(soa(model.serial)),
    ...Array.from(order, (offset) => texts.get(recordText(view.chunkOf(offset), view.at(offset)))!),
  ]
}

export function contentsFrom(records: readonly Buffer[]): ZoneContents {
  const contents = new ZoneContents(APEX)
  for (const stored of records) contents.addRun(stored, 0, stored.length)
  return contents
}

/** Cut into runs of these numbers of records. */
function takeAll(merge: ZoneMerge, records: readonly Buffer[], cuts: readonly number[]): boolean {
  for (let from = 0, n = 0; from < records.length; n++) {
    const to = from + (cuts[n % cuts.length] ?? 1)
    const run = Buffer.concat(records.slice(from, to))
    if (!merge.take(run, 0, run.length)) return false
    // The run is reused for the next records.
    run.fill(0xff)
    from = to
  }
  return true
}

export async function mergeOf(
  older: ZoneContents,
  records: readonly Buffer[],
  cuts: readonly number[] = [1],
): Promise<MergedZone | undefined> {
  const merge = older.merge()!
  return takeAll(merge, records, cuts) ? await merge.finish(pause) : undefined
}
