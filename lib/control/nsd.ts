/**
 * nsd-control (nsd-control(8)): one command for each TLS connection, `NSDCT1 COMMAND` and a newline; the answer is text up to the end of
 * the connection, and begins with `error` when the command failed.
 */
import type { ZoneName } from '../dns/name.js'
import type { NsdControlSettings } from '../fleet/control-settings.js'
import { StreamClient, type StreamReader } from '../transport/stream-client.js'
import { endpointText } from '../dns/endpoint.js'
import {
  accepted,
  type ControlFailure,
  type ControlResult,
  done,
  FailureWriter,
  type ForceOutcome,
  type NewZone,
  type NodeControl,
  ok,
  type ServerStatus,
  type ZoneStatus,
} from './control.js'
import { type ControlWays, streamFailure } from './stream-failure.js'
import { plainZone, type PlainZone, wordOf } from './zone-words.js'

/** Collects text up to the end of the connection. */
export class TextToEnd implements StreamReader {
  readonly endsWithStream = true
  readonly #parts: Buffer[] = []

  push(octets: Buffer): boolean {
    this.#parts.push(octets)
    return false
  }

  get text(): string {
    return Buffer.concat(this.#parts).toString('latin1')
  }
}

/** `name: value` and `name=value` lines by name; tabs, quotes and lines without either are dropped. */
export function factsIn(text: string): Record<string, string> {
  const facts: Record<string, string> = {}
  for (const line of text.split('\n')) {
    const at = line.search(/[:=]/)
    const name = line.slice(0, Math.max(at, 0)).trim()
    if (/^[\w.-]+$/.test(name)) facts[name] = unquoted(line.slice(at + 1).trim())
  }
  return facts
}

const unquoted = (text: string): string =>
  text.length > 1 && text.startsWith('"') && text.endsWith('"') ? text.slice(1, -1) : text

/** The serial in `5 since 2026-11-28T10:00:00`; undefined in `none`. */
export function serialIn(text: string | undefined): number | undefined {
  const digits = /^(\d{1,10})\b/.exec(text ?? '')?.[1]
  return digits === undefined || Number(digits) > 0xffffffff ? undefined : Number(digits)
}

const NO_ZONE = /^error zone \S+ not configured/
const MEND_ZONE = 'add the zone to the server, or remove it from the clouds of this node'

export class NsdControl implements NodeControl {
  readonly make = 'nsd'
  readonly channel: string
  readonly #settings: NsdControlSettings
  readonly #ways: ControlWays
  readonly #failures: FailureWriter

  constructor(node: string, settings: NsdControlSettings, ways: ControlWays) {
    this.channel = `nsd-control at ${endpointText(settings.address)}`
    this.#settings = settings
    this.#ways = ways
    this.#failures = new FailureWriter(node, this.channel)
  }

  async status(): Promise<ControlResult<ServerStatus>> {
    const answer = await this.#command('status')
    if (answer.kind !== 'ok') return answer
    const { version, ...details } = factsIn(answer.value)
    if (version === undefined) return this.#notNsd(answer.value)
    // Not compiled into every NSD.
    const stats = await this.#command('stats_noreset')
    const counts = stats.kind === 'ok' ? factsIn(stats.value) : {}
    const [primary, secondary] = [
      counts['zone.primary'] ?? counts['zone.master'],
      counts['zone.secondary'] ?? counts['zone.slave'],
    ]
    const zones = primary === undefined || secondary === undefined ? undefined : Number(primary) + Number(secondary)
    return ok({ version, zones, details })
  }

  async zoneStatus(zone: ZoneName): Promise<ControlResult<ZoneStatus>> {
    const answer = await this.#onZone('zonestatus', zone, (text) => NO_ZONE.test(text))
    if (answer.kind !== 'ok') return answer
    if (NO_ZONE.test(answer.value)) return ok({ isConfigured: false, serial: undefined, state: undefined, details: {} })
    const { zone: _name, state, ...details } = factsIn(answer.value)
    // A primary has neither serial nor a transfer.
    return ok({ isConfigured: true, serial: serialIn(details['served-serial']), state, details })
  }

  async forceTransfer(zone: ZoneName): Promise<ControlResult<ForceOutcome>> {
    const answer = await this.#onZone('force_transfer', zone)
    return accepted(answer)
  }

  async refresh(zone: ZoneName): Promise<ControlResult<undefined>> {
    return done(await this.#onZone('transfer', zone))
  }

  async purge(): Promise<ControlResult<undefined>> {
    return this.#failures.unsupported('NSD has no command that drops the data of a zone', 'remove the zone and add it again')
  }

  async addZone({ name, template }: NewZone): Promise<ControlResult<undefined>> {
    if (template === undefined)
      return this.#failures.unsupported('NSD adds zones by a pattern of its nsd.conf', 'name the pattern')
    const pattern = wordOf(template)
    if (pattern === undefined)
      return this.#failures.unsupported(
        'the name of the pattern has other characters than letters, digits, ".", "_" and "-"',
        'rename it',
      )
    return done(await this.#onZone('addzone', name, undefined, ` ${pattern}`))
  }

  async removeZone(zone: ZoneName): Promise<ControlResult<undefined>> {
    return done(await this.#onZone('delzone', zone))
  }

  async reload(): Promise<ControlResult<undefined>> {
    return done(await this.#command('reconfig'))
  }

  async #onZone(verb: string, zone: ZoneName, isFine?: (text: string) => boolean, more = ''): Promise<ControlResult<string>> {
    const name: PlainZone | undefined = plainZone(zone)
    if (name === undefined)
      return this.#failures.unsupported(`the name of ${zone} cannot be sent as one word`, `run the command on the node by hand`)
    return await this.#command(`${verb} ${name}${more}`, isFine)
  }

  async #command(command: string, isFine: (text: string) => boolean = () => false): Promise<ControlResult<string>> {
    const { address: to, ca, cert, certKey: key } = this.#settings
    const reader = new TextToEnd()
    let client: StreamClient | undefined
    try {
      client = await StreamClient.open({ kind: 'tls', to, tls: { ca, cert, key } }, this.#ways.sources, this.#ways.limits)
      await client.exchange(Buffer.from(`NSDCT1 ${command}\n`, 'latin1'), reader)
    } catch (error) {
      return streamFailure(this.#failures, error, {
        reach: `check that nsd.conf has control-enable: yes, and control-interface and control-port of ${endpointText(to)}`,
        prove:
          'copy nsd_server.pem, nsd_control.pem and nsd_control.key of that node again, and restart NSD after nsd-control-setup',
      })
    } finally {
      client?.close()
    }
    const { text } = reader
    if (isFine(text)) return ok(text)
    if (/^error\b/.test(text)) return this.#refused(text.slice('error'.length))
    return isAnswer(text) ? ok(text) : this.#notNsd(text)
  }

  #refused(words: string): ControlFailure {
    const todo = words.includes('not configured') ? MEND_ZONE : "see the node's log"
    return this.#failures.refused(words, todo)
  }

  #notNsd(text: string): ControlFailure {
    return this.#failures.protocol(
      `the answer is not that of NSD (${JSON.stringify(text.slice(0, 40))})`,
      'check the address and port of control.nsd',
    )
  }
}

/** Every answer of NSD is lines of printable characters, tabs among them. */
const isAnswer = (text: string): boolean => /^[\t\n\x20-\x7e]+$/.test(text) && !/^(HTTP|SSH|220)/.test(text)
