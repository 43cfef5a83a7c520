/**
 * Which zones are members of which catalog, and since when: the lists of all catalogs become one set of members, and each new
 * list becomes the changes that it makes. The result depends on the lists and the order of the catalogs alone, so that all hubs
 * reach the same. Not here: disk (../store/member-log.ts), zones of the fleet (services/fleet).
 */
import type { ZoneName } from '../dns/name.js'
import type { CatalogEntry, CatalogList } from './read-catalog.js'

export interface Member extends CatalogEntry {
  zone: ZoneName
  catalog: ZoneName
  /** Milliseconds since 1970: in the catalog under this id since then. */
  since: number
  /** No catalog has the member any more since then; it is served on for the grace time of its catalog. */
  leftAt?: number | undefined
}

export interface MemberChange {
  zone: ZoneName
  before: Member | undefined
  /** Undefined: the zone is no longer served. */
  after: Member | undefined
  /** The zone must be transferred whole (RFC 9432 §5.4). */
  isReset: boolean
}

/** Members of a list that do not become zones of its catalog: how many, and some names. */
export interface Refused {
  count: number
  names: ZoneName[]
}

export interface Refusals {
  /** Another catalog has them. */
  claimed: Refused
  /** The config has them. */
  configured: Refused
}

export interface Assignment extends Refusals {
  changes: MemberChange[]
}

const NAMES_PER_SLICE = 500
const NAMED = 5

export class Membership {
  readonly #members = new Map<ZoneName, Member>()
  readonly #leaving = new Map<ZoneName, Member>()
  readonly #counts = new Map<ZoneName, number>()
  readonly #lists = new Map<ZoneName, CatalogList>()
  /** In the order of the config: of two catalogs that have a member, the first keeps it. */
  #order: readonly ZoneName[]

  constructor(order: readonly ZoneName[]) {
    this.#order = order
  }

  get members(): ReadonlyMap<ZoneName, Member> {
    return this.#members
  }

  get leaving(): ReadonlyMap<ZoneName, Member> {
    return this.#leaving
  }

  /** Members of a catalog, including those that left. */
  countOf(catalog: ZoneName): number {
    return this.#counts.get(catalog) ?? 0
  }

  #count(member: Member | undefined, by: 1 | -1): void {
    if (member !== undefined) this.#counts.set(member.catalog, this.countOf(member.catalog) + by)
  }

  /** Puts changes into effect. */
  apply(changes: Iterable<Pick<MemberChange, 'zone' | 'after'>>): void {
    for (const { zone, after } of changes) {
      this.#count(this.#members.get(zone), -1)
      this.#count(after, 1)
      this.#leaving.delete(zone)
      if (after === undefined) this.#members.delete(zone)
      else {
        this.#members.set(zone, after)
        if (after.leftAt !== undefined) this.#leaving.set(zone, after)
      }
    }
  }

  /** The lists are those of another process from now on; the members stay. */
  forgetLists(): void {
    this.#lists.clear()
  }

  /** The config has other catalogs now. Returns the members of those that are gone: they are no longer served. */
  *reorder(order: readonly ZoneName[]): Generator<undefined, MemberChange[]> {
    this.#order = order
    for (const name of this.#lists.keys()) if (!order.includes(name)) this.#lists.delete(name)
    const changes: MemberChange[] = []
    let done = 0
    for (const before of this.#members.values()) {
      if (++done % NAMES_PER_SLICE === 0) yield
      if (!order.includes(before.catalog)) changes.push({ zone: before.zone, before, after: undefined, isReset: false })
    }
    return changes
  }

  /** A catalog has a new list, which counts from now on. Yields between slices of work; `apply` puts the changes into effect. */
  *assign(
    catalog: ZoneName,
    list: CatalogList,
    now: number,
    isConfigured: (zone: ZoneName) => boolean,
  ): Generator<undefined, Assignment> {
    this.#lists.set(catalog, list)
    const result: Assignment = { changes: [], ...noRefusals() }
    let done = 0
    const judge = (zone: ZoneName): void => {
      const change = this.#judge(zone, now)
      if (change !== undefined) result.changes.push(change)
    }
    for (const zone of list.keys()) {
      if (++done % NAMES_PER_SLICE === 0) yield
      this.#noteRefusal(catalog, zone, isConfigured, result)
      judge(zone)
    }
    for (const member of this.#members.values()) {
      if (++done % NAMES_PER_SLICE === 0) yield
      if (member.catalog === catalog && !list.has(member.zone)) judge(member.zone)
    }
    return result
  }

  /** Members of the list of a catalog that are not its own now: the list of another one may have changed that. Yields as `assign`. */
  *refusals(catalog: ZoneName, isConfigured: (zone: ZoneName) => boolean): Generator<undefined, Refusals> {
    const result = noRefusals()
    let done = 0
    for (const zone of this.#lists.get(catalog)?.keys() ?? []) {
      if (++done % NAMES_PER_SLICE === 0) yield
      this.#noteRefusal(catalog, zone, isConfigured, result)
    }
    return result
  }

  #noteRefusal(catalog: ZoneName, zone: ZoneName, isConfigured: (zone: ZoneName) => boolean, result: Refusals): void {
    if (isConfigured(zone)) note(result.configured, zone)
    else if (this.#ownerOf(zone)!.catalog !== catalog) note(result.claimed, zone)
  }

  /** Members that left longer ago than the grace time of their catalog, in milliseconds. */
  overdue(now: number, graceOf: (catalog: ZoneName) => number): MemberChange[] {
    const changes: MemberChange[] = []
    for (const before of this.#leaving.values())
      if (now - before.leftAt! >= graceOf(before.catalog))
        changes.push({ zone: before.zone, before, after: undefined, isReset: false })
    return changes
  }

  /**
   * The catalog whose member the zone is: the first that has it and does not hand it to another one that has it too (RFC 9432
   * §4.3.1); when each hands it on, the first.
   */
  #ownerOf(zone: ZoneName): { catalog: ZoneName; entry: CatalogEntry } | undefined {
    let first: { catalog: ZoneName; entry: CatalogEntry } | undefined
    for (const catalog of this.#order) {
      const entry = this.#entryOf(catalog, zone)
      if (entry === undefined) continue
      const { coo } = entry
      if (coo === undefined || coo === catalog || this.#entryOf(coo, zone) === undefined) return { catalog, entry }
      first ??= { catalog, entry }
    }
    return first
  }

  /** A catalog without a list since the start keeps its members. */
  #entryOf(catalog: ZoneName, zone: ZoneName): CatalogEntry | undefined {
    const list = this.#lists.get(catalog)
    if (list !== undefined) return list.get(zone)
    const member = this.#members.get(zone)
    return member?.catalog === catalog && member.leftAt === undefined ? member : undefined
  }

  #judge(zone: ZoneName, now: number): MemberChange | undefined {
    const before = this.#members.get(zone)
    const owner = this.#ownerOf(zone)
    if (owner === undefined)
      return before === undefined || before.leftAt !== undefined
        ? undefined
        : { zone, before, after: { ...before, leftAt: now }, isReset: false }
    const { catalog, entry } = owner
    const after: Member = { zone, catalog, id: entry.id, group: entry.group, coo: entry.coo, since: now }
    if (before === undefined) return { zone, before, after, isReset: false }
    const isHere = before.catalog === catalog
    if (isHere && before.id === entry.id) after.since = before.since
    // Handed over by its catalog, and under the same id: the state goes with it.
    const isHanded = isHere || (this.#entryOf(before.catalog, zone) ?? before).coo === catalog
    const isSame = isHere && before.id === entry.id && before.group === entry.group && before.coo === entry.coo
    if (isSame && before.leftAt === undefined) return undefined
    return { zone, before, after, isReset: !isHanded || before.id !== entry.id }
  }
}

const noRefusals = (): Refusals => ({ claimed: { count: 0, names: [] }, configured: { count: 0, names: [] } })

function note(refused: Refused, zone: ZoneName): void {
  refused.count += 1
  if (refused.names.length < NAMED) refused.names.push(zone)
}
