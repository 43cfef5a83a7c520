/**
 * The complete contents of one version in a file: records in stored form in blocks, each with its length and checksum, and an
 * empty block at the end. The file is written aside and durable before it is named; a reader verifies every checksum.
 *
 *   file:   "ZCS1" blocks…
 *   block:  [octets 4] [crc32 4] [records]
 */
import { open, rename, rm } from 'node:fs/promises'
import { dirname } from 'node:path'
import { crc32 } from 'node:zlib'
import { storedLength } from '../dns/record.js'
import { pause } from '../runtime/turns.js'
import { ZoneContents } from '../zone/zone-contents.js'
import { describeError } from '../errors.js'
import { syncDirectory, writeAll } from './durable.js'
import { ioError, StoreError } from './errors.js'

export const SNAPSHOT_MAGIC = Buffer.from('ZCS1')
const BLOCK_OCTETS = 1 << 19
/** A larger number is a broken length, not a block. */
const MAX_BLOCK_OCTETS = 1 << 25
export const END_BLOCK = Buffer.alloc(8)
const RECORDS_PER_SLICE = 2_000

/** The octets before a block. */
export function blockHead(records: Buffer): Buffer {
  const head = Buffer.allocUnsafe(8)
  head.writeUInt32BE(records.length, 0)
  head.writeUInt32BE(crc32(records), 4)
  return head
}

/**
 * Returns when the file is named, and file and name are durable. `pending`: with an uncommitted change, which must not be rolled
 * back meanwhile. Throws StoreError STORE_IO; then no file remains.
 */
export async function writeSnapshot(
  file: string,
  contents: ZoneContents,
  what: 'committed' | 'pending' = 'committed',
): Promise<void> {
  const aside = `${file}.new`
  const view = contents.view(what)
  try {
    const handle = await open(aside, 'w', 0o640)
    try {
      await writeAll(handle, SNAPSHOT_MAGIC)
      const block = Buffer.allocUnsafe(BLOCK_OCTETS + 0x11000)
      let at = 8
      const flush = async (): Promise<void> => {
        block.writeUInt32BE(at - 8, 0)
        block.writeUInt32BE(crc32(block.subarray(8, at)), 4)
        await writeAll(handle, block.subarray(0, at))
        at = 8
      }
      at += contents.soa.stored.copy(block, at)
      for (let from: number | undefined = 0; from !== undefined; ) {
        const queue: Buffer[] = []
        from = view.walk(from, RECORDS_PER_SLICE, (data, start) => {
          const length = storedLength(data, start)
          if (at + length > block.length) {
            block.writeUInt32BE(at - 8, 0)
            block.writeUInt32BE(crc32(block.subarray(8, at)), 4)
            queue.push(Buffer.from(block.subarray(0, at)))
            at = 8
          }
          data.copy(block, at, start, start + length)
          block[at + 1] = 0
          at += length
        })
        for (const ready of queue) await writeAll(handle, ready)
        if (at > BLOCK_OCTETS) await flush()
      }
      if (at > 8) await flush()
      await flush()
      await handle.datasync()
    } finally {
      await handle.close()
    }
    await rename(aside, file)
    await syncDirectory(dirname(file))
  } catch (error) {
    await rm(aside, { force: true }).catch(() => undefined)
    throw ioError(file, error)
  } finally {
    view.release()
  }
}

/**
 * Reads contents back and verifies every checksum; `rest` is awaited between slices of the work. Throws StoreError STORE_CORRUPT.
 */
export async function readSnapshot(file: string, apex: Buffer, rest: () => Promise<void> = pause): Promise<ZoneContents> {
  const damaged = (reason: string) => new StoreError({ code: 'STORE_CORRUPT', file, reason }, `${file} is damaged: ${reason}`)
  const handle = await open(file, 'r').catch((error) => {
    throw damaged((error as { code?: string }).code === 'ENOENT' ? 'it does not exist' : describeError(error))
  })
  try {
    const head = Buffer.alloc(8)
    await handle.read(head, 0, 4)
    if (!head.subarray(0, 4).equals(SNAPSHOT_MAGIC)) throw damaged('it is not a zonecast snapshot')
    const contents = new ZoneContents(apex)
    for (;;) {
      if ((await handle.read(head, 0, 8)).bytesRead !== 8) throw damaged('it ends early')
      const octets = head.readUInt32BE(0)
      if (octets === 0) break
      if (octets > MAX_BLOCK_OCTETS) throw damaged('a block is too large')
      const block = Buffer.allocUnsafe(octets)
      if ((await handle.read(block, 0, octets)).bytesRead !== octets) throw damaged('it ends early')
      if (crc32(block) !== head.readUInt32BE(4)) throw damaged('a checksum does not match')
      contents.addRun(block, 0, octets)
      await rest()
    }
    await contents.settle(rest)
    return contents
  } finally {
    await handle.close()
  }
}
