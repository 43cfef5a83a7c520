/**
 * Finds mistakes in a topology whose settings all fit: names that refer to nothing, addresses that two things share, control
 * addresses that are anycast (errors); and things that work but have no redundancy (warnings).
 * Not here: reading the file (load.ts).
 */
import { type Endpoint, endpointText } from '../lib/dns/endpoint.js'
import { isIpv6, subnetHolds } from './address.js'
import type { Config, PrimaryConfig, ZoneConfig } from './config.js'
import type { SettingPath } from './document.js'
import type { Resolved } from './resolve.js'
import type { Report } from './report.js'
import { quote } from './secrets.js'
import { lintClouds } from './topology/clouds.js'
import { lintTopologyNames, type TopologyNames } from './topology/names.js'
import { lintPaths } from './topology/paths.js'

/** The names that a section declares, invalid entries included: a reference to such an entry is not a second mistake. */
export type DeclaredNames = Record<'keys' | 'primaries' | 'clouds' | 'nodes' | 'clusters', ReadonlySet<string>> & TopologyNames

/** Zones with the same finding that are reported one by one. */
const MOST_ALIKE = 100

type Section = Exclude<keyof DeclaredNames, 'sites' | 'hubs' | 'clusters'>

export function lintTopology(resolved: Resolved, declared: DeclaredNames, report: Report): void {
  lintNames(resolved, declared, report)
  lintTopologyNames(resolved.config, declared, report)
  lintAddresses(resolved.config, report)
}

function lintNames({ config, zoneIndex }: Resolved, declared: DeclaredNames, report: Report): void {
  const check = (section: Section, name: string | undefined, path: SettingPath) => {
    if (name === undefined || declared[section].has(name)) return
    // A list of nodes may name a cluster for all its members.
    if (section === 'nodes' && declared.clusters.has(name)) return
    const known = [...declared[section], ...(section === 'nodes' ? declared.clusters : [])]
    const one = { keys: 'key', primaries: 'primary', clouds: 'cloud', nodes: 'node' }[section]
    const choice = known.length === 0 ? `add it under "${section}"` : `write one of ${known.slice(0, 8).map(quote).join(', ')}`
    // The operator may have written the secret of a key instead of its name.
    const what = section === 'keys' ? 'there is no key of that name' : `there is no ${one} ${quote(name)}`
    report('CONFIG_DANGLING', path, `${what}: ${choice}`)
  }
  const checkList = (section: Section, names: readonly string[], path: SettingPath) => {
    for (const [i, name] of names.entries()) {
      check(section, name, [...path, i])
      if (names.indexOf(name) < i)
        report('CONFIG_DUPLICATE', [...path, i], `${quote(name)} is in this list twice: remove one of the two`)
    }
  }
  check('keys', config.workers.key, ['workers', 'key'])
  const checkKeys = (section: string, { id, key, oldKeys }: KeyUser) => {
    if (oldKeys.length === 0) check('keys', key, [section, id, 'key'])
    else checkList('keys', [key!, ...oldKeys], [section, id, 'keys'])
  }
  for (const primary of config.primaries.values()) checkKeys('primaries', primary)
  const nodeKeys = new Map([...config.nodes.values()].flatMap((node) => keysOf(node).map((key) => [key, node.id])))
  for (const hub of config.hubs.values()) {
    const { id } = hub
    checkKeys('hubs', hub)
    const key = keysOf(hub).find((each) => nodeKeys.has(each))
    const what = `${quote(key ?? '')} is the key of node "${nodeKeys.get(key ?? '')}" too, which must not get what hubs get`
    if (key !== undefined) report('CONFIG_DUPLICATE', ['hubs', id, 'key'], `${what}: make one for the hubs alone`)
    if (declared.primaries.has(id))
      report('CONFIG_DUPLICATE', ['hubs', id], `there is a primary ${quote(id)} as well: give the hub another name`)
  }
  if (declared.hubs.size > 0 && !declared.hubs.has(config.hub)) {
    const known = [...declared.hubs].slice(0, 8).map(quote).join(', ')
    const what = `this hub is ${quote(config.hub)}, which is not among the hubs (${known})`
    report('CONFIG_DANGLING', ['hubs'], `${what}: add it there, or write one of them as "hub"`)
  }
  for (const node of config.nodes.values()) {
    const { id, cloud, control } = node
    check('clouds', cloud, ['nodes', id, 'cloud'])
    checkKeys('nodes', node)
    if (control?.kind !== 'bind') continue
    check('keys', control.key, ['nodes', id, 'control', 'key'])
    if (config.keys.get(control.key)?.algorithm === 'hmac-md5')
      report(
        'CONFIG_VALUE',
        ['nodes', id, 'control', 'key'],
        'this key uses hmac-md5: make one with hmac-sha256, here and in named.conf',
      )
  }
  for (const list of ['tokens', 'clients'] as const)
    for (const [i, { scope }] of config.api[list].entries()) {
      checkList('clouds', scope?.clouds ?? [], ['api', list, i, 'clouds'])
      checkList('nodes', scope?.nodes ?? [], ['api', list, i, 'nodes'])
    }
  for (const [i, { nodes, cloud }] of config.rollout.stages.entries()) {
    checkList('nodes', nodes ?? [], ['rollout', 'stages', i, 'nodes'])
    check('clouds', cloud, ['rollout', 'stages', i, 'cloud'])
  }
  const sound = new Set<ZoneConfig>()
  for (const [name, zone] of config.zones) {
    // The lists of settings that zones share are checked once, when they have no mistake.
    if (sound.has(zone)) continue
    const at = ['zones', zoneIndex.get(name)!]
    if (zone.primaries.length > 0 && areSound(zone, declared)) sound.add(zone)
    checkList('primaries', zone.primaries, [...at, 'primaries'])
    checkList('clouds', zone.clouds, [...at, 'clouds'])
    if (zone.primaries.length === 0 && declared.primaries.size > 0) {
      report('CONFIG_VALUE', [...at, 'primaries'], `zone ${name} has no primary: name one, or leave "primaries" out to use all`)
    } else if (declared.primaries.size === 0) {
      report('CONFIG_MISSING', at, `zone ${name} has no primary to transfer from: add one under "primaries"`)
    }
  }
}

type KeyUser = Pick<PrimaryConfig, 'id' | 'key' | 'oldKeys'>

/** All keys of a peer. */
const keysOf = ({ key, oldKeys }: KeyUser): string[] => (key === undefined ? oldKeys : [key, ...oldKeys])

/** Every name in the lists of the zone refers to something, and none is there twice. */
function areSound({ primaries, clouds }: ZoneConfig, declared: DeclaredNames): boolean {
  const isSound = (names: readonly string[], known: ReadonlySet<string>): boolean =>
    names.every((name) => known.has(name)) && new Set(names).size === names.length
  return isSound(primaries, declared.primaries) && isSound(clouds, declared.clouds)
}

function lintAddresses(config: Config, report: Report): void {
  const service = new Map<string, string>()
  for (const { id, addresses, prefixes } of config.clouds.values()) {
    for (const [i, ip] of addresses.entries()) {
      const ofFamily = prefixes.filter((prefix) => isIpv6(prefix) === isIpv6(ip))
      if (ofFamily.length > 0 && !ofFamily.some((prefix) => subnetHolds(prefix, ip))) {
        const what = `${ip} is in no prefix of cloud "${id}" (${ofFamily.join(', ')})`
        report('CONFIG_VALUE', ['clouds', id, 'addresses', i], `${what}: write the one it is announced with under "prefixes"`)
      }
      const other = service.get(ip)
      if (other !== undefined) {
        const what = other === id ? `${ip} is in this list twice` : `${ip} is a service address of cloud "${other}" too`
        report('CONFIG_DUPLICATE', ['clouds', id, 'addresses', i], `${what}: remove one of the two`)
      }
      service.set(ip, id)
    }
  }
  const claimed = new Map<string, string>()
  const claim = (endpoint: Endpoint, who: string, path: SettingPath) => {
    const text = endpointText(endpoint)
    const other = claimed.get(text)
    if (other !== undefined) {
      const what = other === who ? `${who} has the address ${text} twice` : `${who} has the address of ${other} (${text})`
      report('CONFIG_DUPLICATE', path, `${what}: give each its own`)
    }
    if (endpoint.port !== 0) claimed.set(text, who)
    const cloud = service.get(endpoint.ip)
    if (cloud !== undefined) {
      const what = `${who} is reached at ${endpoint.ip}, a service address of cloud "${cloud}"`
      report('CONFIG_ANYCAST_CONTROL', path, `${what}, which can lead to any of its nodes: write its unicast control address`)
    }
  }
  for (const [i, endpoint] of config.transfer.listen.entries()) claim(endpoint, 'the transfer server', ['transfer', 'listen', i])
  for (const [i, endpoint] of config.transfer.tls?.listen.entries() ?? [])
    claim(endpoint, 'the transfer server', ['transfer', 'tls', 'listen', i])
  claim(config.api.listen, 'the API', ['api', 'listen'])
  // One server may serve some zones with one key and some with another: those count as two primaries at one address.
  const served = new Set<string>()
  for (const { id, address, key } of config.primaries.values()) {
    const twin = `${endpointText(address)} ${key ?? ''}`
    const isFurther =
      !served.has(twin) &&
      [...config.primaries.values()].some(
        (other) =>
          other.id !== id &&
          endpointText(other.address) === endpointText(address) &&
          served.has(`${endpointText(address)} ${other.key ?? ''}`),
      )
    served.add(twin)
    if (!isFurther) claim(address, `primary "${id}"`, ['primaries', id, 'address'])
  }
  for (const { id, address } of config.hubs.values())
    if (id !== config.hub) claim(address, `hub "${id}"`, ['hubs', id, 'address'])
  for (const { id, paths } of config.nodes.values()) {
    // A node given by `address` alone has one path; the report falls back to the place of the node.
    for (const [i, path] of paths.entries())
      claim(path, `node "${id}"`, paths.length > 1 ? ['nodes', id, 'paths', i] : ['nodes', id, 'address'])
  }
}

/**
 * Runs only on a complete config, where nothing is missing because of a mistake. `ownHub`: the name of this hub, if it has one.
 */
export function lintSpare({ config, zoneIndex }: Resolved, ownHub: string | undefined, report: Report): void {
  lintClouds(config, report)
  lintPaths(config, ownHub, report)
  // The members of a cluster fail together with their site.
  const units = new Map<string, Set<string>>()
  for (const { id, cloud, cluster } of config.nodes.values()) units.set(cloud, (units.get(cloud) ?? new Set()).add(cluster ?? id))
  const usedPrimaries = new Set<string>()
  for (const { primaries } of new Set(config.zones.values())) for (const primary of primaries) usedPrimaries.add(primary)
  lintOnePrimary(config, zoneIndex, report)
  for (const { members, groups } of config.catalogs.consumed.values())
    for (const { primaries } of [members, ...groups.values()]) for (const primary of primaries) usedPrimaries.add(primary)
  for (const id of config.clouds.keys()) {
    const nodes = units.get(id)?.size ?? 0
    if (nodes === 0)
      report('CONFIG_NO_NODES', ['clouds', id], `cloud "${id}" has no nodes: add one under "nodes", or remove the cloud`)
    if (nodes === 1)
      report(
        'CONFIG_ONE_NODE',
        ['clouds', id],
        `cloud "${id}" has one node: when it fails, the cloud fails too; add a second one`,
      )
  }
  if (config.probe === undefined)
    for (const list of ['tokens', 'clients'] as const)
      for (const [i, { name, role }] of config.api[list].entries())
        if (role === 'vantage')
          report(
            'CONFIG_UNUSED',
            ['api', list, i],
            `vantage point ${quote(name)} has nothing to ask: set "probe", such as { every: 60s }`,
          )
  for (const id of config.primaries.keys()) {
    if (!usedPrimaries.has(id))
      report('CONFIG_UNUSED', ['primaries', id], `primary "${id}" serves no zone: remove it, or name it in a zone`)
  }
  const usedKeys = new Set<string | undefined>(
    [...config.primaries.values(), ...config.nodes.values(), ...config.hubs.values()].flatMap(keysOf),
  )
  usedKeys.add(config.workers.key)
  for (const { control } of config.nodes.values()) if (control?.kind === 'bind') usedKeys.add(control.key)
  for (const id of config.keys.keys()) {
    if (!usedKeys.has(id))
      report('CONFIG_UNUSED', ['keys', id], `no primary, node, hub or control channel uses key ${quote(id)}: remove it`)
  }
}

/** A list of a hundred thousand such zones has one cause, and needs no line for each. */
function lintOnePrimary({ zones }: Config, zoneIndex: Resolved['zoneIndex'], report: Report): void {
  let found = 0
  let first = 0
  for (const [name, { primaries }] of zones) {
    if (primaries.length !== 1) continue
    found += 1
    const at = ['zones', zoneIndex.get(name)!]
    if (found === MOST_ALIKE + 1) first = zoneIndex.get(name)!
    if (found <= MOST_ALIKE)
      report('CONFIG_ONE_PRIMARY', at, `zone ${name} has one primary: when it fails, changes stop; add a second one`)
  }
  const more = found - MOST_ALIKE
  if (more > 0)
    report(
      'CONFIG_ONE_PRIMARY',
      ['zones', first],
      `${more === 1 ? 'one more zone has' : `${more} more zones have`} one primary, this one first: add a second one`,
    )
}
