/** Encodes differences for the journal: `[fromSoa][toSoa][removed][added]`, each preceded by its length (and count). */
import { storedLength } from '../dns/record.js'
import { soaOf } from '../dns/message.js'
import type { Difference } from '../zone/difference.js'

export function encodeDifferences(differences: readonly Difference[]): Buffer {
  const parts: Buffer[] = []
  for (const d of differences) {
    const counts = Buffer.allocUnsafe(16)
    counts.writeUInt32BE(d.removed.data.length, 0)
    counts.writeUInt32BE(d.removed.count, 4)
    counts.writeUInt32BE(d.added.data.length, 8)
    counts.writeUInt32BE(d.added.count, 12)
    parts.push(counts, d.fromSoa, d.toSoa, d.removed.data, d.added.data)
  }
  return Buffer.concat(parts)
}

/** Returns views on `data`, no copies. */
export function decodeDifferences(data: Buffer): Difference[] {
  const out: Difference[] = []
  let o = 0
  const take = (octets: number): Buffer => {
    const part = data.subarray(o, o + octets)
    o += octets
    return part
  }
  while (o < data.length) {
    const counts = take(16)
    const fromSoa = take(storedLength(data, o))
    const toSoa = take(storedLength(data, o))
    const removed = { data: take(counts.readUInt32BE(0)), count: counts.readUInt32BE(4) }
    const added = { data: take(counts.readUInt32BE(8)), count: counts.readUInt32BE(12) }
    out.push({ from: soaOf(fromSoa).serial, to: soaOf(toSoa).serial, fromSoa, toSoa, removed, added })
  }
  return out
}
