/**
 * Reads the members of a catalog zone (RFC 9432 §4) from its contents. A broken catalog has no members at all: the caller keeps
 * the last good list. Not here: which members become zones (membership.ts).
 */
import { lowerWire, wireToName, type ZoneName, zoneNameOfWire } from '../dns/name.js'
import { rdataLength, rdataStart, STORED_HEAD, storedType } from '../dns/record.js'
import { TYPE } from '../dns/rrtype.js'
import type { ZoneContents } from '../zone/zone-contents.js'
import { SCHEMA_VERSION, versionOwner, zonesSuffix } from './catalog-names.js'
import { CatalogError } from './errors.js'

export interface CatalogEntry {
  /** The unique label of the member, in lower case, escaped (RFC 9432 §4.1). */
  id: string
  group?: string | undefined
  /** The catalog to which the owner of this one hands the member (RFC 9432 §4.3.1). */
  coo?: ZoneName | undefined
}

export type CatalogList = ReadonlyMap<ZoneName, CatalogEntry>

export interface CatalogReading {
  list: CatalogList
  /** Faults that do not break the catalog, as sentences. */
  warnings: string[]
}

const RECORDS_PER_SLICE = 500

/**
 * Throws CatalogError CATALOG_BROKEN with the reason. `what`: `pending` reads an uncommitted change as well. Memory is bounded by
 * `mostMembers`.
 */
export async function readCatalog(
  name: ZoneName,
  contents: ZoneContents,
  mostMembers: number,
  pause: () => Promise<void>,
  what: 'committed' | 'pending' = 'committed',
): Promise<CatalogReading> {
  const reader = new CatalogReader(name, contents.apex, mostMembers)
  const view = contents.view(what)
  try {
    for (let at: number | undefined = 0; at !== undefined; ) {
      at = view.walk(at, RECORDS_PER_SLICE, (data, start) => reader.see(data, start))
      reader.expectSound()
      await pause()
    }
  } finally {
    view.release()
  }
  return await reader.finish(pause)
}

class CatalogReader {
  readonly #name: ZoneName
  readonly #most: number
  readonly #version: Buffer
  readonly #suffix: Buffer
  readonly #versions: string[] = []
  readonly #names = new Map<string, ZoneName>()
  readonly #groups = new Map<string, string[]>()
  readonly #coos = new Map<string, ZoneName>()
  #fault: string | undefined

  constructor(name: ZoneName, apex: Buffer, most: number) {
    this.#name = name
    this.#most = most
    this.#version = versionOwner(apex)
    this.#suffix = zonesSuffix(apex)
  }

  /** Records of other names and types are no part of the catalog (RFC 9432 §4.1). */
  see(data: Buffer, at: number): void {
    const type = storedType(data, at)
    if (type !== TYPE.PTR && type !== TYPE.TXT) return
    const from = at + STORED_HEAD
    const to = from + data[at]!
    const end = to - this.#suffix.length
    if (end > from && isName(data, end, this.#suffix)) {
      const second = from + 1 + data[from]!
      if (second === end && type === TYPE.PTR) this.#seeMember(labelAt(data, from), data, at)
      else if (second < end && second + 1 + data[second]! === end) this.#seeProperty(data, at, from, second, type)
    } else if (type === TYPE.TXT && to - from === this.#version.length && isName(data, from, this.#version))
      this.#versions.push(textOf(data, at))
  }

  #seeMember(id: string, data: Buffer, at: number): void {
    const known = this.#names.get(id)
    const name = targetOf(data, at)
    if (known !== undefined && known !== name)
      this.#break(`${this.#node(id)} has two PTR records, ${known} and ${name}; remove one of them (RFC 9432 §4.1)`)
    this.#names.set(id, name)
    if (this.#names.size > this.#most)
      this.#break(`it has more than ${this.#most} members; raise maxMembers of the catalog if that is intended`)
  }

  #seeProperty(data: Buffer, at: number, first: number, second: number, type: number): void {
    const property = labelAt(data, first)
    const id = labelAt(data, second)
    if (property === 'group' && type === TYPE.TXT) {
      const groups = this.#groups.get(id)
      if (groups === undefined) this.#groups.set(id, [textOf(data, at)])
      else groups.push(textOf(data, at))
    } else if (property === 'coo' && type === TYPE.PTR) {
      const target = targetOf(data, at)
      const known = this.#coos.get(id)
      if (known !== undefined && known !== target)
        this.#break(`coo.${this.#node(id)} has two PTR records; remove one of them (RFC 9432 §4.3.1)`)
      this.#coos.set(id, target)
    }
  }

  #node(id: string): string {
    return `${id}.zones.${this.#name}`
  }

  #break(reason: string): void {
    this.#fault ??= reason
  }

  expectSound(): void {
    if (this.#fault !== undefined)
      throw new CatalogError(
        { code: 'CATALOG_BROKEN', catalog: this.#name, reason: this.#fault },
        `catalog ${this.#name} is broken: ${this.#fault}`,
      )
  }

  #judgeVersion(): void {
    const owner = `version.${this.#name}`
    const [only, second] = this.#versions
    const fix = `publish ${owner} TXT "${SCHEMA_VERSION}" at the primary (RFC 9432 §4.2.1)`
    if (only === undefined) this.#break(`${owner} TXT is missing; ${fix}`)
    else if (second !== undefined) this.#break(`${owner} has ${this.#versions.length} TXT records; ${fix}, and no other`)
    else if (only !== SCHEMA_VERSION) this.#break(`${owner} TXT is ${JSON.stringify(only)}; ${fix}`)
  }

  async finish(pause: () => Promise<void>): Promise<CatalogReading> {
    this.#judgeVersion()
    const list = new Map<ZoneName, CatalogEntry>()
    const warnings: string[] = []
    let done = 0
    let many = 0
    for (const [id, name] of this.#names) {
      if (++done % RECORDS_PER_SLICE === 0) await pause()
      const twin = list.get(name)
      if (twin !== undefined)
        this.#break(`${name} is a member twice, as ${twin.id} and ${id}; remove one of them (RFC 9432 §4.1)`)
      if (name === this.#name) this.#break(`${id} is the catalog itself; remove it`)
      const groups = this.#groups.get(id)?.sort() ?? []
      if (groups.length > 1 && ++many === 1) warnings.push(`${this.#node(id)} has ${groups.length} groups; ${groups[0]} counts`)
      list.set(name, { id, group: groups[0], coo: this.#coos.get(id) })
    }
    if (many > 1) warnings.push(`${many} members have several groups; the first in alphabetical order counts`)
    this.expectSound()
    return { list, warnings }
  }
}

/** The name at `at` is this one, in any letter case; `name` is in lower case. */
function isName(data: Buffer, at: number, name: Buffer): boolean {
  for (let i = 0; i < name.length; i++) {
    const c = data[at + i]!
    if ((c >= 0x41 && c <= 0x5a ? c + 0x20 : c) !== name[i]) return false
  }
  return true
}

/** The label at `at`, escaped, in lower case. */
function labelAt(data: Buffer, at: number): string {
  const wire = Buffer.alloc(data[at]! + 2)
  data.copy(wire, 0, at, at + 1 + data[at]!)
  return wireToName(lowerWire(wire)).slice(0, -1)
}

function targetOf(data: Buffer, at: number): ZoneName {
  const start = rdataStart(data, at)
  return zoneNameOfWire(data.subarray(start, start + rdataLength(data, at)))
}

/** The character-strings of a TXT record, one after the other. */
function textOf(data: Buffer, at: number): string {
  const end = rdataStart(data, at) + rdataLength(data, at)
  let text = ''
  for (let o = rdataStart(data, at); o < end; o += 1 + data[o]!) text += data.toString('utf8', o + 1, o + 1 + data[o]!)
  return text
}
