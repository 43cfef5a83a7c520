/** The control channels of the fleet's nodes, opened when they are used; a node with new settings gets a new one. */
import type { ControlSettings } from '../fleet/control-settings.js'
import type { FleetNode } from '../fleet/fleet.js'
import type { NodeControl } from './control.js'
import { openControl } from './open-control.js'
import type { ControlWays } from './stream-failure.js'

export class NodeControls {
  readonly #ways: ControlWays
  readonly #open = new Map<string, { settings: ControlSettings; control: NodeControl }>()

  constructor(ways: ControlWays) {
    this.#ways = ways
  }

  /** Undefined for a node without a control channel. */
  of({ id, control: settings }: Pick<FleetNode, 'id' | 'control'>): NodeControl | undefined {
    if (settings === undefined) {
      this.#open.delete(id)
      return undefined
    }
    const known = this.#open.get(id)
    if (known?.settings === settings) return known.control
    const control = openControl(id, settings, this.#ways)
    this.#open.set(id, { settings, control })
    return control
  }
}
