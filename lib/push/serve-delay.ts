/**
 * How long each node takes from having been sent a version to showing it: learned, so that the look that confirms it comes when
 * it can succeed. Nodes that are asked too early answer once more for nothing, while they are busiest.
 */

/** Weight of the newest observation. */
const SHARE = 0.25
/** A node is looked at a little before it usually shows a version. */
const EARLY = 0.9

export class ServeDelays {
  readonly #delays = new Map<string, number>()

  /** Milliseconds to wait before the first look; none for a node never seen to take anything. */
  firstQueryMs(node: string): number {
    return (this.#delays.get(node) ?? 0) * EARLY
  }

  note(node: string, tookMs: number): void {
    const held = this.#delays.get(node)
    this.#delays.set(node, held === undefined ? tookMs : held + SHARE * (tookMs - held))
  }
}
