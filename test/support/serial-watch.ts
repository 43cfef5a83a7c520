/** Asks servers for a zone's serial all the time, and keeps what each of them ever said. */
import { askSerial } from '../../lab/ask-serial.js'

export class SerialWatch {
  /** By server, every serial in the order it first showed it. */
  readonly seen: Record<string, number[]> = {}
  #isOn = true
  readonly #loops: Promise<void>[]

  constructor(zone: string, servers: Record<string, { ip: string; port: number }>, everyMs = 10) {
    this.#loops = Object.entries(servers).map(([id, server]) => this.#watch(zone, id, server, everyMs))
  }

  async #watch(zone: string, id: string, server: { ip: string; port: number }, everyMs: number): Promise<void> {
    const seen: number[] = []
    this.seen[id] = seen
    while (this.#isOn) {
      const serial = (await askSerial(server, zone))?.serial
      if (serial !== undefined && seen.at(-1) !== serial) seen.push(serial)
      await new Promise((resolve) => setTimeout(resolve, everyMs))
    }
  }

  async stop(): Promise<void> {
    this.#isOn = false
    await Promise.all(this.#loops)
  }
}
