/** Decides if a reload changed a zone, a node or a remote. Unchanged parts may be compared by identity. */
import type { TsigKey } from '../dns/tsig-record.js'
import { isSameControl } from './control-settings.js'
import type { FleetNode } from './fleet.js'
import type { Remote } from './remote.js'
import type { ZoneRules } from './zone-of-fleet.js'

const isSameKey = (a: TsigKey | undefined, b: TsigKey | undefined): boolean =>
  a === undefined || b === undefined ? a === b : a.equals(b) && a.id === b.id

export const isSameRemote = (a: Remote, b: Remote): boolean =>
  a.id === b.id && a.address.ip === b.address.ip && a.address.port === b.address.port && isSameKey(a.key, b.key)

export const isSameNode = (a: FleetNode, b: FleetNode): boolean =>
  a.id === b.id &&
  a.cloud === b.cloud &&
  a.site === b.site &&
  a.kind === b.kind &&
  isSameControl(a.control, b.control) &&
  isSameKey(a.key, b.key) &&
  isSameList(a.ignored ?? [], b.ignored ?? []) &&
  isSameList(a.paths, b.paths, isSameRemote)

/** Nodes and primaries must be the same objects. */
export const isSameRules = (a: ZoneRules, b: ZoneRules): boolean =>
  isSameList(a.primaries, b.primaries) &&
  isSameList(a.nodes, b.nodes) &&
  isSameList(a.clouds, b.clouds) &&
  a.catalog === b.catalog &&
  a.onlyNode === b.onlyNode &&
  a.group === b.group &&
  isSameText(a.refresh, b.refresh) &&
  isSameText(a.limits, b.limits) &&
  isSameText(a.checks, b.checks)

function isSameList<T>(a: readonly T[], b: readonly T[], isSame: (x: T, y: T) => boolean = Object.is): boolean {
  return a === b || (a.length === b.length && a.every((x, i) => isSame(x, b[i]!)))
}

/** Settings that many zones share are serialized once. */
const texts = new WeakMap<object, string>()

function isSameText(a: object, b: object): boolean {
  return a === b || textOf(a) === textOf(b)
}

function textOf(settings: object): string {
  let text = texts.get(settings)
  if (text === undefined) {
    text = JSON.stringify(settings)
    texts.set(settings, text)
  }
  return text
}
