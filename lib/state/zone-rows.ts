/** The part of the packed state that all nodes of a zone share: its number, its place in the pages, the contents of its serials. */
import { hash } from 'node:crypto'
import type { ZoneName } from '../dns/name.js'
import type { Serial } from '../dns/serial.js'
import { SHARDS, shardOf } from '../fleet/shards.js'
import type { SentContent } from './tables.js'
import { ZoneNumbers } from './zone-numbers.js'

/** Contents that are remembered of a zone: nodes at rest serve one or two of them. */
const MOST_CONTENTS = 4
/** Pages of a node: one for each shard, so that one worker writes a page wherever several share the zones. */
export const PAGES = SHARDS

export interface ZoneRowsParts {
  /** Contents known in this process, or from others. */
  contentsOf: (zone: ZoneName) => readonly SentContent[]
  /** The zone has one more. */
  addContent: (zone: ZoneName, content: SentContent) => void
  /** The shard of a zone; its page. */
  shardOf?: ((zone: string) => number) | undefined
}

export class ZoneRows {
  readonly numbers = new ZoneNumbers()
  readonly #parts: ZoneRowsParts
  readonly #byHash = new Map<number, number>()
  readonly #hashes: number[] = []
  readonly #pageOf: number[] = []
  readonly #pages: number[][] = Array.from({ length: PAGES }, () => [])

  constructor(parts: ZoneRowsParts) {
    this.#parts = parts
  }

  /** The zone's number. */
  of(name: ZoneName): number {
    const known = this.numbers.find(name)
    if (known !== undefined) return known
    const number = this.numbers.of(name)
    const hash = hashOf(name)
    this.#hashes[number] = hash
    this.#byHash.set(hash, number)
    this.#pageOf[number] = (this.#parts.shardOf ?? shardOf)(name)
    this.#pages[this.#pageOf[number]]!.push(number)
    return number
  }

  /** 48 bits that identify the zone wherever it has another number. */
  hash(number: number): number {
    return this.#hashes[number]!
  }

  page(number: number): number {
    return this.#pageOf[number]!
  }

  find(hash: number): number | undefined {
    return this.#byHash.get(hash)
  }

  inPage(page: number): readonly number[] {
    return this.#pages[page]!
  }

  drop(name: ZoneName): void {
    const number = this.numbers.drop(name)
    if (number === undefined) return
    const hash = this.#hashes[number]!
    this.#byHash.delete(hash)
    const row = this.#pages[this.#pageOf[number]!]!
    row.splice(row.indexOf(number), 1)
  }

  /** The content that a packed pair of this zone has under the serial, if a hub delivered it: the first one that was known. */
  content(name: ZoneName, serial: Serial): SentContent | undefined {
    return this.#parts.contentsOf(name).find((known) => known.serial === serial)
  }

  /** True when packed pairs may have this content: it is the first one under its serial, or becomes it. */
  admit(name: ZoneName, { serial, digest }: SentContent): boolean {
    const known = this.content(name, serial)
    if (known !== undefined) return known.digest === digest
    this.#parts.addContent(name, { serial, digest })
    return true
  }
}

/** 0 for a digest that is not hexadecimal. */
export const digestStart = (digest: string): number => Number.parseInt(digest.slice(0, 8), 16) >>> 0 || 0

/** The contents of two lists, in one order wherever they are merged; as many as are remembered, those with the largest serials. */
export function allContents(a: readonly SentContent[], b: readonly SentContent[]): SentContent[] {
  const others = b.filter(({ serial, digest }) => !a.some((known) => known.serial === serial && known.digest === digest))
  const all = [...a, ...others].sort((x, y) => x.serial - y.serial || (x.digest < y.digest ? -1 : 1))
  return all.slice(-MOST_CONTENTS)
}

const hashOf = (name: ZoneName): number => Number.parseInt(hash('sha256', name).slice(0, 12), 16)
