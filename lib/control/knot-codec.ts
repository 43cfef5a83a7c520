/**
 * Units of Knot's control protocol as octets (libknot, contrib/ctl): u8 type, then fields up to the next type: u8 16 + index, u16
 * length, octets.
 */

export const UNIT = { end: 0, data: 1, extra: 2, block: 3 } as const

/** In the order of their indexes on the wire (libknot ctl.h, KNOT_CTL_IDX_*). */
const FIELDS = ['cmd', 'flags', 'error', 'section', 'item', 'id', 'zone', 'owner', 'ttl', 'type', 'data', 'filter'] as const
export type KnotField = (typeof FIELDS)[number]
export type KnotUnit = Partial<Record<KnotField, string>>

const FIELD_CODE = 16
const MAX_UNITS = 10_000
/** Ends the conversation. */
export const KNOT_END = Buffer.from([UNIT.end])

/** The peer's octets are no answer of Knot. */
export class KnotFormatError extends Error {}

/** One command: a data unit and the end of the block. Values are Latin-1 text of at most 65,535 octets. */
export function encodeKnot(fields: KnotUnit): Buffer {
  const parts: Buffer[] = [Buffer.from([UNIT.data])]
  for (const [index, name] of FIELDS.entries()) {
    const value = fields[name]
    if (value === undefined) continue
    const octets = Buffer.from(value, 'latin1')
    const head = Buffer.from([FIELD_CODE + index, 0, 0])
    head.writeUInt16BE(octets.length, 1)
    parts.push(head, octets)
  }
  return Buffer.concat([...parts, Buffer.from([UNIT.block])])
}

/** Collects the units of one answer, up to the end of its block. */
export class KnotReader {
  /** Fields of an extra unit follow those of the data unit before it: each unit has the fields that were sent in it. */
  readonly units: KnotUnit[] = []
  readonly #maxUnits: number
  #rest = Buffer.alloc(0)
  #isWhole = false

  constructor(maxUnits = MAX_UNITS) {
    this.#maxUnits = maxUnits
  }

  /** Throws KnotFormatError. */
  push(octets: Buffer): boolean {
    const all = this.#rest.length === 0 ? octets : Buffer.concat([this.#rest, octets])
    let o = 0
    for (;;) {
      const next = this.#step(all, o)
      if (next === undefined) break
      o = next
      if (this.#isWhole) return true
    }
    this.#rest = Buffer.from(all.subarray(o))
    return false
  }

  /** The place after the code or field at `o`; undefined when it is not there yet. */
  #step(octets: Buffer, o: number): number | undefined {
    const code = octets[o]
    if (code === undefined) return undefined
    if (code === UNIT.block || code === UNIT.end) {
      this.#isWhole = true
      return o + 1
    }
    if (code === UNIT.data || code === UNIT.extra) {
      if (this.units.length >= this.#maxUnits) throw new KnotFormatError(`its answer has over ${this.#maxUnits} parts`)
      this.units.push({})
      return o + 1
    }
    const name = FIELDS[code - FIELD_CODE]
    const unit = this.units.at(-1)
    if (name === undefined || unit === undefined) throw new KnotFormatError('its octets are not those of Knot')
    if (o + 3 > octets.length) return undefined
    const end = o + 3 + octets.readUInt16BE(o + 1)
    if (end > octets.length) return undefined
    unit[name] = octets.toString('latin1', o + 3, end)
    return end
  }
}
