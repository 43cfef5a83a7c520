/**
 * Packs the values of cells into octets and back: plain objects, lists, texts, numbers, true, false, null and undefined. Names of
 * fields and short texts, of which a fleet has few, are kept once; digests and records in base64 are octets.
 */

const TAG = {
  undefined: 0,
  null: 1,
  true: 2,
  false: 3,
  count: 4,
  number: 5,
  object: 6,
  list: 7,
  text: 8,
  known: 9,
  again: 10,
  hex: 11,
  base64: 12,
  latin1: 13,
} as const

const HEX = /^(?:[0-9a-f]{2}){4,}$/
const BASE64 = /^(?:[A-Za-z0-9+/]{4}){4,}(?:[A-Za-z0-9+/]{2}==|[A-Za-z0-9+/]{3}=)?$/
/** Characters of one octet. */
const LATIN1 = /^[\0-\xff]*$/
/** A name of a primary, a node, a state or a check. */
const SHORT = /^[A-Za-z0-9_-]+$/
const SHORT_CHARACTERS = 24
/** Above this, further short texts are written out: they are not as few as thought. */
const MOST_KNOWN = 4_096

/** A list of field names, found name by name: a text of all names would have to be made and hashed for each object. */
interface Shape {
  id: number | undefined
  readonly longer: Map<string, Shape>
}

/** Bit operations have 32 bits; of four times seven. */
const LOW = 0x1000_0000

export class CellCodec {
  readonly #noNames: Shape = { id: undefined, longer: new Map() }
  readonly #shapes: string[][] = []
  readonly #textIds = new Map<string, number>()
  readonly #texts: string[] = []
  /** Reused for all values; grows to the largest. */
  #out = Buffer.allocUnsafe(1 << 12)
  #at = 0
  /** Longer texts of the value at hand: one cell has the same digest several times. */
  #seen: string[] = []

  /** The octets are valid until the next call. */
  encode(value: unknown): Buffer {
    this.#at = 0
    this.#seen = []
    this.#write(value)
    return this.#out.subarray(0, this.#at)
  }

  decode(octets: Buffer): unknown {
    const reader = { octets, at: 0, seen: [] as string[] }
    return this.#read(reader)
  }

  #room(octets: number): void {
    if (this.#at + octets <= this.#out.length) return
    const grown = Buffer.allocUnsafe(Math.max(this.#out.length * 2, this.#at + octets))
    this.#out.copy(grown, 0, 0, this.#at)
    this.#out = grown
  }

  #tag(tag: number): void {
    this.#room(1)
    this.#out[this.#at++] = tag
  }

  /** Seven bits in each octet, lowest first. */
  #count(value: number): void {
    this.#room(8)
    const out = this.#out
    let at = this.#at
    let rest = value
    if (rest >= LOW) {
      const low = rest % LOW
      rest = Math.floor(rest / LOW)
      for (let shift = 0; shift < 28; shift += 7) out[at++] = (low >>> shift) | 0x80
    }
    for (; rest >= 0x80; rest >>>= 7) out[at++] = rest | 0x80
    out[at++] = rest
    this.#at = at
  }

  #write(value: unknown): void {
    if (value === undefined) this.#tag(TAG.undefined)
    else if (value === null) this.#tag(TAG.null)
    else if (value === true || value === false) this.#tag(value ? TAG.true : TAG.false)
    else if (typeof value === 'number') this.#writeNumber(value)
    else if (typeof value === 'string') this.#writeText(value)
    else if (Array.isArray(value)) {
      this.#tag(TAG.list)
      this.#count(value.length)
      for (const item of value) this.#write(item)
    } else this.#writeObject(value as Record<string, unknown>)
  }

  #writeNumber(value: number): void {
    if (Number.isSafeInteger(value) && value >= 0 && !Object.is(value, -0)) {
      this.#tag(TAG.count)
      this.#count(value)
      return
    }
    this.#tag(TAG.number)
    this.#room(8)
    this.#at = this.#out.writeDoubleLE(value, this.#at)
  }

  #writeText(text: string): void {
    const known = this.#knownId(text)
    if (known !== undefined) {
      this.#tag(TAG.known)
      this.#count(known)
      return
    }
    const again = this.#seen.indexOf(text)
    if (again >= 0) {
      this.#tag(TAG.again)
      this.#count(again)
      return
    }
    this.#seen.push(text)
    if (HEX.test(text)) this.#coded('hex', text, text.length / 2)
    else if (isExactBase64(text)) this.#coded('base64', text, Buffer.byteLength(text, 'base64'))
    else if (LATIN1.test(text)) this.#coded('latin1', text, text.length)
    else this.#coded('utf16le', text, 2 * text.length)
  }

  #coded(coding: 'hex' | 'base64' | 'latin1' | 'utf16le', text: string, octets: number): void {
    this.#tag(coding === 'utf16le' ? TAG.text : TAG[coding])
    this.#count(octets)
    this.#room(octets)
    this.#at += this.#out.write(text, this.#at, octets, coding)
  }

  #knownId(text: string): number | undefined {
    if (text.length > SHORT_CHARACTERS || !SHORT.test(text)) return undefined
    const known = this.#textIds.get(text)
    if (known !== undefined || this.#texts.length >= MOST_KNOWN) return known
    this.#textIds.set(text, this.#texts.length)
    return this.#texts.push(text) - 1
  }

  #writeObject(value: Record<string, unknown>): void {
    const names = Object.keys(value)
    const id = this.#shapeId(names)
    this.#tag(TAG.object)
    this.#count(id === undefined ? 0 : id + 1)
    if (id === undefined) {
      this.#count(names.length)
      for (const name of names) this.#writeText(name)
    }
    for (const field of Object.values(value)) this.#write(field)
  }

  /** Undefined when there are too many shapes: names that are data, as those of nodes, would fill the memory with them. */
  #shapeId(names: string[]): number | undefined {
    let shape = this.#noNames
    for (const name of names) {
      let longer = shape.longer.get(name)
      if (longer === undefined) {
        if (this.#shapes.length >= MOST_KNOWN) return undefined
        longer = { id: undefined, longer: new Map() }
        shape.longer.set(name, longer)
      }
      shape = longer
    }
    if (shape.id === undefined && this.#shapes.length < MOST_KNOWN) shape.id = this.#shapes.push(names) - 1
    return shape.id
  }

  #readCount(reader: Reader): number {
    const { octets } = reader
    let value = 0
    for (let shift = 0; shift < 28; shift += 7) {
      const octet = octets[reader.at++]!
      value |= (octet & 0x7f) << shift
      if (octet < 0x80) return value
    }
    for (let factor = LOW; ; factor *= 0x80) {
      const octet = octets[reader.at++]!
      value += (octet & 0x7f) * factor
      if (octet < 0x80) return value
    }
  }

  #readOctets(reader: Reader, coding: 'utf16le' | 'latin1' | 'hex' | 'base64'): string {
    const length = this.#readCount(reader)
    const text = reader.octets.toString(coding, reader.at, reader.at + length)
    reader.at += length
    reader.seen.push(text)
    return text
  }

  #read(reader: Reader): unknown {
    const tag = reader.octets[reader.at++]
    switch (tag) {
      case TAG.null:
        return null
      case TAG.true:
        return true
      case TAG.false:
        return false
      case TAG.count:
        return this.#readCount(reader)
      case TAG.number:
        reader.at += 8
        return reader.octets.readDoubleLE(reader.at - 8)
      case TAG.object:
        return this.#readObject(reader)
      case TAG.list: {
        const list: unknown[] = []
        for (let left = this.#readCount(reader); left > 0; left--) list.push(this.#read(reader))
        return list
      }
      case TAG.text:
        return this.#readOctets(reader, 'utf16le')
      case TAG.known:
        return this.#texts[this.#readCount(reader)]
      case TAG.again:
        return reader.seen[this.#readCount(reader)]
      case TAG.hex:
        return this.#readOctets(reader, 'hex')
      case TAG.base64:
        return this.#readOctets(reader, 'base64')
      case TAG.latin1:
        return this.#readOctets(reader, 'latin1')
      default:
        return undefined
    }
  }

  #readObject(reader: Reader): Record<string, unknown> {
    const id = this.#readCount(reader)
    let names = this.#shapes[id - 1]
    if (names === undefined) {
      names = []
      for (let left = this.#readCount(reader); left > 0; left--) names.push(this.#read(reader) as string)
    }
    const value: Record<string, unknown> = {}
    for (const name of names) value[name] = this.#read(reader)
    return value
  }
}

/** The last characters of base64 may have spare bits, which must not get lost. */
const isExactBase64 = (text: string): boolean =>
  BASE64.test(text) && (!text.endsWith('=') || Buffer.from(text.slice(-4), 'base64').toString('base64') === text.slice(-4))

interface Reader {
  octets: Buffer
  at: number
  seen: string[]
}
