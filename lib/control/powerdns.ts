/** The HTTP API of the PowerDNS Authoritative Server (doc.powerdns.com, "HTTP API"), version 1, with its key in X-API-Key. */
import type { ZoneName } from '../dns/name.js'
import { endpointText } from '../dns/endpoint.js'
import type { PowerdnsControlSettings } from '../fleet/control-settings.js'
import { askHttp, type HttpAnswer, type HttpRequest } from '../transport/http-client.js'
import { z } from 'zod'
import {
  accepted,
  type ControlResult,
  DONE,
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

const Server = z.object({ type: z.literal('Server'), daemon_type: z.string().max(100), version: z.string().max(100) })
const Zone = z.object({
  kind: z.string().max(100),
  serial: z.int().min(0).max(0xffffffff),
  last_check: z.number().optional(),
  masters: z.array(z.string().max(200)).max(1_000).optional(),
})
/** A zone that was never transferred. */
const NO_SERIAL = 0
const Problem = z.object({ error: z.string() })

/** The id of a zone in URLs: other characters than these are `=` and two hex digits (PowerDNS, apiZoneNameToId). */
export function zoneId(zone: ZoneName): string {
  if (zone === '.') return '=2E'
  return [...Buffer.from(zone, 'latin1')]
    .map((octet) => {
      const char = String.fromCharCode(octet)
      return /[A-Za-z0-9.-]/.test(char) ? char : `=${octet.toString(16).toUpperCase().padStart(2, '0')}`
    })
    .join('')
}

export class PowerdnsControl implements NodeControl {
  readonly make = 'powerdns'
  readonly channel: string
  readonly #settings: PowerdnsControlSettings
  readonly #ways: ControlWays
  readonly #failures: FailureWriter

  constructor(node: string, settings: PowerdnsControlSettings, ways: ControlWays) {
    this.channel = `the PowerDNS API at ${new URL(settings.url).host}`
    this.#settings = settings
    this.#ways = ways
    this.#failures = new FailureWriter(node, this.channel)
  }

  async status(): Promise<ControlResult<ServerStatus>> {
    const server = await this.#server()
    return server.kind === 'ok' ? ok({ version: server.value.version, zones: undefined, details: {} }) : server
  }

  async zoneStatus(zone: ZoneName): Promise<ControlResult<ZoneStatus>> {
    const answer = await this.#ask('GET', `/zones/${zoneId(zone)}?rrsets=false`)
    if (answer.kind !== 'ok') return answer
    if (answer.value.status === 404) {
      // Any web server answers so.
      const server = await this.#server()
      return server.kind === 'ok' ? ok({ isConfigured: false, serial: undefined, state: undefined, details: {} }) : server
    }
    if (answer.value.status !== 200) return this.#refused(answer.value)
    const read = Zone.safeParse(jsonIn(answer.value.body))
    if (!read.success) return this.#notPowerdns('it describes the zone in another form')
    const { kind, serial, last_check: checked, masters = [] } = read.data
    const details = { masters: masters.join(', '), ...(checked === undefined ? {} : { last_check: String(checked) }) }
    return ok({ isConfigured: true, serial: serial === NO_SERIAL ? undefined : serial, state: kind, details })
  }

  async forceTransfer(zone: ZoneName): Promise<ControlResult<ForceOutcome>> {
    const answer = await this.#order('PUT', `/zones/${zoneId(zone)}/axfr-retrieve`)
    return accepted(answer)
  }

  /** The API has no command that obeys serials. */
  async refresh(zone: ZoneName): Promise<ControlResult<undefined>> {
    return done(await this.forceTransfer(zone))
  }

  async purge(zone: ZoneName): Promise<ControlResult<undefined>> {
    return await this.#order('PUT', `/cache/flush?domain=${encodeURIComponent(zone)}`)
  }

  async addZone({ name, primaries }: NewZone): Promise<ControlResult<undefined>> {
    const keys = [...new Set(primaries.flatMap(({ key }) => (key === undefined ? [] : [key.endsWith('.') ? key : `${key}.`])))]
    const body = {
      name,
      kind: 'Slave',
      masters: primaries.map(({ address }) => endpointText(address)),
      // For transfers from the hub, and for transfers to it.
      ...(keys.length === 0 ? {} : { slave_tsig_key_ids: keys, master_tsig_key_ids: keys }),
    }
    const added = await this.#order('POST', '/zones', JSON.stringify(body), [409])
    // The server itself begins the first transfer up to a minute later.
    return added.kind === 'ok' ? done(await this.forceTransfer(name)) : added
  }

  async removeZone(zone: ZoneName): Promise<ControlResult<undefined>> {
    return await this.#order('DELETE', `/zones/${zoneId(zone)}`, undefined, [404])
  }

  async reload(): Promise<ControlResult<undefined>> {
    return this.#failures.unsupported('the PowerDNS API cannot reload the configuration', 'restart pdns_server on the node')
  }

  async #server(): Promise<ControlResult<z.infer<typeof Server>>> {
    const answer = await this.#ask('GET', '')
    if (answer.kind !== 'ok') return answer
    if (answer.value.status !== 200) return this.#refused(answer.value)
    const read = Server.safeParse(jsonIn(answer.value.body))
    if (!read.success) return this.#notPowerdns('its answer is not that of the PowerDNS API')
    if (read.data.daemon_type !== 'authoritative')
      return this.#notPowerdns(`it is the API of a PowerDNS ${read.data.daemon_type}`)
    return ok(read.data)
  }

  /** The server proves what it is first: an order must not reach the API of another program. */
  async #order(
    method: HttpRequest['method'],
    path: string,
    body?: string,
    fine: number[] = [],
  ): Promise<ControlResult<undefined>> {
    const server = await this.#server()
    if (server.kind !== 'ok') return server
    const answer = await this.#ask(method, path, body)
    if (answer.kind !== 'ok') return answer
    const { status } = answer.value
    return (status >= 200 && status < 300) || fine.includes(status) ? DONE : this.#refused(answer.value)
  }

  async #ask(method: HttpRequest['method'], path: string, body?: string): Promise<ControlResult<HttpAnswer>> {
    const { url, apiKey, ca } = this.#settings
    const headers = {
      'x-api-key': apiKey,
      accept: 'application/json',
      ...(body === undefined ? {} : { 'content-type': 'application/json' }),
    }
    try {
      const to = `${url.replace(/\/+$/, '')}/api/v1/servers/localhost${path}`
      return ok(
        await askHttp(
          { method, url: to, headers, ca, ...(body === undefined ? {} : { body }) },
          this.#ways.sources,
          this.#ways.limits,
        ),
      )
    } catch (error) {
      return streamFailure(this.#failures, error, {
        reach: 'check webserver-address, webserver-port and webserver-allow-from in pdns.conf',
        prove: 'check that control.powerdns is the URL of the web server of PowerDNS on that node',
      })
    }
  }

  #refused({ status, body, headers }: HttpAnswer) {
    const problem = Problem.safeParse(jsonIn(body))
    if (status === 401 || status === 403)
      return this.#failures.refused(
        `HTTP ${status}`,
        'check that the file of control.apiKeyFile has the api-key of pdns.conf, and that webserver-allow-from has the hub',
      )
    // A file server or a proxy answers 404 as well.
    const isApi = problem.success || String(headers['content-type'] ?? '').startsWith('application/json') || body === 'Not Found'
    if (!isApi) return this.#notPowerdns(`it answers HTTP ${status} with something else than JSON`)
    const todo = status === 404 ? 'add the zone to the server, or remove it from the clouds of this node' : "see the node's log"
    return this.#failures.refused(problem.success ? problem.data.error : `HTTP ${status}`, todo)
  }

  #notPowerdns(reason: string) {
    return this.#failures.protocol(reason, 'check that control.powerdns is the URL of the authoritative server on that node')
  }
}

function jsonIn(text: string): unknown {
  try {
    return JSON.parse(text)
  } catch {
    return undefined
  }
}
