/** Decides if a reload changed a zone, a node or a remote. Unchanged parts may be compared by identity. */
import type { Endpoint } from '../dns/endpoint.js'
import type { TsigKey } from '../dns/tsig-record.js'
import { isSameControl } from './control-settings.js'
import type { FleetNode } from './fleet.js'
import { keysOf, type Remote } from './remote.js'
import type { ZoneRules } from './zone-of-fleet.js'

const isSameKey = (a: TsigKey | undefined, b: TsigKey | undefined): boolean =>
  a === undefined || b === undefined ? a === b : a.equals(b) && a.id === b.id

export const isSameRemote = (a: Remote, b: Remote): boolean =>
  a.id === b.id &&
  isSamePlace(a.address, b.address) &&
  isSameKeys(a, b) &&
  isSamePart(a.tls, b.tls) &&
  isSamePart(a.notifyOver, b.notifyOver)

const isSamePlace = (a: Endpoint, b: Endpoint): boolean => a.ip === b.ip && a.port === b.port

const isSameKeys = (a: Pick<Remote, 'key' | 'oldKeys'>, b: Pick<Remote, 'key' | 'oldKeys'>): boolean =>
  isSameKey(a.key, b.key) && isSameList(keysOf(a), keysOf(b), isSameKey)

const isSamePart = (a: object | undefined, b: object | undefined): boolean =>
  a === b || (a !== undefined && b !== undefined && isSameText(a, b))

export const isSameNode = (a: FleetNode, b: FleetNode): boolean =>
  a.id === b.id &&
  a.cloud === b.cloud &&
  a.cluster === b.cluster &&
  a.site === b.site &&
  a.kind === b.kind &&
  a.identity === b.identity &&
  isSameControl(a.control, b.control) &&
  isSameKeys(a, b) &&
  isSamePart(a.tls, b.tls) &&
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
  isSameText(a.checks, b.checks) &&
  isSameText(a.rollout ?? NONE, b.rollout ?? NONE)

function isSameList<T>(a: readonly T[], b: readonly T[], isSame: (x: T, y: T) => boolean = Object.is): boolean {
  return a === b || (a.length === b.length && a.every((x, i) => isSame(x, b[i]!)))
}

const NONE = {}

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
