/**
 * The file of the rows of zones at rest, so that a start opens no journals. It is only a cache: each row names the state of the
 * journal that it was made from, a lost or torn row costs one read of a journal, and nothing waits until a row is written.
 *
 *   file:   "ZCR2" then entries; the last one of a zone counts
 *   entry:  [crc32 of the rest 4] [octets of the name 2] [octets of the row 2, 0 when the zone has none any more] [name] [row]
 */
import { appendFile, readFile, rename, writeFile } from 'node:fs/promises'
import { crc32 } from 'node:zlib'
import type { ZoneName } from '../dns/name.js'
import { pause } from '../runtime/turns.js'
import { ZoneRows } from './zone-rows.js'

const MAGIC = Buffer.from('ZCR2')
const FRONT = 8
/** Rows that change are gathered for so long. */
const GATHER_MS = 2_000
/** Entries in the file beyond the rows, at which it is written anew. */
const SPARE_ENTRIES = 10_000
const ENTRIES_PER_TURN = 500

export class RowFile {
  readonly #file: string
  readonly #rows: ZoneRows
  readonly #dirty = new Set<ZoneName>()
  #entries = 0
  #timer: NodeJS.Timeout | undefined
  #writing: Promise<void> | undefined

  constructor(file: string, rows: ZoneRows) {
    this.#file = file
    this.#rows = rows
  }

  /** Reads the rows of the zones that `isWanted` selects. A missing, foreign or torn file has fewer rows, and is no error. */
  async load(isWanted: (name: ZoneName) => boolean): Promise<void> {
    const octets = await readFile(this.#file).catch(() => MAGIC)
    if (!octets.subarray(0, MAGIC.length).equals(MAGIC)) return
    for (let at = MAGIC.length; at + FRONT <= octets.length; ) {
      const [nameOctets, rowOctets] = [octets.readUInt16LE(at + 4), octets.readUInt16LE(at + 6)]
      const end = at + FRONT + nameOctets + rowOctets
      if (end > octets.length || crc32(octets.subarray(at + 4, end)) !== octets.readUInt32LE(at)) break
      const name = octets.toString('utf8', at + FRONT, at + FRONT + nameOctets) as ZoneName
      const row = octets.subarray(at + FRONT + nameOctets, end)
      if (ZoneRows.isRow(row) && isWanted(name)) this.#rows.put(name, row, false)
      else this.#rows.delete(name)
      this.#entries += 1
      at = end
      if (this.#entries % ENTRIES_PER_TURN === 0) await pause()
    }
  }

  /** The row of the zone is another one, or gone. */
  note(name: ZoneName): void {
    this.#dirty.add(name)
    this.#timer ??= setTimeout(() => {
      this.#timer = undefined
      void this.flush()
    }, GATHER_MS).unref()
  }

  /** Writes the changed rows. A failure costs only reads of journals later. */
  async flush(): Promise<void> {
    await this.#writing
    if (this.#dirty.size === 0) return
    this.#writing = this.#write()
      .catch(() => undefined)
      .finally(() => {
        this.#writing = undefined
      })
    await this.#writing
  }

  async #write(): Promise<void> {
    const names = [...this.#dirty]
    this.#dirty.clear()
    // Every process that shares the file appends whole entries; who rewrites it loses at most the entries of another.
    const isAnew = this.#entries === 0 || this.#entries + names.length > 2 * this.#rows.size + SPARE_ENTRIES
    const entries: Buffer[] = isAnew ? [MAGIC] : []
    let n = 0
    for (const name of isAnew ? [...this.#rows.names()] : names) {
      entries.push(entryOf(name, this.#rows.octetsOf(name)))
      if (++n % ENTRIES_PER_TURN === 0) await pause()
    }
    this.#entries = isAnew ? n : this.#entries + n
    const octets = Buffer.concat(entries)
    if (!isAnew) return await appendFile(this.#file, octets)
    await writeFile(`${this.#file}.${process.pid}`, octets, { mode: 0o640 })
    await rename(`${this.#file}.${process.pid}`, this.#file)
  }

  async close(): Promise<void> {
    clearTimeout(this.#timer)
    await this.flush()
  }
}

function entryOf(name: ZoneName, row: Buffer | undefined): Buffer {
  const text = Buffer.from(name)
  const entry = Buffer.alloc(FRONT + text.length + (row?.length ?? 0))
  entry.writeUInt16LE(text.length, 4)
  entry.writeUInt16LE(row?.length ?? 0, 6)
  text.copy(entry, FRONT)
  row?.copy(entry, FRONT + text.length)
  entry.writeUInt32LE(crc32(entry.subarray(4)), 0)
  return entry
}
