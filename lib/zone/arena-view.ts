/** Views of an arena: the records visible in an epoch, and their positions. */
import { storedLength, storedType } from '../dns/record.js'
import { TYPE } from '../dns/rrtype.js'
import type { ZoneView } from './contents-view.js'
import type { Epochs } from './epochs.js'
import { MARK_DEAD, type RecordArena } from './record-arena.js'

/** Covers the records before `end`. */
export function viewOf(arena: RecordArena, epochs: Epochs, epoch: number, end: number): ZoneView {
  return {
    walk: (from, atMost, visit) => {
      let offset = arena.settle(from, end)
      for (let n = 0; offset < end; n++) {
        if (n === atMost) return offset
        const chunk = arena.chunkOf(offset)
        const at = arena.at(offset)
        const seen = chunk[at + 1] !== MARK_DEAD || epochs.wasAlive(offset, epoch)
        if (seen && storedType(chunk, at) !== TYPE.SOA) visit(chunk, at, offset)
        offset = arena.settle(offset + storedLength(chunk, at), end)
      }
      return undefined
    },
    chunkOf: (offset) => arena.chunkOf(offset),
    at: (offset) => arena.at(offset),
    release: epochs.open(epoch),
  }
}
