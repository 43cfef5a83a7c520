/** The members of catalogs in pages, in the order of their names. A published catalog is read once for each of its versions. */
import type { CatalogEntry, CatalogList } from '../../lib/catalog/read-catalog.js'
import { readCatalog } from '../../lib/catalog/read-catalog.js'
import type { ZoneName } from '../../lib/dns/name.js'
import type { FleetZone } from '../../lib/fleet/fleet.js'
import { pause } from '../../lib/runtime/turns.js'
import type { ZoneStore } from '../../lib/store/zone-store.js'
import { placeAfter } from './sorted-names.js'

interface Known {
  digest: string
  list: Promise<CatalogList>
}

const NAMES_PER_SLICE = 2_000

/** Reads the released versions of published catalogs; keeps the last list of each. */
export class PublishedLists {
  readonly #store: ZoneStore
  readonly #known = new Map<ZoneName, Known>()

  constructor(store: ZoneStore) {
    this.#store = store
  }

  async of({ name }: FleetZone): Promise<CatalogList> {
    const stored = this.#store.zone(name)
    const version = stored.released
    if (version === undefined) return new Map()
    const known = this.#known.get(name)
    if (known?.digest === version.digest) return await known.list
    const list = stored
      .contentsOf(version)
      .then((contents) => readCatalog(name, contents, Number.POSITIVE_INFINITY, pause))
      .then((reading) => reading.list)
    this.#known.set(name, { digest: version.digest, list })
    list.catch(() => this.#known.delete(name))
    return await list
  }
}

export interface NamePage {
  names: ZoneName[]
  next: ZoneName | null
}

/**
 * The next names of a catalog. `names`: all zones in order; `others`: members that are no zones. `is`: the name is a member.
 */
export async function pageOf(
  names: readonly ZoneName[],
  others: readonly ZoneName[],
  is: (name: ZoneName) => boolean,
  { limit, after }: { limit: number; after?: string | undefined },
): Promise<NamePage> {
  const page: ZoneName[] = []
  for (let i = after === undefined ? 0 : placeAfter(names, after); i < names.length && page.length <= limit; i++) {
    if (is(names[i]!)) page.push(names[i]!)
    if (i % NAMES_PER_SLICE === 0) await pause()
  }
  for (const name of others) if (after === undefined || name > after) page.push(name)
  page.sort()
  return { names: page.slice(0, limit), next: page.length > limit ? page[limit - 1]! : null }
}

/** Members of the list that are no zones of this hub. */
export async function strangersIn(
  list: ReadonlyMap<ZoneName, CatalogEntry>,
  isZone: (name: ZoneName) => boolean,
): Promise<ZoneName[]> {
  const strangers: ZoneName[] = []
  let done = 0
  for (const name of list.keys()) {
    if (!isZone(name)) strangers.push(name)
    if (++done % NAMES_PER_SLICE === 0) await pause()
  }
  return strangers
}
