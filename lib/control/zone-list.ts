/**
 * The zones that a name server has, by its control channel. BIND has no such command. Lists have hundreds of thousands of zones, so
 * each is read in parts as it arrives.
 */
import { parseZoneName, type ZoneName } from '../dns/name.js'
import type { ControlSettings, PowerdnsControlSettings } from '../fleet/control-settings.js'
import { pause } from '../runtime/turns.js'
import { askHttp } from '../transport/http-client.js'
import { StreamClient, type StreamReader, type StreamTarget } from '../transport/stream-client.js'
import { type ControlFailure, type ControlResult, FailureWriter, ok, peerWords } from './control.js'
import { encodeKnot, KNOT_END, KnotReader } from './knot-codec.js'
import { type ControlWays, streamFailure } from './stream-failure.js'

/** By name: true for zones that were added for this hub, which alone may be removed. */
export type ZoneList = Map<ZoneName, boolean>

/** The marks of zones that were added for this hub. */
export interface OursMark {
  /** Pattern of NSD, template of Knot. */
  template: string
  /** Addresses of hubs, which are primaries in PowerDNS. */
  hubs: readonly string[]
}

/** Some hundred octets for each zone. */
const LIST_LIMITS = { answerMs: 120_000, octets: 1 << 28 }
const MAX_KNOT_UNITS = 2_000_000
const OBJECTS_PER_SLICE = 500
/** Octets of a line without its end. */
const MOST_LINE = 1 << 16

/** The peer's octets are no list of zones. */
class ListFormatError extends Error {}

/** Undefined: the make has no list. Never throws. */
export async function listZones(
  node: string,
  settings: ControlSettings,
  { sources, limits }: ControlWays,
  ours: OursMark,
): Promise<ControlResult<ZoneList | undefined>> {
  const failures = new FailureWriter(node, `the zone list of ${settings.kind}`)
  const long = { ...limits, ...LIST_LIMITS }
  try {
    switch (settings.kind) {
      case 'bind':
        return ok(undefined)
      case 'nsd': {
        const { address: to, ca, cert, certKey: key } = settings
        const reader = new NsdZones(ours.template)
        await converse({ kind: 'tls', to, tls: { ca, cert, key } }, sources, long, Buffer.from('NSDCT1 zonestatus\n'), reader)
        return reader.error === undefined ? ok(reader.zones) : failures.refused(reader.error, "see the node's log")
      }
      case 'knot': {
        const zones: ZoneList = new Map()
        for (const item of ['domain', 'template']) {
          const reader = new KnotReader(MAX_KNOT_UNITS)
          const request = encodeKnot({ cmd: 'conf-read', section: 'zone', item })
          await converse({ kind: 'unix', path: settings.path }, sources, long, request, reader, KNOT_END)
          const refused = noteKnotZones(reader, item, zones, ours.template, failures)
          if (refused !== undefined) return refused
          await pause()
        }
        return ok(zones)
      }
      case 'powerdns':
        return await listPowerdns(settings, sources, long, ours.hubs, failures)
    }
  } catch (error) {
    return streamFailure(failures, error, {
      reach: 'zonecast nodes shows whether the control channel works',
      prove: 'check the settings of the control channel',
    })
  }
}

async function converse(
  target: StreamTarget,
  sources: readonly string[],
  limits: ControlWays['limits'],
  request: Buffer,
  reader: StreamReader,
  last?: Buffer,
): Promise<void> {
  const client = await StreamClient.open(target, sources, limits)
  try {
    await client.exchange(request, reader)
  } finally {
    client.close(last)
  }
}

/** Reads lines such as `zone: NAME` and, below it, `pattern: NAME`. */
export class NsdZones implements StreamReader {
  readonly endsWithStream = true
  readonly zones: ZoneList = new Map()
  error: string | undefined
  readonly #pattern: string
  #rest = ''
  #zone: ZoneName | undefined

  constructor(pattern: string) {
    this.#pattern = pattern
  }

  push(octets: Buffer): boolean {
    const lines = (this.#rest + octets.toString('latin1')).split('\n')
    this.#rest = lines.pop()!
    if (this.#rest.length > MOST_LINE) throw new ListFormatError(`a line of its list has over ${MOST_LINE} octets`)
    for (const line of lines) this.#read(line)
    return false
  }

  #read(line: string): void {
    if (line.startsWith('zone:')) {
      this.#zone = nameIn(line.slice('zone:'.length).trim())
      if (this.#zone !== undefined) this.zones.set(this.#zone, false)
    } else if (/^\s+pattern:/.test(line)) {
      const isOurs = line.slice(line.indexOf(':') + 1).trim() === this.#pattern
      if (this.#zone !== undefined && isOurs) this.zones.set(this.#zone, true)
    } else if (line.startsWith('error')) this.error = peerWords(line.slice('error'.length))
  }
}

function noteKnotZones(
  { units }: KnotReader,
  item: string,
  zones: ZoneList,
  template: string,
  failures: FailureWriter,
): ControlFailure | undefined {
  const error = units.find((unit) => unit.error !== undefined)?.error
  // "not exists": no zone has such an item.
  if (error !== undefined && !/not exist/.test(error)) return failures.refused(error, "see the node's log")
  for (const { id, data } of units) {
    // 3.2 has the zone in `data` of its domain, and in `id` of other items.
    const name = nameIn((item === 'domain' ? (data ?? id) : id) ?? '')
    if (name === undefined) continue
    if (item === 'domain') zones.set(name, zones.get(name) ?? false)
    else if (data === template) zones.set(name, true)
  }
  return undefined
}

/** One object of the list, which has no objects in it; strings may have braces. */
const FLAT_OBJECT = /\{(?:[^{}"]|"(?:[^"\\]|\\.)*")*\}/g

async function listPowerdns(
  { url, apiKey, ca }: PowerdnsControlSettings,
  sources: readonly string[],
  limits: ControlWays['limits'],
  hubs: readonly string[],
  failures: FailureWriter,
): Promise<ControlResult<ZoneList>> {
  const headers = { 'x-api-key': apiKey, accept: 'application/json' }
  const to = `${url.replace(/\/+$/, '')}/api/v1/servers/localhost/zones`
  const { status, body } = await askHttp({ method: 'GET', url: to, headers, ca }, sources, limits)
  if (status !== 200) return failures.refused(`HTTP ${status}`, 'check the key of the API')
  if (!body.trimStart().startsWith('['))
    return failures.protocol('its answer is not a list of zones', 'check the address of control.powerdns')
  const zones: ZoneList = new Map()
  let read = 0
  for (const [text] of body.matchAll(FLAT_OBJECT)) {
    const { name, kind, masters } = JSON.parse(text) as { name?: unknown; kind?: unknown; masters?: unknown }
    const zone = typeof name === 'string' ? nameIn(name) : undefined
    const isSecondary = kind === 'Slave' || kind === 'Secondary'
    if (zone !== undefined)
      zones.set(zone, isSecondary && Array.isArray(masters) && masters.some((master) => hubs.includes(ipOf(String(master)))))
    if (++read % OBJECTS_PER_SLICE === 0) await pause()
  }
  return ok(zones)
}

/** `10.0.0.5`, `10.0.0.5:53` or `[2001:db8::1]:53`. */
const ipOf = (text: string): string => /^\[([^\]]*)\]/.exec(text)?.[1] ?? (/^[\d.]+(?=:\d+$)/.exec(text)?.[0] || text)

function nameIn(text: string): ZoneName | undefined {
  try {
    return text === '' ? undefined : parseZoneName(text)
  } catch {
    return undefined
  }
}
