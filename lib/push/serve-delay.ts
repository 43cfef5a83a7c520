/**
 * Learns how long each node takes from a delivery to showing the version, so that the confirming SOA query comes when it can
 * succeed. A node that is queried too early answers with its old serial.
 */

/** Weight of the newest observation. */
const SHARE = 0.25
/** A node is observed a little before it usually shows a version. */
const EARLY = 0.9

export class ServeDelays {
  readonly #delays = new Map<string, number>()

  /** Milliseconds to wait before the first SOA query; 0 for a node without an observed delivery. */
  firstQueryMs(node: string): number {
    return (this.#delays.get(node) ?? 0) * EARLY
  }

  note(node: string, tookMs: number): void {
    const held = this.#delays.get(node)
    this.#delays.set(node, held === undefined ? tookMs : held + SHARE * (tookMs - held))
  }
}
