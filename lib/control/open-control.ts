/** The control channel of a node by its settings, with one command at a time. */
import type { ZoneName } from '../dns/name.js'
import type { ControlSettings } from '../fleet/control-settings.js'
import type { ControlResult, NewZone, NodeControl } from './control.js'
import { KnotControl } from './knot.js'
import { NsdControl } from './nsd.js'
import { PowerdnsControl } from './powerdns.js'
import { RndcControl } from './rndc.js'
import type { ControlWays } from './stream-failure.js'

/** An answer within 15 s: Knot waits for the end of a transfer. Answers of one server have some kilobytes. */
export const CONTROL_LIMITS: ControlWays['limits'] = { connectMs: 5_000, answerMs: 15_000, octets: 1 << 20 }

export const controlWays = (sources: readonly string[], limits = CONTROL_LIMITS): ControlWays => ({
  sources,
  limits,
  now: () => Date.now(),
})

/** `node`: its name, for messages. Opens no connection. */
export function openControl(node: string, settings: ControlSettings, ways: ControlWays): NodeControl {
  switch (settings.kind) {
    case 'nsd':
      return new InTurn(new NsdControl(node, settings, ways))
    case 'bind':
      return new InTurn(new RndcControl(node, settings, ways))
    case 'knot':
      return new InTurn(new KnotControl(node, settings, ways))
    case 'powerdns':
      return new InTurn(new PowerdnsControl(node, settings, ways))
  }
}

/** Runs one command after the other. */
class InTurn implements NodeControl {
  readonly #inner: NodeControl
  #last: Promise<unknown> = Promise.resolve()

  constructor(inner: NodeControl) {
    this.#inner = inner
  }

  get make() {
    return this.#inner.make
  }

  get channel() {
    return this.#inner.channel
  }

  status = () => this.#inTurn(() => this.#inner.status())
  zoneStatus = (zone: ZoneName) => this.#inTurn(() => this.#inner.zoneStatus(zone))
  forceTransfer = (zone: ZoneName) => this.#inTurn(() => this.#inner.forceTransfer(zone))
  refresh = (zone: ZoneName) => this.#inTurn(() => this.#inner.refresh(zone))
  purge = (zone: ZoneName) => this.#inTurn(() => this.#inner.purge(zone))
  addZone = (zone: NewZone) => this.#inTurn(() => this.#inner.addZone(zone))
  removeZone = (zone: ZoneName) => this.#inTurn(() => this.#inner.removeZone(zone))
  reload = () => this.#inTurn(() => this.#inner.reload())

  #inTurn<T>(work: () => Promise<ControlResult<T>>): Promise<ControlResult<T>> {
    const result = this.#last.then(work)
    this.#last = result.catch(() => undefined)
    return result
  }
}
