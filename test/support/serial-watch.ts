/** Observes a zone's serial on servers all the time, and records every answer. */
import { askSerial } from '../../lab/ask-serial.js'

export class SerialWatch {
  /** By server, every serial in the order of the answers. */
  readonly seen: Record<string, number[]> = {}
  /** By server and serial, the time of its first answer; milliseconds since 1970. */
  readonly firstAt = new Map<string, number>()
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
      if (serial !== undefined && seen.at(-1) !== serial) {
        seen.push(serial)
        const key = `${id} ${serial}`
        if (!this.firstAt.has(key)) this.firstAt.set(key, Date.now())
      }
      await new Promise((resolve) => setTimeout(resolve, everyMs))
    }
  }

  async stop(): Promise<void> {
    this.#isOn = false
    await Promise.all(this.#loops)
  }
}
