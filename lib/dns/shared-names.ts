/**
 * Names to which compression pointers of one message lead. Each is read once, kept without compression, and then copied four octets
 * at a time.
 * Fixed memory: a name takes the place of another one.
 */
import { copyWords, viewOn } from './octets-view.js'

/** A power of two. */
const SLOTS = 128
/** The longest name, and room for three octets. */
const SLOT_OCTETS = 260
/** Numbers of messages before they begin again: with a target of 14 bits they fit a small integer. */
const MESSAGES = 1 << 16

export class SharedNames {
  readonly #view = viewOn(new Uint8Array(SLOTS * SLOT_OCTETS))
  /** The message and the offset of the name in each slot. */
  readonly #keys = new Int32Array(SLOTS)
  readonly lengths = new Uint8Array(SLOTS)
  #message = 0
  /** It reads the message. */
  reader: unknown

  /** Forgets all names: another message begins. */
  begin(reader: unknown): void {
    this.reader = reader
    this.#message += 1
    if (this.#message < MESSAGES) return
    this.#message = 1
    this.#keys.fill(0)
  }

  /** The slot of the name at this offset of the message. */
  find(target: number): number | undefined {
    const slot = target & (SLOTS - 1)
    return this.#keys[slot] === ((this.#message << 14) | target) ? slot : undefined
  }

  /** The name at this offset of the message, which is copied from `from`. */
  note(target: number, from: DataView, at: number, length: number): void {
    const slot = target & (SLOTS - 1)
    this.#keys[slot] = (this.#message << 14) | target
    this.lengths[slot] = length
    copyWords(from, at, this.#view, slot * SLOT_OCTETS, length)
  }

  /** Copies the name of a slot; returns its octets. */
  write(slot: number, to: DataView, at: number): number {
    const length = this.lengths[slot]!
    copyWords(this.#view, slot * SLOT_OCTETS, to, at, length)
    return length
  }
}
