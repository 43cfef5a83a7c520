/** A zone in the form of a zone file (RFC 1035 §5), one record a line, the SOA first. */
import { recordText } from '../dns/record-text.js'
import type { ZoneView } from './contents-view.js'

const RECORDS_PER_PART = 5_000

/** Parts of many lines each; the view stays open until the reader ends. */
export function* zoneText(soa: Buffer, view: ZoneView, recordsPerPart = RECORDS_PER_PART): Generator<string> {
  yield `${recordText(soa, 0)}\n`
  for (let at: number | undefined = 0; at !== undefined; ) {
    const lines: string[] = []
    at = view.walk(at, recordsPerPart, (data, start) => lines.push(`${recordText(data, start)}\n`))
    if (lines.length > 0) yield lines.join('')
  }
}
