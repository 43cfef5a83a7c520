/**
 * BIND's control channel (rndc(8)). The first message asks for a nonce, and the second has it with the command: an old message is
 * of no use to an attacker. An answer must have the HMAC of the key and the random number of its request.
 */
import { randomInt } from 'node:crypto'
import { endpointText } from '../dns/endpoint.js'
import type { ZoneName } from '../dns/name.js'
import type { RndcControlSettings } from '../fleet/control-settings.js'
import { StreamClient } from '../transport/stream-client.js'
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
  type PrimaryOfZone,
  type ServerStatus,
  type ZoneStatus,
} from './control.js'
import { decodeRndc, encodeRndc, RndcFormatError, RndcReader, type RndcTable } from './rndc-codec.js'
import { type ControlWays, streamFailure } from './stream-failure.js'
import { plainZone, wordOf } from './zone-words.js'

/** Seconds in which a request is valid. */
const VALID_SECONDS = 60
const MAX_SERIAL = 2 ** 32

const NOT_LOADED = /zone not loaded/
const NOT_FOUND = /not found|no matching zone/
/** Characters of a path in a zone statement. */
const FILE = /^[A-Za-z0-9_./-]{1,255}$/

export class RndcControl implements NodeControl {
  readonly make = 'bind'
  readonly channel: string
  readonly #settings: RndcControlSettings
  readonly #ways: ControlWays
  readonly #failures: FailureWriter

  constructor(node: string, settings: RndcControlSettings, ways: ControlWays) {
    this.channel = `rndc at ${endpointText(settings.address)}`
    this.#settings = settings
    this.#ways = ways
    this.#failures = new FailureWriter(node, this.channel)
  }

  async status(): Promise<ControlResult<ServerStatus>> {
    const answer = await this.#command('status')
    if (answer.kind !== 'ok') return answer
    const facts = factsIn(answer.value)
    const version = /\b\d+\.\d+\.\d+\S*/.exec(facts.version ?? '')?.[0]
    if (version === undefined)
      return this.#failures.protocol('its status has no version', 'check that control.rndc is the channel of BIND 9')
    const zones = /^\d+/.exec(facts['number of zones'] ?? '')?.[0]
    return ok({ version, zones: zones === undefined ? undefined : Number(zones), details: facts })
  }

  async zoneStatus(zone: ZoneName): Promise<ControlResult<ZoneStatus>> {
    const answer = await this.#onZone('zonestatus', zone)
    if (answer.kind === 'refused' && NOT_FOUND.test(answer.words))
      return ok({ isConfigured: false, serial: undefined, state: undefined, details: {} })
    // Before its first transfer.
    if (answer.kind === 'refused' && NOT_LOADED.test(answer.words))
      return ok({ isConfigured: true, serial: undefined, state: 'not loaded', details: {} })
    if (answer.kind !== 'ok') return answer
    const { name: _name, serial, ...details } = factsIn(answer.value)
    const isSerial = serial !== undefined && /^\d{1,10}$/.test(serial)
    return ok({ isConfigured: true, serial: isSerial ? Number(serial) : undefined, state: undefined, details })
  }

  async forceTransfer(zone: ZoneName): Promise<ControlResult<ForceOutcome>> {
    const answer = await this.#onZone('retransfer', zone)
    return accepted(answer)
  }

  async refresh(zone: ZoneName): Promise<ControlResult<undefined>> {
    return done(await this.#onZone('refresh', zone))
  }

  async purge(): Promise<ControlResult<undefined>> {
    return this.#failures.unsupported('BIND has no command that drops the data of a zone', 'use retransfer')
  }

  async addZone({ name, primaries, file }: NewZone): Promise<ControlResult<undefined>> {
    const path = file ?? `${plainZone(name)?.replace(/\//g, '_')}.zone`
    const words = primaries.flatMap(({ key, tls }) => [key, tls]).filter((word) => word !== undefined)
    if (!FILE.test(path) || words.some((word) => wordOf(word) === undefined))
      return this.#failures.unsupported('the path of the file, or the name of a key or hub, has unusual characters', 'rename it')
    const from = primaries.map(primaryText).join('')
    const statement = `{ type secondary; file "${path}"; primaries { ${from}}; };`
    const plain = plainZone(name)
    if (plain === undefined) return this.#notOneWord(name)
    // The parser of the statement takes a name with a slash in quotes only.
    const answer = await this.#command(`addzone "${plain}" ${statement}`)
    return answer.kind === 'refused' && /already exists/.test(answer.words) ? DONE : done(answer)
  }

  async removeZone(zone: ZoneName): Promise<ControlResult<undefined>> {
    const answer = await this.#onZone('delzone -clean', zone)
    return answer.kind === 'refused' && NOT_FOUND.test(answer.words) ? DONE : done(answer)
  }

  async reload(): Promise<ControlResult<undefined>> {
    return done(await this.#command('reconfig'))
  }

  async #onZone(verb: string, zone: ZoneName): Promise<ControlResult<string>> {
    const name = plainZone(zone)
    return name === undefined ? this.#notOneWord(zone) : await this.#command(`${verb} ${name}`)
  }

  #notOneWord(zone: ZoneName) {
    return this.#failures.unsupported(`the name of ${zone} cannot be sent as one word`, 'run the command on the node by hand')
  }

  async #command(command: string): Promise<ControlResult<string>> {
    const { address: to, key } = this.#settings
    let client: StreamClient | undefined
    let data: RndcTable
    try {
      client = await StreamClient.open({ kind: 'tcp', to }, this.#ways.sources, this.#ways.limits)
      const first = await this.#exchange(client, { type: 'null' }, {})
      const nonce = first._ctrl._nonce
      if (typeof nonce !== 'string' || !/^\d{1,10}$/.test(nonce)) throw new RndcFormatError('its answer has no nonce')
      data = (await this.#exchange(client, { type: command }, { _nonce: nonce }))._data
    } catch (error) {
      return streamFailure(this.#failures, error, {
        reach: `check that named.conf has a controls statement for ${endpointText(to)}`,
        prove: `check the address and port of control.rndc, and that key ${key.id} is the one in the controls statement`,
        closed: `BIND closes so when the key ${key.id} or its algorithm is another, the hub's address is not in "allow", or a clock is over 60 s off: compare all three`,
      })
    } finally {
      client?.close()
    }
    const { result, err, text } = data
    if (err === undefined && (result === undefined || result === '0')) return ok(typeof text === 'string' ? text : '')
    // `text` has more than `err` where both are there.
    const words = [err, text].filter((part): part is string => typeof part === 'string' && part !== '').join(': ')
    return this.#failures.refused(words || `result ${String(result)}`, adviceFor(words))
  }

  async #exchange(client: StreamClient, data: RndcTable, more: RndcTable): Promise<{ _ctrl: RndcTable; _data: RndcTable }> {
    const { algorithm, secret } = this.#settings.key
    const time = Math.floor(this.#ways.now() / 1_000)
    const serial = String(randomInt(1, MAX_SERIAL))
    const _ctrl = { _ser: serial, _tim: String(time), _exp: String(time + VALID_SECONDS), ...more }
    const reader = new RndcReader()
    await client.exchange(encodeRndc({ _ctrl, _data: data }, { algorithm, secret }), reader)
    const answer = decodeRndc(reader.message, { algorithm, secret })
    if (answer._ctrl._ser !== serial || answer._ctrl._rpl !== '1')
      throw new RndcFormatError('its answer belongs to another request: it may be a recorded one')
    return answer
  }
}

/** One entry of a zone's `primaries`. The words must be checked. */
function primaryText({ address: { ip, port }, key, tls }: PrimaryOfZone): string {
  const [keyed, secured] = [key && ` key "${key}"`, tls && ` tls "${tls}"`]
  return `${ip} port ${port}${keyed ?? ''}${secured ?? ''}; `
}

/** `name: value` lines by name. */
function factsIn(text: string): Record<string, string> {
  const facts: Record<string, string> = {}
  for (const line of text.split('\n')) {
    const at = line.indexOf(': ')
    if (at > 0) facts[line.slice(0, at).trim()] = line.slice(at + 2).trim()
  }
  return facts
}

function adviceFor(words: string): string {
  if (/^failure$/.test(words)) return 'a read-only channel answers so: remove "read-only yes" from the controls statement'
  if (/permission denied/.test(words)) return 'named.conf needs "allow-new-zones yes" for that'
  if (NOT_FOUND.test(words)) return 'add the zone to the server, or remove it from the clouds of this node'
  return "see the node's log"
}
