/** Values of tables that two processes wrote: merged, or completed, where the later one alone would lose something. */
import { joinContent } from '../fleet/node-content.js'
import { mergeOrders } from '../rollout/record.js'
import { mergeShared } from '../rollout/shared.js'
import type { ContactCell, ContentsCell, TableName, Tables } from './tables.js'
import { allContents } from './zone-rows.js'

/** Tables in which two values are merged, not only the later one kept. */
export const JOINS: { [T in TableName]?: (a: Tables[T], b: Tables[T]) => Tables[T] } = {
  orders: mergeOrders,
  stages: mergeShared,
}

/**
 * Tables in which the later value is kept and gets the fields that only the earlier one has. Returns the later one itself when it
 * has all.
 */
export const COMPLETIONS: { [T in TableName]?: (later: Tables[T], earlier: Tables[T]) => Tables[T] } = {
  nodes: joinContent,
  contacts: joinContacts,
  contents: joinContents,
}

/** A node that one process reaches and another does not: the later answer of all counts. Returns the later cell if it has all. */
function joinContacts(later: ContactCell, { sweptAt }: ContactCell): ContactCell {
  return sweptAt === undefined || (later.sweptAt ?? 0) >= sweptAt ? later : { ...later, sweptAt }
}

function joinContents(later: ContentsCell, earlier: ContentsCell): ContentsCell {
  const known = allContents(later.known, earlier.known)
  return known.length === later.known.length && known.every((each, i) => each.digest === later.known[i]!.digest)
    ? later
    : { ...later, known }
}
